"""One value of a settings file is set, and nothing else in it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from samelight_installer.settings_file import get_value, remove_group, remove_value, set_value


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


KRITARC = (
    b"ResourceDirectory=/big disk/krita\nname[de]=nein\n\n[a]\nx=1\r\n[python]\nenable_y=true\nenable_x=true\n\n[b]\n"
)


def test_values_are_read_from_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(KRITARC + rb"p=C:\\Users\\a\sb" + b"\nq[$e]=$PLACE/krita\nr=$PLACE\n")
    monkeypatch.setenv("PLACE", "/here")
    assert get_value(path, "", "ResourceDirectory") == "/big disk/krita"
    assert get_value(path, "python", "enable_x") == "true"
    assert get_value(path, "b", "p") == "C:\\Users\\a b"
    assert get_value(path, "b", "q") == "/here/krita"
    assert get_value(path, "b", "r") == "$PLACE"
    assert get_value(path, "a", "enable_x") is None
    assert get_value(path, "c", "x") is None
    assert get_value(tmp_path / "none", "", "x") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[python]\nenable_x=true\n", None),
        (b"[a]\nz=1\n\n[python]\nenable_x=true\n", b"[a]\nz=1\n"),
        (b"[python]\nenable_x=true\n\n[b]\nz=1\n", b"[b]\nz=1\n"),
        (b"[python]\nenable_x=true\nenable_y=\xff\n", b"[python]\nenable_y=\xff\n"),
        (b"[b]\nenable_x=true\n", b"[b]\nenable_x=true\n"),
        (KRITARC, KRITARC.replace(b"enable_x=true\n", b"")),
        (b"", b""),
    ],
)
def test_a_value_is_taken_back_and_nothing_else(tmp_path: Path, before: bytes, after: bytes | None) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(before)
    assert remove_value(path, "python", "enable_x") == (before != after)
    assert (path.read_bytes() if path.exists() else None) == after


@pytest.mark.parametrize("before", [b"", b"[a]\nz=1\n", b"[a]\nz=\xfe\x85\n\n[c]\ny=2\n", b"[a]\r\nz=1\r\n"])
def test_set_and_removed_is_as_before(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(before)
    assert set_value(path, "python", "enable_x", "true")
    assert remove_value(path, "python", "enable_x")
    assert (path.read_bytes() if path.exists() else b"") == before


def test_a_group_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(b"[a]\nz=1\n\n[samelight]\nmodel=frih\nstrength=50\n\n[samelights]\nx=1\n")
    assert remove_group(path, "samelight")
    assert path.read_bytes() == b"[a]\nz=1\n[samelights]\nx=1\n"
    assert not remove_group(path, "samelight")


def test_lines_end_as_they_do_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(b"[a]\r\nz=1\r\n")
    set_value(path, "python", "enable_x", "true")
    assert path.read_bytes() == b"[a]\r\nz=1\r\n\r\n[python]\r\nenable_x=true\r\n"


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(b"[a]\n")
    path.chmod(0o400)
    with pytest.raises(PermissionError, match="read-only"):
        set_value(path, "python", "enable_x", "true")
    assert path.read_bytes() == b"[a]\n"
    assert not remove_value(path, "python", "enable_x")  # nothing to do is no trouble


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(b"[python]\nenable_x=true\n")
    (tmp_path / ".kritarc.samelight").write_bytes(b"[pyth")
    assert not set_value(path, "python", "enable_x", "true")
    assert [each.name for each in tmp_path.iterdir()] == ["kritarc"]
