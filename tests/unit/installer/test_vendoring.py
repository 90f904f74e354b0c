"""What a plugin carries along: it loads in an interpreter that has nothing of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgpack
import platformdirs
import pytest
from installer_helpers import make_wheel, write_lock

import samelight_wire
from samelight_installer.editors.tags import Tag
from samelight_installer.plugin.vendoring import COMPILED, ask_anew, vendor_common, vendor_compiled

PACKAGES = [Path(module.__file__).parent for module in (samelight_wire, msgpack, platformdirs)]
TAG = Tag((3, 13), "linux_x86_64")

LOADS = """
import sys
sys.path.insert(0, {common!r})
import msgpack, platformdirs, samelight_wire
from samelight_wire.frames import encode
from samelight_wire.transport import open_transport
for module in (msgpack, platformdirs, samelight_wire):
    assert module.__file__.startswith({common!r}), module
assert msgpack.unpackb(msgpack.packb([1, b"2", "3"])) == [1, b"2", "3"]
print(msgpack.Packer.__module__, samelight_wire.connection_path().name)
"""


def test_common_holds_all_that_the_pure_client_needs(tmp_path: Path) -> None:
    vendor_common(tmp_path, PACKAGES)
    common = tmp_path / "common"
    assert {path.suffix for path in (common / "msgpack").iterdir()} == {".py"}
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOADS.format(common=str(common))], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["msgpack.fallback", "connection.json"]
    assert list(common.glob("msgpack-*.dist-info/**/COPYING*"))
    assert list(common.glob("platformdirs-*.dist-info/**/LICENSE*"))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds wheels; wheels made in the same second are the same, so nothing is remembered."""
    ask_anew()
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_what_has_a_wheel_gets_a_folder_of_its_own(tmp_path: Path, shelf: Path) -> None:
    wheels = [make_wheel(shelf, name, "1.0") for name in COMPILED]
    write_lock(tmp_path / "locks", "run.lock", *wheels)
    assert vendor_compiled(tmp_path / "vendor", TAG, tmp_path / "locks" / "run.lock") == {}
    assert {path.name for path in (tmp_path / "vendor" / "cp313-linux_x86_64").glob("*.py")} == {
        "msgpack.py",
        "pyzmq.py",
    }


def test_what_has_none_is_named_with_the_reason(tmp_path: Path, shelf: Path) -> None:
    wheels = [make_wheel(shelf, name, "1.0") for name in COMPILED]
    write_lock(tmp_path / "locks", "run.lock", *wheels)
    wheels[0].unlink()
    missing = vendor_compiled(tmp_path / "vendor", TAG, tmp_path / "locks" / "run.lock")
    assert list(missing) == ["pyzmq"]
    assert "pyzmq" in missing["pyzmq"]
    assert {path.name for path in (tmp_path / "vendor").rglob("*.py")} == {"msgpack.py"}


def test_a_wheel_that_is_not_the_locked_one_is_refused(tmp_path: Path, shelf: Path) -> None:
    write_lock(tmp_path / "locks", "run.lock", *[make_wheel(shelf, name, "1.0") for name in COMPILED])
    make_wheel(shelf, "pyzmq", "1.0", entry_point="altered")
    assert list(vendor_compiled(tmp_path / "vendor", TAG, tmp_path / "locks" / "run.lock")) == ["pyzmq"]


def test_what_a_person_told_pip_and_python_does_no_harm(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lock(tmp_path / "locks", "run.lock", *[make_wheel(shelf, name, "1.0") for name in COMPILED])
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    for name, value in {"PYTHONPATH": str(tmp_path), "PIP_USER": "1", "PIP_PREFIX": "elsewhere"}.items():
        monkeypatch.setenv(name, value)
    assert vendor_compiled(tmp_path / "vendor", TAG, tmp_path / "locks" / "run.lock") == {}
