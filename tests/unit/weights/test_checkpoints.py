"""Which checkpoint of SAM is used, and that its content is checked once, and again when it changes."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from file_server import FileServer

from samelight.weights import CHECKPOINTS, Checkpoint, checkpoint_state, checkpoints, sam_checkpoint
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError


@pytest.fixture
def small(wanted: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """All checkpoints are small ones with the same content."""
    for name, known in CHECKPOINTS.items():
        monkeypatch.setitem(CHECKPOINTS, name, replace(wanted, name=name, kind=known.kind, file=known.file))
    return CHECKPOINTS["sam-vit-b"]


def put(wanted: Checkpoint, content: bytes, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / wanted.file
    path.write_bytes(content)
    return path


class Hashing:
    """Counts how often a file's content is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        real = checkpoints.sha256_of

        def counted(path: Path) -> str:
            self.times += 1
            return real(path)

        monkeypatch.setattr(checkpoints, "sha256_of", counted)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    return Hashing(monkeypatch)


def test_what_is_known_is_complete() -> None:
    assert [each.kind for each in CHECKPOINTS.values()] == ["vit_b", "vit_l", "vit_h"]
    assert sorted(CHECKPOINTS.values(), key=lambda each: each.bytes) == list(CHECKPOINTS.values())
    for name, each in CHECKPOINTS.items():
        assert each.name == name
        assert re.fullmatch("[0-9a-f]{64}", each.sha256)
        assert each.url.startswith("https://")
        assert each.url.endswith("/" + each.file)
        assert "Apache-2.0" in each.rights


def test_nothing_installed(small: Checkpoint) -> None:
    assert sam_checkpoint() is None
    assert sam_checkpoint("sam-vit-l") is None


def test_the_largest_one_is_used_unless_another_is_asked_for(
    small: Checkpoint, content: bytes, own_folder: Path
) -> None:
    for name in ("sam-vit-b", "sam-vit-l"):
        put(CHECKPOINTS[name], content, own_folder)
    largest, named = sam_checkpoint(), sam_checkpoint("sam-vit-b")
    assert largest is not None
    assert named is not None
    assert (largest.kind, named.kind) == ("vit_l", "vit_b")
    assert named.path == own_folder / small.file


def test_a_damaged_one_is_passed_over_and_logged(
    small: Checkpoint, content: bytes, own_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(CHECKPOINTS["sam-vit-h"], content[::-1], own_folder)
    put(small, content, own_folder)
    with caplog.at_level(logging.WARNING):
        found = sam_checkpoint()
    assert found is not None
    assert found.kind == "vit_b"
    assert "sam-vit-h" in caplog.text
    with pytest.raises(WeightsCorruptError, match="hash"):
        sam_checkpoint("sam-vit-h")


def test_an_unknown_name(small: Checkpoint) -> None:
    with pytest.raises(InvalidOptionError, match="sam-vit-x") as caught:
        sam_checkpoint("sam-vit-x")
    assert "sam-vit-b" in caught.value.hint


def test_the_content_is_read_once(
    small: Checkpoint, content: bytes, own_folder: Path, hashing: Hashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(small, content, own_folder)
    for _ in range(3):
        assert sam_checkpoint()
    monkeypatch.setattr(checkpoints, "_seen_here", {})  # another process
    assert sam_checkpoint()
    assert hashing.times == 1


def test_a_changed_file_is_read_again(small: Checkpoint, content: bytes, own_folder: Path, hashing: Hashing) -> None:
    path = put(small, content, own_folder)
    assert checkpoint_state(small) == "ok"
    before = path.stat()
    path.write_bytes(content[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert checkpoint_state(small) == "corrupt"
    assert hashing.times == 2


def test_another_published_hash_counts_at_once(small: Checkpoint, content: bytes, own_folder: Path) -> None:
    put(small, content, own_folder)
    assert checkpoint_state(small) == "ok"
    assert checkpoint_state(replace(small, sha256="0" * 64)) == "corrupt"


@pytest.mark.parametrize("note", ["{ not json", "[]", '{"sam.pth": {"bytes": 1}}', '{"sam.pth": null}', "\xff"])
def test_damaged_notes_cost_a_hash_only(small: Checkpoint, content: bytes, own_folder: Path, note: str) -> None:
    put(small, content, own_folder)
    (own_folder / checkpoints.SEEN).write_bytes(note.encode("latin-1"))
    assert sam_checkpoint()


def test_a_folder_that_cannot_be_written_is_enough(
    small: Checkpoint, content: bytes, own_folder: Path, hashing: Hashing
) -> None:
    put(small, content, own_folder)
    (own_folder / (checkpoints.SEEN + ".part")).mkdir()  # nobody can write there now, root included
    for _ in range(2):
        assert sam_checkpoint()
    assert hashing.times == 1


def test_a_download_that_was_begun(small: Checkpoint, content: bytes, own_folder: Path, server: FileServer) -> None:
    put(replace(small, file=small.file + ".part"), content[:10], own_folder)
    assert checkpoint_state(small) == "partial"
    assert sam_checkpoint() is None


def test_an_incomplete_file_is_told_without_reading_it(
    small: Checkpoint, content: bytes, own_folder: Path, hashing: Hashing
) -> None:
    put(small, content[:-1], own_folder)
    with pytest.raises(WeightsCorruptError, match=r"700,000 bytes instead of 700,001"):
        sam_checkpoint("sam-vit-b")
    assert hashing.times == 0
