"""The names of interpreters, and what pip is told of them."""

from __future__ import annotations

import pytest

from samelight_installer.editors.tags import BUNDLED, Tag
from samelight_installer.errors import InstallError


@pytest.mark.parametrize(
    ("platform", "machine", "name"),
    [
        ("linux", "x86_64", "cp313-linux_x86_64"),
        ("linux", "aarch64", "cp313-linux_arm64"),
        ("win32", "AMD64", "cp313-win_amd64"),
        ("darwin", "arm64", "cp313-macosx_arm64"),
    ],
)
def test_an_interpreter_has_one_name(platform: str, machine: str, name: str) -> None:
    tag = Tag.of((3, 13), platform, machine)
    assert str(tag) == name
    assert Tag.parse(name) == tag


def test_machines_without_packages_have_none() -> None:
    assert Tag.of((3, 13), "freebsd14", "amd64") is None
    assert Tag.of((3, 13), "linux", "riscv64") is None


@pytest.mark.parametrize("text", ["", "cp313", "cp313-linux", "cp313-linux_mips", "py3-linux_x86_64", "cp3-win_amd64"])
def test_what_is_no_tag_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InstallError) as caught:
        Tag.parse(text)
    assert "cp313-win_amd64" in caught.value.hint


def test_pip_is_told_version_and_platforms() -> None:
    options = Tag.parse("cp310-linux_arm64").pip_options()
    assert options[options.index("--python-version") + 1] == "3.10"
    assert {options[at + 1] for at, each in enumerate(options) if each == "--platform"} >= {"manylinux2014_aarch64"}
    for tag in BUNDLED:
        assert "--platform" in tag.pip_options()
