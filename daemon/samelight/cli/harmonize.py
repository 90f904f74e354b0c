"""`samelight harmonize`: one composite and its mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from samelight.cli.progress import stage_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight_wire.messages import USUAL_COLOUR, Options

__all__ = ["Colour", "InProcess", "Model", "Strength", "harmonize"]

Model = Annotated[str | None, typer.Option(help="The network, see `samelight models` (default: the settings').")]
Strength = Annotated[float, typer.Option(min=0.0, max=1.0, help="How far to go from before (0) to after (1).")]
Colour = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="How much of the shift of colour to keep; 0: only lighter or darker.")
]
InProcess = Annotated[bool, typer.Option("--no-daemon", help="Work in this process instead of asking the daemon.")]

EXPLANATIONS = {"instances": "Who looks like the object", "submasks": "The object's parts by colour"}
"""What is said before the name of an explanation's file."""


def harmonize(
    composite: Annotated[Path, typer.Argument(help="The picture with the pasted object.", show_default=False)],
    mask: Annotated[
        Path,
        typer.Argument(
            help="A picture of the same size, white where the object is; of a cut-out, the alpha is the mask.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the result.", show_default=False)],
    model: Model = None,
    strength: Strength = 1.0,
    colour: Colour = USUAL_COLOUR,
    before_after: Annotated[
        Path | None, typer.Option(help="Also write both side by side, to look at.", show_default=False)
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Also draw why: what in the picture looks like the object. The folder for these pictures is made.",
            show_default=False,
        ),
    ] = None,
    no_daemon: InProcess = False,
    as_json: AsJson = False,
) -> None:
    """Give the pasted object in COMPOSITE the light of the picture around it.

    Reads and writes PNG, JPEG, TIFF and WebP; depth, alpha, colour profile and resolution stay as they are. Exit code 2
    means that something has to be put right first (a file, an option, the daemon), 1 that the work itself failed.
    """
    with errors_reported(as_json):
        from samelight.cli.harmonizing import choose

        options = replace(choose(model, strength, colour), explain=explain is not None)
        report = _run(composite, mask, output, options, before_after, explain, no_daemon, quiet=as_json)
        if as_json:
            print_json(report)
        else:
            _tell(report)


def _tell(report: dict[str, Any]) -> None:
    """What was done, in words; warnings go to stderr."""
    typer.echo(f"Wrote {report['output']} ({report['model']}, {report['total_seconds']:.2f} s).")
    typer.echo(report["reasons"]["summary"])
    for warning in report["warnings"]:
        typer.echo(f"Warning: {warning}", err=True)
    if "before_after" in report:
        typer.echo(f"Before and after: {report['before_after']}")
    for name, path in report.get("explanations", {}).items():
        typer.echo(f"{EXPLANATIONS.get(name, name)}: {path}")


def _run(
    composite: Path,
    mask: Path,
    output: Path,
    options: Options,
    before_after: Path | None,
    explain: Path | None,
    in_process: bool,
    *,
    quiet: bool,
) -> dict[str, Any]:
    """Harmonizes and writes; gives the report."""
    from samelight.cli.explanations import prefix_for, write_explanations
    from samelight.cli.harmonizing import harmonize_files, open_harmonizer
    from samelight.pictures import before_and_after, check_apart, check_output, write_picture
    from samelight.settings import load_settings

    settings = load_settings()
    check_apart(output, "result", (composite, mask))
    if before_after is not None:
        check_output(before_after)
        check_apart(before_after, "before/after picture", (composite, mask, output))
    files = composite, mask, output, before_after
    prefix = None if explain is None else prefix_for(explain, composite, EXPLANATIONS, files)
    with open_harmonizer(settings, in_process=in_process) as harmonizer, stage_progress(quiet) as on_progress:
        done = harmonize_files(
            harmonizer,
            composite,
            mask,
            output,
            options,
            max_pixels=settings.max_pixels,
            on_progress=on_progress,
        )
    report = done.report(output)
    if before_after is not None:
        write_picture(before_and_after(done.before, done.after), before_after)
        report["before_after"] = str(before_after)
    if prefix is not None:
        report["explanations"] = write_explanations(done.explanations, prefix)
    return report
