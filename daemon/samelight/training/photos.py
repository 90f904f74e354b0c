"""Photographs to make composites from: a folder or a zip, with or without region masks."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from samelight_wire.errors import InvalidOptionError, UnreadablePictureError

__all__ = ["PhotoCollection"]

PHOTO_SUFFIXES = frozenset({".webp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"})
UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
)
"""What Pillow and zipfile raise for damaged files, for absurdly large ones, and for encrypted archives."""


class PhotoCollection:
    """Pictures by index, decoded once and kept in memory.

    `NAME.png` beside `NAME.webp` (or .jpg, ...) holds region indices: 0 for none, 1 and up for regions that can each be
    a foreground. A picture without one is a plain photograph.
    """

    def __init__(self, source: Path) -> None:
        """List the pictures of a folder (with its subfolders) or of a zip archive.

        Raises: InvalidOptionError where there is no such folder or archive, or no picture in it.
        """
        self._files = _open_source(source)
        by_stem: dict[str, dict[str, str]] = {}
        for name in self._files.names():
            path = PurePosixPath(name)
            if path.suffix.lower() in PHOTO_SUFFIXES and not _hidden(path):
                by_stem.setdefault(str(path.with_suffix("")), {})[path.suffix.lower()] = name
        self._entries = [_photo_and_regions(by_stem[stem]) for stem in sorted(by_stem)]
        self.names = _names([PurePosixPath(photo) for photo, _ in self._entries])
        self._photos: dict[int, Tensor] = {}
        self._regions: dict[int, Tensor] = {}
        self.with_regions = [index for index, (_, regions) in enumerate(self._entries) if regions]
        if not self._entries:
            raise InvalidOptionError(f"There is no picture in {source}.", "Name a folder or a zip of photographs.")

    def __len__(self) -> int:
        """Number of photographs."""
        return len(self._entries)

    def read(self, index: int) -> tuple[Tensor, Tensor | None]:
        """Decode a picture (3 x H x W, uint8) and its region indices (H x W, uint8) without keeping them.

        Raises: UnreadablePictureError.
        """
        photo, regions = self._entries[index]
        pixels = torch.from_numpy(_decode(self._files, photo, "RGB")).permute(2, 0, 1).contiguous()
        return pixels, None if regions is None else torch.from_numpy(_decode(self._files, regions, "L"))

    def photo(self, index: int) -> Tensor:
        """The picture: 3 x H x W, uint8, sRGB.

        Raises: UnreadablePictureError.
        """
        if index not in self._photos:
            pixels = _decode(self._files, self._entries[index][0], "RGB")
            self._photos[index] = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
        return self._photos[index]

    def regions(self, index: int) -> Tensor | None:
        """Region indices: H x W, uint8, 0 for none; None for a plain photograph.

        Raises: UnreadablePictureError.
        """
        name = self._entries[index][1]
        if name is None:
            return None
        if index not in self._regions:
            self._regions[index] = torch.from_numpy(_decode(self._files, name, "L"))
        return self._regions[index]


class _Folder:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[str]:
        return (path.relative_to(self._root).as_posix() for path in sorted(self._root.rglob("*")) if path.is_file())

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()


class _Archive:
    """Members of a zip."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)

    def names(self) -> Iterator[str]:
        return (info.filename for info in self._zip.infolist() if not info.is_dir())

    def read(self, name: str) -> bytes:
        return self._zip.read(name)


def _open_source(source: Path) -> _Folder | _Archive:
    if source.is_dir():
        return _Folder(source)
    if source.is_file() and zipfile.is_zipfile(source):
        return _Archive(source)
    raise InvalidOptionError(
        f"{source} is neither a folder nor a zip archive.", "Name a folder or a zip of photographs."
    )


def _hidden(path: PurePosixPath) -> bool:
    """Whether it is a system's own file: macOS puts a ._NAME.jpg that is no picture beside each one it archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _names(photos: list[PurePosixPath]) -> list[str]:
    """What photographs are called: by their stems or, where several folders have one, by their paths without suffix.

    Files are named by that, so it never leads out of a folder, whatever an archive says.
    """
    stems = Counter(photo.stem.casefold() for photo in photos)  # as file systems that do not tell A from a count them
    return [
        photo.stem if stems[photo.stem.casefold()] == 1 else _path_inside(photo.with_suffix("")) for photo in photos
    ]


def _path_inside(path: PurePosixPath) -> str:
    """A path without what names a root or, on Windows, a drive; there are no `..` among photographs (`_hidden`)."""
    return "/".join(part.replace(":", "_") for part in path.parts if part != path.root)


def _photo_and_regions(files: dict[str, str]) -> tuple[str, str | None]:
    """Tell a picture from the regions beside it: a .png is regions where another format has the same stem."""
    others = sorted(suffix for suffix in files if suffix != ".png")
    if not others:
        return files[".png"], None
    return files[others[0]], files.get(".png")


def _decode(files: _Folder | _Archive, name: str, mode: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(files.read(name))) as picture:
            # Cameras store pictures as the sensor lay, and note how to turn them.
            upright = ImageOps.exif_transpose(picture)
            # Region indices must not pass through a palette or a colour conversion.
            same = upright.mode == mode or (mode == "L" and upright.mode == "P")
            return np.array(upright if same else upright.convert(mode))
    except UNREADABLE as error:
        # Pillow tells here of the memory that the file was read into.
        reason = "it is no picture" if isinstance(error, UnidentifiedImageError) else str(error)
        message = f"{name} cannot be read as a picture ({reason})."
        raise UnreadablePictureError(message, "Replace or remove it; the same command then goes on.") from error
