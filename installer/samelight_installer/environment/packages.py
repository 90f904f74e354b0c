"""Puts the packages of a lock file, and Samelight itself, into an environment, as far as they are not there already."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Set

from .. import lockfile
from ..console import Console
from ..errors import InstallError
from ..fingerprint import fingerprint, source_files
from .downloads import LOCKED, fetch, fetch_from
from .environment import Environment
from .pip import run_pip

__all__ = [
    "TorchIndex",
    "ensure_packages",
    "ensure_samelight",
    "is_up_to_date",
    "packages_goal",
    "torch_version",
]

TOOLS = {"pip", "setuptools", "wheel", "samelight"}
"""What a lock file for running Samelight need not name."""


@dataclass(frozen=True)
class TorchIndex:
    """Where another build of torch comes from than the lock file's.

    kind: what its version goes on with: "cpu" (1.0+cpu), or "cu" with whichever number (1.0+cu132).
    index: its address; "" for wherever pip looks.
    """

    kind: str
    index: str

    def requirement(self, name: str, version: str) -> str:
        """How pip is asked for it."""
        return f"{name}=={version}+cpu" if self.kind == "cpu" else f"{name}=={version}"

    def is_build(self, installed: str, version: str) -> bool:
        """Whether an installed version is such a build."""
        return installed.startswith(f"{version}+{self.kind}")


def packages_goal(requirements: Path, lock: str, torch: Optional[TorchIndex] = None) -> str:
    """A fingerprint of all that decides which packages are installed."""
    files = [requirements / name for name in (lock, "pip.lock")]
    return fingerprint(files, requirements) + (f" +{torch.kind}" if torch else "")


def torch_version(requirements: Path, name: str = "torch", python: tuple[int, int] = (3, 11)) -> str:
    """The version that the lock file has for a Python; the newest one is for all that are not too old for it."""
    found = lockfile.versions((requirements / "run.lock").read_text(encoding="utf-8")).get(name, {""})
    ordered = sorted(found, key=lambda version: [int(part) for part in version.split(".") if part.isdigit()])
    return ordered[0] if python < (3, 11) else ordered[-1]


def ensure_packages(
    environment: Environment, requirements: Path, lock: str, console: Console, torch: Optional[TorchIndex] = None
) -> bool:
    """Makes the environment hold what a lock file says, whole, and nothing else.

    Args:
        environment: a working one.
        requirements: the folder of the lock files.
        lock: the lock file's name.
        console: where progress goes.
        torch: where torch comes from, if not from the lock file.

    Returns:
        Whether anything had to be done.

    Raises:
        InstallError: a package cannot be had or does not fit on the disk.
    """
    wanted = packages_goal(requirements, lock, torch)
    stamp = environment.stamp()
    there = environment.packages()
    if stamp.get("packages") == wanted and _complete(there, stamp):
        return False
    environment.write_stamp({key: value for key, value in stamp.items() if key not in ("packages", "names")})
    _install(environment, requirements / "pip.lock", console)
    _install(environment, requirements / lock, console)
    if torch is not None:
        _install_build(environment, requirements, torch, console)
    locks = [requirements / "pip.lock", requirements / lock]
    _remove_strays(environment, locks, lockfile.BUILDS if torch else (), console)
    shutil.rmtree(str(_folder(environment)), ignore_errors=True)
    shutil.rmtree(str(environment.folder / "temporary"), ignore_errors=True)
    names = " ".join(sorted(map(lockfile.canonical, set(environment.packages()) - {"samelight"})))
    environment.write_stamp({**environment.stamp(), "packages": wanted, "names": names})
    return True


def _complete(there: Dict[str, tuple[str, bool]], stamp: Dict[str, str]) -> bool:
    """Whether all that the stamp names is there and whole."""
    whole = {lockfile.canonical(name) for name, (_, is_whole) in there.items() if is_whole}
    return set(stamp.get("names", "").split()) <= whole


def _folder(environment: Environment) -> Path:
    """Where an environment's downloads wait until it is filled."""
    return environment.folder / "downloads"


def _install(environment: Environment, lock: Path, console: Console) -> None:
    """Installs what the environment lacks of a lock file.

    Raises:
        InstallError: it cannot be had, or is damaged even afterwards.
    """
    names = _lacking(environment, lock)
    if not names:
        return
    console.passing(f"{len(names)} packages")
    folder = _folder(environment)
    folder.mkdir(exist_ok=True)
    fetch(environment, lock, names, folder, console)
    part = folder / "all.lock"
    part.write_text(lockfile.select(lock.read_text(encoding="utf-8"), names), encoding="utf-8")
    _unpack(environment, [*LOCKED, "-r", str(part)], console)
    part.unlink()
    damaged = [name for name, (_, whole) in environment.packages().items() if not whole and name in names]
    if damaged:
        raise InstallError(
            f"These packages are damaged right after they were installed: {', '.join(damaged)}.",
            "Check the disk, and run this again.",
        )


def _lacking(environment: Environment, lock: Path) -> Set[str]:
    """What a lock file names and the environment has not in that very version, or not whole. It may name what is for
    other systems; pip knows that and leaves it out.
    """
    there = {lockfile.canonical(name): found for name, found in environment.packages().items()}
    wanted = lockfile.versions(lock.read_text(encoding="utf-8"))
    return {
        name for name, versions in wanted.items()
        if name not in there or there[name][0] not in versions or not there[name][1]
    }  # fmt: skip


def _unpack(environment: Environment, arguments: List[str], console: Console) -> None:
    """Installs from the folder of downloads, over what is there."""
    environment.forget_damaged()  # pip does not replace what it cannot uninstall
    options = ["--no-index", "--find-links", str(_folder(environment)), "--force-reinstall", "--no-deps"]
    run_pip(environment, ["install", *options, *arguments], lambda what, *_: console.passing(what), attempts=1)


def _install_build(environment: Environment, requirements: Path, torch: TorchIndex, console: Console) -> None:
    """Installs torch from an index of its own; what it has is not in a lock file, because anybody can have another one.

    Raises:
        InstallError: it is not to be had there.
    """
    python = environment.python_version()
    there = environment.packages()
    lacking = []
    for name in lockfile.BUILDS:
        version = torch_version(requirements, name, python)
        installed, whole = there.get(name, ("", False))
        if not whole or not torch.is_build(installed, version):
            lacking.append(torch.requirement(name, version))
    if lacking:
        folder = _folder(environment)
        folder.mkdir(exist_ok=True)
        fetch_from(environment, lacking, torch.index, folder, console)
        _unpack(environment, lacking, console)


def _remove_strays(environment: Environment, locks: Iterable[Path], others: Iterable[str], console: Console) -> None:
    """Uninstalls what an older lock file, or another build of torch, brought."""
    named = {name for lock in locks for name in lockfile.versions(lock.read_text(encoding="utf-8"))}
    there = {lockfile.canonical(name) for name in environment.packages()}
    strays = there - named - set(others) - TOOLS
    if strays:
        console.passing(f"{len(strays)} packages are not needed any more")
        environment.uninstall(sorted(strays))


def is_up_to_date(environment: Environment, packages: str, checkout: Path) -> bool:
    """Whether an environment holds these packages (see ``packages_goal``) and this checkout's Samelight, whole."""
    stamp = environment.stamp()
    if stamp.get("packages") != packages or stamp.get("samelight") != fingerprint(source_files(checkout), checkout):
        return False
    try:
        there = environment.packages()
    except InstallError:
        return False
    return _complete(there, stamp) and there.get("samelight", ("", False))[1] and environment.samelight.exists()


def ensure_samelight(environment: Environment, checkout: Path, console: Console, *, editable: bool = False) -> bool:
    """Makes the environment hold this checkout's Samelight; ``editable`` leaves its files where they are.

    Returns:
        Whether anything had to be done.

    Raises:
        InstallError: it cannot be built.
    """
    # An editable installation changes with its files; only what is said about it can become outdated.
    files = [checkout / "pyproject.toml"] if editable else source_files(checkout)
    wanted = fingerprint(files, checkout) + (" editable" if editable else "")
    stamp = environment.stamp()
    there = environment.packages().get("samelight")
    if stamp.get("samelight") == wanted and there is not None and there[1] and environment.samelight.exists():
        return False
    environment.write_stamp({key: value for key, value in stamp.items() if key != "samelight"})
    environment.forget_damaged()
    target = ["--editable", str(checkout)] if editable else [str(checkout)]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--force-reinstall"]
    run_pip(environment, ["install", *options, *target], lambda *_: console.passing("being built"), attempts=1)
    shutil.rmtree(str(environment.folder / "temporary"), ignore_errors=True)
    environment.write_stamp({**stamp, "samelight": wanted})
    return True
