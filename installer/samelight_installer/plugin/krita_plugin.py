"""The plugin for Krita: put together with what it needs, copied to where Krita looks, switched on.

    <resources>/pykrita/samelight_krita.desktop     names the plugin
    <resources>/pykrita/samelight_krita/            its code; vendor/, connection-file.txt and samelight-command.txt
    <resources>/actions/samelight_krita.action      its menu entries and shortcuts
    kritarc, [python], enable_samelight_krita=true  switches it on

Krita's own importer deletes the plugin's folder before it puts in a new one, and so does this one: nothing that
belongs to the user is ever kept in there. A Krita that runs may write kritarc back as it was: the next run of this
sees that and switches the plugin on again.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterable, List, Optional, Sequence, Tuple

from ..editors import Editor
from ..editors.tags import Tag
from ..errors import InstallError
from ..places import PLUGINS
from ..settings_file import get_value, remove_group, remove_value, set_value
from .folder import (
    InstalledPlugin,
    MakeFolder,
    Missing,
    copy_code,
    make_plain_folder,
    remove_all_of,
    remove_tree,
    replace_file,
    same_content,
    vendor_all,
    what_helps,
)
from .placing import Parts, put_into
from .stamp import is_current

__all__ = [
    "NAME",
    "assemble",
    "install_plugin",
    "is_up_to_date",
    "our_files",
    "our_settings",
    "parts_for",
    "remove_from",
]

NAME = "samelight_krita"
SETTINGS = "samelight"
"""The group of kritarc in which the plugin keeps what the artist chose last."""
DOCKER = "MainWindow][DockWidget samelight_docker"
"""The group in which Krita keeps the size of the plugin's docker."""


def our_files(editor: Editor) -> List[Path]:
    """What of a Krita's is ours."""
    pykrita, actions = editor.data / "pykrita", editor.data / "actions"
    return [pykrita / NAME, actions / f"{NAME}.action", pykrita / f"{NAME}.desktop"]


def our_settings(editor: Editor) -> List[Tuple[Path, str, str]]:
    """Which value of a Krita's settings is ours: file, group, key."""
    return [(editor.config, "python", f"enable_{NAME}")]


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
    """Puts the plugin into a Krita, in place of an older one; it is there at Krita's next start.

    Args:
        editor: a Krita.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command with which the plugin may start the daemon; None: it may not.
        tags: the interpreters that get compiled packages; None: the editor's own.
        kept: other plugins from which the same compiled packages may be copied.
        again: whether to put it in even where there is nothing new.
        make_folder: makes a folder with those above it.

    Raises:
        InstallError: a folder of Krita's cannot be written.
    """
    source = PLUGINS / "krita"
    folder, action, desktop = our_files(editor)
    parts = parts_for(packages, editor.tags if tags is None else tags, connection_file, command)
    try:
        make_folder(folder.parent)
        done = put_into(editor, parts, folder.parent, folder, kept=kept, again=again, make_folder=make_folder)
        # Krita knows the plugin by its description, so that comes last of all that is copied.
        changed = [replace_file(source / place.name, place, make_folder) for place in (action, desktop)]
    except OSError as error:
        raise _cannot("put into Krita", error, what_helps(editor, error)) from error
    try:
        make_folder(editor.config.resolve().parent)
        changed += [set_value(path, group, key, "true") for path, group, key in our_settings(editor)]
    except OSError as error:
        hint = "Switch it on in Krita: Settings > Configure Krita > Python Plugin Manager > Samelight."
        raise _cannot("switched on", error, hint) from error
    return done.with_changes(any(changed), files=our_files(editor))


def parts_for(packages: Iterable[Path], tags: Sequence[Tag], connection_file: Path, command: Optional[Path]) -> Parts:
    """What the plugin's folder is made of, see install_plugin."""
    return Parts(NAME, PLUGINS / "krita" / NAME, [*packages], [*tags], connection_file, command, assemble)


def is_up_to_date(editor: Editor, parts: Parts) -> bool:
    """Whether a Krita has the plugin that is made of these parts, whole and switched on."""
    folder, *others = our_files(editor)
    on = all(get_value(path, group, key) == "true" for path, group, key in our_settings(editor))
    same = all(same_content(PLUGINS / "krita" / place.name, place) for place in others)
    return on and same and is_current(folder, parts.fingerprint)


def _cannot(what: str, error: OSError, hint: str) -> InstallError:
    return InstallError(f"The plugin cannot be {what}: {error.strerror} ({error.filename}).", hint)


def assemble(target: Path, packages: Iterable[Path], tags: Sequence[Tag], kept: Sequence[Path] = ()) -> Missing:
    """Puts the plugin together in a folder: description, code with `vendor`, actions.

    Args:
        target: an existing folder.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
        kept: other plugins from which the same compiled packages may be copied.
    """
    source = PLUGINS / "krita"
    for name in (f"{NAME}.desktop", f"{NAME}.action"):
        shutil.copyfile(source / name, target / name)
    copy_code(source / NAME, target / NAME)
    return vendor_all(target / NAME, packages, tags, kept)


def remove_from(editor: Editor, *, settings: bool = True) -> List[Path]:
    """Takes the plugin out of a Krita, and nothing else.

    Args:
        editor: a Krita.
        settings: whether what the artist chose last goes too.

    Returns:
        What was removed or changed.

    Raises:
        InstallError: something of it cannot be removed.
    """
    _, action, desktop = our_files(editor)
    there = [path for path in reversed(our_files(editor)) if path.exists() or path.is_symlink()]
    try:
        for path in [*there, *(editor.data / "pykrita").glob(".samelight-*")]:
            remove_all_of(path)
        for place in (action, desktop):  # of a run that was killed
            remove_tree(place.with_name(f".{place.name}.samelight"))
        changed = [remove_value(path, group, key) for path, group, key in our_settings(editor)]
        if settings:
            changed += [remove_group(editor.config, group) for group in (SETTINGS, DOCKER)]
    except OSError as error:
        raise _cannot("removed", error, what_helps(editor, error)) from error
    return [*there, *([editor.config] if any(changed) else [])]
