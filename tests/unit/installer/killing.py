"""Kills an installation of plugins at each of its steps, and looks at what is there then. Runs by itself:

    python killing.py FOLDER CASE      prints how many steps there were; ends with a traceback where something is wrong

A step is each operation that changes the file system, as Python's own audit events tell it, and each line of those
modules that write files: a file may be open then, and what was written into it not there yet. Each run is a fork of
this process, killed by SIGKILL before its step.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from samelight_installer import settings_file
from samelight_installer.editors import Editor
from samelight_installer.plugin import connection_copies, gimp_plugin, krita_plugin
from samelight_installer.plugin import folder as plugin_folder
from samelight_installer.plugin.installing import Goods, install_all

CHANGING = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
WATCHED = {module.__file__ for module in (settings_file, plugin_folder, connection_copies)}

KRITARC_BEFORE = b"[a]\nname=\xff\n\n[python]\nenable_other=true\n\n[b]\n"
KRITARC_AFTER = b"[a]\nname=\xff\n\n[python]\nenable_other=true\nenable_samelight_krita=true\n\n[b]\n"


class Steps:
    """Counts steps; at the one that is asked for, the process ends as if the power had gone."""

    def __init__(self, last: int) -> None:
        self._left = last
        sys.addaudithook(self._on_event)
        sys.settrace(self._on_call)

    def _on_event(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in CHANGING or (name == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            self._step()

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._on_line if frame.f_code.co_filename in WATCHED else None

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self._step()
        return self._on_line

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class World:
    """A user with an editor, a plugin in its first version or none, and the second version to be put in."""

    def __init__(self, folder: Path, case: str) -> None:
        self.folder, self.home = folder, folder / "home"
        name, self._start = case.split("-")
        os.environ["XDG_DATA_HOME"] = str(folder / "record")
        for version in ("1", "2"):
            self._make_sources(version)
        data = self.home / name.lower()
        private = self.home / "private" / "run" if name == "Krita" else None
        self.editor = Editor(name, "flatpak", "5.2", None, None, data, self.home / "kritarc", private=private)
        self.expected = {version: self._made(version) for version in ("1", "2")}

    def _make_sources(self, version: str) -> None:
        krita, gimp = self.folder / version / "krita", self.folder / version / "gimp" / "samelight"
        for path in (
            krita / "samelight_krita" / "__init__.py",
            krita / "samelight_krita.desktop",
            krita / "samelight_krita.action",
            gimp / "samelight.py",
            gimp / "samelight_gimp" / "__init__.py",
            self.folder / "packages" / "samelight_wire" / "__init__.py",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{path.name} {version}")

    def install(self, version: str) -> str:
        for module in (krita_plugin, gimp_plugin):
            module.PLUGINS = self.folder / version  # type: ignore[attr-defined]
        goods = Goods([self.folder / "packages" / "samelight_wire"], self.folder / "run" / "connection.json", None)
        (outcome,) = install_all([self.editor], goods, lambda _: False)
        assert outcome.state != "failed", outcome.reason
        return outcome.state

    def _made(self, version: str) -> dict[str, bytes]:
        self.begin_anew()
        self.install(version)
        return tree(self.home)

    def begin_anew(self) -> None:
        for name in ("home", "run", "record"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.home.mkdir()
        (self.home / "kritarc").write_bytes(KRITARC_BEFORE)
        (self.folder / "run").mkdir(mode=0o700)
        (self.folder / "run" / "connection.json").write_text("secret")

    def before(self) -> dict[str, bytes]:
        self.begin_anew()
        if self._start == "upgraded":
            self.install("1")
            if self.editor.name == "Krita":
                (self.home / "kritarc").write_bytes(KRITARC_BEFORE)  # as a running Krita writes it back
        return tree(self.home)

    def check_killed(self, before: dict[str, bytes]) -> None:
        """The plugin's folder is the old one, the new one, or for a moment none; no file of anybody's is half there."""
        there, wanted = tree(self.home), self.expected["2"]
        module = gimp_plugin if self.editor.name == "GIMP" else krita_plugin
        inside = str(module.our_files(self.editor)[0].relative_to(self.home)) + "/"
        parts = [{name: each[name] for name in each if name.startswith(inside)} for each in (there, before, wanted)]
        assert parts[0] in [*parts[1:], {}], sorted(parts[0])
        for name, content in there.items():
            hidden = any(piece.startswith(".") for piece in Path(name).parts)
            if not hidden and not name.startswith(inside):
                assert content in (before.get(name), wanted.get(name)), (name, content)
        assert (self.home / "kritarc").read_bytes() in (KRITARC_BEFORE, KRITARC_AFTER)

    def check_repaired(self) -> None:
        self.install("2")
        there, wanted = tree(self.home), self.expected["2"]
        assert there == wanted, sorted(set(there) ^ set(wanted))
        assert self.install("2") == "unchanged"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main(folder: Path, case: str) -> None:
    world = World(folder, case)
    for step in count(1):
        before = world.before()
        child = os.fork()
        if child == 0:
            Steps(step)
            world.install("2")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert tree(world.home) == world.expected["2"]
            print(step - 1)
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
        try:
            world.check_killed(before)
            world.check_repaired()
        except AssertionError as error:
            raise AssertionError(f"killed before step {step}") from error


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
