"""Tiny packages to install: real wheels, a few hundred bytes each; and machines with a Krita."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

from samelight_installer.editors import Machine

__all__ = ["make_machine", "make_project", "make_wheel", "write_lock"]

LIBRARY = b"\x7fELF\0libc.so.6\0libpython3.13.so.1.0\0libQt5Core.so.5\0"


def make_wheel(
    folder: Path, name: str, version: str, entry_point: str | None = None, modules: dict[str, str] | None = None
) -> Path:
    """A wheel with these modules, or with one that knows its version."""
    info = f"{name}-{version}.dist-info"
    one = {f"{name}.py": f'__version__ = "{version}"\n\n\ndef main() -> None:\n    print("{name} {version}")\n'}
    files = {
        **(modules or one),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_point:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{entry_point} = {name}:main\n"
    record = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def write_lock(requirements: Path, lock: str, *wheels: Path) -> None:
    """A lock file for these wheels."""
    requirements.mkdir(exist_ok=True)
    lines = ["# made for a test"]
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        lines += [f"{name}=={version} \\", f"    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"]
    (requirements / lock).write_text("\n".join(lines) + "\n")


BACKEND = """
import shutil, pathlib
wheel = next(pathlib.Path(__file__).parent.glob("samelight-*.whl"))

def build_wheel(directory, config_settings=None, metadata_directory=None):
    shutil.copy(wheel, directory)
    return wheel.name

build_editable = build_wheel
"""


def make_project(folder: Path) -> Path:
    """A checkout whose build gives a tiny package named samelight, with the command of that name."""
    folder.mkdir()
    make_wheel(folder, "samelight", "9.9", entry_point="samelight")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return folder


def make_machine(
    folder: Path, library: bytes = LIBRARY, where: str = "lib/x86_64-linux-gnu", **variables: str
) -> Machine:
    """A Linux machine with a Krita from its distribution; the folder is its /."""
    scripting = folder / "usr" / where / "kritaplugins" / "kritapykrita.so"
    scripting.parent.mkdir(parents=True)
    scripting.write_bytes(library)
    return Machine("linux", "x86_64", folder, Path("/home/someone"), variables)


def make_gimp_machine(folder: Path, *series: str, python: str = "python3.13", **variables: str) -> Machine:
    """A Linux machine with GIMPs of these series from its distribution; the folder is its /."""
    programs = folder / "usr" / "bin"
    programs.mkdir(parents=True)
    for each in series:
        (programs / f"gimp-{each}").write_bytes(b"\x7fELF")
        (programs / f"gimp-console-{each}").write_bytes(b"\x7fELF")
    (programs / "gimp").symlink_to(f"gimp-{series[-1]}")
    (programs / "python3").symlink_to(python)
    return Machine("linux", "x86_64", folder, Path("/home/someone"), variables)
