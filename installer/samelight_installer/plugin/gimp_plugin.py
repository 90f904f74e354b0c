"""The plug-in for GIMP: put together with what it needs, and copied to where GIMP looks.

    <profile>/plug-ins/samelight/samelight.py       what GIMP starts: has to be executable, and named like its folder
    <profile>/plug-ins/samelight/samelight_gimp/    its modules
    <profile>/plug-ins/samelight/vendor/            the packages that it carries along
    <profile>/plug-ins/samelight/*.txt              connection-file.txt and samelight-command.txt

GIMP keeps a plug-in's settings elsewhere in the profile, so its folder can be replaced as a whole.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterable, List, Optional, Sequence

from ..editors import Editor
from ..editors.tags import Tag
from ..errors import InstallError
from ..places import PLUGINS
from .folder import (
    InstalledPlugin,
    MakeFolder,
    Missing,
    copy_code,
    make_plain_folder,
    remove_all_of,
    vendor_all,
    what_helps,
)
from .placing import Parts, put_into
from .stamp import is_current

__all__ = ["NAME", "assemble", "install_plugin", "is_up_to_date", "our_files", "parts_for", "remove_from"]

NAME = "samelight"

EXECUTABLE = 0o755

SETTINGS = ("samelight-choices.json", "*samelight-harmonize*")
"""In `plug-in-settings`: what the plug-in keeps itself, and what GIMP keeps for each of its procedures."""


def our_files(editor: Editor) -> List[Path]:
    """What of a GIMP's is ours."""
    return [editor.data / "plug-ins" / NAME]


def install_plugin(
    editor: Editor,
    packages: Iterable[Path],
    connection_file: Path,
    command: Optional[Path],
    *,
    tags: Optional[Sequence[Tag]] = None,
    kept: Sequence[Path] = (),
    again: bool = False,
    make_folder: MakeFolder = make_plain_folder,
) -> InstalledPlugin:
    """Puts the plug-in into a GIMP, in place of an older one; it is there at GIMP's next start.

    Args:
        editor: a GIMP.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command with which the plug-in may start the daemon; None: it may not.
        tags: the interpreters that get compiled packages; None: the editor's own.
        kept: other plugins from which the same compiled packages may be copied.
        again: whether to put it in even where there is nothing new.
        make_folder: makes a folder with those above it.

    Raises:
        InstallError: a folder of GIMP's cannot be written.
    """
    (folder,) = our_files(editor)
    parts = parts_for(packages, editor.tags if tags is None else tags, connection_file, command)
    try:
        make_folder(editor.data)
        done = put_into(editor, parts, editor.data, folder, kept=kept, again=again, make_folder=make_folder)
    except OSError as error:
        raise _cannot("put into GIMP", error, what_helps(editor, error)) from error
    return done.with_changes(False, files=our_files(editor))


def parts_for(packages: Iterable[Path], tags: Sequence[Tag], connection_file: Path, command: Optional[Path]) -> Parts:
    """What the plug-in's folder is made of, see install_plugin."""
    return Parts(NAME, PLUGINS / "gimp" / NAME, [*packages], [*tags], connection_file, command, assemble)


def is_up_to_date(editor: Editor, parts: Parts) -> bool:
    """Whether a GIMP has the plug-in that is made of these parts, whole."""
    return all(is_current(folder, parts.fingerprint) for folder in our_files(editor))


def _cannot(what: str, error: OSError, hint: str) -> InstallError:
    return InstallError(f"The plug-in cannot be {what}: {error.strerror} ({error.filename}).", hint)


def assemble(target: Path, packages: Iterable[Path], tags: Sequence[Tag], kept: Sequence[Path] = ()) -> Missing:
    """Puts the plug-in together in a folder: its own folder with `vendor`.

    Args:
        target: an existing folder.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
        kept: other plugins from which the same compiled packages may be copied.
    """
    copy_code(PLUGINS / "gimp" / NAME, target / NAME)
    (target / NAME / f"{NAME}.py").chmod(EXECUTABLE)
    return vendor_all(target / NAME, packages, tags, kept)


def remove_from(editor: Editor, *, settings: bool = True) -> List[Path]:
    """Takes the plug-in out of a GIMP, and nothing else.

    Args:
        editor: a GIMP.
        settings: whether what the artist chose last goes too.

    Returns:
        What was removed.

    Raises:
        InstallError: something of it cannot be removed.
    """
    kept = editor.data / "plug-in-settings"
    chosen = [path for pattern in SETTINGS for path in sorted(kept.glob(pattern))] if settings else []
    there = [path for path in our_files(editor) if path.exists() or path.is_symlink()]
    try:
        for path in [*there, *chosen, *editor.data.glob(".samelight-*")]:
            remove_all_of(path)
        with contextlib.suppress(OSError):  # GIMP makes it for the first settings that it keeps
            kept.rmdir()
    except OSError as error:
        raise _cannot("removed", error, what_helps(editor, error)) from error
    return [*there, *chosen]
