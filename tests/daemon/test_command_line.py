"""`samelight harmonize`, `batch`, `doctor` and `bench` with a real daemon, each as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from daemon_harness import Home, RunningDaemon, wait_until
from PIL import Image

from samelight.pictures import read_picture
from samelight_wire.client import Client
from samelight_wire.endpoint import read_endpoint


def samelight(home: Home, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a command as this user."""
    command = [sys.executable, "-m", "samelight.cli.main", *map(str, arguments)]
    return subprocess.run(command, env=home.environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A composite of noise and its mask."""
    rng = np.random.default_rng(8)
    Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(tmp_path / "composite.png")
    mask = np.zeros((40, 60), np.uint8)
    mask[10:30, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "composite.png", tmp_path / "mask.png"


def test_the_daemon_and_this_process_give_the_same_bytes(
    daemon: RunningDaemon, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    by_daemon = samelight(daemon.home, "harmonize", *pair, "-o", tmp_path / "daemon.png", "--json")
    assert by_daemon.returncode == 0, by_daemon.stderr
    assert json.loads(by_daemon.stdout)["model"] == "hdnet-lite"
    assert by_daemon.stderr == ""
    here = samelight(daemon.home, "harmonize", *pair, "-o", tmp_path / "here.png", "--no-daemon")
    assert here.returncode == 0, here.stderr
    assert (tmp_path / "daemon.png").read_bytes() == (tmp_path / "here.png").read_bytes()
    before, after = read_picture(pair[0]).pixels, read_picture(tmp_path / "daemon.png").pixels
    assert (before != after).any()


def test_an_error_reply_is_a_sentence_and_code_2(
    daemon: RunningDaemon, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    done = samelight(daemon.home, "harmonize", *pair, "-o", tmp_path / "out.png", "--model", "nonsense")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "nonsense" in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_full_disk_costs_no_older_result(daemon: RunningDaemon, pair: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"an older result")
    script = f"ulimit -f 0; exec {sys.executable} -m samelight.cli.main harmonize {pair[0]} {pair[1]} -o {out}"
    done = subprocess.run(
        ["bash", "-c", script], env=daemon.home.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert out.read_bytes() == b"an older result"


def make_folder(folder: Path, pair: tuple[Path, Path], names: Iterable[str]) -> None:
    """The pair once for each name, as batch wants it."""
    for part, source in zip(("composite", "mask"), pair, strict=True):
        (folder / part).mkdir(parents=True)
        for name in names:
            (folder / part / name).hardlink_to(source)


@contextmanager
def long_batch(home: Home, pair: tuple[Path, Path], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A batch of 500 pictures with a daemon, from folder/in to folder/out, of which three are done."""
    make_folder(folder / "in", pair, [f"{count:03}.png" for count in range(500)])
    command = [sys.executable, "-m", "samelight.cli.main", "batch", folder / "in", "-o", folder / "out", "--json"]
    with subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, text=True) as batch:
        wait_until((folder / "out" / "002.png").exists)
        yield batch


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_batch_that_loses_its_daemon_tells_what_was_done(
    start: Callable[..., RunningDaemon], pair: tuple[Path, Path], tmp_path: Path, number: signal.Signals
) -> None:
    daemon = start()
    with long_batch(daemon.home, pair, tmp_path) as batch:
        daemon.process.send_signal(number)
        report = json.loads(batch.communicate(timeout=60)[0])
    assert batch.returncode == 2
    assert report["error"]["code"] in ("stale-connection", "not-running")
    assert 3 <= len(report["done"]) < 500
    assert len(report["failed"]) <= 1  # the picture at which it happened


def test_a_batch_goes_through_the_daemon(daemon: RunningDaemon, pair: tuple[Path, Path], tmp_path: Path) -> None:
    make_folder(tmp_path / "in", pair, ["one.png"])
    done = samelight(daemon.home, "batch", tmp_path / "in", "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["done"]) == 1
    assert (tmp_path / "out" / "one.png").exists()
    again = samelight(daemon.home, "batch", tmp_path / "in", "-o", tmp_path / "out", "--skip-existing", "--json")
    assert len(json.loads(again.stdout)["skipped"]) == 1, again.stdout
    # Not another model: the daemon is shared, and others look at which networks it holds.
    other = "--skip-existing", "--colour", "0.25", "--json"
    again = samelight(daemon.home, "batch", tmp_path / "in", "-o", tmp_path / "out", *other)
    assert len(json.loads(again.stdout)["made_again"]) == 1, again.stdout


def test_what_counts_is_the_model_that_the_daemon_uses(
    start: Callable[..., RunningDaemon], home: Home, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """The settings may have changed since it started."""
    start(default_model="hdnet-lite")
    make_folder(tmp_path / "in", pair, ["one.png"])
    assert samelight(home, "batch", tmp_path / "in", "-o", tmp_path / "out").returncode == 0
    home.configure(default_model="srin-lite")
    again = samelight(home, "batch", tmp_path / "in", "-o", tmp_path / "out", "--skip-existing", "--json")
    assert len(json.loads(again.stdout)["skipped"]) == 1, again.stdout


@pytest.mark.usefixtures("ctrl_c_heard")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_batch_that_is_interrupted_tells_what_was_done(
    daemon: RunningDaemon, pair: tuple[Path, Path], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with long_batch(daemon.home, pair, tmp_path) as batch:
        batch.send_signal(number)
        report = json.loads(batch.communicate(timeout=60)[0])
    assert batch.returncode == code
    assert report["interrupted"]
    assert 3 <= len(report["done"]) < 500
    written = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert written == {Path(entry["output"]).name for entry in report["done"]}


def test_doctor_finds_all_well(daemon: RunningDaemon) -> None:
    done = samelight(daemon.home, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert [name for name, check in checks.items() if check["status"] == "failure"] == []
    assert done.returncode == 0
    assert "1200 x 800 sample" in checks["round trip"]["detail"]
    assert daemon.endpoint.token not in done.stdout


def test_bench_measures_a_daemon_of_its_own(start: Callable[..., RunningDaemon], home: Home) -> None:
    """The running one is left alone, and keeps the port that the settings give it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = start(port=port)
    done = samelight(home, "bench", "--only", "daemon", "--rounds", 1, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["start"]["first_answer_seconds"] > 0
    for name in ("layer_1_megapixel", "layer_24_megapixels"):
        layer = figures[name]
        assert layer["p50_seconds"] >= layer["p50_without_network_seconds"] > 0
        assert layer["p50_seconds"] > sum(layer["p50_stage_seconds"].values()) * 0.9
    assert read_endpoint(home.connection_file) == running.endpoint
    with Client.connect(home.connection_file) as client:
        assert client.status().pid == running.process.pid
