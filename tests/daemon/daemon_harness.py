"""Real daemons as subprocesses, each in folders of its own, and raw clients that may break every rule."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from samelight_wire import frames
from samelight_wire.endpoint import Endpoint, read_endpoint
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import HarmonizeRequest, Message, Options, StatusReply, StatusRequest, new_job

ROOT = Path(__file__).resolve().parents[2]
MODEL = "hdnet-lite"

# Generous: these only end a test that hangs.
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0


def wait_until(condition: Callable[[], bool], seconds: float = ANSWER_SECONDS) -> None:
    """Returns as soon as the condition holds; fails if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


# ---- daemons ----


@dataclass
class Home:
    """A user of their own: a home folder, and the environment that leads there."""

    folder: Path
    environment: dict[str, str]

    @property
    def connection_file(self) -> Path:
        return Path(self.environment["SAMELIGHT_CONNECTION_FILE"])

    @property
    def weights(self) -> Path:
        return Path(self.environment["SAMELIGHT_WEIGHTS"])

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.rglob("daemon.log*"))

    def configure(self, **settings: object) -> None:
        """Writes the configuration file."""
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        Path(self.environment["SAMELIGHT_CONFIG"]).write_text("\n".join(lines))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `samelight daemon ARGUMENTS` to its end."""
        return subprocess.run(
            command(*arguments), env=self.environment, capture_output=True, text=True, timeout=ANSWER_SECONDS
        )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "samelight.cli.daemon", *arguments]


def make_home(folder: Path, weights: Path) -> Home:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAMELIGHT")}
    environment |= {
        "HOME": str(folder),
        "SAMELIGHT_CONNECTION_FILE": str(folder / "run" / "connection.json"),
        "SAMELIGHT_CONFIG": str(folder / "config.toml"),
        "SAMELIGHT_WEIGHTS": str(weights),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("daemon", "shared", "installer")),
    }
    for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        environment[variable] = str(folder / variable.lower())
    return Home(folder, environment)


@dataclass
class RunningDaemon:
    """A daemon process that has published its connection file."""

    home: Home
    process: subprocess.Popen[str]
    endpoint: Endpoint

    @property
    def connection_file(self) -> Path:
        return self.home.connection_file

    def terminate(self) -> int:
        """Asks it to end; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ANSWER_SECONDS)

    def kill(self) -> None:
        """Ends it without a chance to clean up."""
        self.process.kill()
        self.process.wait(ANSWER_SECONDS)


def launch(home: Home) -> RunningDaemon:
    """Starts `samelight daemon` and waits for what it announces."""
    process = subprocess.Popen(
        command("--json"), env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    announced = process.stdout.readline()
    assert "port" in announced, f"the daemon did not start: {announced} {process.stdout.read()}"
    return RunningDaemon(home, process, read_endpoint(home.connection_file))


def dispose(daemon: RunningDaemon) -> None:
    if daemon.process.poll() is None:
        daemon.kill()
    assert daemon.process.stdout is not None
    daemon.process.stdout.close()


# ---- clients ----


@dataclass
class RawClient:
    """A DEALER socket with the right token and no manners: no hello, no heartbeats, any bytes."""

    socket: zmq.Socket[bytes]
    received: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        self.send_frames(frames.encode(message))

    def send_frames(self, parts: frames.Frames) -> None:
        self.socket.send_multipart(parts)

    def receive(self, seconds: float = ANSWER_SECONDS) -> Message:
        """The next message; fails if none comes."""
        assert self.socket.poll(int(seconds * 1000)), "no answer came"
        message = frames.decode(self.socket.recv_multipart(), receiver=frames.Side.PLUGIN)
        self.received.append(message)
        return message

    def answer(self, job: str | None = None) -> Message:
        """The next message that is no progress, of this job if one is named."""
        while True:
            message = self.receive()
            if message.KIND != "progress" and (job is None or getattr(message, "job", None) == job):
                return message

    def stages(self, job: str) -> list[str]:
        """The stages that were reported for a job until now."""
        return [m.stage for m in self.received if m.KIND == "progress" and m.job == job]  # type: ignore[attr-defined]

    def status(self) -> StatusReply:
        self.send(StatusRequest())
        reply = self.answer()
        while not isinstance(reply, StatusReply):
            reply = self.answer()
        return reply


# ---- requests ----


def raster(pixels: np.ndarray[Any, Any], layout: Layout) -> Raster:
    """H x W x C (or H x W for a mask) samples as a raster."""
    depth = {"uint8": Depth.U8, "uint16": Depth.U16, "float16": Depth.F16, "float32": Depth.F32}[pixels.dtype.name]
    height, width = pixels.shape[:2]
    return Raster(RasterFormat(width, height, layout, depth), np.ascontiguousarray(pixels).data.cast("B"))


def a_layer(width: int, height: int, dtype: str = "uint8", alpha: float = 1.0) -> np.ndarray[Any, Any]:
    """A picture with a gradient, some noise and this alpha everywhere: H x W x 4."""
    noise = np.random.default_rng(width * 31 + height)
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([x / max(width - 1, 1), y / max(height - 1, 1), np.full(x.shape, 0.3)], axis=-1)
    colour = np.clip(ramp * 0.8 + noise.random((height, width, 3)) * 0.2, 0.0, 1.0)
    pixels = np.concatenate([colour, np.full((height, width, 1), alpha)], axis=-1)
    if dtype.startswith("float"):
        return pixels.astype(dtype)
    return np.round(pixels * np.iinfo(dtype).max).astype(dtype)


@dataclass
class Requests:
    """Makes requests; each has a job of its own."""

    def layered(
        self,
        layer: np.ndarray[Any, Any] | None = None,
        backdrop: np.ndarray[Any, Any] | None = None,
        size: tuple[int, int] = (96, 64),
        **options: Any,
    ) -> HarmonizeRequest:
        """A layer in the middle of a larger backdrop."""
        layer = a_layer(*size) if layer is None else layer
        height, width = layer.shape[:2]
        backdrop = a_layer(160, 120)[:, ::-1] if backdrop is None else backdrop
        return HarmonizeRequest(
            job=new_job(),
            layer=raster(layer, Layout.RGBA),
            layer_rect=Rect(0, 0, width, height),
            backdrop=raster(backdrop, Layout.RGBA),
            backdrop_rect=Rect(-width // 2, -height // 2, 2 * width, 2 * height),
            options=Options(**options),
        )

    def flattened(self, mask: np.ndarray[Any, Any], **options: Any) -> HarmonizeRequest:
        """A whole picture of the mask's size, with the mask (H x W, U8) as its foreground."""
        height, width = mask.shape
        return HarmonizeRequest(
            job=new_job(),
            layer=raster(a_layer(width, height), Layout.RGBA),
            layer_rect=Rect(0, 0, width, height),
            selection=raster(mask, Layout.MASK),
            selection_rect=Rect(0, 0, width, height),
            options=Options(**options),
        )

    def large(self) -> HarmonizeRequest:
        """A layer that keeps a worker busy for a while."""
        return self.layered(a_layer(1500, 1000))
