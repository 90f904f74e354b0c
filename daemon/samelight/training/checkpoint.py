"""Checkpoints: what a training needs to go on as if it had never stopped."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from samelight_wire.errors import InvalidOptionError, OutputError, WeightsCorruptError

__all__ = [
    "CHECKPOINT",
    "FORMAT",
    "differences",
    "make_folder",
    "read_checkpoint",
    "refuse_another",
    "write_atomically",
]

CHECKPOINT = "checkpoint.pt"
FORMAT = 2
"""Of the checkpoint's fields; another one cannot be gone on from."""
START_AFRESH = "Delete it to train from the start, or name another output folder."


def make_folder(folder: Path) -> None:
    """Make sure that a training's folder is there.

    Raises: OutputError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({error}).", "Name another one with --out.") from error


def write_atomically(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values; whatever happens meanwhile, there is always a whole file, the old or the new one.

    Raises: OutputError where the disk is full or the folder cannot be written to; the old file is still there.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch turns a file's error into a RuntimeError
        unfinished.unlink(missing_ok=True)
        kept = " The one before it is still there." if path.exists() else ""
        message = f"The checkpoint {path} cannot be written ({_reason(error)}).{kept}"
        raise OutputError(
            message, "Make room on the disk; the same command goes on from the last checkpoint."
        ) from error


def read_checkpoint(data: bytes, path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint's content.

    Args:
      data: the file's bytes.
      path: for the message.
      device: where its tensors are wanted.

    Raises: WeightsCorruptError where it is damaged or of another release.
    """
    try:
        state = torch.load(io.BytesIO(data), weights_only=True, map_location=device)
    except (RuntimeError, EOFError, KeyError, ValueError, UnpicklingError) as error:
        raise WeightsCorruptError(f"The checkpoint {path} is damaged.", START_AFRESH) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise WeightsCorruptError(f"The checkpoint {path} is of another release of Samelight.", START_AFRESH)
    return state


def refuse_another(kept: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    """Make sure that a checkpoint is this training's.

    Raises: InvalidOptionError that says what differs.
    """
    found = differences(kept, wanted)
    if found:
        message = f"The checkpoint {path} is another training's: {'; '.join(found)}."
        raise InvalidOptionError(message, "Give the same options, or name another output folder.")


def differences(kept: Mapping[str, Any], wanted: Mapping[str, Any], within: str = "") -> list[str]:
    """What differs between two sets of plain values, in words."""
    found = []
    for key in sorted({*kept, *wanted}):
        old, new = kept.get(key), wanted.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{within}{key} ")
        elif old != new:
            found.append(f"its {within}{key} is {old}, not {new}")
    return found


def _reason(error: BaseException) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")
    # What torch's writer says of a full disk tells nobody anything.
    return "not all of it could be written" if "inline_container" in line else line
