"""The plugins of all editors: put in, brought up to date, taken out; one editor's trouble is never another's."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..editors import Editor
from ..editors.tags import Tag
from ..errors import InstallError
from ..record import change_record, make_folder, read_record
from . import gimp_plugin, krita_plugin
from .connection_copies import add_copy, copy_for, remove_copy
from .folder import InstalledPlugin
from .stamp import read_stamp
from .vendoring import ask_anew

__all__ = ["Goods", "Outcome", "install_all", "look_at", "recorded_editors", "remove_plugin"]

_MODULES: Mapping[str, ModuleType] = {"Krita": krita_plugin, "GIMP": gimp_plugin}


@dataclass(frozen=True)
class Goods:
    """What every plugin gets.

    packages: the folders of samelight_wire, msgpack and platformdirs.
    connection_file: where the daemon says how it is reached.
    command: the `samelight` command with which a plugin may start the daemon; None: it may not.
    """

    packages: Sequence[Path]
    connection_file: Path
    command: Optional[Path]


@dataclass(frozen=True)
class Outcome:
    """What came of an editor.

    editor: the editor.
    state: "new", "upgraded", "repaired", "unchanged", "failed"; or why it gets no plugin, see Editor.problem. Where
        nothing was to be done but to look: "not installed", "up to date", "outdated" (or damaged, or switched off), or
        "installed" where that was not asked.
    running: whether it runs at this moment; it has to be started anew then.
    plugin: what is there now; None where nothing is.
    reason: what went wrong, or what the person has to know; empty where nothing.
    hint: what to do about it.
    """

    editor: Editor
    state: str
    running: bool = False
    plugin: Optional[InstalledPlugin] = None
    reason: str = ""
    hint: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.state in ("new", "upgraded", "repaired")


def install_all(
    editors: Iterable[Editor],
    goods: Goods,
    runs: Callable[[Editor], bool],
    *,
    again: bool = False,
    others: Iterable[Editor] = (),
) -> List[Outcome]:
    """Puts the plugins into editors.

    Editors that share a folder for their resources get one plugin, with what each of their Pythons needs.

    Args:
        editors: what was found.
        goods: what goes into the plugins besides their code.
        runs: tells whether an editor runs, see running_editors.
        again: whether to put them in even where there is nothing new.
        others: what else was found: nothing is put into those, but one of them may share a folder with these.
    """
    found = list(editors)
    everyone = [*found, *others]
    ask_anew()
    done: Dict[Tuple[str, Path], Outcome] = {}
    outcomes = []
    for editor in found:
        key = _shared(editor)
        if editor.problem:
            outcomes.append(Outcome(editor, editor.problem, False, None, "", editor.note))
            continue
        if key not in done:
            group = [each for each in everyone if not each.problem and _shared(each) == key]
            kept = [each.plugin.folder for each in done.values() if each.plugin]
            done[key] = _install(group, goods, kept, again)
        first = done[key]
        running = runs(editor)
        reason, hint = (first.reason, first.hint) if first.reason else ("", editor.note)
        outcomes.append(Outcome(editor, first.state, running, first.plugin, reason, hint))
    return outcomes


def _shared(editor: Editor) -> Tuple[str, Path]:
    return editor.name, editor.data.resolve()


def _install(group: Sequence[Editor], goods: Goods, kept: Sequence[Path], again: bool) -> Outcome:
    """Puts one plugin in, for all editors that share a folder."""
    editor = group[0]
    tags, private, connection_file, command = _terms(group, goods)
    try:
        _note(editor, private)
        if private:
            add_copy(goods.connection_file, connection_file, make_folder)
        plugin = _MODULES[editor.name].install_plugin(
            editor,
            goods.packages,
            connection_file,
            command,
            tags=tags,
            kept=kept,
            again=again,
            make_folder=make_folder,
        )
    except InstallError as error:
        return Outcome(editor, "failed", False, None, error.message, error.hint)
    except OSError as error:
        reason = f"The plugin cannot be put into {editor.name}: {error.strerror} ({error.filename})."
        return Outcome(editor, "failed", False, None, reason, "Make that writable, and run this again.")
    return Outcome(editor, plugin.state, False, plugin)


def _terms(group: Sequence[Editor], goods: Goods) -> Tuple[List[Tag], Optional[Path], Path, Optional[Path]]:
    """What the one plugin of some editors is made for: their Pythons, a folder that a sandbox among them can read, the
    connection file and the command that it is told.
    """
    tags = sorted({tag for each in group for tag in each.tags})
    private = next((each.private for each in group if each.private), None)
    connection_file = copy_for(private, goods.connection_file) if private else goods.connection_file
    # A sandbox cannot start programs outside of it; its plugin is not told of one.
    command = goods.command if any(each.private is None for each in group) else None
    return tags, private, connection_file, command


def look_at(
    editors: Iterable[Editor],
    runs: Callable[[Editor], bool],
    goods: Optional[Goods] = None,
    others: Iterable[Editor] = (),
) -> List[Outcome]:
    """How the editors are, without changing anything.

    Args:
        editors: what was found.
        runs: tells whether an editor runs, see running_editors.
        goods: what would go into the plugins now; None: whether they are up to date is not asked.
        others: what else was found, see install_all.
    """
    found = list(editors)
    everyone = [*found, *others]
    outcomes = []
    for editor in found:
        files = _files(editor)
        there = all(path.exists() for path in files)
        state = editor.problem or ("installed" if there else "not installed")
        if state == "installed" and goods:
            state = "up to date" if _is_up_to_date(editor, everyone, goods) else "outdated"
        missing = read_stamp(files[0]).get("missing", {})
        reasons = {name: reason for names in missing.values() for name, reason in names.items()}
        plugin = InstalledPlugin(editor, files[0], reasons, state, files) if there else None
        outcomes.append(Outcome(editor, state, runs(editor), plugin, "", editor.note))
    return outcomes


def _is_up_to_date(editor: Editor, found: Sequence[Editor], goods: Goods) -> bool:
    group = [each for each in found if not each.problem and _shared(each) == _shared(editor)]
    tags, _, connection_file, command = _terms(group, goods)
    module = _MODULES[editor.name]
    current: bool = module.is_up_to_date(editor, module.parts_for(goods.packages, tags, connection_file, command))
    return current


def remove_plugin(editor: Editor, connection_file: Path, *, settings: bool = True) -> List[Path]:
    """Takes the plugin out of an editor with all that was made for it, and strikes it from the record.

    Args:
        editor: an editor that was found, or one from the record.
        connection_file: the daemon's own.
        settings: whether what the artist chose last goes too.

    Returns:
        What was removed or changed.

    Raises:
        InstallError: something of it cannot be removed; the record keeps it.
    """
    removed: List[Path] = _MODULES[editor.name].remove_from(editor, settings=settings)
    ours = [entry for entry in _entries() if _is_of(entry, editor)]
    # One that shared its folder may have been in a sandbox.
    private = {Path(entry["private"]) for entry in ours if entry.get("private")}
    for folder in sorted(private | ({editor.private} if editor.private else set())):
        removed += remove_copy(connection_file, copy_for(folder, connection_file))
    if ours:
        change_record(plugins=[entry for entry in _entries() if entry not in ours] or None)
    return removed


def recorded_editors() -> List[Editor]:
    """The editors that the record names: they may be gone, and what was put into them still there."""
    found = []
    for entry in _entries():
        with contextlib.suppress(KeyError, TypeError):
            private = entry.get("private")
            name, data, config = entry["editor"], Path(entry["data"]), Path(entry["config"])
            found.append(
                Editor(name, entry["kind"], None, None, None, data, config, private=Path(private) if private else None)
            )
    return [editor for editor in found if editor.name in _MODULES]


def _note(editor: Editor, private: Optional[Path]) -> None:
    """Writes into the record what is about to be made."""
    settings = krita_plugin.our_settings(editor) if editor.name == "Krita" else []
    entry = {
        "editor": editor.name,
        "kind": editor.kind,
        "folder": str(_files(editor)[0]),
        "files": [str(path) for path in _files(editor)],
        "settings": [[str(path), group, key] for path, group, key in settings],
        "data": str(editor.data),
        "config": str(editor.config),
        "private": str(private) if private else None,
    }
    known = _entries()
    if entry not in known:
        change_record(plugins=[*(each for each in known if not _is_of(each, editor)), entry])


def _entries() -> List[Dict[str, Any]]:
    entries = read_record().get("plugins", [])
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _is_of(entry: Mapping[str, Any], editor: Editor) -> bool:
    return entry.get("editor") == editor.name and entry.get("data") == str(editor.data)


def _files(editor: Editor) -> List[Path]:
    files: List[Path] = _MODULES[editor.name].our_files(editor)
    return files
