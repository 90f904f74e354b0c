"""Which composite of a folder belongs to which mask, and what of the folder is left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from samelight_wire.errors import InputError, UnreadablePictureError

__all__ = ["Contents", "LeftOut", "Pair", "describe_left_out", "find_pairs", "some_names"]

OTHER_FORMAT = "not PNG, TIFF, JPEG or WebP"
A_FOLDER = "folders are not read"
OF_THE_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})
"""What Windows puts beside pictures, in lower case; like hidden files it is none of the artist's."""
NAMES_AT_MOST = 5


@dataclass(frozen=True)
class Pair:
    """A composite and the masks with its stem, of which there should be one."""

    composite: Path
    masks: tuple[Path, ...]

    def mask(self) -> Path:
        """The one mask.

        Raises:
            InputError: there is none, or more than one.
        """
        if not self.masks:
            raise InputError(
                f'"{self.composite.name}" has no mask.', f'Put a mask named "{self.composite.stem}.png" into mask/.'
            )
        if len(self.masks) > 1:
            names = " and ".join(path.name for path in self.masks)
            raise InputError(f'"{self.composite.name}" has several masks: {names}.', "Leave one of them in mask/.")
        return self.masks[0]


@dataclass(frozen=True)
class LeftOut:
    """An entry that is no picture that can be read."""

    name: str
    """Below the folder that was named; a folder's ends in a slash."""
    reason: str
    """Why it is left out."""


@dataclass(frozen=True)
class Contents:
    """What is in a folder."""

    pairs: list[Pair]
    """In the order of the composites' names."""
    lonely: list[Path]
    """The masks without a composite."""
    left_out: list[LeftOut]
    """What else there is in composite/ and mask/."""

    @property
    def files(self) -> list[Path]:
        """All pictures and masks."""
        return [*self.lonely, *(path for pair in self.pairs for path in (pair.composite, *pair.masks))]


def find_pairs(folder: Path) -> Contents:
    """The composites of a folder with their masks.

    Raises:
        UnreadablePictureError: the folder has no composite/ or mask/ that can be read, or no picture in composite/.
    """
    (composites, others), (masks, other_masks) = (_look_into(folder / name) for name in ("composite", "mask"))
    if not composites:
        raise UnreadablePictureError(
            f'There is no picture in "{folder / "composite"}".',
            f"Put the composites there. {describe_left_out(others)}".rstrip(),
        )
    of_each = _match(composites, masks)
    taken = {mask for own in of_each.values() for mask in own}
    pairs = [Pair(path, of_each.get(path, ())) for path in composites]
    return Contents(pairs, [mask for mask in masks if mask not in taken], [*others, *other_masks])


def describe_left_out(left_out: Iterable[LeftOut]) -> str:
    """What was left out and why, in a sentence; nothing where nothing was."""
    by_reason: dict[str, list[str]] = {}
    for entry in left_out:
        by_reason.setdefault(entry.reason, []).append(entry.name)
    count = sum(map(len, by_reason.values()))
    if not count:
        return ""
    told = ", ".join(f"{some_names(names)} ({reason})" for reason, names in by_reason.items())
    return f"{'1 entry was' if count == 1 else f'{count} entries were'} left out: {told}."


def some_names(names: list[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = len(names) - NAMES_AT_MOST
    return ", ".join(names[:NAMES_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _look_into(folder: Path) -> tuple[list[Path], list[LeftOut]]:
    """The picture files of a folder, and what else is in it."""
    from samelight.pictures import SUFFIXES

    pictures, left_out = [], []
    for path in _entries(folder):
        name = f"{folder.name}/{path.name}"
        if path.is_dir():
            left_out.append(LeftOut(f"{name}/", A_FOLDER))
        elif path.suffix.lower() in SUFFIXES:
            pictures.append(path)
        else:
            left_out.append(LeftOut(name, OTHER_FORMAT))
    return pictures, left_out


def _entries(folder: Path) -> list[Path]:
    """What an artist sees in a folder, in the order of the names."""
    if not folder.is_dir():
        raise UnreadablePictureError(
            f'There is no folder "{folder}".',
            "Name a folder that holds composite/ and mask/ with the same stems.",
        )
    # Hidden files are none of the artist's: macOS puts a "._name.jpg" beside each picture on some disks.
    try:
        found = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise UnreadablePictureError(
            f'The folder "{folder}" cannot be read: {error.strerror}.', "Check that you may open it."
        ) from error
    return sorted(path for path in found if path.name.lower() not in OF_THE_SYSTEM)


def _composed(stem: str) -> str:
    """The same for a letter with its accent in one character (as Linux has it) and in two (as macOS has it)."""
    return unicodedata.normalize("NFC", stem)


def _without_case(stem: str) -> str:
    return _composed(_composed(stem).casefold())


LIKENESSES: tuple[Callable[[str], str], ...] = (str, _composed, _without_case)
"""Stems are the same where one of these is, the first ones before the others."""


def _match(composites: list[Path], masks: list[Path]) -> dict[Path, tuple[Path, ...]]:
    """The masks of each composite that has any.

    Names that only look alike belong together where no other composite could be meant.
    """
    found: dict[Path, tuple[Path, ...]] = {}
    taken: set[Path] = set()
    for likeness in LIKENESSES:
        wanting = _grouped((path for path in composites if path not in found), likeness)
        free = _grouped((path for path in masks if path not in taken), likeness)
        for name, alike in wanting.items():
            own = tuple(free.get(name, ()))
            if own and len({path.stem for path in alike}) == 1:
                found.update(dict.fromkeys(alike, own))
                taken.update(own)
    return found


def _grouped(files: Iterable[Path], likeness: Callable[[str], str]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(likeness(path.stem), []).append(path)
    return groups
