"""What came of a folder, in words and for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from samelight.cli.batching.pairs import LeftOut, describe_left_out, some_names
from samelight.cli.reporting import describe_error

if TYPE_CHECKING:
    from samelight_wire.errors import SamelightError

__all__ = ["Report", "print_summary"]


@dataclass
class Report:
    """What came of a folder."""

    pictures: int
    """How many there are to be done."""
    done: list[dict[str, Any]] = field(default_factory=list)
    """What `harmonize --json` reports, for each file that was written."""
    skipped: list[str] = field(default_factory=list)
    """Outputs that were there already."""
    made_again: list[str] = field(default_factory=list)
    """Outputs that were there already, of another model, other settings or other files, and are replaced."""
    kept: list[str] = field(default_factory=list)
    """Those skipped that would have been made again, but that somebody has changed since."""
    failed: list[dict[str, str]] = field(default_factory=list)
    """The other files, with the error of each."""
    left_out: list[LeftOut] = field(default_factory=list)
    """What was in the folder and could be no picture."""
    ended: SamelightError | None = None
    """What ended the work before all was done: every other file would have met with it, too."""
    interrupted: int = 0
    """Where Ctrl+C or SIGTERM ended the work, the exit code that says which."""

    def fail(self, file: Path, error: SamelightError) -> None:
        """Notes a file that could not be done."""
        self.failed.append({"file": str(file), **describe_error(error)})

    @property
    def hardly_changed(self) -> list[str]:
        """The outputs that look nearly as before."""
        return [done["output"] for done in self.done if _hardly_changed(done["reasons"])]

    def in_plain_values(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "done": self.done,
            "skipped": self.skipped,
            "made_again": self.made_again,
            "kept": self.kept,
            "failed": self.failed,
            "left_out": [asdict(entry) for entry in self.left_out],
            "hardly_changed": self.hardly_changed,
            "interrupted": bool(self.interrupted),
            **({} if self.ended is None else {"error": describe_error(self.ended)}),
        }


def _hardly_changed(reasons: dict[str, Any]) -> bool:
    """Whether the reasons name nothing that a person would notice."""
    from samelight.reasons import NOTICEABLE_CHANGE, NOTICEABLE_STOPS

    stops = max(abs(float(reasons.get(f"{what}_stops", 0.0))) for what in ("exposure", "warmth", "tint"))
    saturation = abs(float(reasons.get("saturation_change", 0.0)))
    return stops < NOTICEABLE_STOPS and saturation < NOTICEABLE_CHANGE


def print_summary(report: Report, output: Path) -> None:
    """What was done, in words; what went wrong goes to stderr."""
    skipped = f", {len(report.skipped)} were there already" if report.skipped else ""
    pictures = "1 picture" if len(report.done) == 1 else f"{len(report.done)} pictures"
    typer.echo(f"Wrote {pictures} to {output}{skipped}.")
    if report.made_again:
        typer.echo(f"{len(report.made_again)} of them again: the model, the settings or the files were others before.")
    if kept := [Path(path).name for path in report.kept]:
        typer.echo(f"Made otherwise, but kept because they were changed since: {some_names(kept)}.")
    if unchanged := [Path(path).name for path in report.hardly_changed]:
        typer.echo(f"{len(unchanged)} of them hardly changed: {some_names(unchanged)}.")
    for done in report.done:
        for warning in done["warnings"]:
            typer.echo(f"Warning: {done['output']}: {warning}", err=True)
    if report.left_out:
        typer.echo(describe_left_out(report.left_out), err=True)
    _print_failures(report)


def _print_failures(report: Report) -> None:
    if report.interrupted:
        typer.echo("Interrupted.", err=True)
    if report.failed:
        typer.echo(f"{len(report.failed)} failed:", err=True)
    for failure in report.failed:
        typer.echo(f"  {failure['file']}: {failure['message']} {failure['hint']}".rstrip(), err=True)
    if report.ended:
        typer.echo(f"Error: {report.ended.message}\n{report.ended.hint}", err=True)
    if report.ended or report.interrupted:
        left = report.pictures - len(report.done) - len(report.skipped) - len(report.failed)
        what = "1 picture was" if left == 1 else f"{left} pictures were"
        typer.echo(f"{what} not done; --skip-existing goes on where this ended.", err=True)
