"""The connection file: where the daemon listens, and the two secrets shared with the user's own programs.

A JSON object in a file that only its user can read (0600), in a folder that only its user can open (0700):

    version     the daemon's protocol version, an integer
    host, port  where it listens, always 127.0.0.1
    token       what a client gives as its PLAIN password (the user name is PLAIN_USERNAME)
    proof_key   the secret with which the daemon signs the nonce of a Hello, see identity.py
    pid         the daemon's process number
    release     the daemon's release
    started     when it started, seconds since 1970

The daemon writes it anew, with new secrets, at each start and removes it at its end. The folder is the user's data
folder, not the runtime folder, which sandboxed editors cannot see; for the same reason the pid says nothing about
whether the daemon lives: a sandbox has process numbers of its own. Whether somebody listens on the port is what counts,
and that the client finds out when it connects.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from .errors import (
    ConnectionFailed,
    DaemonNotRunningError,
    MalformedMessageError,
    OutputError,
    StaleConnectionError,
)
from .fields import Integer, Real, Record, Text, malformed, wire
from .messages import PROTOCOL

__all__ = [
    "ENVIRONMENT",
    "HOST",
    "PLAIN_USERNAME",
    "Endpoint",
    "connection_path",
    "read_endpoint",
    "remove_endpoint",
    "write_endpoint",
]

ENVIRONMENT = "SAMELIGHT_CONNECTION_FILE"
HOST = "127.0.0.1"
PLAIN_USERNAME = "samelight"

_LARGEST_FILE = 65536
_SECRET = wire(Text(128, shortest=32))

PathLike = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Endpoint(Record):
    """What the connection file says.

    version: the daemon's protocol version.
    host: always 127.0.0.1.
    port: 1..65535.
    token: the PLAIN password, at least 32 characters.
    proof_key: the secret of the daemon's proof, at least 32 characters.
    pid: the daemon's process number.
    release: the daemon's release.
    started: seconds since 1970.
    """

    version: int = field(metadata=wire(Integer(1)))
    host: str = field(metadata=wire(Text(64)))
    port: int = field(metadata=wire(Integer(1, 65535)))
    token: str = field(repr=False, metadata=_SECRET)
    proof_key: str = field(repr=False, metadata=_SECRET)
    pid: int = field(metadata=wire(Integer(0)))
    release: str = field(metadata=wire(Text(64)))
    started: float = field(metadata=wire(Real(0.0)))

    @classmethod
    def fresh(cls, port: int, release: str) -> Endpoint:
        """The endpoint of this very process, with new secrets."""
        token, proof_key = secrets.token_hex(32), secrets.token_hex(32)
        return cls(PROTOCOL, HOST, port, token, proof_key, os.getpid(), release, time.time())

    @property
    def address(self) -> str:
        """The address in ZeroMQ's notation."""
        return f"tcp://{self.host}:{self.port}"

    def validate(self) -> None:
        """Raise MalformedMessageError unless the host is this machine: PLAIN sends the token as it is."""
        if self.host != HOST:
            raise malformed("host", f"is not {HOST}")


def connection_path() -> Path:
    """Where the connection file lies: what SAMELIGHT_CONNECTION_FILE says, or a place in the user's data folder."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(given)
    # Imported here: a plug-in that was told the path by the installer does without platformdirs.
    import platformdirs

    return Path(platformdirs.user_data_dir("samelight", appauthor=False)) / "run" / "connection.json"


def write_endpoint(endpoint: Endpoint, path: PathLike | None = None) -> Path:
    """Write the connection file in one step, so that no reader ever sees half of it; returns its path.

    Raises ConnectionFailed if other users can write in the folder, OutputError if the file cannot be written.
    """
    target = connection_path() if path is None else Path(path)
    text = json.dumps(endpoint.to_fields(), indent=2) + "\n"
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_folder(target.parent)
        try:
            _write_private(temporary, text.encode("utf-8"))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The connection file {target} cannot be written: {error.strerror}.") from error
    return target


def read_endpoint(path: PathLike | None = None) -> Endpoint:
    """Read the connection file.

    Raises DaemonNotRunningError if there is none, StaleConnectionError if its contents make no sense, ConnectionFailed
    if it or its folder is not the user's own alone or cannot be read. The version is not judged here: the client does
    that.
    """
    source = connection_path() if path is None else Path(path)
    try:
        content = _read_private(source)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DaemonNotRunningError() from error
    except OSError as error:
        raise ConnectionFailed(
            f"The connection file {source} cannot be read: {error.strerror}.", "Delete it and start the daemon again."
        ) from error
    try:
        return Endpoint.from_fields(json.loads(content.decode("utf-8")))
    except (ValueError, RecursionError, MalformedMessageError) as error:
        raise StaleConnectionError(f"The connection file {source} is damaged.") from error


def remove_endpoint(endpoint: Endpoint, path: PathLike | None = None) -> bool:
    """Remove the connection file if it is still this endpoint's and not that of a daemon started since; says whether it
    was removed.
    """
    target = connection_path() if path is None else Path(path)
    try:
        if read_endpoint(target).token != endpoint.token:
            return False
    except (DaemonNotRunningError, StaleConnectionError):
        return False
    target.unlink(missing_ok=True)
    return True


def _write_private(path: Path, content: bytes) -> None:
    """Write a new file that was never readable by anyone else, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_private(path: Path) -> bytes:
    """The file's bytes; what is opened is what was checked, since the checks look at the open file, and a link is not
    followed.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        _check_owner(path, os.fstat(file.fileno()), stat.S_IRWXG | stat.S_IRWXO, "read or change")
        _check_folder(path.parent)
        return file.read(_LARGEST_FILE)


def _check_folder(folder: Path) -> None:
    """Raise ConnectionFailed if other users can put files of theirs into the folder."""
    _check_owner(folder, folder.stat(), stat.S_IWGRP | stat.S_IWOTH, "write in")


def _check_owner(path: Path, status: os.stat_result, forbidden: int, doing: str) -> None:
    """Raise ConnectionFailed unless the path is this user's and nobody else has the forbidden permissions.

    Windows keeps no such bits; there the user's data folder is closed to others by its access list.
    """
    if os.name != "posix":
        return
    if status.st_uid != os.getuid():
        raise ConnectionFailed(f"{path} belongs to another user.", "Delete it, then run `samelight daemon --detach`.")
    if stat.S_IMODE(status.st_mode) & forbidden:
        close = f"`chmod go-rwx {shlex.quote(str(path))}`"
        raise ConnectionFailed(
            f"Other users can {doing} {path}.",
            f"Run {close}, then `samelight daemon stop` and `samelight daemon --detach`: that makes new secrets.",
        )
