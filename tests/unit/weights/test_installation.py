"""Checkpoints take their place only if they are what was published; two installations never meet."""

from __future__ import annotations

import shutil
import stat
import sys
import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import FileServer, breaking_off, sending

from samelight.weights import Checkpoint, checkpoint_state
from samelight.weights.checkpoints import SEEN
from samelight.weights.installation import install_from_file, install_from_web, remove_checkpoint
from samelight_wire.errors import (
    DownloadError,
    OutputError,
    WeightsCorruptError,
    WeightsError,
    WeightsMissingError,
)


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.reasons: list[str] = []
        self.checked = False

    def arrived(self, count: int) -> None:
        self.counts.append(count)

    def pausing(self, reason: str, seconds: float) -> None:
        self.reasons.append(reason)

    def checking(self) -> None:
        self.checked = True


def names(folder: Path) -> set[str]:
    """The files of a folder, but for locks."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def fetch(wanted: Checkpoint, url: str | None = None) -> Path:
    return install_from_web(wanted, Notes(), url, pauses=(0.0,)).path


def test_installs_what_was_published(wanted: Checkpoint, content: bytes, own_folder: Path) -> None:
    notes = Notes()
    assert checkpoint_state(wanted) == "missing"
    installed = install_from_web(wanted, notes)
    assert installed.path.read_bytes() == content
    assert (installed.name, installed.kind, installed.path.parent) == ("sam-vit-b", "vit_b", own_folder)
    assert checkpoint_state(wanted) == "ok"
    assert names(own_folder) == {"sam.pth", SEEN}
    assert notes.counts[-1] == len(content)
    assert notes.checked


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_others_may_read_but_not_write(wanted: Checkpoint) -> None:
    assert stat.S_IMODE(fetch(wanted).stat().st_mode) & 0o133 == 0


def test_a_second_time_asks_nothing(wanted: Checkpoint, server: FileServer) -> None:
    fetch(wanted)
    fetch(wanted)
    assert len(server.asked) == 1


def test_an_interrupted_one_is_gone_on_with(wanted: Checkpoint, server: FileServer, content: bytes) -> None:
    server.behaviours = [breaking_off(200_000)] + [sending(500)] * 9
    with pytest.raises(DownloadError):
        fetch(wanted)
    assert checkpoint_state(wanted) == "partial"
    server.behaviours = []
    assert fetch(wanted).read_bytes() == content
    assert server.ranges[-1] == "bytes=200000-"


def test_ctrl_c_keeps_what_came(wanted: Checkpoint, server: FileServer, content: bytes, own_folder: Path) -> None:
    class Impatient(Notes):
        def arrived(self, count: int) -> None:
            if count > 100_000:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install_from_web(wanted, Impatient())
    held = (own_folder / "sam.pth.part").read_bytes()
    assert len(held) > 100_000
    assert content.startswith(held)
    assert fetch(wanted).read_bytes() == content
    assert server.ranges[-1] == f"bytes={len(held)}-"


@pytest.mark.parametrize("held", [0, 300_000])
def test_wrong_bytes_are_deleted_and_told_also_when_resumed(
    wanted: Checkpoint, server: FileServer, content: bytes, own_folder: Path, held: int
) -> None:
    own_folder.mkdir()
    if held:
        (own_folder / "sam.pth.part").write_bytes(content[:held])
    server.content = bytes(reversed(content))
    with pytest.raises(WeightsCorruptError, match="It was deleted"):
        fetch(wanted)
    assert names(own_folder) == set()
    assert checkpoint_state(wanted) == "missing"
    server.content = content
    assert fetch(wanted).read_bytes() == content


def test_a_wrong_beginning_is_found_too(wanted: Checkpoint, content: bytes, own_folder: Path) -> None:
    own_folder.mkdir()
    (own_folder / "sam.pth.part").write_bytes(b"x" + content[1:])
    with pytest.raises(WeightsCorruptError, match="It was deleted"):
        fetch(wanted)
    assert names(own_folder) == set()


def test_the_makers_own_hash_counts_as_well(wanted: Checkpoint, own_folder: Path) -> None:
    with pytest.raises(WeightsCorruptError):
        fetch(replace(wanted, md5="0" * 32))
    assert names(own_folder) == set()


def test_a_damaged_file_is_replaced_but_not_before(
    wanted: Checkpoint, server: FileServer, content: bytes, own_folder: Path
) -> None:
    path = fetch(wanted)
    path.write_bytes(content[:-1])
    assert checkpoint_state(wanted) == "corrupt"
    server.behaviours = [sending(404)]
    with pytest.raises(DownloadError):
        fetch(wanted)
    assert path.read_bytes() == content[:-1]
    assert fetch(wanted).read_bytes() == content


def test_a_mirror(wanted: Checkpoint, server: FileServer, content: bytes) -> None:
    elsewhere = replace(wanted, url="http://127.0.0.1:9/not-there")
    assert fetch(elsewhere, url=server.url).read_bytes() == content


def test_no_room_is_told_before_anything_comes(
    wanted: Checkpoint, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(OutputError, match="MB on the disk"):
        fetch(wanted)
    assert server.asked == []


def test_a_weights_folder_that_cannot_be(wanted: Checkpoint, own_folder: Path) -> None:
    own_folder.write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(wanted)


def test_two_at_once_do_not_meet(wanted: Checkpoint, server: FileServer, content: bytes, own_folder: Path) -> None:
    reached, go_on = threading.Event(), threading.Event()

    class Slow(Notes):
        def arrived(self, count: int) -> None:
            reached.set()
            go_on.wait(10)

    first = threading.Thread(target=install_from_web, args=(wanted, Slow()))
    first.start()
    try:
        assert reached.wait(10)
        for intrude in (lambda: fetch(wanted), lambda: remove_checkpoint(wanted)):
            with pytest.raises(WeightsError, match="another"):
                intrude()
    finally:
        go_on.set()
        first.join()
    assert len(server.asked) == 1
    assert (own_folder / "sam.pth").read_bytes() == content


def test_from_a_file(wanted: Checkpoint, server: FileServer, content: bytes, own_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "downloaded elsewhere.pth"
    source.write_bytes(content)
    notes = Notes()
    installed = install_from_file(wanted, notes, source)
    assert installed.path.read_bytes() == source.read_bytes() == content
    assert names(own_folder) == {"sam.pth", SEEN}
    assert checkpoint_state(wanted) == "ok"
    assert notes.counts[-1] == len(content)
    assert server.asked == []


def test_from_a_file_ends_what_was_begun(wanted: Checkpoint, content: bytes, own_folder: Path, tmp_path: Path) -> None:
    own_folder.mkdir()
    (own_folder / "sam.pth.part").write_bytes(content[:10])
    (tmp_path / "sam.pth").write_bytes(content)
    install_from_file(wanted, Notes(), tmp_path / "sam.pth")
    assert names(own_folder) == {"sam.pth", SEEN}


@pytest.mark.parametrize("change", [lambda right: right[:-1], lambda right: b"x" + right[1:]])
def test_from_a_wrong_file(wanted: Checkpoint, content: bytes, own_folder: Path, tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    source = tmp_path / "wrong.pth"
    source.write_bytes(change(content))
    with pytest.raises(WeightsCorruptError, match="not the published"):
        install_from_file(wanted, Notes(), source)
    assert source.read_bytes() == change(content)
    assert not own_folder.exists() or names(own_folder) == set()


def test_an_interrupted_copy_leaves_nothing(
    wanted: Checkpoint, content: bytes, own_folder: Path, tmp_path: Path
) -> None:
    class Impatient(Notes):
        def arrived(self, count: int) -> None:
            raise KeyboardInterrupt

    (tmp_path / "sam.pth").write_bytes(content)
    with pytest.raises(KeyboardInterrupt):
        install_from_file(wanted, Impatient(), tmp_path / "sam.pth")
    assert names(own_folder) == set()


def test_from_a_file_that_is_not_there(wanted: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="no file"):
        install_from_file(wanted, Notes(), tmp_path / "nothing")


def test_from_the_file_in_its_own_place(wanted: Checkpoint, content: bytes, own_folder: Path) -> None:
    own_folder.mkdir()
    (own_folder / "sam.pth").write_bytes(content)
    assert install_from_file(wanted, Notes(), own_folder / "sam.pth").path.read_bytes() == content


def test_removes_also_what_was_only_begun(wanted: Checkpoint, content: bytes, own_folder: Path) -> None:
    path = fetch(wanted)
    assert remove_checkpoint(wanted) == [path]
    (own_folder / "sam.pth.part").write_bytes(content[:10])
    assert remove_checkpoint(wanted) == [own_folder / "sam.pth.part"]
    assert checkpoint_state(wanted) == "missing"
    with pytest.raises(WeightsMissingError):
        remove_checkpoint(wanted)
