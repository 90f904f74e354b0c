"""Figures on disk as they are made, so that a long evaluation that was interrupted goes on where it ended.

One line of JSON each: first what is measured (pictures, methods with their weights' hashes, sizes, how much of a
change is kept), then a picture a line. A file of another evaluation is refused, never mixed in. What follows a
damaged line, such as a last one that was cut off, is measured again. So is a picture that is to be saved and was not
saved there when it was measured, or whose files are gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from samelight.evaluation.evaluation import Failure
from samelight.evaluation.methods import NetworkSpec
from samelight.evaluation.metrics import PictureFigures
from samelight.evaluation.runner import Measured, Measurer, SizeFigures, run
from samelight.evaluation.saving import is_saved
from samelight_wire.errors import InvalidOptionError, OutputError
from samelight_wire.release import RELEASE

__all__ = ["Journal", "run_with_journal"]

SAVED_IN = "saved_in"
"""In a picture's line: the folder that its pictures were written into; null for none."""


class Journal:
    """The figures of one evaluation in a file."""

    def __init__(self, path: Path, measurer: Measurer) -> None:
        """Read what is there, or begin the file.

        Raises:
            InvalidOptionError: the file is of another evaluation.
            OutputError: it cannot be read or written.
            WeightsError: a network has no weights.
        """
        self.path, self._plan, self._about = path, measurer.plan, _about(measurer)
        self._saved_in = str(self._plan.save.resolve()) if self._plan.save else None
        self.found: dict[int, Measured] = {}
        """By index: what was measured before."""
        try:
            text = path.read_text("utf-8") if path.exists() else ""
            lines = text.splitlines()
            whole = self._read(lines)
            if whole < len(lines) or not text.endswith("\n"):
                self._begin(lines[:whole])
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f'"{path}" cannot be used ({error}).', "Name a file that can be written.") from error

    def add(self, measured: Measured) -> None:
        """Append a picture's figures.

        Raises: OutputError.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**asdict(measured), SAVED_IN: self._saved_in}) + "\n")
        except OSError as error:
            raise OutputError(f'"{self.path}" cannot be written ({error.strerror}).') from error

    def _read(self, lines: Sequence[str]) -> int:
        """Take over the lines; gives how many are whole."""
        if not lines:
            return 0
        if _parsed(lines[0]) != self._about:
            raise InvalidOptionError(
                f'"{self.path}" holds the figures of another evaluation: other pictures, models, weights or sizes, '
                "or another share of colour.",
                "Name another file, or delete this one.",
            )
        for number, line in enumerate(lines[1:], 1):
            fields = _parsed(line)
            saved_in = fields.pop(SAVED_IN, None) if isinstance(fields, dict) else None
            picture = _measured(fields)
            if picture is None:
                return number
            if self._plan.save is None or self._is_saved(picture, saved_in):
                self.found[picture.index] = picture
        return len(lines)

    def _is_saved(self, picture: Measured, saved_in: str | None) -> bool:
        """Whether its files are where they are wanted; those of another evaluation there do not count."""
        save, plan = self._plan.save, self._plan
        if save is None or saved_in != self._saved_in:
            return False
        folders = [save / size.name for size in plan.sizes]
        return all(is_saved(folder, picture.name, picture.subset, plan.methods) for folder in folders)

    def _begin(self, kept: Sequence[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = kept or [json.dumps(self._about)]
        self.path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def run_with_journal(
    measurer: Measurer, indices: Sequence[int], workers: int, journal: Journal | None
) -> Iterator[Measured | Failure]:
    """`run`, but what the journal holds is taken from it, and the rest is added to it. In the order of the indices."""
    found = journal.found if journal else {}
    made = run(measurer, [index for index in indices if index not in found], workers)
    for index in indices:
        if index in found:
            yield found[index]
            continue
        measured = next(made)
        if journal and isinstance(measured, Measured):
            journal.add(measured)
        yield measured


def _about(measurer: Measurer) -> dict[str, Any]:
    """Everything that the figures depend on, as far as it can be named."""
    plan = measurer.plan
    networks = {name: spec for name, spec in plan.methods.items() if isinstance(spec, NetworkSpec)}
    return {
        "samelight": RELEASE,
        "pictures": measurer.pictures.identity(),
        "methods": {name: spec.identity() for name, spec in plan.methods.items()},
        "sizes": [size.name for size in plan.sizes],
        "harmonious": plan.harmonious,
        "segmenter": plan.segmenter,
        "calibration": {name: asdict(spec.calibration()) for name, spec in networks.items()},
        "lpips": not measurer.without_lpips,
    }


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _measured(fields: Any) -> Measured | None:
    """A picture's line; None where something else stands there."""
    try:
        sizes = {name: _at_one_size(size) for name, size in fields["sizes"].items()}
        return Measured(**{**fields, "sizes": sizes})
    except (KeyError, TypeError, AttributeError):
        return None


def _at_one_size(fields: dict[str, Any]) -> SizeFigures:
    figures = {method: PictureFigures(**each) for method, each in fields["figures"].items()}
    return SizeFigures(**{**fields, "figures": figures})
