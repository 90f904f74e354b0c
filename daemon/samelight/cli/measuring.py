"""What `samelight bench` measures, and how."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
from samelight.pictures import Picture, picture_to_raster
from samelight.server.background import start_detached, stop_running
from samelight.settings import Settings, load_settings
from samelight_wire.client import Client
from samelight_wire.endpoint import ENVIRONMENT
from samelight_wire.formats import Rect
from samelight_wire.messages import USUAL_COLOUR, HarmonizeRequest, Options, new_job

__all__ = ["make_request", "measure_layer", "private_daemon"]

BACKDROP_SIDE = 1024  # what an editor scales the backdrop to
SETTINGS_VARIABLE = "SAMELIGHT_CONFIG"  # names the settings file; see samelight.settings


@contextmanager
def private_daemon(model: str | None) -> Iterator[tuple[Client, dict[str, float]]]:
    """A daemon of the bench's own, with a connection file in a temporary folder, and how long its start took.

    Its settings are the person's but for the port.

    Raises:
        InvalidOptionError: the settings file has a mistake.
        SamelightError: it does not start, or has no weights.
    """
    settings = replace(load_settings(), port=0)  # a fixed port is the running daemon's
    with (
        tempfile.TemporaryDirectory(prefix="samelight-bench-") as folder,
        _environment(ENVIRONMENT, str(Path(folder) / "run" / "connection.json")),
        _environment(SETTINGS_VARIABLE, str(_written(settings, Path(folder) / "config.toml"))),
    ):
        began = time.perf_counter()
        start_detached()
        try:
            answers = time.perf_counter() - began
            with Client.connect(client="bench") as client:
                client.harmonize(make_request((300, 200), model))
                yield client, {"answers_seconds": answers, "first_answer_seconds": time.perf_counter() - began}
        finally:
            stop_running()


def make_request(size: tuple[int, int], model: str | None) -> HarmonizeRequest:
    """The sample as an editor sends it: a layer of U8 RGBA of this size (columns, rows) over a backdrop scaled down."""
    with Image.open(SAMPLE_COMPOSITE) as composite, Image.open(SAMPLE_MASK) as mask:
        layer = composite.resize(size)
        layer.putalpha(mask.resize(size))
        backdrop = composite.convert("RGB")
        backdrop.thumbnail((BACKDROP_SIDE, BACKDROP_SIDE))
    rect = Rect(0, 0, *size)
    return HarmonizeRequest(
        new_job(),
        picture_to_raster(Picture(np.asarray(layer))),
        rect,
        backdrop=picture_to_raster(Picture(np.asarray(backdrop))),
        backdrop_rect=rect,
        options=Options(model=model, colour=USUAL_COLOUR),
    )


def measure_layer(client: Client, request: HarmonizeRequest, rounds: int, idle: int) -> dict[str, Any]:
    """Warm requests, from the client's call to the bytes being back; medians in seconds, memory in bytes.

    The first request is not counted: it warms what depends on the size of the layer. `idle` is what the daemon's
    memory was before any layer; what it keeps of earlier layers counts as being above that.
    """
    client.harmonize(request)
    pid = client.status().pid
    peak_known = _forget_peak(pid)
    totals: list[float] = []
    stages: list[dict[str, float]] = []
    for _ in range(rounds):
        began = time.perf_counter()
        result = client.harmonize(replace(request, job=new_job()))
        totals.append(time.perf_counter() - began)
        stages.append(result.seconds)
    networks = [seconds["harmonize"] for seconds in stages]
    return {
        "width": request.layer.format.width,
        "height": request.layer.format.height,
        "rounds": rounds,
        "p50_seconds": statistics.median(totals),
        "p50_without_network_seconds": statistics.median(t - n for t, n in zip(totals, networks, strict=True)),
        "p50_stage_seconds": {stage: statistics.median(s[stage] for s in stages) for stage in stages[0]},
        "idle_bytes": idle,
        "peak_above_idle_bytes": max(0, _peak(pid) - idle) if peak_known else None,
    }


def _written(settings: Settings, path: Path) -> Path:
    """The settings as a file; text, numbers and truth values are written in TOML as in JSON."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in asdict(settings).items()]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Sets an environment variable for the block."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _forget_peak(pid: int) -> bool:
    """Begins anew with a process's peak memory; False on systems that do not keep one that can be reset."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak(pid: int) -> int:
    """The largest resident memory of a process since `_forget_peak`, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(kilobytes)
