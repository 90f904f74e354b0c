"""What methods are measured on: the project's benchmark, iHarmony4, or anyone's own pictures, each picture by index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from samelight.evaluation.benchmark import VERSION_1, BenchmarkSample, sample_at
from samelight.training.iharmony4 import SUBSETS, IHarmony4
from samelight.training.photos import PhotoCollection
from samelight_wire.errors import EmptyMaskError, InvalidOptionError, SizeMismatchError, UnreadablePictureError

__all__ = ["IHarmony4Set", "PhotoSet", "PictureSet", "TripleSet", "find_pictures", "read_rgb", "spread_out"]

COMPOSITES, MASKS, REALS = "composite", "mask", "real"
RECENT_PHOTOS = 6
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})


class PictureSet(Protocol):
    """Composites with their masks and real pictures; reading one twice gives the same."""

    title: str
    """What it is, in words."""
    names: Sequence[str]
    """The pictures, in the order of their indices."""

    def read(self, index: int) -> BenchmarkSample:
        """A picture at its own size.

        Raises:
            InputError: (its subclasses) a file is missing or cannot be used; the message names it.
        """

    def identity(self) -> str:
        """The same for the same pictures, and for nothing else as far as file names and sizes tell."""

    def chosen(self, limit: int | None) -> list[int]:
        """Which pictures are measured where only so many are wanted."""


class _FewPhotos(PhotoCollection):
    """Photographs of which only the latest few stay in memory: a composite needs two, and regions of some others."""

    def __init__(self, source: Path) -> None:
        super().__init__(source)
        self._recent = lru_cache(maxsize=RECENT_PHOTOS)(self.read)

    def photo(self, index: int) -> Tensor:
        return self._recent(index)[0]

    def regions(self, index: int) -> Tensor | None:
        return self._recent(index)[1]


class PhotoSet:
    """The project's benchmark: a composite made from each photograph of a folder or zip by the frozen recipe."""

    def __init__(self, source: Path) -> None:
        """List the photographs.

        Raises: InvalidOptionError where there are none.
        """
        self._photos = _FewPhotos(source)
        self._source = source
        self.names: Sequence[str] = self._photos.names
        self.title = f"photos version {VERSION_1.version} of {source.name}"

    def read(self, index: int) -> BenchmarkSample:
        """Make a composite."""
        return sample_at(self._photos, index)

    def identity(self) -> str:
        """A hash of the recipe and the photographs' names and sizes."""
        files = [self._source] if self._source.is_file() else find_pictures(self._source)
        return _digest([repr(VERSION_1), *self.names], files)

    def chosen(self, limit: int | None) -> list[int]:
        """Spread over the set, and of each family of recolouring as many as of any other (or one more)."""
        return spread_out(len(self.names), limit, kinds=len(VERSION_1.families))


class IHarmony4Set:
    """The test split of iHarmony4. Its masks are binary and stay so when they are resized."""

    def __init__(self, root: Path, subsets: Sequence[str] = SUBSETS) -> None:
        """List the pictures of some subsets.

        Raises: InvalidOptionError where one of them, or a file, is missing.
        """
        self._data = IHarmony4(root, split="test", subsets=subsets)
        self.names: Sequence[str] = [entry.name for entry in self._data.entries]
        present = dict.fromkeys(entry.subset for entry in self._data.entries)
        self.title = f"iHarmony4, test split of {', '.join(present)}"

    def read(self, index: int) -> BenchmarkSample:
        """Read a composite with its mask and real picture."""
        picture, entry = self._data.read(index), self._data.entries[index]
        composite, real = (each.float().div(255) for each in (picture.composite, picture.real))
        mask = (picture.mask >= 0.5).float()
        return BenchmarkSample(entry.name, "", composite, mask, real, subset=entry.subset, hard_mask=True)

    def identity(self) -> str:
        """A hash of the subsets and names."""
        return _digest([f"{entry.subset}/{entry.name}" for entry in self._data.entries], [])

    def chosen(self, limit: int | None) -> list[int]:
        """Spread over all subsets."""
        return spread_out(len(self.names), limit)


class TripleSet:
    """FOLDER/composite, FOLDER/mask and FOLDER/real with pictures of the same stems, perhaps in subfolders.

    The subfolder is the picture's subset. A mask of black and white alone is resized to one of black and white alone.
    """

    def __init__(self, folder: Path) -> None:
        """List the pictures.

        Raises: InvalidOptionError where a folder is missing, there is no composite, or two pictures have one name.
        """
        for part in (COMPOSITES, MASKS, REALS):
            if not (folder / part).is_dir():
                raise InvalidOptionError(
                    f'There is no folder "{folder / part}".',
                    "Name a folder that holds composite/, mask/ and real/ with pictures of the same names.",
                )
        self._files = {part: _by_stem(folder / part) for part in (COMPOSITES, MASKS, REALS)}
        self.names: Sequence[str] = sorted(self._files[COMPOSITES])
        if not self.names:
            raise InvalidOptionError(f'There is no picture in "{folder / COMPOSITES}".', "Put the composites there.")
        self._folder = folder
        self.title = f"{folder.name}, composites with masks and real pictures"

    def read(self, index: int) -> BenchmarkSample:
        """Read a composite with its mask and real picture."""
        name = self.names[index]
        composite, real = self._read(COMPOSITES, name, "RGB"), self._read(REALS, name, "RGB")
        mask = self._read(MASKS, name, "L")
        for part, other in ((MASKS, mask), (REALS, real)):
            if other.shape[1:] != composite.shape[1:]:
                own, wanted = (f"{each.shape[2]} x {each.shape[1]}" for each in (other, composite))
                message = f'"{self._files[part][name]}" has {own} pixels, but its composite has {wanted}.'
                raise SizeMismatchError(message, "Export all three from the same document without scaling any.")
        if not bool(mask.any()):
            raise EmptyMaskError(f'The mask "{self._files[MASKS][name]}" marks no pixel.')
        hard = bool(((mask == 0) | (mask == 1)).all())
        subset = name.rpartition("/")[0]
        return BenchmarkSample(name, "", composite, mask, real, subset=subset, hard_mask=hard)

    def identity(self) -> str:
        """A hash of all names and sizes."""
        return _digest([str(self._folder.resolve())], [path for part in self._files.values() for path in part.values()])

    def chosen(self, limit: int | None) -> list[int]:
        """Spread over all subfolders."""
        return spread_out(len(self.names), limit)

    def _read(self, part: str, name: str, mode: str) -> Tensor:
        if name not in self._files[part]:
            raise InvalidOptionError(f'"{name}" has no picture in {part}/.', f"Put one of this name into {part}/.")
        return read_rgb(self._files[part][name], mode)


def spread_out(count: int, limit: int | None, kinds: int = 1) -> list[int]:
    """`limit` indices of `count`, about evenly apart; all without a limit.

    Where index i is of kind i modulo `kinds`, every kind has its share: evenly apart alone, 64 of 449 would nearly all
    be of one kind of seven. So the n-th is the last one of kind n up to its place; no index comes twice, because the
    places of the same kind are `kinds` apart or more.
    """
    wanted = min(count, limit or count)
    places = (index * count // wanted for index in range(wanted))
    return sorted(place - (place - index) % kinds for index, place in enumerate(places))


def find_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and its subfolders, hidden ones left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read_rgb(path: Path, mode: str = "RGB") -> Tensor:
    """A picture file, upright, in 8 bits: 3 x H x W (or 1 x H x W in mode L) in 0..1.

    Raises: UnreadablePictureError.
    """
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I;16"):  # which Pillow would clip, not scale
                upright = Image.fromarray((np.asarray(upright) // 257).astype(np.uint8))
            pixels = np.array(upright.convert(mode))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadablePictureError(f'"{path}" cannot be read as a picture ({error}).') from error
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1).contiguous().float().div(255)


def _by_stem(folder: Path) -> dict[str, Path]:
    """Picture files by their path in the folder, without suffix.

    Raises: InvalidOptionError where two of them have the same.
    """
    found: dict[str, Path] = {}
    for path in find_pictures(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise InvalidOptionError(f'"{folder}" has several pictures named "{name}".', "Leave one of them there.")
        found[name] = path
    return found


def _digest(texts: Sequence[str], files: Sequence[Path]) -> str:
    lines = [*texts, *(f"{path.name} {path.stat().st_size}" for path in files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
