"""Where weights lie, and loading them: the user's folder first, then what came with the package."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from samelight.calibration import Calibration
from samelight.weights.manifest import WeightsEntry, read_manifest, sha256_of
from samelight_wire.errors import WeightsCorruptError, WeightsMissingError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["WEIGHTS_VARIABLE", "calibration", "calibration_of", "entry", "folders", "installed", "load", "state_of"]

WEIGHTS_VARIABLE = "SAMELIGHT_WEIGHTS"
"""Environment variable that names a folder to use instead of the user's own."""


def folders() -> list[Path]:
    """The folders that are searched, first match first."""
    named = os.environ.get(WEIGHTS_VARIABLE)
    return [Path(named) if named else _users_folder(), Path(__file__).parent]


def _users_folder() -> Path:
    try:
        from platformdirs import user_data_path
    except ImportError:  # on a cluster's node that only trains and evaluates; what it would say there
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(data) / "samelight" / "weights"
    return user_data_path("samelight", appauthor=False) / "weights"


def installed() -> dict[str, tuple[Path, WeightsEntry]]:
    """All weights that a manifest lists, with the folder of each.

    Raises:
        WeightsCorruptError: a manifest is damaged.
    """
    found: dict[str, tuple[Path, WeightsEntry]] = {}
    for folder in folders():
        for name, listed in read_manifest(folder).items():
            found.setdefault(name, (folder, listed))
    return found


def entry(name: str) -> tuple[Path, WeightsEntry]:
    """The folder and entry of a network's weights.

    Raises:
        WeightsMissingError: no manifest lists them.
        WeightsCorruptError: a manifest is damaged.
    """
    try:
        return installed()[name]
    except KeyError:
        message = f"There are no weights for the model '{name}'."
        command = f"samelight train {name} --photos FOLDER -o {shlex.quote(str(folders()[0]))}"
        raise WeightsMissingError(message, f"Choose another model, or train this one: `{command}`.") from None


def calibration(name: str) -> Calibration:
    """How much of a network's changes is kept; all gains 1 where no weights of it are installed.

    Raises:
        WeightsCorruptError: a manifest is damaged.
    """
    found = installed().get(name)
    return found[1].calibration if found else Calibration()


def calibration_of(weights_file: Path) -> Calibration:
    """The same for a file, by the manifest beside it; all gains 1 where that says nothing of this file.

    Raises:
        WeightsCorruptError: the manifest is damaged.
    """
    sha256 = sha256_of(weights_file)
    beside = read_manifest(weights_file.parent).values()
    return next((listed.calibration for listed in beside if listed.sha256 == sha256), Calibration())


def state_of(name: str) -> str:
    """What is wrong with a network's weights, in a word: "ok", "missing" or "corrupt"."""
    try:
        _checked_file(name)
    except WeightsMissingError:
        return "missing"
    except WeightsCorruptError:
        return "corrupt"
    return "ok"


def load(name: str) -> dict[str, Tensor]:
    """A network's state dict in float32, after its size and hash were checked.

    Raises:
        WeightsMissingError: they are not listed, or the listed file is not there.
        WeightsCorruptError: the file is truncated or is not the listed one, or a manifest is damaged.
    """
    # Imported here, because what is known of weights is asked for by commands that need no torch, too.
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = _checked_file(name)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsCorruptError(f"The weights of '{name}' cannot be read ({error}).") from error
    return {key: tensor.to(torch.float32) for key, tensor in tensors.items()}


def _checked_file(name: str) -> Path:
    folder, listed = entry(name)
    path = folder / listed.file
    if not path.is_file():
        raise WeightsMissingError(f"The weights of '{name}' are listed, but {path} is not there.")
    if path.stat().st_size != listed.bytes:
        message = f"The weights of '{name}' are incomplete: {path.stat().st_size:,} of {listed.bytes:,} bytes."
        raise WeightsCorruptError(message)
    if sha256_of(path) != listed.sha256:
        raise WeightsCorruptError(f"The weights of '{name}' are not the published ones: their hash differs.")
    return path
