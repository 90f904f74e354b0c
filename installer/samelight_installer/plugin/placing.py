"""How a plugin's folder gets into its place: not at all where it is there already, else whole or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Sequence

from ..editors import Editor
from ..editors.tags import Tag
from .folder import (
    InstalledPlugin,
    MakeFolder,
    Missing,
    code_files,
    lacking,
    replace_folder,
    tell_machine,
    workplace,
)
from .stamp import contents_fingerprint, is_current, read_stamp, write_stamp

__all__ = ["Parts", "put_into"]

Assemble = Callable[[Path, Sequence[Path], Sequence[Tag], Sequence[Path]], Missing]


@dataclass(frozen=True)
class Parts:
    """What a plugin's folder is made of.

    name: the folder's name.
    source: its code.
    packages: the folders of samelight_wire, msgpack and platformdirs.
    tags: the interpreters that get compiled packages.
    connection_file: where the daemon says how it is reached.
    command: the `samelight` command with which it may start the daemon; None: it may not.
    assemble: puts code and packages together in a folder.
    """

    name: str
    source: Path
    packages: Sequence[Path]
    tags: Sequence[Tag]
    connection_file: Path
    command: Optional[Path]
    assemble: Assemble

    @property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        told = (self.connection_file.absolute(), self.command.absolute() if self.command else None)
        return contents_fingerprint(code_files(self.source), self.source, self.packages, self.tags, *told)


def put_into(
    editor: Editor,
    parts: Parts,
    beside: Path,
    place: Path,
    *,
    kept: Sequence[Path],
    again: bool,
    make_folder: MakeFolder,
) -> InstalledPlugin:
    """Brings a plugin's folder up to date.

    Args:
        editor: the editor that gets it.
        parts: what it is made of.
        beside: the folder in which it is put together, in the same file system as its place.
        place: its place.
        kept: other plugins from which the same compiled packages may be copied.
        again: whether to make it anew even where there is nothing new.
        make_folder: makes a folder with those above it.

    Raises:
        OSError: a file cannot be written; the plugin that was there is there still.
    """
    wanted = parts.fingerprint
    with workplace(beside, place) as work:
        # A killed run may have left the only plugin in the workplace; by now it is back in its place.
        before = read_stamp(place)
        if again or not is_current(place, wanted):
            state = "new" if not place.exists() else "repaired" if before.get("fingerprint") == wanted else "upgraded"
            work.mkdir()
            missing = parts.assemble(work, parts.packages, parts.tags, [*kept] if again else [place, *kept])
            tell_machine(work / parts.name, parts.connection_file, parts.command)
            write_stamp(work / parts.name, wanted, missing)
            replace_folder(work / parts.name, place, make_folder)
        else:
            state = "unchanged"
    return InstalledPlugin(editor, place, lacking(read_stamp(place)["missing"], parts.tags), state)
