"""What there is of Samelight on this machine, and how each part of it is removed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from ..editors import Editor, Machine, find_editors
from ..editors.running import running_editors
from ..environment.slots import environment_folders, environments_homes
from ..launcher import command_path, remove_command
from ..login import login_files, remove_login_entry
from ..places import user_data
from ..plugin import gimp_plugin, krita_plugin
from ..plugin.folder import remove_all_of
from ..plugin.installing import recorded_editors, remove_plugin
from ..record import lock_path, read_record, record_path
from .belongings import Belongings, connection_file, strangers

__all__ = ["Choices", "Part", "Plan", "make_plan"]

_MODULES: Mapping[str, ModuleType] = {"Krita": krita_plugin, "GIMP": gimp_plugin}


@dataclass(frozen=True)
class Choices:
    """What stays although it could go.

    keep_settings: the settings file, and what was last chosen in the editors.
    keep_weights: downloaded weights.
    purge: weights that the person trained go too.
    """

    keep_settings: bool = False
    keep_weights: bool = False
    purge: bool = False

    def spares(self, sort: Belongings) -> str:
        """Why files of this sort stay; empty where they go."""
        if sort.kind == "settings" and self.keep_settings:
            return "your settings"
        if sort.kind == "weights" and self.keep_weights:
            return "downloaded weights"
        return "weights that you trained" if sort.kind == "own weights" and not self.purge else ""


@dataclass(frozen=True)
class Part:
    """Something that is removed as one.

    name: a word for it.
    text: what it is, for the person.
    paths: what goes, as far as that is known before.
    remove: removes it, and gives what is gone.
    """

    name: str
    text: str
    paths: Sequence[Path]
    remove: Callable[[], Iterable[Path]]

    def as_json(self) -> Dict[str, Any]:
        """In plain values, with how much space it takes."""
        paths = [str(path) for path in self.paths]
        return {"part": self.name, "what": self.text, "paths": paths, "bytes": _size(self.paths)}


@dataclass(frozen=True)
class Plan:
    """All that is to be removed.

    parts: in the order in which they go.
    environment: the folders of the environment; they go last.
    kept: what stays, with the reason.
    notes: what the person should know before.
    """

    parts: Sequence[Part]
    environment: Sequence[Path]
    kept: List[Tuple[Path, str]]
    notes: Sequence[str] = ()

    def as_json(self) -> List[Dict[str, Any]]:
        """In plain values."""
        parts = [*self.parts, Part("environment", "the environment", self.environment, tuple)]
        return [part.as_json() for part in parts if part.paths]

    def in_words(self) -> str:
        """For people."""
        lines = ["This goes:"]
        for part in self.as_json():
            size = part["bytes"]
            lines.append(f"  {part['what']}" + (f" ({size / 1e6:,.0f} MB)" if size > 5e5 else ""))
            lines += [f"      {path}" for path in part["paths"]]
        if len(lines) == 1:
            lines = ["There is nothing of Samelight to remove."]
        lines += ["This stays:", *(f"  {path}  ({reason})" for path, reason in self.kept)] if self.kept else []
        return "\n".join([*lines, *self.notes]) + "\n"


def make_plan(choices: Choices) -> Plan:
    """Looks what there is."""
    sorts = Belongings.find()
    kept = [(path, choices.spares(sort)) for sort in sorts if choices.spares(sort) for path in sort.files]
    going = [sort for sort in sorts if not choices.spares(sort)]
    command = read_record().get("command")
    plugins = list(_plugin_parts(choices))
    parts = [
        *plugins,
        Part("login", "the start at login", login_files(), remove_login_entry),
        Part("command", "the command", [Path(command)] if command else [], _remove_command),
        *(Part(sort.kind, sort.text, sort.files, _Files(sort.files)) for sort in going),
        Part("leftovers", "what a broken installation left behind", _leftovers(), _Files(_leftovers())),
    ]
    with_files = [part.remove.editor for part in plugins if part.paths and isinstance(part.remove, _Plugin)]
    environments = [path for home in environments_homes() for path in environment_folders(home)]
    going_paths = {path for part in parts for path in part.paths}
    told = {record_path(), lock_path(), *environments, *going_paths, *(path for path, _ in kept)}
    kept += [(path, "not Samelight's") for path in strangers(told)]
    return Plan(parts, environments, kept, list(_notes(with_files)))


def _plugin_parts(choices: Choices) -> Iterator[Part]:
    for editor in _editors():
        files = [path for path in _MODULES[editor.name].our_files(editor) if path.exists() or path.is_symlink()]
        yield Part("plugin", f"Harmonize layer in {_name(editor)}", files, _Plugin(editor, not choices.keep_settings))


def _editors() -> List[Editor]:
    """The editors that are there, and those that were when they got their plugin."""
    found: Dict[Tuple[str, Path], Editor] = {}
    for editor in [*_found(), *recorded_editors()]:
        found.setdefault((editor.name, editor.data), editor)
    return list(found.values())


def _found() -> List[Editor]:
    try:
        return list(find_editors())
    except Exception:  # whatever may be wrong with an editor: what the record names is removed all the same
        return []


def _notes(editors: Sequence[Editor]) -> Iterator[str]:
    """What there is to say about editors that run: Krita writes its settings at its end as it had read them, and
    Windows does not let go of files that are in use.
    """
    try:
        runs = running_editors(Machine())
        names = sorted({editor.name for editor in editors if runs(editor)})
    except Exception:  # what runs is told by the system's own tools, which may be missing
        return
    for name in names:
        yield f"{name} is running. Quit it first; else something of the plugin may be left in its settings."


def _name(editor: Editor) -> str:
    return " ".join(filter(None, (editor.name, editor.version, f"({editor.kind})")))


@dataclass(frozen=True)
class _Plugin:
    """Removes the plugin from an editor."""

    editor: Editor
    settings: bool

    def __call__(self) -> Iterable[Path]:
        return remove_plugin(self.editor, connection_file(), settings=self.settings)


@dataclass(frozen=True)
class _Files:
    """Removes files."""

    files: Sequence[Path]

    def __call__(self) -> Iterable[Path]:
        for path in self.files:
            remove_all_of(path)  # the daemon may have taken its connection file away by itself
        return self.files


def _remove_command() -> Iterable[Path]:
    removed = remove_command()
    return [removed] if removed else []


def _leftovers() -> List[Path]:
    """What an installation that was killed was just writing."""
    noted = map(Path, read_record().get("login", {}).get("files", []))
    folders = sorted({command_path().parent, user_data(), *(path.parent for path in noted)})
    return [path for folder in folders for name in (".samelight-*", ".installed-*") for path in folder.glob(name)]


def _size(paths: Iterable[Path]) -> int:
    """The bytes below these paths; what was linked to is not counted."""
    total = 0
    for path in paths:
        if path.is_file() and not path.is_symlink():
            total += path.stat().st_size
        for folder, _, names in os.walk(str(path)):
            files = (Path(folder) / name for name in names)
            total += sum(file.lstat().st_size for file in files)
    return total
