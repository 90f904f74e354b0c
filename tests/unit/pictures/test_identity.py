"""Which file a name leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from samelight.pictures import is_same_file


def test_links_and_roundabout_names_lead_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a picture")
    (tmp_path / "b.png").write_bytes(b"a picture")
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "hard.png").hardlink_to(tmp_path / "a.png")
    for name in ("a.png", "link.png", "hard.png", f"../{tmp_path.name}/a.png"):
        assert is_same_file(tmp_path / "a.png", tmp_path / name)
    assert not is_same_file(tmp_path / "a.png", tmp_path / "b.png")
    assert not is_same_file(tmp_path / "a.png", tmp_path / "missing.png")


def test_files_that_are_not_there_yet_are_told_by_folder_and_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").symlink_to("folder")
    (tmp_path / "link.png").symlink_to("folder/a.png")
    assert is_same_file(tmp_path / "folder" / "a.png", tmp_path / "other" / "a.png")
    assert is_same_file(tmp_path / "folder" / "a.png", tmp_path / "link.png")
    assert is_same_file(tmp_path / "none" / "a.png", tmp_path / "none" / "a.png")
    assert not is_same_file(tmp_path / "none" / "a.png", tmp_path / "nowhere" / "a.png")
    assert not is_same_file(tmp_path / "folder" / "a.png", tmp_path / "a.png")
    for ignores_case in (False, True):
        monkeypatch.setattr("samelight.pictures.identity.IGNORES_CASE", ignores_case)
        assert is_same_file(tmp_path / "a.png", tmp_path / "A.png") is ignores_case
