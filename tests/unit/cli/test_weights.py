"""`samelight weights`: install from a real server on this machine, list, remove."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import Run
from file_server import FileServer, breaking_off, file_server, sending, stalling
from safetensors.torch import save_file

from samelight import weights
from samelight.weights import CHECKPOINTS, Checkpoint
from samelight.weights.manifest import sha256_of

CONTENT = np.random.default_rng(6).bytes(500_000)
FILE = "sam_small.pth"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with file_server(CONTENT) as running:
        yield running


@pytest.fixture
def folder(run: Run, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder; sam-vit-b is a small file that the server offers."""
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path / "weights"))
    small = Checkpoint(
        "sam-vit-b", "vit_b", FILE, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), server.url, rights="Free."
    )
    monkeypatch.setitem(CHECKPOINTS, "sam-vit-b", small)
    return tmp_path / "weights"


def listed(run: Run) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in json.loads(run("weights", "list", "--json").stdout)["weights"]}


def test_install_list_and_remove(run: Run, folder: Path) -> None:
    assert listed(run)["sam-vit-b"]["state"] == "missing"
    result = run("weights", "install", "sam-vit-b")
    assert result.exit_code == 0
    assert str(folder / FILE) in result.stdout
    assert "Rights: Free." in result.stdout
    assert "checking the hash" in result.stderr
    assert (folder / FILE).read_bytes() == CONTENT
    found = listed(run)["sam-vit-b"]
    assert (found["state"], found["bytes"], found["held_bytes"]) == ("ok", len(CONTENT), len(CONTENT))
    assert found["rights"] == "Free."
    assert str(folder / FILE) in run("weights", "remove", "sam-vit-b").stdout
    assert not (folder / FILE).exists()


def test_install_tells_what_came_of_it_in_json(run: Run, folder: Path) -> None:
    first, second = (json.loads(run("weights", "install", "sam-vit-b", "--json").stdout) for _ in range(2))
    assert first == {
        "name": "sam-vit-b",
        "kind": "vit_b",
        "path": str(folder / FILE),
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "rights": "Free.",
        "already": False,
    }
    assert second == {**first, "already": True}
    assert "installed already" in run("weights", "install", "sam-vit-b").stdout


def test_a_broken_line_is_told_and_outlasted(run: Run, folder: Path, server: FileServer) -> None:
    server.behaviours = [breaking_off(200_000)]
    result = run("weights", "install", "sam-vit-b")
    assert result.exit_code == 0
    assert "the connection ended before the file was complete" in result.stderr


def test_wrong_bytes_are_an_error_with_a_hint(run: Run, folder: Path, server: FileServer) -> None:
    server.content = CONTENT[::-1]
    result = run("weights", "install", "sam-vit-b")
    assert result.exit_code == 2
    assert "It was deleted." in result.stderr
    assert "--url" in result.stderr
    assert list(folder.glob(FILE + "*")) == [folder / (FILE + ".lock")]
    error = json.loads(run("weights", "install", "sam-vit-b", "--json").stdout)["error"]
    assert error["code"] == "weights-corrupt"


def test_from_a_file_or_another_address_but_not_both(
    run: Run, folder: Path, server: FileServer, tmp_path: Path
) -> None:
    (tmp_path / "mine.pth").write_bytes(CONTENT)
    both = run("weights", "install", "sam-vit-b", "--file", tmp_path / "mine.pth", "--url", server.url)
    assert both.exit_code == 2
    assert run("weights", "install", "sam-vit-b", "--file", tmp_path / "mine.pth").exit_code == 0
    assert server.asked == []
    run("weights", "remove", "sam-vit-b")
    assert run("weights", "install", "sam-vit-b", "--url", server.url + "?mirror").exit_code == 0
    assert server.asked[0]["path"].endswith("?mirror")


def test_what_cannot_be_installed(run: Run, folder: Path) -> None:
    unknown = run("weights", "install", "sam-vit-x")
    assert unknown.exit_code == 2
    assert "sam-vit-b" in unknown.stderr
    network = run("weights", "install", "rcl")
    assert network.exit_code == 2
    assert "samelight train rcl" in network.stderr


def test_a_download_that_ended_is_listed(run: Run, folder: Path, server: FileServer) -> None:
    server.behaviours = [breaking_off(200_000), sending(404)]
    assert run("weights", "install", "sam-vit-b").exit_code == 2
    found = listed(run)["sam-vit-b"]
    assert (found["state"], found["held_bytes"]) == ("partial", 200_000)
    assert "begun, 0.2 MB here" in run("weights", "list").stdout


def test_the_list_names_every_network_and_fits_80_columns(run: Run, folder: Path) -> None:
    from samelight import harmonizers

    files = listed(run)
    assert set(files) == {*harmonizers.names(), *CHECKPOINTS}
    assert files["hdnet-lite"]["state"] == "ok"
    assert "photographs" in str(files["hdnet-lite"]["rights"])
    lines = run("weights", "list").stdout.splitlines()
    assert [line for line in lines if len(line) > 80 and str(folder) not in line and "/" not in line] == []
    assert any(line.startswith("sam-vit-b") and "not installed" in line for line in lines)


def test_own_weights_are_removed_only_when_that_is_meant(run: Run, folder: Path) -> None:
    import torch

    folder.mkdir()
    path = folder / "hdnet-lite.safetensors"
    save_file({"layer": torch.zeros(3)}, path)
    (folder / "hdnet-lite.md").write_text("card")
    entry = weights.WeightsEntry(path.name, path.stat().st_size, sha256_of(path), "hdnet-lite.md", "Mine.")
    weights.write_entry(folder, "hdnet-lite", entry)
    refused = run("weights", "remove", "hdnet-lite")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert path.exists()
    assert run("weights", "remove", "hdnet-lite", "--yes").exit_code == 0
    assert {each.name for each in folder.iterdir()} == {"manifest.json"}
    shipped = run("weights", "remove", "hdnet-lite", "--yes")
    assert shipped.exit_code == 2
    assert "came with Samelight" in shipped.stderr
    assert weights.state_of("hdnet-lite") == "ok"


def checks(run: Run) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}


def test_doctor_tells_how_segmentation_is(run: Run, folder: Path, server: FileServer) -> None:
    none = checks(run)
    assert (none["segmentation"]["status"], none["segmentation"]["detail"]) == ("ok", "regions")
    assert "samelight weights install sam-vit-b" in none["segmentation"]["mend"]
    assert "weights sam-vit-b" not in none

    server.behaviours = [breaking_off(200_000), sending(404)]
    run("weights", "install", "sam-vit-b")
    begun = checks(run)["weights sam-vit-b"]
    assert begun["status"] == "warning"
    assert "goes on" in begun["mend"]

    run("weights", "install", "sam-vit-b")
    installed = checks(run)
    assert installed["weights sam-vit-b"]["status"] == "ok"
    assert installed["segmentation"]["detail"] == "sam-vit-b"

    (folder / FILE).write_bytes(CONTENT[::-1])
    damaged = checks(run)
    assert damaged["weights sam-vit-b"]["status"] == "failure"
    assert "samelight weights install sam-vit-b" in damaged["weights sam-vit-b"]["mend"]
    assert damaged["segmentation"]["detail"] == "regions"


def test_doctor_tells_a_segmenter_that_is_asked_for_and_not_there(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('segmenter = "sam"')
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(tmp_path / "config.toml"))
    check = checks(run)["segmentation"]
    assert check["status"] == "failure"
    assert "samelight weights install" in check["mend"]


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells' background jobs ignore it
from dataclasses import replace
from samelight.weights import CHECKPOINTS
from samelight.cli.main import app
url, size, sha256 = sys.argv[1:4]
small = replace(CHECKPOINTS["sam-vit-b"], url=url, bytes=int(size), sha256=sha256, file="sam_small.pth")
CHECKPOINTS["sam-vit-b"] = small
app(sys.argv[4:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C cannot be sent to one process there")
def test_ctrl_c_says_how_to_go_on(run: Run, folder: Path, server: FileServer) -> None:
    """A real process, stopped while it waits for the server."""
    server.behaviours = [stalling(100_000)]
    program = [sys.executable, "-c", SCRIPT, server.url, str(len(CONTENT)), hashlib.sha256(CONTENT).hexdigest()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [*program, "weights", "install", "sam-vit-b"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    part = folder / (FILE + ".part")
    waiting = threading.Event()
    for _ in range(600):
        if part.is_file() and part.stat().st_size == 100_000:
            break
        waiting.wait(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped. What came so far is kept." in errors
    assert "Traceback" not in errors
    assert part.stat().st_size == 100_000
    assert run("weights", "install", "sam-vit-b").exit_code == 0
    assert server.ranges[-1] == "bytes=100000-"
