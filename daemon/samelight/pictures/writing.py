"""Writes picture files: whole or not at all, so that a full disk never costs an older file of the same name."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from samelight.pictures.gray_profiles import as_rgb_profile, is_gray_profile
from samelight.pictures.picture import Picture
from samelight.pictures.reading import SUFFIXES
from samelight_wire.errors import OutputError

__all__ = ["check_holds", "check_output", "make_folder", "replace_file", "write_picture"]

# Almost without loss; in JPEG, colour at full resolution too.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "PNG": {"compress_level": 3},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95, "exact": True},
}
LOSSLESS: Mapping[str, Any] = {"lossless": True, "quality": 50}
"""For WebP files that were without loss before; here the quality is the effort to make them small."""

LONGEST_SIDES: Mapping[str, int] = {".jpg": 65_535, ".jpeg": 65_535, ".webp": 16_383}
"""Pixels across or down, where a format has a bound."""


def check_output(path: Path) -> None:
    """Finds out before the work what would prevent writing its result.

    Raises:
        OutputError: the name's ending is no known format, the folder does not exist or is closed, or the name is a
            folder's or that of a protected file.
    """
    if path.is_dir():
        raise OutputError(f'"{path}" is a folder.', "Name a file in it, such as one that ends in .png.")
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f'"{path}" does not say which format to write.', "Let the name end in .png, .tif, .jpg or .webp."
        )
    if path.exists() and not path.is_file():
        raise OutputError(f'"{path}" is not a file, so it cannot be replaced.', "Choose another name.")
    if not path.parent.is_dir():
        raise OutputError(f'There is no folder "{path.parent}".', "Create the folder first, or choose another one.")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f'"{path}" is protected against writing.', "Choose another name, or lift the protection.")
    _check_open(path.resolve().parent)


def check_holds(picture: Picture, path: Path) -> None:
    """Finds out before the work whether the format that a name's ending says can hold such a picture.

    Raises:
        OutputError: it cannot.
    """
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return
    if picture.pixels.dtype.kind == "f" or picture.premultiplied:
        raise OutputError(
            f"A {suffix[1:].upper()} file cannot hold float or premultiplied samples.", "Write a .tif file instead."
        )
    if picture.has_alpha and suffix in (".jpg", ".jpeg"):
        raise OutputError("A JPEG file cannot hold transparency.", "Write a .png or .tif file instead.")
    if suffix == ".webp" and picture.icc is not None and _icc_for_webp(picture) is None:
        raise OutputError(
            "A WEBP file cannot hold the profile of this gray picture.", "Write a .png or .tif file instead."
        )
    longest = LONGEST_SIDES.get(suffix)
    if longest is not None and max(picture.width, picture.height) > longest:
        raise OutputError(
            f"A {suffix[1:].upper()} file cannot hold more than {longest:,} pixels a side.",
            "Write a .png or .tif file instead.",
        )


def make_folder(folder: Path) -> None:
    """Makes a folder for pictures, and those it lies in, unless it is there.

    Raises:
        OutputError: it cannot be made, or nothing can be put into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f'The folder "{folder}" cannot be made: {error.strerror}.'
        raise OutputError(message, "Choose another folder.") from error
    _check_open(folder)


def _check_open(folder: Path) -> None:
    """Raises OutputError where nothing can be put into a folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f'You may not write into the folder "{folder}".', "Choose another folder, or allow it.")


def write_picture(picture: Picture, path: Path) -> None:
    """Writes a picture in the format that the name's ending says, at its own depth where the format has it.

    JPEG and WebP hold 8 bits and PNG 16 bits; 16-bit samples are rounded for the former.

    Raises:
        OutputError: what `check_output` raises; the format cannot hold the picture; or the disk cannot. In each case a
            file of that name that was there before still is, unchanged.
    """
    check_output(path)
    check_holds(picture, path)
    replace_file(path, _encode(picture, path.suffix.lower()))


def _encode(picture: Picture, suffix: str) -> bytes:
    """The bytes of the file."""
    if suffix in (".tif", ".tiff"):
        from samelight.pictures.tiff import encode_tiff

        return encode_tiff(picture)
    if suffix == ".png":
        if picture.pixels.dtype == np.uint16:
            from samelight.pictures.png16 import encode_png16

            return encode_png16(picture)
        return _encode_by_pillow(picture, "PNG")
    if suffix == ".webp":
        return _encode_by_pillow(picture, "WEBP")
    return _encode_by_pillow(picture, "JPEG")


def _encode_by_pillow(picture: Picture, file_format: str) -> bytes:
    """An 8-bit file of the picture."""
    pixels = picture.to_8_bit()
    image = Image.fromarray(pixels[..., 0] if picture.channels == 1 else pixels)
    icc = _icc_for_webp(picture) if file_format == "WEBP" else picture.icc
    known: dict[str, Any] = {"icc_profile": icc, "exif": picture.exif, "dpi": picture.dpi}
    metadata = {name: value for name, value in known.items() if value is not None}
    if file_format == "WEBP" and picture.lossless:
        metadata |= LOSSLESS
    with io.BytesIO() as out:
        try:
            image.save(out, file_format, **{**OPTIONS[file_format], **metadata})
        except (OSError, ValueError) as error:
            raise OutputError(
                f"A {file_format} file cannot hold this picture: {error}.", "Write a .png or .tif file instead."
            ) from error
        return out.getvalue()


def _icc_for_webp(picture: Picture) -> bytes | None:
    """The profile of the picture in a WebP file, whose pixels are always RGB; None if it has none or none can be."""
    if picture.icc is None or not is_gray_profile(picture.icc):
        return picture.icc
    return as_rgb_profile(picture.icc)


def replace_file(path: Path, data: bytes) -> None:
    """Puts a file with these bytes at a path in one step; a file already there is replaced only by a complete one.

    Raises:
        OutputError: the disk is full or the folder does not allow it.
    """
    target = path.resolve()  # a symbolic link stays one; what it points to is replaced
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):  # the error being reported says what is wrong with the folder
                temporary.unlink(missing_ok=True)
        raise OutputError(
            f'"{path}" cannot be written: {error.strerror or error}.',
            "Check that the folder is writable and has free space; a file that was there before is unchanged.",
        ) from error


def _mode(target: Path) -> int:
    """The permissions of the file to be replaced, or those that a new file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
