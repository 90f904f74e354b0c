"""Notes what came of one picture: in the report, in the records beside the results, and on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samelight.cli.batching.records import Found, Records
from samelight.cli.batching.report import Report
from samelight_wire.errors import SamelightError

if TYPE_CHECKING:
    from samelight.cli.batching.work import Task
    from samelight.cli.harmonizing import Harmonized
    from samelight.cli.progress import PictureProgress

__all__ = ["Ledger"]


class Ledger:
    """Of all pictures, in the order in which they come."""

    def __init__(self, report: Report, records: Records, progress: PictureProgress) -> None:
        self._report = report
        self._records = records
        self._progress = progress

    def keep(self, task: Task) -> None:
        """A result that was there already."""
        self._report.skipped.append(str(task.target))
        if task.found is Found.CHANGED:
            self._report.kept.append(str(task.target))
        self._progress.end(task.name, "was there already.")

    def fail(self, task: Task, error: SamelightError) -> None:
        """A picture that could not be done."""
        self._report.fail(task.pair.composite, error)
        self._progress.end(task.name, f"failed. {error.message}")
        self._records.note_error(task.target, task.making, error)

    def finish(self, task: Task, done: Harmonized) -> None:
        """Writes a result, or notes why it cannot be written."""
        from samelight.pictures import write_picture

        try:
            write_picture(done.after, task.target)
        except SamelightError as error:
            self.fail(task, error)
            return
        self._report.done.append(done.report(task.target))
        if task.found is Found.OTHER:
            self._report.made_again.append(str(task.target))
        told = f"written ({done.model}, {done.total_seconds:.2f} s). {done.reasons['summary']}"
        self._progress.end(task.name, told)
        self._records.note_result(task.target, task.making, done)
