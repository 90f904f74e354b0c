"""`samelight bench`: how fast and how large. Figures of this machine, not a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.tables import plain_console, plain_table

__all__ = ["LAYERS", "bench"]

LAYERS = {"layer_1_megapixel": (1250, 800), "layer_24_megapixels": (6000, 4000)}
"""The sizes measured: columns, rows."""

HEADINGS = ("network alone", "p50", "rounds", "parameters", "multiply-adds", "weights")
NUMBERS = ("p50", "rounds", "parameters", "multiply-adds")

Begin = Callable[[str], None]


def bench(
    model: Annotated[str | None, typer.Option(help="The network (default: the settings').", show_default=False)] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each figure, after one that is not counted.")] = 9,
    only: Annotated[str, typer.Option(help="daemon, parts (networks, clustering, segmentation) or all.")] = "all",
    as_json: AsJson = False,
) -> None:
    """Measure a daemon of its own (start, warm requests, memory), and every network and segmenter by itself.

    The running daemon, if there is one, is left alone.
    """
    with errors_reported(as_json):
        figures = _run(model, rounds, only, quiet=as_json)
    if as_json:
        print_json(figures)
    else:
        _print(figures)


def _run(model: str | None, rounds: int, only: str, *, quiet: bool) -> dict[str, Any]:
    from samelight import harmonizers
    from samelight_wire.errors import InvalidOptionError

    if only not in ("all", "daemon", "parts"):
        raise InvalidOptionError(f"There is nothing to measure named '{only}'.", "Choose daemon, parts or all.")
    figures: dict[str, Any] = {}
    daemon_steps = 1 + len(LAYERS) if only != "parts" else 0
    part_steps = len(harmonizers.names()) + 2 if only != "daemon" else 0
    with file_progress(quiet, daemon_steps + part_steps) as begin:
        if daemon_steps:
            figures |= _measure_daemon(model, rounds, begin)
        if part_steps:
            figures |= _measure_parts(rounds, begin)
    return figures


def _measure_daemon(model: str | None, rounds: int, begin: Begin) -> dict[str, Any]:
    from samelight.cli.measuring import make_request, measure_layer, private_daemon

    figures: dict[str, Any] = {}
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


def _measure_parts(rounds: int, begin: Begin) -> dict[str, Any]:
    """The parts on the first device that the settings choose."""
    from samelight import harmonizers
    from samelight.cli.measuring_parts import (
        measure_clustering,
        measure_network,
        measure_segmenter,
        measured_segmenters,
    )
    from samelight.devices import choose_devices, describe_device, use_all_cores
    from samelight.settings import load_settings

    use_all_cores()
    device = choose_devices(load_settings().device)[0]
    networks = {}
    for name in harmonizers.names():
        begin(name)
        networks[name] = measure_network(name, rounds, device)
    begin("clustering")
    clustering = measure_clustering(rounds, device)
    begin("segmentation")
    found = {choice.name: measure_segmenter(choice, rounds, device) for choice in measured_segmenters(device)}
    return {
        "parts_device": describe_device(device),
        "networks": networks,
        "clustering": clustering,
        "segmentation": found,
    }


def _print(figures: dict[str, Any]) -> None:
    if "start" in figures:
        typer.echo(f"{figures['model']} on {figures['device']}")
        typer.echo(f"daemon start to first answer  {figures['start']['first_answer_seconds']:.2f} s")
        for name in LAYERS:
            _print_layer(name, figures[name])
    if "networks" in figures:
        _print_parts(figures)


def _print_layer(name: str, layer: dict[str, Any]) -> None:
    size = f"{layer['width']} x {layer['height']} U8"
    typer.echo(f"{name} ({size}), p50 of {layer['rounds']}: {layer['p50_seconds']:.3f} s")
    typer.echo(f"  all but the network  {layer['p50_without_network_seconds']:.3f} s")
    stages = ", ".join(f"{stage} {seconds:.3f}" for stage, seconds in layer["p50_stage_seconds"].items())
    typer.echo(f"  stages  {stages}")
    if layer["peak_above_idle_bytes"] is not None:
        idle, peak = layer["idle_bytes"] / 1e6, layer["peak_above_idle_bytes"] / 1e6
        typer.echo(f"  memory  {idle:.0f} MB idle, {peak:.0f} MB above that at the peak")


def _print_parts(figures: dict[str, Any]) -> None:
    typer.echo(f"\nParts on {figures['parts_device']}, pictures of 256 x 256")
    plain_console().print(plain_table(HEADINGS, map(_row, figures["networks"].items()), NUMBERS))
    clustering = figures["clustering"]
    typer.echo(f"\nclustering of {clustering['pixels']:,} pixels  {_milliseconds(clustering)}")
    for name, found in figures["segmentation"].items():
        segment, embed = _milliseconds(found["segment"]), _milliseconds(found["embed"])
        typer.echo(f"segmentation by {name}  {segment}, {found['instances']} instances; foreground {embed}")


def _row(named: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, measured = named
    return (
        name,
        _milliseconds(measured),
        str(measured["rounds"]),
        f"{measured['parameters'] / 1e6:.2f} M",
        f"{measured['multiply_adds'] / 1e9:.2f} G" + ("*" if measured["depends_on_picture"] else " "),
        measured["weights"],
    )


def _milliseconds(timed: dict[str, Any]) -> str:
    return f"{timed['p50_seconds'] * 1000:.1f} ms"
