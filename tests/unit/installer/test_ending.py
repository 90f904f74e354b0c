"""What an uninstallation ends from outside: a daemon that may not listen, and on Windows its own environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samelight.locking import lock
from samelight_installer.places import CHECKOUT
from samelight_installer.removal.ending import end_daemon, running_daemon

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks are other ones there")

HOLDER = """
import os, signal, sys, time
from samelight.locking import lock
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
lock(descriptor)
os.write(descriptor, str(os.getpid()).encode())
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("holding", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("manner", ["listens", "deaf"])
def test_the_daemon_is_ended_by_its_lock(tmp_path: Path, manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samelight_installer.removal.ending.ASK_SECONDS", 0.5 if manner == "deaf" else 15.0)
    connection = tmp_path / "connection.json"
    assert end_daemon(connection) is None
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "daemon") + os.pathsep + str(CHECKOUT / "shared")}
    command = [sys.executable, "-c", HOLDER, f"{connection}.lock", manner]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        assert running_daemon(connection) == holder.pid
        assert end_daemon(connection) == holder.pid
        assert holder.wait(10) < 0
    assert running_daemon(connection) is None


def test_a_lock_file_that_nobody_holds_ends_nobody(tmp_path: Path) -> None:
    (tmp_path / "connection.json.lock").write_text(str(os.getpid()))
    assert end_daemon(tmp_path / "connection.json") is None
    descriptor = os.open(tmp_path / "connection.json.lock", os.O_RDWR)
    lock(descriptor)
    assert running_daemon(tmp_path / "connection.json") == os.getpid()
    os.close(descriptor)


def test_what_cannot_go_at_once_goes_when_the_program_has_ended(tmp_path: Path) -> None:
    """As on Windows: a program has its own folder removed, by another Python, after its end."""
    tree, folder, full = tmp_path / "env" / "a", tmp_path / "env", tmp_path / "full"
    for path in (tree / "bin" / "python", full / "precious"):
        path.parent.mkdir(parents=True)
        path.write_text("")
    code = "import sys; from pathlib import Path; from samelight_installer.removal import farewell; "
    code += "farewell.remove_afterwards([Path(sys.argv[1])], [Path(p) for p in sys.argv[2:]]); sys.stdin.read()"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "installer")}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tree), str(folder), str(full)], stdin=subprocess.PIPE, env=environment
    ) as process:
        time.sleep(1.0)
        assert tree.exists(), "it must wait for the program's end"
        assert process.stdin is not None
        process.stdin.close()
    deadline = time.monotonic() + 60
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (full / "precious").exists()
