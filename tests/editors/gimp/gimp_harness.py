"""Starts a real GIMP in an editor root, with the plug-in, a daemon of one's own and a loop that takes orders.

    with start_gimp(home) as gimp:
        image = gimp.call("new_image", width=64, height=48)

What `call` calls stands in inside/toolbox.py. Arrays are handed over with `gimp.give(array)` and taken with
`gimp.take("save_pixels", item=...)`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from editor_roots import EditorRoot, roots_folder
from numpy.typing import NDArray

from samelight.cli.install import vendored_packages
from samelight_installer.editors import Machine, find_editors
from samelight_installer.plugin.gimp_plugin import install_plugin

__all__ = ["Gimp", "GimpHome", "make_bare_home", "make_gimp_home", "plug_in_processes", "start_gimp"]

INSIDE = Path(__file__).parent / "inside"

# Generous: these only end a test that hangs.
START_SECONDS = 120.0
ANSWER_SECONDS = 120.0

SETTINGS = """(config-version "{version}")
(show-welcome-dialog no)
(check-updates no)
(save-session-info no)
"""

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

Array = NDArray[Any]


@dataclass(frozen=True)
class GimpHome:
    """A user's folders with GIMP's settings and the plug-in in them."""

    root: EditorRoot
    folder: Path
    connection_file: Path

    @property
    def release(self) -> str:
        """GIMP's minor release, such as 3.0, as in the program's name."""
        return ".".join(map(str, self.root.version("gimp")[:2]))

    @property
    def profile(self) -> Path:
        return self.folder / ".config" / "GIMP" / self.release

    @property
    def plug_in(self) -> Path:
        return self.profile / "plug-ins" / "samelight"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a GIMP of this user: nothing of the tests' own Python."""
        dropped = ("XDG_", "GIMP", "SAMELIGHT", "PYTHON", "VIRTUAL_ENV", "DISPLAY", "OMP_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        own = {"HOME": str(self.folder), "PATH": PATH, "LC_ALL": "C.UTF-8"}
        return {**kept, **own, **more}


def make_gimp_home(root: EditorRoot, folder: Path, connection_file: Path, *, compiled: bool = True) -> GimpHome:
    """A new user with the plug-in installed as `samelight install` does it; without compiled packages only the client
    in pure Python is left.
    """
    home = make_bare_home(root, folder, connection_file)
    machine = Machine(root=root.folder, home=folder, environment={})
    (gimp,) = [editor for editor in find_editors(machine) if editor.name == "GIMP"]
    install_plugin(gimp if compiled else replace(gimp, tag=None), vendored_packages(), connection_file, None)
    return home


def make_bare_home(root: EditorRoot, folder: Path, connection_file: Path) -> GimpHome:
    """A new user without the plug-in."""
    home = GimpHome(root, folder, connection_file)
    home.profile.mkdir(parents=True)
    version = ".".join(map(str, root.version("gimp")))
    (home.profile / "gimprc").write_text(SETTINGS.format(version=version))
    if _known_plug_ins(home).is_file():
        shutil.copyfile(_known_plug_ins(home), home.profile / "pluginrc")
    return home


def _known_plug_ins(home: GimpHome) -> Path:
    """What GIMP found out about its own plug-ins in an earlier run: asking each of them takes half of a minute."""
    return roots_folder() / f"gimp-{home.root.suite}-pluginrc"


@dataclass
class Gimp:
    """A running GIMP that takes orders."""

    home: GimpHome
    process: subprocess.Popen[bytes]
    stream: IO[str]
    log: Path
    files: Path
    window: bool
    counter: int = field(default=0)

    def call(self, function: str, **arguments: Any) -> Any:
        """Calls a function of the toolbox; fails with its traceback."""
        self.send(function, **arguments)
        return self.receive()

    def send(self, function: str, **arguments: Any) -> None:
        """Calls a function without waiting; `receive` gives what it returned."""
        self.stream.write(json.dumps({"function": function, "arguments": arguments}) + "\n")
        self.stream.flush()

    def receive(self) -> Any:
        line = self.stream.readline()
        assert line, f"GIMP ended:\n{self.log.read_text(errors='replace')[-4000:]}"
        answer = json.loads(line)
        assert "failure" not in answer, answer["failure"]
        return answer["result"]

    def leave(self) -> None:
        """Ends the loop, and with it a GIMP without window."""
        self.stream.write(json.dumps({"function": "leave", "arguments": {}}) + "\n")
        self.stream.flush()
        if not self.window:
            self.process.wait(START_SECONDS)
            if not _known_plug_ins(self.home).exists():
                shutil.copyfile(self.home.profile / "pluginrc", _known_plug_ins(self.home))

    def new_path(self) -> str:
        self.counter += 1
        return str(self.files / f"{self.counter}.raw")

    def give(self, array: Array) -> str:
        """A file with an array's bytes."""
        path = self.new_path()
        np.ascontiguousarray(array).tofile(path)
        return path

    def take(self, function: str, dtype: str, channels: int, **arguments: Any) -> Array:
        """The array (H x W x channels, or H x W for one) that a function of the toolbox writes."""
        path = self.new_path()
        width, height = self.call(function, path=path, **arguments)
        array = np.fromfile(path, dtype)
        Path(path).unlink()
        return array.reshape((height, width, channels) if channels > 1 else (height, width))


@contextmanager
def start_gimp(home: GimpHome, *, display: str | None = None, **environment: str) -> Iterator[Gimp]:
    """A GIMP of this user, with its window on a display, or without any."""
    files = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    address = files / "socket"
    log = home.folder / f"gimp-{home.release}{'-window' if display else ''}.log"
    with socket.socket(socket.AF_UNIX) as listener, log.open("ab") as output:
        listener.bind(str(address))
        listener.listen(1)
        listener.settimeout(START_SECONDS)
        more = {"SAMELIGHT_TEST_SOCKET": str(address), "SAMELIGHT_TEST_INSIDE": str(INSIDE), **environment}
        if display:
            more["DISPLAY"] = display
        process = subprocess.Popen(
            _command(home, bool(display)), env=home.environment(**more), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            gimp = _connected(home, process, listener, log, files, bool(display))
            yield gimp
            gimp.leave()
        finally:
            _end(process)
            shutil.rmtree(files, ignore_errors=True)


def _connected(
    home: GimpHome, process: subprocess.Popen[bytes], listener: socket.socket, log: Path, files: Path, window: bool
) -> Gimp:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        raise AssertionError(f"GIMP did not start:\n{log.read_text(errors='replace')[-4000:]}") from None
    connection.settimeout(ANSWER_SECONDS)
    stream = connection.makefile("rw", encoding="utf-8")
    connection.close()  # the stream keeps it open
    return Gimp(home, process, stream, log, files, window)


def _command(home: GimpHome, window: bool) -> list[str]:
    program = f"gimp-{home.release}" if window else f"gimp-console-{home.release}"
    how = ["--no-splash", "-n"] if window else ["-i", "-d"]
    batch = f"exec(open({str(INSIDE / 'remote.py')!r}).read())"
    interpreter = ["--batch-interpreter=python-fu-eval", "-b", batch]
    return home.root.command(program, *how, *interpreter, *([] if window else ["--quit"]))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends GIMP and all its plug-ins: they are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def plug_in_processes(home: GimpHome) -> list[int]:
    """The process numbers of this user's running calls of the plug-in."""
    found = []
    wanted = str(home.plug_in / "samelight.py").encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if wanted in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
    return found
