"""Reads picture files. Every claim a file makes is checked before memory is taken for it."""

from __future__ import annotations

import io
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from samelight.pictures.headers import webp_size
from samelight.pictures.orientation import ORIENTATION_TAG, upright
from samelight.pictures.picture import Picture, Pixels
from samelight.pictures.tiff import decode_tiff
from samelight_wire.errors import (
    OutOfMemoryError,
    PictureTooLargeError,
    UnreadablePictureError,
    UnsupportedFormatError,
)

__all__ = ["MAX_PIXELS", "SUFFIXES", "read_mask", "read_picture"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
"""The picture files that a folder is searched for."""

MAX_PIXELS = 200_000_000
"""The largest picture that is read, in pixels, unless the caller says otherwise."""

# The modes in which Pillow gives a picture's samples unchanged, and what the others have to be converted to first.
KEPT_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N")
CONVERTED_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA"}

# What Pillow raises for files that break their format's rules; SyntaxError is its own way to say "broken PNG".
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)

CONVERT = "Convert the picture to RGB or grayscale with 8 or 16 bits, or 32-bit float, a channel."
"""What to do with a picture that is not supported, where nothing else is said."""

# Pillow's own limit on pixels is one for the whole process: who lifts it must be alone with it.
PILLOWS_LIMIT = threading.Lock()


def read_picture(path: Path, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a PNG, JPEG, TIFF or WebP file and turns it upright.

    Args:
        path: the file; what counts is its content, not its name.
        max_pixels: the largest width x height accepted.

    Raises:
        UnreadablePictureError: there is no such file, it is no picture, or it is damaged.
        PictureTooLargeError: it declares more pixels than accepted; nothing was allocated for them.
        UnsupportedFormatError: its samples are CMYK, Lab or of another kind that is not supported.
        OutOfMemoryError: it is within the limits, but memory has no room for it.
    """
    data = _read_file(path)
    decode = _decoder(data)
    if decode is None:
        raise UnreadablePictureError(
            f'"{path}" is no PNG, JPEG, TIFF or WebP picture.', "Export the picture in one of these formats."
        )
    with _refusals_named(path):
        return decode(data, max_pixels)


def read_mask(path: Path, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Reads a picture file as a mask, H x W of U8, U16, F16 or F32: the maximum is "pasted object".

    A mask with transparency is a cut-out: its alpha is the mask. Otherwise its brightness is.

    Raises:
        What `read_picture` raises.
    """
    picture = read_picture(path, max_pixels)
    pixels = picture.pixels
    if picture.has_alpha:
        alpha = pixels[..., -1]
        opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else 1
        if (alpha != opaque).any():
            return np.ascontiguousarray(alpha)
        pixels = pixels[..., :-1]
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[..., 0])
    # The mean keeps gray values what they are, so a gray mask saved as RGB is the same mask.
    mean: Pixels = pixels.mean(axis=2, dtype=np.float32)
    return (mean + 0.5).astype(pixels.dtype) if pixels.dtype.kind == "u" else mean.astype(pixels.dtype)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadablePictureError(f'There is no file "{path}".', "Check the name and the folder.") from None
    except IsADirectoryError:
        raise UnreadablePictureError(f'"{path}" is a folder, not a picture.', "Name a picture in it.") from None
    except OSError as error:
        raise UnreadablePictureError(
            f'"{path}" cannot be opened: {error.strerror}.', "Check that you may read the file."
        ) from error


def _decoder(data: bytes) -> Callable[[bytes, int], Picture] | None:
    """The function that decodes a file beginning with these bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _decode_png
    if data.startswith(b"\xff\xd8\xff"):
        return lambda data, most: _decode_by_pillow(JpegImageFile, data, most)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _decode_webp
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return decode_tiff
    return None


@contextmanager
def _refusals_named(path: Path) -> Iterator[None]:
    """Puts the file's name in front of what its content was refused for."""
    try:
        yield
    except PictureTooLargeError as error:
        raise PictureTooLargeError(f'"{path}" is too large: {error.message}') from None
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f'"{path}" is too large.') from error
    except UnsupportedFormatError as error:
        raise UnsupportedFormatError(
            f'"{path}" cannot be used: {error.message}',
            CONVERT if error.hint == UnsupportedFormatError.hint else error.hint,
        ) from None
    except MemoryError as error:
        raise OutOfMemoryError(f'There is not enough memory to read "{path}".') from error
    except PILLOW_ERRORS as error:
        raise UnreadablePictureError(
            f'"{path}" is damaged and cannot be read.',
            "Open it in a picture viewer; if that fails too, export it again.",
        ) from error


def _decode_png(data: bytes, max_pixels: int) -> Picture:
    """A PNG; Pillow would round 16-bit colours to 8 bits, so those are decoded elsewhere."""
    # Signature (8), length and name of the first chunk (8), width and height (8), then the bits of a sample.
    if len(data) < 33:
        raise OSError("the file ends before its header does")
    if data[24] != 16:
        return _decode_by_pillow(PngImageFile, data, max_pixels)
    from samelight.pictures.png16 import decode_png16

    return _decode_by_pillow(PngImageFile, data, max_pixels, lambda picture: decode_png16(data))


def _decode_webp(data: bytes, max_pixels: int) -> Picture:
    """A WebP of either kind; the result of one without loss is written without loss."""
    # Pillow takes memory for the whole canvas as soon as it opens the file.
    _check_size(*(webp_size(data) or (0, 0)), max_pixels)
    return replace(_decode_by_pillow(_open_webp, data, max_pixels), lossless=_is_lossless_webp(data))


def _open_webp(file: io.BytesIO) -> ImageFile:
    """Opens a WebP whose size is known to be within the caller's limit; Pillow's own, lower one is lifted for that."""
    with PILLOWS_LIMIT:
        limit = Image.MAX_IMAGE_PIXELS
        # A number and not None: other threads may be about to compute with it.
        Image.MAX_IMAGE_PIXELS = sys.maxsize
        try:
            return WebPImageFile(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise PictureTooLargeError(f"it has {width} x {height} pixels, the limit is {max_pixels:,}.")


def _is_lossless_webp(data: bytes) -> bool:
    """Whether the first chunk with colours is one without loss; animations have none outside of their frames."""
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name in (b"VP8L", b"VP8 "):
            return bool(name == b"VP8L")
        place += 8 + size + size % 2
    return False


def _decode_by_pillow(
    plugin: Callable[[io.BytesIO], ImageFile],
    data: bytes,
    max_pixels: int,
    pixels_of: Callable[[ImageFile], Pixels] | None = None,
) -> Picture:
    """Decodes with one of Pillow's plugins, or takes only the metadata from it where ``pixels_of`` gives the pixels."""
    # The plugin itself rather than Image.open, whose own limit on pixels cannot be set for one file.
    with plugin(io.BytesIO(data)) as image:
        _check_size(image.width, image.height, max_pixels)
        pixels = (pixels_of or _pixels)(image)
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
        return Picture(
            np.ascontiguousarray(upright(pixels, orientation)),
            icc=image.info.get("icc_profile") or None,
            exif=_upright_exif(image) if orientation != 1 else image.info.get("exif"),
            dpi=_resolution(image.info),
        )


def _pixels(image: ImageFile) -> Pixels:
    """The samples, H x W x C, of an opened file."""
    wanted = image.mode if image.mode in KEPT_MODES else CONVERTED_MODES.get(image.mode)
    if image.mode == "P":
        wanted = "RGBA" if "transparency" in image.info else "RGB"
    elif "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        wanted = "RGBA" if image.mode == "RGB" else "LA"
    if wanted is None:
        raise UnsupportedFormatError(f"its colours are {image.mode}, not RGB or gray.")
    converted: Image.Image = image if wanted == image.mode else image.convert(wanted)
    pixels = np.asarray(converted)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _upright_exif(image: ImageFile) -> bytes:
    """The file's EXIF block after its orientation has been applied to the pixels."""
    exif = image.getexif()
    exif[ORIENTATION_TAG] = 1
    return exif.tobytes()


def _resolution(info: Mapping[Any, Any]) -> tuple[float, float] | None:
    """The resolution that a file states, in pixels per inch."""
    dpi = info.get("dpi")
    if not (isinstance(dpi, tuple) and len(dpi) == 2):
        return None
    across, down = float(dpi[0]), float(dpi[1])
    return (across, down) if across > 0 and down > 0 else None
