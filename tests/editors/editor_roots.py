"""Debian roots that hold the editors, because the machine's own release has them too old or not at all.

    trixie    Krita 5.2.9 and GIMP 3.0.4
    testing   Krita 5.3 and GIMP 3.2

A root is made by debootstrap and apt from the mirror that the machine's own apt uses, a minute and 2 GB each, and
kept outside of the checkout: in `$SAMELIGHT_EDITOR_ROOTS`, else /var/cache/samelight-editors. Programs run in it by
chroot in a mount namespace of their own, so that nothing stays mounted when they end. They share the loopback,
/tmp (so its X sockets too) and the folders that a caller asks for, all at the same paths.

    python tests/editors/editor_roots.py [SUITE ...]     make them now
    python tests/editors/editor_roots.py --enter trixie krita --version
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHECKOUT", "SUITES", "EditorRoot", "RootUnavailableError", "editor_root"]

CHECKOUT = Path(__file__).resolve().parents[2]

SUITES = ("trixie", "testing")

PACKAGES = (
    "krita", "python3-pyqt5", "python3-pyqt5.sip",
    "gimp", "gir1.2-gimp-3.0", "gir1.2-gtk-3.0", "python3-gi", "python3-gi-cairo",
    "libgl1-mesa-dri", "fonts-dejavu-core", "adwaita-icon-theme", "dbus-x11", "locales-all",
)  # fmt: skip

TOOLS = ("debootstrap", "chroot", "unshare", "mount", "apt-get")

NEEDED_BYTES = 4_000_000_000


class RootUnavailableError(Exception):
    """No root can be made on this machine; the text says why."""


@dataclass(frozen=True)
class EditorRoot:
    """A Debian root with both editors."""

    suite: str
    """The Debian suite it was made from."""
    folder: Path
    """Where it lies."""

    def command(self, *arguments: str, share: Iterable[Path] = ()) -> list[str]:
        """What runs a program in the root, as a command for `subprocess`: same process number, environment and
        standard streams; the working directory becomes /.

        Args:
            arguments: the program and its arguments.
            share: folders of the machine that the program finds at the same paths and cannot write to, besides /tmp
                and the checkout.
        """
        shared = list(share)
        script = ["set -e"]
        for path in [Path("/proc"), Path("/dev"), Path("/sys"), Path("/tmp"), CHECKOUT, *shared]:  # noqa: S108
            inside = shlex.quote(str(self.folder / path.relative_to("/")))
            script.append(f"mkdir -p {inside}")
            script.append(f"mount --rbind {shlex.quote(str(path))} {inside}")
            if path in shared:
                script.append(f"mount -o remount,bind,ro {inside}")
        script.append(f'exec chroot {shlex.quote(str(self.folder))} "$@"')
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(script), "sh", *arguments]

    @functools.cache  # noqa: B019 - a handful of roots that live as long as the process
    def version(self, package: str) -> tuple[int, ...]:
        """The upstream version of a package, such as (5, 2, 9) for Krita's."""
        done = subprocess.run(
            self.command("dpkg-query", "-W", "-f", "${Version}", package), capture_output=True, text=True, check=True
        )
        upstream = done.stdout.split(":")[-1].split("-")[0].split("+")[0]
        return tuple(int(part) for part in upstream.split(".") if part.isdigit())


@functools.cache
def editor_root(suite: str) -> EditorRoot:
    """The root of this suite; made if it is not there.

    Raises:
        RootUnavailableError: with the reason, for a test to skip with.
    """
    _check_machine()
    folder = roots_folder() / suite
    with _only_one(folder):
        if not _is_complete(folder):
            _make(folder, suite)
    return EditorRoot(suite, folder)


def roots_folder() -> Path:
    """Where the roots are kept."""
    return Path(os.environ.get("SAMELIGHT_EDITOR_ROOTS", "/var/cache/samelight-editors"))


def _check_machine() -> None:
    if not sys.platform.startswith("linux"):
        raise RootUnavailableError("Editor roots need Linux.")
    if os.geteuid() != 0:
        raise RootUnavailableError("Editor roots need root rights (chroot and mount).")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise RootUnavailableError(f"Not installed on this machine: {', '.join(missing)}.")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two test runs at once make the root once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wanted() -> str:
    return hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()


def _is_complete(folder: Path) -> bool:
    stamp = folder / "samelight-root"
    return stamp.is_file() and stamp.read_text() == _wanted()


def _make(folder: Path, suite: str) -> None:
    """Makes the root beside its place and moves it there when it is whole."""
    if shutil.disk_usage(folder.parent).free < NEEDED_BYTES:
        raise RootUnavailableError(f"{folder.parent} has less than {NEEDED_BYTES / 1e9:.0f} GB left.")
    partial = folder.with_name(folder.name + ".partial")
    for stale in (partial, folder):
        shutil.rmtree(stale, ignore_errors=True)
    mirror = _mirror()
    _step(["debootstrap", "--variant=minbase", suite, str(partial), mirror], f"debootstrap {suite}")
    root = EditorRoot(suite, partial)
    environment = "DEBIAN_FRONTEND=noninteractive"
    options = ["-q", "-y", "-o", "Acquire::Check-Valid-Until=false", "-o", "Dpkg::Use-Pty=0"]
    _step(root.command("env", environment, "apt-get", *options, "update"), "apt-get update")
    install = ["env", environment, "apt-get", *options, "install", "--no-install-recommends", *PACKAGES]
    _step(root.command(*install), "apt-get install")
    _step(root.command("apt-get", "clean"), "apt-get clean")
    (partial / "samelight-root").write_text(_wanted())
    partial.rename(folder)


def _mirror() -> str:
    """The address from which this machine's apt takes Debian itself."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in listed.splitlines():
        address, _, rest = line.partition(" ")
        if address.rstrip("/").endswith("/debian") and "main" in rest:
            return address
    raise RootUnavailableError("This machine's apt names no Debian mirror.")


def _step(command: list[str], name: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise RootUnavailableError(f"`{name}` failed:\n{said}")


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description="Makes the Debian roots for the editor tests, or enters one.")
    parser.add_argument("--enter", metavar="SUITE", choices=SUITES, help="run a command in this root")
    parser.add_argument("words", nargs="*", help="suites to make, or the command to run")
    options = parser.parse_args()
    try:
        if options.enter:
            command = editor_root(options.enter).command(*options.words)
            os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
        for suite in options.words or SUITES:
            root = editor_root(suite)
            versions = {name: ".".join(map(str, root.version(name))) for name in ("krita", "gimp")}
            print(f"{suite}: {root.folder} {versions}")
    except RootUnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
