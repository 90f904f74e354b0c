"""One daemon at a time, decided by the operating system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from samelight.server.instance import InstanceLock
from samelight_wire.errors import AlreadyRunningError, OutputError

HOLDER = """
import sys
from pathlib import Path
from samelight.server.instance import InstanceLock
from samelight_wire.errors import AlreadyRunningError

try:
    with InstanceLock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except AlreadyRunningError:
    print("refused", flush=True)
"""


def hold(path: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    path = tmp_path / "run" / "daemon.lock"
    with hold(path) as holder:
        assert first_line(holder) == "held"
        with pytest.raises(AlreadyRunningError, match=str(holder.pid)), InstanceLock(path):
            pass
        assert InstanceLock(path).is_held_elsewhere()
        holder.communicate("")
    with InstanceLock(path):
        assert path.read_text() == str(os.getpid())


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    with hold(path) as holder:
        assert first_line(holder) == "held"
        holder.kill()
    assert path.exists()
    assert not InstanceLock(path).is_held_elsewhere()
    with InstanceLock(path):
        pass


def test_of_many_that_race_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    racers = [hold(path) for _ in range(6)]
    answers = sorted(first_line(racer) for racer in racers)
    for racer in racers:
        racer.communicate("")
    assert answers == ["held"] + ["refused"] * 5


def test_a_lock_that_nobody_made_is_not_held(tmp_path: Path) -> None:
    assert not InstanceLock(tmp_path / "none.lock").is_held_elsewhere()


def test_a_folder_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    lock = InstanceLock(tmp_path / "file" / "daemon.lock")
    with pytest.raises(OutputError, match="cannot be used") as caught, lock:
        pass
    assert "writable" in caught.value.hint
    assert not lock.is_held_elsewhere()


@pytest.mark.skipif(os.name != "posix", reason="links are made by everybody on POSIX systems alone")
def test_a_link_in_the_place_of_the_lock_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("contents")
    (tmp_path / "daemon.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError), InstanceLock(tmp_path / "daemon.lock"):
        pass
    assert (tmp_path / "precious").read_text() == "contents"
