"""The checks of `samelight doctor`, one function each; another is added by writing it and naming it in CHECKS."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from samelight import __version__
from samelight.server.logs import log_path
from samelight.settings import load_settings, settings_path
from samelight_wire.client import Client
from samelight_wire.endpoint import connection_path, read_endpoint
from samelight_wire.errors import DaemonNotRunningError, SamelightError

__all__ = ["CHECKS", "Check", "run_checks"]

SCARCE_MEMORY = 2e9  # bytes; below, large layers become a squeeze


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    """What was looked at."""
    status: str
    """"ok", "warning" (works, but not as well as it could) or "failure"."""
    detail: str
    """What was found."""
    mend: str = ""
    """What to do about it, where something is to be done."""


def run_checks() -> Iterator[Check]:
    """Runs all checks; each is given as soon as it is done. What they say may be shown to others: the home folder, and
    with it the user's name, is written "~".
    """
    home = str(Path.home())
    for check in _run_each():
        yield replace(check, detail=check.detail.replace(home, "~"), mend=check.mend.replace(home, "~"))


def _run_each() -> Iterator[Check]:
    for name, check in CHECKS.items():
        try:
            yield from check()
        except SamelightError as error:
            yield Check(name, "failure", error.message, error.hint)
        except Exception as error:  # a broken installation may fail in any way, and saying how is what doctor is for
            said = " ".join(str(error).split())
            yield Check(name, "failure", f"{type(error).__name__}: {said}", "Run `python3 installer` again.")


def _samelight() -> Iterator[Check]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield Check("samelight", "ok", f"{__version__} with Python {platform.python_version()} on {system}")
    yield Check("python", "ok", sys.executable)


def _torch() -> Iterator[Check]:
    import torch

    yield Check("torch", "ok", torch.__version__)
    from samelight.devices import choose_devices, describe_device

    devices = choose_devices(load_settings().device)
    yield Check("device", "ok", ", ".join(map(describe_device, devices)))
    for device in devices:
        if device.type == "cuda":
            free, total = torch.cuda.mem_get_info(device)
            yield _memory(f"memory {device}", free, total)


def _main_memory() -> Iterator[Check]:
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():  # other systems hand memory out in ways that a single figure does not tell
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        available, total = (1024 * int(lines[name].split()[0]) for name in ("MemAvailable", "MemTotal"))
        yield _memory("memory", available, total)
    disk = shutil.disk_usage(Path.home())
    yield Check("disk", "ok", f"{disk.free / 1e9:.1f} GB free")


def _memory(name: str, free: int, total: int) -> Check:
    detail = f"{free / 1e9:.1f} GB free of {total / 1e9:.1f} GB"
    if free < SCARCE_MEMORY:
        return Check(name, "warning", detail, "Close other programs before harmonizing large layers.")
    return Check(name, "ok", detail)


def _settings() -> Iterator[Check]:
    load_settings()
    path = settings_path()
    yield Check("settings", "ok", str(path) if path.exists() else f"defaults ({path} does not exist)")


def _weights() -> Iterator[Check]:
    """Weights of networks that are no default may be missing; damaged ones always are a failure."""
    from samelight import harmonizers, weights

    default = load_settings().default_model
    states = {name: weights.state_of(name) for name in harmonizers.names()}
    lacking = [name for name, state in states.items() if state == "missing" and name != default]
    for name in [name for name in states if name not in lacking]:
        if states[name] == "ok":
            folder, entry = weights.entry(name)
            yield Check(f"weights {name}", "ok", f"{folder / entry.file}, sha256 {entry.sha256[:12]}…")
        else:
            yield Check(f"weights {name}", "failure", states[name], "Run `python3 installer` again.")
    if lacking:
        detail = f"not installed: {', '.join(lacking)}; requests for them will be refused"
        yield Check("other weights", "warning", detail)


def _segmentation() -> Iterator[Check]:
    """Which segmenter works, and its weights: none need be installed, but a damaged file is passed over in silence."""
    import torch

    from samelight import weights
    from samelight.segmentation import choose_segmenter

    for known in weights.CHECKPOINTS.values():
        state = weights.checkpoint_state(known)
        command = f"`samelight weights install {known.name}`"
        if state == "ok":
            path = weights.path_of(known)
            yield Check(f"weights {known.name}", "ok", f"{path}, sha256 {known.sha256[:12]}…")
        elif state == "partial":
            yield Check(f"weights {known.name}", "warning", "the download was begun only", f"{command} goes on.")
        elif state == "corrupt":
            yield Check(f"weights {known.name}", "failure", "not the published file", f"Run {command}.")
    choice = choose_segmenter(load_settings().segmenter, torch.device("cpu"))
    detail = "none, as the settings say" if choice is None else choice.name
    if choice is not None and choice.name == "regions":
        mend = "`samelight weights install sam-vit-b` (optional, 375 MB) lets it find whole objects."
        yield Check("segmentation", "ok", detail, mend)
    else:
        yield Check("segmentation", "ok", detail)


def _connection() -> Iterator[Check]:
    """Reading the file checks its owner and permissions."""
    try:
        endpoint = read_endpoint()
    except DaemonNotRunningError as error:
        yield Check("connection", "failure", f"{connection_path()} does not exist", error.hint)
        return
    yield Check("connection", "ok", f"{connection_path()}, for {endpoint.host}:{endpoint.port}, readable by you alone")


def _log() -> Iterator[Check]:
    """Where the daemon's log is, for a report."""
    path = log_path()
    yield Check("log", "ok", str(path) if path.exists() else f"{path} does not exist yet")


def _daemon() -> Iterator[Check]:
    with Client.connect(client="doctor") as client:
        status = client.status()
    detail = f"{status.release}, process {status.pid}, on {status.device}, up for {status.uptime:.0f} s"
    if status.release != __version__:
        yield Check("daemon", "warning", detail, "Restart it: `samelight daemon stop`, `samelight daemon --detach`.")
    else:
        yield Check("daemon", "ok", detail)


def _round_trip() -> Iterator[Check]:
    from samelight.cli.harmonizing import harmonize_files, open_harmonizer
    from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
    from samelight_wire.messages import Options

    settings = load_settings()
    with open_harmonizer(settings, in_process=False) as harmonizer:
        done = harmonize_files(
            harmonizer, SAMPLE_COMPOSITE, SAMPLE_MASK, None, Options(), max_pixels=settings.max_pixels
        )
    size = f"{done.before.width} x {done.before.height}"
    if (done.after.pixels == done.before.pixels).all():
        yield Check("round trip", "failure", f"{done.model} changed nothing in the sample", "Run `python3 installer`.")
    else:
        yield Check("round trip", "ok", f"the {size} sample took {done.total_seconds:.2f} s with {done.model}")


CHECKS: dict[str, Callable[[], Iterator[Check]]] = {
    "samelight": _samelight,
    "settings": _settings,
    "torch": _torch,
    "memory": _main_memory,
    "weights": _weights,
    "segmentation": _segmentation,
    "log": _log,
    "connection": _connection,
    "daemon": _daemon,
    "round trip": _round_trip,
}
"""Every check by its name; one that raises becomes a failure of that name."""
