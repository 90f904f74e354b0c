"""A weights folder's manifest.json: the name, size, hash and rights of each file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samelight.calibration import Calibration
from samelight_wire.errors import WeightsCorruptError

__all__ = ["MANIFEST", "WeightsEntry", "read_manifest", "remove_entry", "sha256_of", "write_entry"]

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class WeightsEntry:
    """One network's weights."""

    file: str
    """Name of the .safetensors file in the manifest's folder."""
    bytes: int
    """Its size."""
    sha256: str
    """Its hash, in hexadecimal."""
    card: str
    """Name of the model card in the same folder."""
    rights: str
    """One sentence on what the weights were trained on and under which terms they come."""
    fmse_ratio: float | None = None
    """Mean fMSE of the results by that of the composites on the project's benchmark, where it was measured."""
    validation: Mapping[str, float | str] | None = None
    """All means of that benchmark, under the names of `samelight.evaluation.runner.Row`, and which one it is."""
    calibration: Calibration = field(default_factory=Calibration)
    """How much of the network's changes the pipeline keeps."""


def read_manifest(folder: Path) -> dict[str, WeightsEntry]:
    """The entries of a folder by network name; none where there is no manifest.

    Raises:
        WeightsCorruptError: the manifest is damaged.
    """
    path = folder / MANIFEST
    try:
        return {name: _entry(fields) for name, fields in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise WeightsCorruptError(f"The list of weights {path} cannot be read ({error}).") from error


def _entry(fields: Mapping[str, Any]) -> WeightsEntry:
    gains = {name: float(value) for name, value in fields.get("calibration", {}).items()}
    if not all(0 <= gain < math.inf for gain in gains.values()):  # a layer of such colours would be black
        raise ValueError("a figure of the calibration is below 0, or no number")
    return WeightsEntry(**{**fields, "calibration": Calibration(**gains)})


def write_entry(folder: Path, name: str, entry: WeightsEntry) -> None:
    """Add or replace an entry; an interrupted write leaves the manifest as it was.

    Raises:
        WeightsCorruptError: the manifest that is there is damaged.
    """
    _write(folder, {**read_manifest(folder), name: entry})


def remove_entry(folder: Path, name: str) -> None:
    """Take an entry out of the manifest; its files stay.

    Raises:
        WeightsCorruptError: the manifest that is there is damaged.
    """
    _write(folder, {key: entry for key, entry in read_manifest(folder).items() if key != name})


def _write(folder: Path, entries: dict[str, WeightsEntry]) -> None:
    text = json.dumps({key: asdict(value) for key, value in sorted(entries.items())}, indent=2) + "\n"
    unfinished = folder / (MANIFEST + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / MANIFEST)


def sha256_of(path: Path) -> str:
    """The file's hash, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
