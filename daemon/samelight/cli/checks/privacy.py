"""What may be told to strangers: a bug report names neither the person nor the machine, nor what they work on.

Of a path only what Samelight, the editors and the systems call their own folders is kept; everything else in it becomes
"…". Where a path begins is known for all folders of this program and of the environment, whatever is in their names;
others are recognized by their form.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shlex
import socket
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from samelight.server.logs import log_path
from samelight.settings import settings_path
from samelight_installer.editors import find_editors
from samelight_installer.plugin.installing import recorded_editors
from samelight_wire.endpoint import connection_path, read_endpoint
from samelight_wire.errors import SamelightError

__all__ = ["Privacy", "private_facts", "shorten_home"]

PUBLIC = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", "/Applications", "/System",
          "/Library", "C:/Windows", "C:/Program Files", "C:/Program Files (x86)")  # fmt: skip
"""What is the system's: the same on many machines."""

OUR_WORDS = """
    .local share state .config .cache .var app snap common current Library Application Support Caches Logs Preferences
    LaunchAgents AppData Local Roaming Packages LocalCache
    samelight samelight_wire samelight_krita samelight_gimp samelight_installer samelight.exe samelight.cmd samelight.py
    log run connection.json config.toml daemon.log costs.json weights sample env a b bin lib lib64 Scripts python
    python3 python.exe site-packages dist-packages .venv vendor installed.json
    krita kritarc pykrita actions org.kde.krita GIMP gimp gimprc plug-ins org.gimp.GIMP autostart systemd user
    samelight.service samelight.desktop connection-file.txt samelight-command.txt manifest.json
"""
"""The names that say nothing of a person: our own files and folders, and where systems and editors keep theirs."""

OUR_NAMES = re.compile(
    "|".join(map(re.escape, sorted({*OUR_WORDS.split(), "Application Support"})))
    + r"|\d+(\.\d+)*|python\d(\.\d+)?|cp\d+-\w+|(hdnet|srin|srih|frih|rcl)(-lite)?\.(safetensors|md)|sam_\w+\.pth"
)

PICTURE = r"png|jpe?g|jxl|webp|tiff?|bmp|gif|hei[cf]|avif|exr|hdr|kra|ora|xcf|psd|psb|dng|raw|cr[23]|nef|arw"
QUOTED_PICTURE = re.compile(rf"([\"'])[^\"']*\.({PICTURE})\1", re.IGNORECASE)
BARE_PICTURE = re.compile(rf"[^\s\"'<>]+\.({PICTURE})\b", re.IGNORECASE)

# Too common to be told from other words; in paths they are left out all the same.
COMMON_WORDS = {"root", "user", "admin", "daemon", "python", "samelight", "localhost", "linux", "krita", "gimp",
                "torch", "memory", "disk", "weights", "settings", "log", "connection", "device", "login"}  # fmt: skip

SHORTEST_NAME = 3


@dataclass(frozen=True)
class PrivateFacts:
    """What is to be kept private."""

    homes: tuple[str, ...]
    """The user's home folder, as its path may be written."""
    paths: tuple[str, ...] = ()
    """Other paths that may come up."""
    names: tuple[str, ...] = ()
    """The user's names and the machine's."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The secrets of the connection file."""


def shorten_home(text: str) -> str:
    """The same with "~" for the home folder: for the person's own eyes, so that paths stay true. In quotation marks no
    shell knows that sign.
    """
    for home in _spellings(str(Path.home())):
        text = re.sub("(?<![\"'])" + re.escape(home) + _END, "~", text)
    return text


def private_facts() -> PrivateFacts:
    """What this machine's report must not tell."""
    home = Path.home()
    homes = [str(home), _resolved(home), *(os.environ.get(name, "") for name in ("HOME", "USERPROFILE"))]
    own = [connection_path(), settings_path(), log_path(), Path(sys.executable), Path(sys.prefix), Path(__file__)]
    places = [*own, *(path.parent for path in own), Path(tempfile.gettempdir()), Path.cwd()]
    return PrivateFacts(
        homes=tuple(filter(_says_something, homes)),
        paths=tuple(filter(_says_something, [*map(str, places), *_paths_of_environment(), *_paths_of_editors()])),
        names=tuple(_names(home)),
        secrets=tuple(_secrets()),
    )


def _resolved(path: Path) -> str:
    try:
        return str(path.resolve())
    except (OSError, RuntimeError):
        return ""


def _says_something(path: str) -> bool:
    """Whether it is a path below some root."""
    kind = PurePosixPath if path.startswith("/") else PureWindowsPath
    return kind(path).is_absolute() and kind(path) != kind(kind(path).anchor)


def _paths_of_environment() -> Iterator[str]:
    for value in os.environ.values():
        yield from (each.rstrip("/\\") for each in value.split(os.pathsep) if each)


def _paths_of_editors() -> Iterator[str]:
    """The report names them, and a folder of theirs may be anywhere."""
    with contextlib.suppress(Exception):  # whatever may be wrong with an editor: the report is about that
        for editor in [*find_editors(), *recorded_editors()]:
            yield from map(str, filter(None, (editor.data, editor.config, editor.private, editor.program)))


def _names(home: Path) -> Iterator[str]:
    """The user's names and the machine's, as far as they can be told from other words."""
    found = {home.name, *(os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "HOSTNAME"))}
    host = socket.gethostname()
    found |= {host, host.split(".")[0], os.environ.get("COMPUTERNAME", "")}
    with contextlib.suppress(OSError, KeyError, ImportError):  # a user whom the system does not know by name
        found.add(getpass.getuser())
    yield from (name for name in found if len(name) >= SHORTEST_NAME and name.lower() not in COMMON_WORDS)


def _secrets() -> Iterator[str]:
    try:
        endpoint = read_endpoint()
    except SamelightError:
        return
    yield from (endpoint.token, endpoint.proof_key)


_END = r"(?![^\s/\\\"'`,;:()])"  # what follows a path's last name
_TAIL = r"(?:[/\\]+[^\s/\\\"'`,;:()]+)*[/\\]?"
_FORM = r"(?<![\w.:/\\~…-])(?:~(?=[/\\])|[A-Za-z]:(?=[/\\])|\\\\[\w.$-]+|(?=/[^/\s]))"


class Privacy:
    """Takes out of a text what is nobody else's business.

    Args:
        facts: what that is; this machine's if None.
    """

    def __init__(self, facts: PrivateFacts | None = None) -> None:
        facts = private_facts() if facts is None else facts
        self._homes = list(_all_spellings(facts.homes))
        self._secrets = [secret for secret in facts.secrets if secret]
        known = sorted({*self._homes, *_all_spellings(facts.paths)}, key=len, reverse=True)
        roots = "|".join(re.escape(path) + _END for path in known)
        self._paths = re.compile(rf"(?:{roots + '|' if roots else ''}{_FORM}){_TAIL}", re.IGNORECASE)
        words = sorted(map(re.escape, facts.names), key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None

    def __call__(self, text: str) -> str:
        """The text, fit to be shown to others."""
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        text = re.sub(r"[0-9a-fA-F]{32,}", "<secret>", text)
        text = re.sub(r"(?<=://)[^/\s@]+(?=@)", "<secret>", text)  # in an index's or a proxy's address
        text = self._paths.sub(lambda match: self._shorten(match.group()), text)
        text = QUOTED_PICTURE.sub(r"\1<picture>.\2\1", text)
        text = BARE_PICTURE.sub(r"<picture>.\1", text)
        return self._names.sub("<name>", text) if self._names else text

    def _shorten(self, path: str) -> str:
        """What of a path may be told; the full stop that ends a sentence is no part of it."""
        if path.endswith(".") and not path.endswith(("/.", "..")):
            return self._shorten(path[:-1]) + "."
        for home in self._homes:
            if path.lower().startswith(home.lower()) and path[len(home) : len(home) + 1] in ("", "/", "\\"):
                return "~" + _kept(path[len(home) :])
        if path.startswith("~"):
            return "~" + _kept(path[1:])
        slashed = path.replace("\\", "/").rstrip("/").lower()
        if any(slashed == root.lower() or slashed.startswith(root.lower() + "/") for root in PUBLIC):
            return path
        return re.sub("^…(/…)?", "…", "…" + _kept(re.sub(r"^(\w:|\\\\)?[/\\]*[^/\\]*", "", path)))


def _kept(tail: str) -> str:
    """What follows a path's beginning, without the names that are not known to be everybody's."""
    parts = [name if OUR_NAMES.fullmatch(name) else "…" for name in re.split(r"[/\\]+", tail) if name]
    return re.sub(r"(/…)+", "/…", "".join(f"/{part}" for part in parts))


def _all_spellings(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _spellings(text)


def _spellings(path: str) -> set[str]:
    """How a path may be written: with composed or decomposed accents, as Python's repr or a URL does, with its white
    space run together.
    """
    if not _says_something(path):
        return set()
    forms = {path, " ".join(path.split()), *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))}
    forms |= {each.replace("\\", "/") for each in forms} | {each.replace("\\", "\\\\") for each in forms}
    forms |= {shlex.quote(each).strip("'") for each in forms}
    forms |= {repr(each)[1:-1] for each in forms} | {each.encode("utf-8", "replace").decode("utf-8") for each in forms}
    return forms
