"""What each result was made of and how, a line of JSON for each picture in a file beside the results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samelight_wire.errors import OutputError, SamelightError, WeightsCorruptError

if TYPE_CHECKING:
    from samelight.cli.batching.pairs import Pair
    from samelight.cli.harmonizing import Harmonized
    from samelight_wire.messages import Options

__all__ = ["RECORDS", "Found", "Making", "Records", "making_of", "open_records"]

RECORDS = "samelight.jsonl"
"""The file's name."""

Making = dict[str, Any]
"""What decides how a result looks: the files, the model, its weights, strength and colour."""


class Found(Enum):
    """What is there of a result before the work."""

    UNASKED = "unasked"
    """Whatever is there will be replaced."""
    NOTHING = "nothing"
    """No file of this name."""
    SAME = "same"
    """A result that was made as it would be now; so is one of which nothing is known."""
    OTHER = "other"
    """A result of other files, of another model or of other settings."""
    CHANGED = "changed"
    """The same, but the file was changed after it was written: an artist may have painted on it."""


class Records:
    """The records of a folder of results; made with `open_records`."""

    def __init__(self, path: Path, file: FileIO, known: dict[str, Making]) -> None:
        self._path = path
        self._file = file
        self._known = known

    def look_at(self, target: Path, making: Making) -> Found:
        """What is there of a result that would be made so."""
        if not target.exists():
            return Found.NOTHING
        known = self._known.get(target.name)
        if known is None or not _differ(known, making):
            return Found.SAME
        return Found.OTHER if known.get("sha256") == _sha256(target) else Found.CHANGED

    def note_result(self, target: Path, making: Making, done: Harmonized) -> None:
        """Records a result that was just written.

        Raises:
            OutputError: that cannot be written.
        """
        outcome = {"total_seconds": done.total_seconds, "reasons": done.reasons, "sha256": _sha256(target)}
        self._append(target, making | {"model": done.model, "weights": _weights_of(done.model)}, outcome)

    def note_error(self, target: Path, making: Making, error: SamelightError) -> None:
        """Records why there is no new result.

        Raises:
            OutputError: that cannot be written.
        """
        self._append(target, making, {"error": {"code": error.code, "message": error.message, "hint": error.hint}})

    def _append(self, target: Path, making: Making, outcome: dict[str, Any]) -> None:
        from samelight import __version__

        line = json.dumps({"result": target.name, "samelight": __version__, **making, **outcome})
        try:
            self._file.write(line.encode() + b"\n")
        except OSError as error:
            raise _cannot_be_written(self._path, error) from error


@contextmanager
def open_records(folder: Path) -> Iterator[Records]:
    """The records of a folder of results, to be gone on with.

    Raises:
        OutputError: the file cannot be read or written.
    """
    path = folder / RECORDS
    try:
        # Without a buffer: whatever ends the work, a line is there once it is written.
        file = FileIO(path, "ab")
        lines = path.read_bytes().split(b"\n")
        if lines[-1]:  # half a line, because the disk was full or the machine went off
            file.write(b"\n")
    except OSError as error:
        raise _cannot_be_written(path, error) from error
    with file:
        yield Records(path, file, dict(_results(lines)))


def making_of(pair: Pair, options: Options, model: str | None) -> Making:
    """How a result would be made.

    Args:
        pair: the files.
        options: what was asked for.
        model: the network that is used where the options name none; None where that is not known.
    """
    model = options.model or model
    return {
        "composite": _file(pair.composite),
        "mask": _file(pair.masks[0]) if len(pair.masks) == 1 else None,
        "model": model,
        "weights": None if model is None else _weights_of(model),
        "strength": options.strength,
        "colour": options.colour,
    }


def _differ(known: Making, making: Making) -> bool:
    """Whether a result would now be made otherwise. What is not known of one of them counts as the same."""
    if any(known.get(name) != making[name] for name in ("composite", "model", "strength", "colour")):
        return True
    pairs = ((known.get(name), making[name]) for name in ("mask", "weights"))
    return any(one is not None and other is not None and one != other for one, other in pairs)


def _results(lines: list[bytes]) -> Iterator[tuple[str, Making]]:
    """The records of results by their names; what is no record is passed over."""
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("result"), str) and "error" not in record:
            yield record["result"], record


def _file(path: Path) -> dict[str, Any] | None:
    """What tells a file from what it was before; None where it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return {"name": path.name, "size": found.st_size, "mtime_ns": found.st_mtime_ns}


def _sha256(path: Path) -> str | None:
    from samelight.weights.manifest import sha256_of

    try:
        return sha256_of(path)
    except OSError:
        return None


def _weights_of(model: str) -> str | None:
    """The hash of a model's weights; None where it is not known."""
    from samelight import weights

    try:
        _, entry = weights.installed().get(model, (None, None))
    except WeightsCorruptError:
        return None
    return None if entry is None else entry.sha256


def _cannot_be_written(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f'"{path}", which says what the results were made of, cannot be written: {error.strerror or error}.',
        "Check that the folder is writable and has free space.",
    )
