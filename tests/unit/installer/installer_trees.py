"""Made-up machines: the files by which an editor of each kind is found, below one folder."""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Mapping
from pathlib import Path

from samelight_installer.editors import Machine

__all__ = ["APPIMAGE", "ELF_ARM64", "ELF_X86", "MACH_ARM64", "PE_X86", "appstream", "flatpak", "put", "snap", "windows"]


def _elf(processor: int) -> bytes:
    return b"\x7fELF" + bytes(14) + struct.pack("<H", processor) + bytes(44)


def _pe(processor: int, release: str = "") -> bytes:
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", processor)
    return head + bytes(64) + ("ProductVersion\0\0" + release + "\0").encode("utf-16-le") if release else head


ELF_X86, ELF_ARM64 = _elf(0x3E), _elf(0xB7)
PE_X86 = _pe(0x8664)
MACH_ARM64 = b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C)
APPIMAGE = b"\x7fELF\x02\x01\x01\x00AI\x02" + bytes(7) + struct.pack("<H", 0x3E) + bytes(44)


def put(path: Path, content: bytes | str = b"") -> Path:
    """Writes a file with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def appstream(*releases: str) -> str:
    """An AppStream description that names these releases, the newest first."""
    return "<component><releases>" + "".join(f'<release version="{each}"/>' for each in releases) + "</releases>"


def library(python: str) -> bytes:
    """A compiled file that is linked to a Python."""
    return ELF_X86 + f"\0libpython{python}.so.1.0\0".encode()


def flatpak(installation: Path, identity: str, context: str = "shared=network;ipc;\n") -> Path:
    """A flatpak, with the links that lead to it; gives its folder `files`."""
    deploy = installation / "app" / identity / "x86_64" / "stable" / "0123abc"
    (deploy / "files").mkdir(parents=True)
    (deploy.parent / "active").symlink_to("0123abc")
    (installation / "app" / identity / "current").symlink_to("x86_64/stable")
    put(
        deploy / "metadata",
        f"[Application]\nname={identity}\nruntime=org.gnome.Platform/x86_64/48\n\n[Context]\n{context}",
    )
    return deploy / "files"


def snap(root: Path, name: str, release: str, base: str = "core24") -> Path:
    """A snap as it is mounted; gives its folder."""
    folder = root / "snap" / name / "482"
    put(folder / "meta" / "snap.yaml", f"name: {name}\nversion: '{release}'\nbase: {base}\nconfinement: strict\n")
    (folder.parent / "current").symlink_to("482")
    return folder


def bundle(path: Path, release: str, program: str, python: str) -> Path:
    """A macOS application; gives its folder."""
    put(path / "Contents" / "Info.plist", plistlib.dumps({"CFBundleShortVersionString": release}))
    put(path / "Contents" / "MacOS" / program, MACH_ARM64)
    versions = path / python
    versions.mkdir(parents=True)
    (versions.parent / "Current").symlink_to(versions.name)
    return path


def windows(root: Path, registry: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None) -> Machine:
    """A Windows machine: its folders lie below `root`, and so do the paths in its variables."""
    home = root / "Users" / "Some One"
    variables = {
        "PROGRAMFILES": str(root / "Program Files"),
        "PROGRAMW6432": str(root / "Program Files"),
        "APPDATA": str(home / "AppData" / "Roaming"),
        "LOCALAPPDATA": str(home / "AppData" / "Local"),
    }
    keys = registry or {}
    return Machine("win32", "AMD64", root, home, variables, lambda key: keys.get(key, {}), list)


def windows_krita(folder: Path, release: str, python: str) -> Path:
    """A Krita as its installer leaves it."""
    put(folder / "bin" / "krita.exe", _pe(0x8664, release))
    put(folder / "bin" / "python3.dll")
    put(folder / "bin" / f"python{python}.dll")
    put(folder / "lib" / "kritaplugins" / "kritapykrita.dll", PE_X86 + f"\0python{python}.dll\0".encode())
    return folder


def windows_gimp(folder: Path, series: str, release: str) -> Path:
    """A GIMP as its installer leaves it."""
    put(folder / "bin" / f"gimp-{series}.exe", _pe(0x8664, release))
    put(folder / "bin" / f"gimp-console-{series}.exe", _pe(0x8664, release))
    put(folder / "bin" / "libpython3.12.dll")
    return folder
