"""Notes what came of one picture: in the report, and on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from samelight.cli.batching.pairs import Pair
from samelight.cli.batching.report import Report
from samelight_wire.errors import SamelightError

if TYPE_CHECKING:
    from samelight.cli.harmonizing import Harmonized
    from samelight.cli.progress import PictureProgress

__all__ = ["Ledger"]


class Ledger:
    """Of all pictures, in the order in which they come."""

    def __init__(self, report: Report, progress: PictureProgress) -> None:
        self._report = report
        self._progress = progress

    def skip(self, pair: Pair, target: Path) -> None:
        """A result that was there already."""
        self._report.skipped.append(str(target))
        self._progress.end(pair.composite.name, "was there already.")

    def fail(self, pair: Pair, error: SamelightError) -> None:
        """A picture that could not be done."""
        self._report.fail(pair.composite, error)
        self._progress.end(pair.composite.name, f"failed. {error.message}")

    def finish(self, pair: Pair, target: Path, done: Harmonized) -> None:
        """Writes a result, or notes why it cannot be written."""
        from samelight.pictures import write_picture

        try:
            write_picture(done.after, target)
        except SamelightError as error:
            self.fail(pair, error)
            return
        self._report.done.append(done.report(target))
        told = f"written ({done.model}, {done.total_seconds:.2f} s). {done.reasons['summary']}"
        self._progress.end(pair.composite.name, told)
