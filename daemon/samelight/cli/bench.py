"""`samelight bench`: how fast and how large. Figures of this machine, not a test."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json

__all__ = ["LAYERS", "bench"]

LAYERS = {"layer_1_megapixel": (1250, 800), "layer_24_megapixels": (6000, 4000)}
"""The sizes measured: columns, rows."""


def bench(
    model: Annotated[str | None, typer.Option(help="The network. [default: the settings']", show_default=False)] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Warm requests for each size of layer.")] = 9,
    as_json: AsJson = False,
) -> None:
    """Measure a daemon of its own: start to first answer, warm requests of 1 and 24 megapixels, memory.

    The running daemon, if there is one, is left alone.
    """
    with errors_reported(as_json):
        figures = _run(model, rounds, quiet=as_json)
    if as_json:
        print_json(figures)
    else:
        _print_table(figures)


def _run(model: str | None, rounds: int, *, quiet: bool) -> dict[str, Any]:
    from samelight.cli.measuring import make_request, measure_layer, private_daemon

    figures: dict[str, Any] = {}
    with file_progress(quiet, 1 + len(LAYERS)) as begin:
        begin("start")
        with private_daemon(model) as (client, start):
            figures["start"] = start
            idle = client.status().memory
            for name, size in LAYERS.items():
                begin(name)
                figures[name] = measure_layer(client, make_request(size, model), rounds, idle)
            status = client.status()
            figures["device"], figures["model"] = status.device, model or status.default_model
    return figures


def _print_table(figures: dict[str, Any]) -> None:
    typer.echo(f"{figures['model']} on {figures['device']}")
    typer.echo(f"daemon start to first answer  {figures['start']['first_answer_seconds']:.2f} s")
    for name in LAYERS:
        _print_layer(name, figures[name])


def _print_layer(name: str, layer: dict[str, Any]) -> None:
    size = f"{layer['width']} x {layer['height']} U8"
    typer.echo(f"{name} ({size}), p50 of {layer['rounds']}: {layer['p50_seconds']:.3f} s")
    typer.echo(f"  all but the network  {layer['p50_without_network_seconds']:.3f} s")
    stages = ", ".join(f"{stage} {seconds:.3f}" for stage, seconds in layer["p50_stage_seconds"].items())
    typer.echo(f"  stages  {stages}")
    if layer["peak_above_idle_bytes"] is not None:
        idle, peak = layer["idle_bytes"] / 1e6, layer["peak_above_idle_bytes"] / 1e6
        typer.echo(f"  memory  {idle:.0f} MB idle, {peak:.0f} MB above that at the peak")
