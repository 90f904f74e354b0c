"""Reader of iHarmony4: composites of four subsets, their masks and the real pictures, by the official splits.

    ROOT/HCOCO/composite_images/c100300_1602094_1.jpg    a foreground of the real picture, recoloured
    ROOT/HCOCO/masks/c100300_1602094.png                 that foreground
    ROOT/HCOCO/real_images/c100300.jpg
    ROOT/HCOCO/HCOCO_train.txt, HCOCO_test.txt           the names of the split's composites, one a line

and the same for HAdobe5k, HFlickr and Hday2night. Copies differ: a subset's lists may be missing where ROOT has
IHD_train.txt and IHD_test.txt for all four, lines may name the folders too, folders may be spelled in other cases, and
a reduced copy may hold .png for .jpg. All of these are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from samelight_wire.errors import EmptyMaskError, InvalidOptionError, SizeMismatchError, UnreadablePictureError

__all__ = ["SUBSETS", "IHarmony4", "IHarmony4Entry", "IHarmony4Picture"]

SUBSETS = ("HCOCO", "HAdobe5k", "HFlickr", "Hday2night")
"""In the order of the papers' tables."""
COMPOSITES, MASKS, REALS = "composite_images", "masks", "real_images"
LAYOUT = "Name the folder that holds HCOCO, HAdobe5k, HFlickr and Hday2night, or ask only for the subsets you have."
AGAIN = "Extract the data set's archives again; this copy of it is not complete."

Files = dict[str, Path]
"""A folder's pictures by their names in lower case: with the suffix, and without it."""


@dataclass(frozen=True)
class IHarmony4Entry:
    """Where one composite and what belongs to it lie."""

    name: str
    """The composite's file name without its suffix, such as c100300_1602094_1."""
    subset: str
    """One of `SUBSETS`."""
    composite: Path
    """The picture with a recoloured foreground."""
    mask: Path
    """That foreground."""
    real: Path
    """The picture as it was taken."""


@dataclass(frozen=True)
class IHarmony4Picture:
    """One composite, decoded; all three have the same height and width."""

    composite: Tensor
    """3 x H x W, uint8, sRGB."""
    mask: Tensor
    """1 x H x W, float in 0..1."""
    real: Tensor
    """3 x H x W, uint8, sRGB."""


class IHarmony4:
    """The composites of a split, by index: subset after subset, in the order of the official lists."""

    def __init__(self, root: Path, split: Literal["train", "test"] = "train", subsets: Sequence[str] = SUBSETS) -> None:
        """List a split's composites and see that every file is there.

        Raises: InvalidOptionError where a subset, folder, list or picture is missing: the message names it.
        """
        self.root, self.split = root, split
        wanted = [_official_name(subset) for subset in subsets]
        if not wanted:
            raise InvalidOptionError("No subset of iHarmony4 was asked for.", f"Choose from {', '.join(SUBSETS)}.")
        if not root.is_dir():
            raise InvalidOptionError(f"There is no folder {root} with iHarmony4 in it.", LAYOUT)
        self.entries = [entry for subset in wanted for entry in _entries(root, subset, split)]

    def __len__(self) -> int:
        """Number of composites."""
        return len(self.entries)

    def read(self, index: int, least_side: int | None = None) -> IHarmony4Picture:
        """Decode a composite, its mask and the real picture.

        Args:
          index: which composite.
          least_side: where it is given, the pictures may come halved, or halved again or three times, as long as the
            shorter side has this many pixels: large photographs take a fraction of the time.

        Raises: UnreadablePictureError, SizeMismatchError, EmptyMaskError; each names the file.
        """
        entry = self.entries[index]
        width, height = size = _size_of(entry.composite)
        for path in (entry.mask, entry.real):
            if (other := _size_of(path)) != size:
                message = f"{path} is {_in_words(other)}, but {entry.composite} is {_in_words(size)}."
                raise SizeMismatchError(message, AGAIN)
        divisor = 1
        while least_side is not None and divisor < 8 and min(width, height) // (2 * divisor) >= least_side:
            divisor *= 2
        composite, real = _decode(entry.composite, "RGB", divisor), _decode(entry.real, "RGB", divisor)
        mask = _decode(entry.mask, "L", divisor)
        if int(mask.max()) < 128:
            hint = "Foregrounds are white (255) in masks. " + AGAIN
            raise EmptyMaskError(f"The mask {entry.mask} marks no pixel as foreground.", hint)
        return IHarmony4Picture(composite, mask.float().div(255), real)


def _official_name(subset: str) -> str:
    """The subset's spelling in `SUBSETS`."""
    for name in SUBSETS:
        if name.lower() == subset.strip().lower():
            return name
    raise InvalidOptionError(f"iHarmony4 has no subset {subset}.", f"Its subsets are {', '.join(SUBSETS)}.")


def _entries(root: Path, subset: str, split: str) -> list[IHarmony4Entry]:
    folder = _find(root, subset)
    if folder is None:
        raise InvalidOptionError(f"There is no folder {subset} in {root}.", _where_else(root, subset))
    names = _names(root, folder, subset, split)
    listed = {part: _pictures(folder, part) for part in (COMPOSITES, MASKS, REALS)}
    missing: list[Path] = []

    def find(part: str, name: str) -> Path:
        """A file of one of the three folders, with another suffix where it has not this one."""
        path = folder / part / name
        found = listed[part].get(name.lower()) or listed[part].get(path.stem.lower())
        if found is None:
            missing.append(path)
        return found or path

    entries = [_entry(name, subset, find) for name in names]
    if missing:
        first, *others = sorted(set(missing))
        are_missing = f"and {len(others):,} more are missing" if others else "is missing"
        raise InvalidOptionError(f"{first} {are_missing}: the {split} list of {subset} asks for it.", AGAIN)
    return entries


def _entry(name: str, subset: str, find: Callable[[str, str], Path]) -> IHarmony4Entry:
    """The files of composite a_b_c: its foreground is a_b, its picture a, whose own name may hold hyphens."""
    path = PurePosixPath(name)
    picture, *numbers = path.stem.rsplit("_", 2)
    if len(numbers) != 2:
        message = f"The lists of {subset} name {name}, which is not of the form PICTURE_FOREGROUND_NUMBER."
        raise InvalidOptionError(message, AGAIN)
    mask = find(MASKS, f"{picture}_{numbers[0]}.png")
    return IHarmony4Entry(path.stem, subset, find(COMPOSITES, name), mask, find(REALS, picture + path.suffix))


def _names(root: Path, folder: Path, subset: str, split: str) -> list[str]:
    """The split's composites: file names in the order of the subset's own list, or of the one for all subsets."""
    own, common = _find(folder, f"{subset}_{split}.txt"), _find(root, f"IHD_{split}.txt")
    if own is not None:
        names = [line[-1] for line in _lines(own)]
    elif common is not None:
        names = [line[-1] for line in _lines(common) if subset.lower() in (part.lower() for part in line)]
    else:
        message = f"Neither {folder / f'{subset}_{split}.txt'} nor {root / f'IHD_{split}.txt'} is there."
        raise InvalidOptionError(message, "Copy the official lists of the training and test split beside the pictures.")
    if not names:
        raise InvalidOptionError(f"{own or common} names no picture of {subset}.", AGAIN)
    return names


def _lines(path: Path) -> list[list[str]]:
    """Each line of a list that is not empty, split into folders and file name."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOptionError(f"{path} cannot be read ({error}).", AGAIN) from error
    return [line.strip().replace("\\", "/").split("/") for line in text.splitlines() if line.strip()]


def _pictures(folder: Path, part: str) -> Files:
    inside = _find(folder, part)
    if inside is None or not inside.is_dir():
        raise InvalidOptionError(f"There is no folder {folder / part}.", AGAIN)
    files: Files = {}
    for entry in sorted(os.scandir(inside), key=lambda entry: entry.name):
        path = Path(entry.path)
        files[path.name.lower()] = path
        files.setdefault(path.stem.lower(), path)
    return files


def _find(folder: Path, name: str) -> Path | None:
    """A folder's member whose name is `name`, in whatever case; the exact spelling first."""
    exact = folder / name
    if exact.exists():
        return exact
    return next((path for path in sorted(folder.iterdir()) if path.name.lower() == name.lower()), None)


def _where_else(root: Path, subset: str) -> str:
    """What to do where the subset is not: name its folder where it lies a level deeper."""
    deeper = [path for path in sorted(root.iterdir()) if path.is_dir() and _find(path, subset) is not None]
    return f"Name {deeper[0]} instead: it holds {subset}." if deeper else LAYOUT


def _decode(path: Path, mode: str, divisor: int) -> Tensor:
    """C x H x W, uint8; sides are divided by 1, 2, 4 or 8 and rounded up."""
    with _readable(path), Image.open(path) as picture:
        width = picture.width
        picture.draft(mode, (width // divisor, picture.height // divisor))  # what JPEG does while it decodes
        left = divisor * picture.width // width
        whole = picture.convert(mode)
        pixels = np.array(whole.reduce(left) if left > 1 else whole)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1).contiguous()


def _size_of(path: Path) -> tuple[int, int]:
    """Width and height."""
    with _readable(path), Image.open(path) as picture:
        return picture.size


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say which file it was that could not be read."""
    try:
        yield
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadablePictureError(f"{path} cannot be read as a picture ({error}).", AGAIN) from error


def _in_words(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} pixels"
