"""The Python in an AppImage is read from the names in its image."""

from __future__ import annotations

import lzma
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from installer_trees import put

from samelight_installer.editors import Machine, find_editors
from samelight_installer.editors.squashfs import python_in_appimage
from samelight_installer.editors.tags import Tag

NONE = 2**64 - 1
NAMES = b"\0\1libpython3.13.so.1.0\0\2python3.13\0\3python3\0\4krita"


def runtime(sections: int = 2) -> bytes:
    """An AppImage's own program: an ELF header, and a table of sections that ends it."""
    head = bytearray(b"\x7fELF\x02\x01\x01\x00AI\x02" + bytes(53))
    struct.pack_into("<H", head, 18, 0x3E)
    struct.pack_into("<QHH", head, 40, 64, 0, 0)
    struct.pack_into("<HH", head, 58, 64, sections)
    return bytes(head) + bytes(64 * sections)


def block(content: bytes, pack: Callable[[bytes], bytes] | None) -> bytes:
    packed = pack(content) if pack else content
    return struct.pack("<H", len(packed) | (0 if pack else 0x8000)) + packed


def image(names: bytes, way: int = 1, pack: Callable[[bytes], bytes] | None = zlib.compress, major: int = 4) -> bytes:
    """A SquashFS image with nothing but a table of folders, in two blocks."""
    half = len(names) // 2
    table = block(names[:half], pack) + block(names[half:], pack)
    head = struct.pack("<4s4I6H", b"hsqs", 1, 0, 131072, 0, way, 17, 0, 1, major, 0)
    end = 96 + len(table)
    return head + struct.pack("<8Q", 0, end + 8, end, NONE, NONE, 96, NONE, NONE) + table + bytes(8)


@pytest.fixture
def appimage(tmp_path: Path) -> Path:
    return tmp_path / "krita-5.2.14-x86_64.AppImage"


@pytest.mark.parametrize(("way", "pack"), [(1, zlib.compress), (4, lzma.compress), (1, None), (6, None)])
def test_names_in_several_blocks(appimage: Path, way: int, pack: Callable[[bytes], bytes] | None) -> None:
    appimage.write_bytes(runtime() + image(NAMES, way, pack))
    # The way of packing 6, zstd, is one that only newer Pythons read.
    assert python_in_appimage(appimage) in ([(3, 13)] if way != 6 else [(3, 13), None])


def test_without_the_library_the_folder_tells_it(appimage: Path) -> None:
    appimage.write_bytes(runtime() + image(b"\0python3.12\0python3\0"))
    assert python_in_appimage(appimage) == (3, 12)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        runtime(),
        runtime() + os.urandom(4000),
        runtime() + image(NAMES)[:120],
        runtime() + image(NAMES, major=3),
        runtime() + image(NAMES, way=99),
        runtime() + image(NAMES, pack=lambda _: b"damaged"),
        runtime() + image(b"libpython3.10.so libpython3.13.so"),
        runtime() + image(b"nothing of the kind"),
        image(NAMES),
    ],
)
def test_what_cannot_be_told_is_none(appimage: Path, content: bytes) -> None:
    appimage.write_bytes(content)
    assert python_in_appimage(appimage) is None


def test_the_editor_gets_packages_for_just_that_python(tmp_path: Path, appimage: Path) -> None:
    home = tmp_path / "home"
    put(home / "Applications" / appimage.name, runtime() + image(NAMES))
    (krita,) = find_editors(Machine("linux", "aarch64", tmp_path / "system", home, {}))
    assert (krita.python, krita.tags) == ((3, 13), (Tag((3, 13), "linux_x86_64"),))


@pytest.mark.skipif(shutil.which("mksquashfs") is None, reason="mksquashfs is not installed")
@pytest.mark.parametrize("options", [["-comp", "gzip"], ["-comp", "xz"], ["-no-fragments", "-no-exports"], ["-noI"]])
def test_real_images(tmp_path: Path, appimage: Path, options: list[str]) -> None:
    content = tmp_path / "content"
    for number in range(700):  # more names than one block holds
        put(content / "usr" / "share" / f"folder {number % 9}" / f"a file with a longer name {number}.txt", "x")
    put(content / "usr" / "lib" / "libpython3.11.so.1.0", b"x")
    made = tmp_path / "image"
    subprocess.run(["mksquashfs", str(content), str(made), "-quiet", "-no-progress", *options], check=True)
    appimage.write_bytes(runtime() + made.read_bytes())
    assert python_in_appimage(appimage) == (3, 11)
