"""What is in a home folder, and what two homes do not have in common but for what editors change at each run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Contents", "changed_since", "contents_of", "names_plugins", "remains", "states_of"]

Contents = Mapping[str, bytes]
"""Every path below a home; a folder ends with "/" and has no bytes, a link has what it says."""

PASSING = re.compile(r"\.cache/mesa_shader_cache|\.dbus/|runtime/|gimp-[\d.]+-window\.log")
"""What drivers, the desktop's bus and the tests themselves leave, by chance."""

NAMING = {
    ".config/GIMP/{}/pluginrc": "GIMP's notes on its plug-ins; it strikes out at its next start what is gone",
    ".config/GIMP/{}/action-history": "how often each menu entry was used",
    ".config/GIMP/{}/shortcutsrc": "all menu entries, as comments; written anew each time",
    ".local/share/krita-sysinfo.log": "what was loaded at the last start",
}
"""Files of the editors' own that name whatever plugin they had seen."""

LAYOUT = re.compile(
    rb"\[MainWindow\](\[DockWidget \w+\]/(height|width|[xy]Position)|/ko_geometry|/\d+x\d+ screen: (Height|Width))"
    rb"|.*/State",
    re.DOTALL,
)
"""Values of kritarc that say how large Krita's window is and how it is divided up. No control has them so: other panels
made way for the docker, the window grew where they could not, and Krita keeps the docker's place free (under its name,
in what Qt calls the window's state) until the window is divided up anew. To take it out is to undo how the person has
arranged everything else.
"""

COMPILED = ".cache/krita/qmlcache/"
"""What Qt compiled of Krita's own QML. Which modules a unit names depends on what was loaded before it: of three homes
without Samelight each had others, but two may well be the same.
"""

COUNT = re.compile(rb'(?<=" )\d+(?=\)$)', re.MULTILINE)
"""How often GIMP has seen a menu entry used. Controls agree on it, but they add no layer: a new one counts as a use of
entries that nobody chose.
"""

PLUG_IN = re.compile(rb'\(plug-in-def "[^"]*/samelight/.*?(?=\n\(plug-in-def|\Z)', re.DOTALL)


def contents_of(home: Path) -> Contents:
    """All that is in a home, but for what passes."""
    found: dict[str, bytes] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_symlink():
            found[name] = b"-> " + bytes(path.readlink())
        elif path.is_dir():
            found[name + "/"] = b""
        elif path.is_file():
            found[name] = path.read_bytes()
    return {name: octets for name, octets in found.items() if not PASSING.match(name)}


def states_of(home: Path) -> Mapping[str, tuple[int, int, int]]:
    """Rights, size and time of the last change (ns) of every file: for gigabytes, which nobody reads twice."""
    states = {str(path.relative_to(home)): path.lstat() for path in home.rglob("*") if not path.is_dir()}
    return {name: (state.st_mode, state.st_size, state.st_mtime_ns) for name, state in states.items()}


def changed_since(before: Mapping[str, tuple[int, int, int]], home: Path) -> set[str]:
    """The files that are new, gone, or not what they were."""
    after = states_of(home)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def remains(after: Contents, controls: Sequence[Contents]) -> dict[str, str]:
    """What an uninstallation did not put right: path -> what is wrong with it.

    Args:
        after: the home after it.
        controls: homes of persons who did the same in the editors and never had Samelight. What differs between them
            is what editors write differently each time; only its presence counts.
    """
    everywhere = set.intersection(*(set(control) for control in controls))
    somewhere = set.union(*(set(control) for control in controls))
    wrong = dict.fromkeys(everywhere - set(after), "is missing") | dict.fromkeys(set(after) - somewhere, "is new")
    for path in everywhere & set(after):
        lines = _other_lines(path, after[path], [control[path] for control in controls])
        if lines:
            wrong[path] = "; ".join(lines)
    return wrong


def _other_lines(path: str, after: bytes, controls: Sequence[bytes]) -> list[str]:
    """Lines of a file that should not be there, or are missing."""
    if after in controls or path.startswith(COMPILED):
        return []
    if path == ".config/kritarc":
        return _other_settings(after, controls)
    lines, *others = [_lines(path, text) for text in (after, *controls)]
    if any(other != others[0] for other in others):  # times, process numbers, a database
        return []
    wrong = sorted(lines ^ others[0])
    if names_plugins(path):
        wrong = [line for line in wrong if b"samelight" not in line]
    return [f"has {line[:200]!r} or lacks it" for line in wrong]


def _lines(path: str, text: bytes) -> set[bytes]:
    """What a file says, in whichever order."""
    if path.endswith("action-history"):
        text = COUNT.sub(b"?", text)
    return {line.strip() for line in PLUG_IN.sub(b"", text).splitlines()} - {b""}


def names_plugins(path: str) -> bool:
    """Whether it is a file of an editor's own that names its plugins."""
    return any(re.fullmatch(re.escape(known).replace(r"\{\}", r"[\d.]+"), path) for known in NAMING)


def _other_settings(after: bytes, controls: Sequence[bytes]) -> list[str]:
    """Values of kritarc that differ, apart from those that differ each time, and from the layout of Krita's window."""
    found, *others = [_settings(text) for text in (after, *controls)]
    same = {key: values for key, values in others[0].items() if all(other.get(key) == values for other in others)}
    keys = {key for key in set(found) | set(same) if not LAYOUT.fullmatch(key)}
    known = set.union(*(set(other) for other in others))
    wrong = [key for key in keys if key not in known or (key in same and found.get(key) != same[key])]
    return [f"differs in {key!r}" for key in wrong]


def _settings(text: bytes) -> dict[bytes, bytes]:
    """group/key -> value; a group alone has none."""
    group, found = b"", {}
    for line in text.splitlines():
        if line.startswith(b"["):
            group = line
            found[group] = b""
        elif b"=" in line:
            key, _, value = line.partition(b"=")
            # Krita writes a colour's attributes in any order.
            found[group + b"/" + key] = b" ".join(sorted(value.replace(b"/>", b" />").split()))
    return found
