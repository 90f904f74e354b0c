"""Which Python an AppImage carries, read from the names of the files in it.

An AppImage of the second type is an ELF program with a SquashFS image behind it. Of that, only the table of folders is
read: it holds all names, in blocks of at most 8 KiB, each behind two bytes with its length and whether it is packed.
(the kernel's documentation of SquashFS 4.0; AppImage specification, type 2)
"""

from __future__ import annotations

import lzma
import re
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Callable, Dict, Iterator, Optional, Tuple

__all__ = ["python_in_appimage"]

_MAGIC = b"hsqs"
_SUPERBLOCK = struct.Struct("<4s4I6H8Q")
_UNCOMPRESSED = 0x8000
_LARGEST_TABLE = 64 * 1024 * 1024

_LIBRARY = re.compile(rb"libpython(\d)\.(\d+)\.so")
_FOLDER = re.compile(rb"python(\d)\.(\d+)")


def python_in_appimage(path: Path) -> Optional[Tuple[int, int]]:
    """The version of the Python in an AppImage; None where it carries none or several, or is packed in a way that this
    Python has no means to read (zstd before 3.14).
    """
    try:
        with path.open("rb") as file:
            names = b"".join(_folder_table(file, _end_of_program(file)))
    except (OSError, ValueError, struct.error, zlib.error, lzma.LZMAError):
        return None
    for pattern in (_LIBRARY, _FOLDER):
        versions = {(int(match.group(1)), int(match.group(2))) for match in pattern.finditer(names)}
        if versions:
            return versions.pop() if len(versions) == 1 else None
    return None


def _end_of_program(file: BinaryIO) -> int:
    """Where an ELF program ends: with the table of its sections. Raises ValueError for other files."""
    head = file.read(64)
    if head[:4] != b"\x7fELF" or head[4:5] != b"\x02":
        raise ValueError("no 64-bit ELF program")
    (start,) = struct.unpack_from("<Q", head, 40)
    size, count = struct.unpack_from("<HH", head, 58)
    return int(start + size * count)


def _folder_table(file: BinaryIO, offset: int) -> Iterator[bytes]:
    """The blocks of the table of folders, unpacked, of the image that begins there."""
    file.seek(offset)
    fields = _SUPERBLOCK.unpack(file.read(_SUPERBLOCK.size))
    if fields[0] != _MAGIC or fields[9] != 4:
        raise ValueError("no SquashFS 4 image")
    unpack = _unpackers().get(fields[5])
    start = fields[16]
    later = [each for each in (fields[13], fields[14], fields[17], fields[18]) if each > start]  # the tables behind it
    if unpack is None or not later or min(later) - start > _LARGEST_TABLE:
        raise ValueError("an image that cannot be read")
    file.seek(offset + start)
    table = file.read(min(later) - start)
    at = 0
    while at + 2 <= len(table):
        (header,) = struct.unpack_from("<H", table, at)
        length = header & ~_UNCOMPRESSED
        block = table[at + 2 : at + 2 + length]
        yield block if header & _UNCOMPRESSED else unpack(block)
        at += 2 + length


def _unpackers() -> Dict[int, Callable[[bytes], bytes]]:
    """What unpacks a block, by SquashFS's number of the way it was packed."""
    known: Dict[int, Callable[[bytes], bytes]] = {1: zlib.decompress, 4: lzma.decompress}
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14 and newer
    except ImportError:
        return known
    return {**known, 6: zstd.decompress}
