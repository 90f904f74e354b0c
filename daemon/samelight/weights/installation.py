"""Installing and removing checkpoints: from the web or from a file, checked before it takes its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from samelight.locking import lock
from samelight.weights.checkpoints import (
    Checkpoint,
    InstalledCheckpoint,
    check_content,
    checkpoint_state,
    part_of,
    path_of,
    remember,
)
from samelight.weights.download import PAUSES, download, forget_part
from samelight.weights.manifest import read_manifest, remove_entry
from samelight.weights.store import folders
from samelight_wire.errors import OutputError, WeightsCorruptError, WeightsError, WeightsMissingError

__all__ = ["Watcher", "install_from_file", "install_from_web", "remove_checkpoint", "remove_network"]

SPARE = 64_000_000
"""Bytes that stay free on the disk."""

BLOCK = 1 << 20

_DOWNLOADED_WRONG = (
    "What came is not the published file of {name}: its hash differs. It was deleted.",
    "Run the same command again; if that fails too, name another address with --url.",
)
_GIVEN_WRONG = (
    "The file is not the published one of {name}: its hash differs. Nothing was installed.",
    "Download it again.",
)


class Watcher(Protocol):
    """Who shows how an installation goes."""

    def arrived(self, count: int) -> None:
        """So many bytes of the file are there."""

    def pausing(self, reason: str, seconds: float) -> None:
        """The line broke; a new attempt begins in so many seconds."""

    def checking(self) -> None:
        """Everything is there; its hash is being computed."""


@dataclass(frozen=True)
class _Place:
    """Where a checkpoint is put, while nobody else puts it there."""

    target: Path
    part: Path


def install_from_web(
    wanted: Checkpoint, watcher: Watcher, url: str | None = None, pauses: Sequence[float] = PAUSES
) -> InstalledCheckpoint:
    """Download a checkpoint, or the rest of it, unless the right file is installed already.

    Args:
        wanted: the checkpoint.
        watcher: told how it goes.
        url: a mirror to take it from; where its makers offer it if None.
        pauses: see ``download``.

    Raises:
        DownloadError, InvalidOptionError: it cannot be had.
        WeightsCorruptError: what came is not the published file; it was deleted.
        WeightsError: another process is installing it.
        OutputError: it cannot be written, or there is no space.
    """
    with _place(wanted) as place:
        if checkpoint_state(wanted) != "ok":
            _check_space(place.target.parent, wanted, held=_size_of(place.part))
            download(url or wanted.url, place.part, wanted.bytes, watcher.arrived, watcher.pausing, pauses)
            watcher.checking()
            _accept(place.part, place.target, wanted, _DOWNLOADED_WRONG)
            forget_part(place.part)
        return InstalledCheckpoint(wanted.name, wanted.kind, place.target)


def install_from_file(wanted: Checkpoint, watcher: Watcher, source: Path) -> InstalledCheckpoint:
    """Install a checkpoint from a file that was downloaded elsewhere; the file itself is left as it is.

    Raises:
        WeightsMissingError: there is no such file.
        WeightsCorruptError: it is not the published file.
        WeightsError, OutputError: as for ``install_from_web``.
    """
    _check_source(wanted, source)
    with _place(wanted) as place:
        if checkpoint_state(wanted) != "ok":
            _check_space(place.target.parent, wanted, held=0)
            copy = place.target.with_name(place.target.name + ".copy")
            try:
                _copy(source, copy, watcher)
                watcher.checking()
                _accept(copy, place.target, wanted, _GIVEN_WRONG)
            finally:
                copy.unlink(missing_ok=True)
            forget_part(place.part)
        return InstalledCheckpoint(wanted.name, wanted.kind, place.target)


def remove_checkpoint(wanted: Checkpoint) -> list[Path]:
    """Delete a checkpoint and what was downloaded of it; gives the files that are gone.

    Raises:
        WeightsMissingError: there is nothing of it.
        WeightsError: another process is installing it.
        OutputError: it cannot be deleted.
    """
    with _place(wanted) as place:
        found = [path for path in (place.target, place.part) if path.is_file()]
        if not found:
            raise WeightsMissingError(f"{wanted.name} is not installed.", "`samelight weights list` says what is.")
        try:
            place.target.unlink(missing_ok=True)
            forget_part(place.part)
        except OSError as error:
            message = f"{wanted.name} cannot be removed: {error.strerror}."
            raise OutputError(message, "Stop the daemon, which may be using it, and try again.") from error
        return found


def remove_network(name: str) -> list[Path]:
    """Delete a network's weights from the user's own folder, with card and loss curve; gives the files that are gone.

    Raises:
        WeightsMissingError: there are none in that folder; those that came with Samelight stay.
        WeightsCorruptError: the folder's manifest is damaged.
        OutputError: they cannot be deleted.
    """
    folder = folders()[0]
    listed = read_manifest(folder).get(name)
    if listed is None:
        message = f"There are no weights of '{name}' of your own; those that came with Samelight stay."
        raise WeightsMissingError(message, "`samelight weights list` says which files are where.")
    files = (listed.file, listed.card, f"{Path(listed.file).stem}-loss.png")
    found = [folder / Path(file).name for file in files if (folder / Path(file).name).is_file()]
    try:
        remove_entry(folder, name)
        for path in found:
            path.unlink(missing_ok=True)
    except OSError as error:
        message = f"The weights of '{name}' cannot be removed: {error.strerror}."
        raise OutputError(message, "Stop the daemon, which may be using them, and try again.") from error
    return found


@contextmanager
def _place(wanted: Checkpoint) -> Iterator[_Place]:
    """The checkpoint's place, held against other processes; the lock file stays, see ``samelight.server.instance``."""
    target = path_of(wanted)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target.with_name(target.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f'The weights folder "{target.parent}" cannot be written: {error.strerror}.'
        raise OutputError(message, "Check that it is yours, or name another one in SAMELIGHT_WEIGHTS.") from error
    try:
        try:
            lock(descriptor)
        except OSError as error:
            message = f"{wanted.name} is being installed or removed by another `samelight weights` at this moment."
            raise WeightsError(message, "Wait for it to end.") from error
        yield _Place(target, part_of(target))
    finally:
        os.close(descriptor)


def _check_space(folder: Path, wanted: Checkpoint, held: int) -> None:
    """Raises OutputError where the disk has no room for what is still to come; `held` bytes are there already."""
    needed = max(0, wanted.bytes - held) + SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OutputError(
            f'{wanted.name} needs {needed / 1e6:,.0f} MB on the disk of "{folder}", where {free / 1e6:,.0f} are free.',
            "Make room, or name a folder on another disk in SAMELIGHT_WEIGHTS.",
        )


def _accept(candidate: Path, target: Path, wanted: Checkpoint, complaint: tuple[str, str]) -> None:
    """Move a complete file to its place if it is the published one, and delete it if not.

    Raises:
        WeightsCorruptError: it is not; `complaint` is the message and the hint.
        OutputError: it cannot be read or moved.
    """
    try:
        check_content(candidate, wanted)
        candidate.replace(target)
        remember(target, wanted)
    except WeightsCorruptError as error:
        forget_part(candidate)
        message, hint = complaint
        raise WeightsCorruptError(message.format(name=wanted.name), hint) from error
    except OSError as error:
        message = f'"{target}" cannot be written: {error.strerror}.'
        raise OutputError(message, "Stop the daemon, which may be using the file, and try again.") from error


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_source(wanted: Checkpoint, source: Path) -> None:
    """Raises WeightsMissingError or WeightsCorruptError where it is easily seen that this cannot be the file."""
    if source.is_dir():
        raise WeightsMissingError(f'"{source}" is a folder.', f"Name the file {wanted.file} in it.")
    if not source.is_file():
        raise WeightsMissingError(f'There is no file "{source}".', f"Name the file {wanted.file} that you downloaded.")
    if source.stat().st_size != wanted.bytes:
        raise WeightsCorruptError(
            f'"{source}" is not the published file of {wanted.name}: it has {source.stat().st_size:,} bytes instead of '
            f"{wanted.bytes:,}.",
            "Download it again.",
        )


def _copy(source: Path, copy: Path, watcher: Watcher) -> None:
    """Copy a file, as readable by others as new files are here."""
    try:
        copy.touch(0o644)
        with source.open("rb") as reader, copy.open("wb") as writer:
            while block := reader.read(BLOCK):
                writer.write(block)
                watcher.arrived(writer.tell())
    except OSError as error:
        message = f'"{source}" cannot be copied to "{copy.parent}": {error.strerror}.'
        raise OutputError(message, "Check that it can be read, and the folder written.") from error
