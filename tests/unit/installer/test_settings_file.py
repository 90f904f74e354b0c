"""One value of a settings file is set, and nothing else in it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from samelight_installer.settings_file import set_value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[python]\nenable_x=true\n"),
        ("a=1\n", "a=1\n\n[python]\nenable_x=true\n"),
        ("[python]\n", "[python]\nenable_x=true\n"),
        ("[python]", "[python]\nenable_x=true\n"),
        ("[python]\nenable_x=false\n", "[python]\nenable_x=true\n"),
        (
            "[python]\nenable_y=true\n\n[b]\nenable_x=no\n",
            "[python]\nenable_y=true\nenable_x=true\n\n[b]\nenable_x=no\n",
        ),
        ("[a]\nenable_x=false\n[python]\nz=é\n[b]\n", "[a]\nenable_x=false\n[python]\nz=é\nenable_x=true\n[b]\n"),
    ],
)
def test_the_value_stands_in_its_group(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "kritarc"
    path.write_text(before, encoding="utf-8")
    assert set_value(path, "python", "enable_x", "true")
    assert path.read_text(encoding="utf-8") == after
    assert not set_value(path, "python", "enable_x", "true")
    assert path.read_text(encoding="utf-8") == after
    assert [each.name for each in tmp_path.iterdir()] == ["kritarc"]


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert set_value(tmp_path / "new" / "kritarc", "python", "enable_x", "true")
    assert (tmp_path / "new" / "kritarc").read_text() == "[python]\nenable_x=true\n"


def test_bytes_that_are_no_text_rights_and_links_survive(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "kritarc"
    real.write_bytes(b"[a]\nname=\xff\xfe\r\n")
    real.chmod(0o600)
    link.symlink_to(real)
    assert set_value(link, "python", "enable_x", "true")
    assert link.is_symlink()
    assert real.read_bytes() == b"[a]\nname=\xff\xfe\r\n\n[python]\nenable_x=true\n"
    assert real.stat().st_mode & 0o777 == 0o600
