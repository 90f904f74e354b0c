"""`samelight weights calibrate`: how much of a network's changes the pipeline keeps."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.tables import plain_console, plain_table
from samelight_wire.errors import OutputError

if TYPE_CHECKING:
    from samelight.evaluation.calibrating import Seen
    from samelight.weights import WeightsEntry

__all__ = ["calibrate"]


def calibrate(
    model: Annotated[str, typer.Argument(help="A network that has weights, such as srin-lite.", show_default=False)],
    on_photos: Annotated[
        Path, typer.Option(help="A folder or zip of photographs; not those to evaluate on.", show_default=False)
    ],
    pictures: Annotated[int, typer.Option(min=20, help="Use so many of them.")] = 700,
    colour_limit: Annotated[
        float, typer.Option(min=1, help="Colour shifts as a whole by fewer 8-bit code values than this.")
    ] = 42.0,
    colour_gain: Annotated[float, typer.Option(min=0, help="Scale colour as a whole by this at most.")] = 1.15,
    harmless: Annotated[
        float, typer.Option(min=0, help="Change what needs no change by this fMSE at most, on average.")
    ] = 35.0,
    segmenter: Annotated[str, typer.Option(help="What finds instances: regions, sam, auto or none.")] = "regions",
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would be written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find out how far a network's changes should go, and write it into the manifest of its weights.

    A network does too little where much is needed and too much where nothing is. How much, is found on composites made
    of photographs; the pipeline then scales the parts of a change by gains and holds small changes back.
    """
    from samelight import weights
    from samelight.devices import choose_devices
    from samelight.evaluation import calibrating
    from samelight.evaluation.methods import NetworkSpec
    from samelight.evaluation.sets import PhotoSet
    from samelight.segmentation import check_segmenter

    with errors_reported(as_json):
        check_segmenter(segmenter)
        folder, entry = weights.entry(model)
        photos = PhotoSet(on_photos)
        spec = NetworkSpec(model, device=str(choose_devices(device)[0]))
        with file_progress(as_json, min(pictures, len(photos.names))) as begin:
            seen = calibrating.look(photos, spec, pictures, segmenter, begin)
        found = replace(entry, calibration=calibrating.calibrate(seen, colour_limit, harmless, colour_gain))
        if not dry:
            _write(folder, model, found)
    report = _report(seen, entry, found) | {"model": model, "manifest": None if dry else str(folder / weights.MANIFEST)}
    if as_json:
        print_json(report)
    else:
        _print(report)


def _write(folder: Path, model: str, entry: WeightsEntry) -> None:
    from samelight.weights import write_entry

    try:
        write_entry(folder, model, entry)
    except OSError as error:
        raise OutputError(f"The manifest in {folder} cannot be written ({error}).") from error


def _report(seen: list[Seen], before: WeightsEntry, after: WeightsEntry) -> dict[str, Any]:
    from samelight.evaluation.calibrating import expected_of

    both = {"before": before.calibration, "after": after.calibration}
    figures = {when: {**asdict(each), **asdict(expected_of(seen, each))} for when, each in both.items()}
    return {"pictures": len(seen), **figures}


def _print(report: dict[str, Any]) -> None:
    after = report["after"]
    rows = [(name.replace("_", " "), f"{value:.4g}", f"{after[name]:.4g}") for name, value in report["before"].items()]
    plain_console().print(plain_table(("", "before", "after"), rows, numbers=("before", "after")))
    where = report["manifest"]
    typer.echo(f"{report['pictures']} composites, the network alone at 256 x 256.")
    typer.echo(f"Written to {where}." if where else "Nothing is written.")
