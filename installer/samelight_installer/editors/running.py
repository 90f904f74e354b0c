"""Whether an editor runs at this moment, with the very profile that a plugin goes into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, List

from .finding import Editor
from .machine import Machine
from .processes import Process

__all__ = ["running_editors"]

_PROGRAMS = {
    "Krita": re.compile(r"(?:krita|krita\.exe|krita\.bin)", re.IGNORECASE),
    "GIMP": re.compile(r"gimp(?:-\d+(?:\.\d+)?)?(?:\.exe|\.bin)?", re.IGNORECASE),
}


def running_editors(machine: Machine) -> Callable[[Editor], bool]:
    """Looks once at what runs; gives what answers whether a certain editor does.

    On Linux a process tells its environment, so one of another profile does not count. macOS tells the program's path
    alone and Windows its name alone: there every Krita counts for every Krita in the same folder, or at all.
    """
    processes = machine.processes()

    def runs(editor: Editor) -> bool:
        named = [each for each in processes if _PROGRAMS[editor.name].fullmatch(_name(each))]
        if machine.platform == "linux":
            return any(_uses(editor, each, machine) for each in named)
        if machine.platform == "darwin":
            bundle = [str(folder) for folder in _bundle(editor)]
            return any(each.program.startswith(tuple(bundle)) for each in named) if bundle else bool(named)
        return bool(named)

    return runs


def _name(process: Process) -> str:
    return re.split(r"[/\\]", process.program)[-1]


def _bundle(editor: Editor) -> List[Path]:
    return [folder for folder in (editor.program.parents if editor.program else ()) if folder.suffix == ".app"]


def _uses(editor: Editor, process: Process, machine: Machine) -> bool:
    """Whether a process is that editor with that profile."""
    if _config(editor, process, machine) == editor.config.resolve():
        return True
    # A flatpak that may use the host's profiles sees them at a path of its own.
    inside = editor.kind == "flatpak" and bool(process.environment.get("FLATPAK_ID"))
    return inside and process.environment.get("HOME") == str(machine.home)


def _config(editor: Editor, process: Process, machine: Machine) -> Path:
    """The configuration file that a process uses, by the environment it was started with. A sandbox sets the same
    variables to folders of its own, which lie at the same paths inside and outside of it.
    """
    home = Path(process.environment.get("HOME", str(machine.home)))
    its = Machine(machine.platform, machine.processor, machine.root, home, process.environment)
    if editor.name == "Krita":
        return its.path("{XDG_CONFIG_HOME}/kritarc").resolve()
    given = process.environment.get("GIMP3_DIRECTORY", "").strip()
    if given:
        return (home / given / "gimprc").resolve()
    told = re.search(r"\d+\.\d+", _name(process))
    series = told.group() if told else editor.config.parent.name
    return its.path(f"{{XDG_CONFIG_HOME}}/GIMP/{series}/gimprc").resolve()
