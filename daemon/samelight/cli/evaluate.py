"""`samelight evaluate`: networks on the project's own benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samelight.cli.progress import file_progress
from samelight.cli.reporting import AsJson, errors_reported, print_json
from samelight.cli.segmenting import segment_for
from samelight_wire.errors import InvalidOptionError

if TYPE_CHECKING:
    from torch import Tensor

    from samelight.evaluation.benchmark import BenchmarkSample
    from samelight.evaluation.runner import Method, Scores
    from samelight.training.photos import PhotoCollection

__all__ = ["evaluate"]

NATIVE, SQUARE = "native", "256"


def evaluate(
    on_photos: Annotated[Path, typer.Option(help="A folder or zip of photographs to make the composites from.")],
    model: Annotated[list[str] | None, typer.Option(help="A network; may be named again. [default: all]")] = None,
    at: Annotated[str, typer.Option(help="256: networks alone, as papers do. native: the whole pipeline.")] = SQUARE,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many of the composites.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure networks on composites made from photographs by a fixed recipe; the untouched composite stands beside."""
    with errors_reported(as_json):
        scores = _measure(on_photos, model or [], at, limit, quiet=as_json)
        from samelight.evaluation.benchmark import VERSION_1
        from samelight.evaluation.report import as_json as in_json
        from samelight.evaluation.report import as_markdown
    if as_json:
        print_json({"benchmark": f"photos version {VERSION_1.version}", "at": at, "methods": in_json(scores)})
    else:
        typer.echo(as_markdown(scores))


def _measure(on_photos: Path, models: list[str], at: str, limit: int | None, *, quiet: bool) -> Scores:
    from samelight import harmonizers, weights
    from samelight.devices import use_all_cores
    from samelight.evaluation.runner import evaluate as run
    from samelight.training.photos import PhotoCollection

    if at not in (NATIVE, SQUARE):
        raise InvalidOptionError(f"There is no measuring at '{at}'.", f"Choose {SQUARE} or {NATIVE}.")
    for name in models:
        harmonizers.describe(name)
    use_all_cores()
    chosen = models or [name for name in harmonizers.names() if weights.state_of(name) == "ok"]
    photos = PhotoCollection(on_photos)
    count = min(len(photos), limit or len(photos))
    methods = {name: _pipeline_method(name) if at == NATIVE else _network_method(name) for name in chosen}
    with file_progress(quiet, count) as begin:
        return run(methods, _pictures(photos, count, at, begin))


def _pictures(photos: PhotoCollection, count: int, at: str, begin: Callable[[str], None]) -> Iterator[BenchmarkSample]:
    """The first `count` composites of the benchmark, at their own size or at 256 x 256."""
    from samelight.evaluation.benchmark import samples
    from samelight.evaluation.runner import resized

    for sample in islice(samples(photos), count):
        begin(sample.name)
        yield resized(sample, (256, 256)) if at == SQUARE else sample


def _network_method(name: str) -> Method:
    """A network with its weights, on its own, and the embedded segmenter where it reads instances."""
    import torch

    from samelight.evaluation.runner import network_method
    from samelight.pool import load_network

    return network_method(load_network(name, torch.device("cpu")), segment_for(name))


def _pipeline_method(name: str) -> Method:
    """What an artist gets: 8-bit pictures through `samelight.harmonize`, the lift included."""
    import torch

    from samelight.api import harmonize

    def method(sample: BenchmarkSample) -> Tensor:
        composite = sample.composite.permute(1, 2, 0).mul(255).round().byte().numpy()
        result: Any = harmonize(composite, sample.mask[0].numpy(), model=name)
        return torch.from_numpy(result).permute(2, 0, 1).float().div(255)

    return method
