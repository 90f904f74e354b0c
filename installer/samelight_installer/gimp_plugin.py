"""The plug-in for GIMP: put together with what it needs, and copied to where GIMP looks.

    <profile>/plug-ins/samelight/samelight.py       what GIMP starts: has to be executable, and named like its folder
    <profile>/plug-ins/samelight/samelight_gimp/    its modules
    <profile>/plug-ins/samelight/vendor/            the packages that it carries along; connection-file.txt beside it

GIMP keeps a plug-in's settings elsewhere in the profile, so its folder can be replaced as a whole.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Iterable, Optional, Sequence

from .editors import Editor
from .errors import InstallError
from .places import PLUGINS
from .plugin_folder import InstalledPlugin, Missing, copy_code, lacking, swap, tell_machine, vendor_all
from .tags import Tag

__all__ = ["NAME", "assemble", "install_plugin"]

NAME = "samelight"

EXECUTABLE = 0o755


def install_plugin(
    editor: Editor, packages: Iterable[Path], connection_file: Path, command: Optional[Path]
) -> InstalledPlugin:
    """Puts the plug-in into a GIMP, in place of an older one; it is there at GIMP's next start.

    Args:
        editor: a GIMP.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        connection_file: where the daemon says how it is reached.
        command: the `samelight` command of this installation; None if there is none.

    Raises:
        InstallError: a folder of GIMP's cannot be written.
    """
    plug_ins = editor.data / "plug-ins"
    try:
        editor.data.mkdir(parents=True, exist_ok=True)
        # Made beside GIMP's folder and moved there when it is whole: GIMP never meets half a plug-in.
        with tempfile.TemporaryDirectory(prefix=".samelight-", dir=editor.data) as temporary:
            new = Path(temporary)
            missing = assemble(new, packages, [editor.tag] if editor.tag else [])
            tell_machine(new / NAME, connection_file, command)
            swap(new / NAME, plug_ins / NAME, new / "old")
    except OSError as error:
        raise InstallError(
            f"The plug-in cannot be put into GIMP: {error.strerror} ({error.filename}).",
            f"Make {plug_ins} writable, and run this again.",
        ) from error
    return InstalledPlugin(editor, plug_ins / NAME, lacking(missing, editor.tag))


def assemble(target: Path, packages: Iterable[Path], tags: Sequence[Tag]) -> Missing:
    """Puts the plug-in together in a folder: its own folder with `vendor`.

    Args:
        target: an existing folder.
        packages: the folders of samelight_wire, msgpack and platformdirs.
        tags: the interpreters that get compiled packages.
    """
    copy_code(PLUGINS / "gimp" / NAME, target / NAME)
    (target / NAME / f"{NAME}.py").chmod(EXECUTABLE)
    return vendor_all(target / NAME, packages, tags)
