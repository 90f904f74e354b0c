"""The plugin for Krita: put together with what it needs, copied to where Krita looks, switched on.

    <resources>/pykrita/samelight_krita.desktop     names the plugin
    <resources>/pykrita/samelight_krita/            its code; vendor/, connection-file.txt and samelight-command.txt
    <resources>/actions/samelight_krita.action      its menu entries and shortcuts
    kritarc, [python], enable_samelight_krita=true  switches it on

Krita's own importer deletes the plugin's folder before it puts in a new one, and so does this one: nothing that
belongs to the user is ever kept in there.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Iterable, Optional, Sequence

from .editors import Editor
from .errors import InstallError
from .places import PLUGINS
from .plugin_folder import InstalledPlugin, Missing, copy_code, lacking, swap, tell_machine, vendor_all
from .settings_file import set_value
from .tags import Tag

__all__ = ["NAME", "assemble", "install_plugin"]

NAME = "samelight_krita"


def install_plugin(
    editor: Editor, packages: Iterable[Path], connection_file: Path, command: Optional[Path]
) -> InstalledPlugin:
    """Puts the plugin into a Krita, in place of an older one; it is there at Krita's next start.

    Args:
        editor: a Krita.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command with which the plugin may start the daemon; None: it may not.

    Raises:
        InstallError: a folder of Krita's cannot be written.
    """
    try:
        (editor.data / "pykrita").mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there when it is whole: Krita never meets half a plugin.
        with tempfile.TemporaryDirectory(prefix=".samelight-", dir=editor.data / "pykrita") as temporary:
            new = Path(temporary)
            missing = assemble(new, packages, [editor.tag] if editor.tag else [])
            tell_machine(new / NAME, connection_file, command)
            swap(new / NAME, editor.data / "pykrita" / NAME, new / "old")
            swap(new / f"{NAME}.action", editor.data / "actions" / f"{NAME}.action", new / "old-action")
            swap(new / f"{NAME}.desktop", editor.data / "pykrita" / f"{NAME}.desktop", new / "old-desktop")
        set_value(editor.config, "python", f"enable_{NAME}", "true")
    except OSError as error:
        raise InstallError(
            f"The plugin cannot be put into Krita: {error.strerror} ({error.filename}).",
            f"Make {editor.data} and {editor.config} writable, and run this again.",
        ) from error
    return InstalledPlugin(editor, editor.data / "pykrita" / NAME, lacking(missing, editor.tag))


def assemble(target: Path, packages: Iterable[Path], tags: Sequence[Tag]) -> Missing:
    """Puts the plugin together in a folder: description, code with `vendor`, actions.

    Args:
        target: an existing folder.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
    """
    source = PLUGINS / "krita"
    for name in (f"{NAME}.desktop", f"{NAME}.action"):
        shutil.copyfile(source / name, target / name)
    copy_code(source / NAME, target / NAME)
    return vendor_all(target / NAME, packages, tags)
