"""What compiled files tell of themselves without being run: processor, Python, release."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Optional, Tuple

__all__ = ["linked_python", "named_python", "processor_of", "version_resource"]

Version = Tuple[int, int]

_LARGEST = 64 * 1024 * 1024

# From the formats' own headers: e_machine of ELF, Machine of PE's COFF header, cputype of Mach-O.
_ELF = {0x3E: "x86_64", 0xB7: "arm64"}
_PE = {0x8664: "x86_64", 0xAA64: "arm64"}
_MACH = {0x01000007: "x86_64", 0x0100000C: "arm64"}

_LINKED = re.compile(
    rb"libpython(\d)\.(\d+)[a-z]*\.(?:so|dylib)|python(\d)(\d+)\.dll|Python\.framework/Versions/(\d)\.(\d+)/"
)
_NAMED = re.compile(r"(?:python|Versions/)(\d)\.?(\d+)")


def processor_of(program: Path) -> Optional[str]:
    """The processor that a program was compiled for, "x86_64" or "arm64"; None for another, several or none."""
    try:
        with program.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return None
    if head[:4] == b"\x7fELF" and len(head) >= 20:
        return _ELF.get(struct.unpack_from("<H", head, 18)[0])
    if head[:4] == b"\xcf\xfa\xed\xfe" and len(head) >= 8:
        return _MACH.get(struct.unpack_from("<I", head, 4)[0])
    if head[:2] == b"MZ" and len(head) >= 64:
        at = struct.unpack_from("<I", head, 60)[0]
        if head[at : at + 4] == b"PE\0\0":
            return _PE.get(struct.unpack_from("<H", head, at + 4)[0])
    return None


def linked_python(library: Path) -> Optional[Version]:
    """The version of Python that a compiled file is linked to, read from the name of the library it asks for."""
    match = _LINKED.search(_content(library))
    if match is None:
        return None
    major, minor = (int(each) for each in match.groups() if each is not None)
    return major, minor


def named_python(path: Path) -> Optional[Version]:
    """The version of Python that a path's name tells, such as python3.13, python313.dll or Versions/3.13; of a link,
    the name that it leads to, at once or in the end.
    """
    names = [f"{path.parent.name}/{path.name}"]
    if path.is_symlink():
        names[:0] = [os.readlink(path), path.resolve().name]  # noqa: PTH115 - Path has it from 3.9 on
    matches = filter(None, map(_NAMED.search, names))
    match = next(matches, None)
    return (int(match.group(1)), int(match.group(2))) if match else None


def version_resource(program: Path) -> Optional[str]:
    """The release that a Windows program tells in its version resource; None where there is none."""
    content = _content(program)
    for key in ("ProductVersion", "FileVersion"):
        at = content.find(key.encode("utf-16-le"))
        if at >= 0:
            text = content[at + 2 * len(key) : at + 2 * len(key) + 128].decode("utf-16-le", "ignore")
            match = re.match(r"[\0\W]*(\d+(?:\.\d+)+)", text)
            if match:
                return match.group(1)
    return None


def _content(path: Path) -> bytes:
    """A file's bytes; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
