"""TIFF with 8 or 16 bits a sample or float samples, in any of its usual compressions."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np
import tifffile

from samelight.pictures.orientation import upright
from samelight.pictures.picture import Picture, Pixels
from samelight.pictures.tiff_segments import check_segments
from samelight_wire.errors import PictureTooLargeError, UnsupportedFormatError

__all__ = ["decode_tiff", "encode_tiff"]

DEPTHS = ("uint8", "uint16", "float16", "float32")
ASSOCIATED_ALPHA = 1  # the TIFF standard's name for premultiplied
MOST_SAMPLES = 8  # of each pixel in the largest picture; editors keep masks of their own beside colour and alpha
CENTIMETRES_PER_INCH = 2.54
UNIT_NONE, UNIT_INCH, UNIT_CENTIMETRE = 1, 2, 3

# What tifffile and its decoders raise for files that break the format's rules, beside OSError and ValueError.
DAMAGE = (
    tifffile.TiffFileError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
)

# tifffile tells the log about every tag it does not like; without a handler Python would show that to the artist.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def decode_tiff(data: bytes, max_pixels: int) -> Picture:
    """The first page of a TIFF file.

    Raises:
        OSError, ValueError: the file is damaged.
        PictureTooLargeError, UnsupportedFormatError: as `read_picture` says.
    """
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            return _decode_page(file.pages[0], data, max_pixels)
    except DAMAGE as error:
        raise OSError(str(error)) from error


def _decode_page(page: Any, data: bytes, max_pixels: int) -> Picture:
    """A page's pixels and metadata."""
    _check_claims(page, max_pixels)
    if page.axes not in ("YX", "YXS", "SYX") or str(page.dtype) not in DEPTHS:
        raise UnsupportedFormatError(f"its samples are {page.dtype}, not {', '.join(DEPTHS)}.")
    check_segments(page, data)
    pixels = _in_order(page)
    orientation = page.tags.valueof(274, 1)
    return Picture(
        np.ascontiguousarray(upright(pixels, int(orientation))),
        icc=page.tags.valueof(34675),
        dpi=_resolution(page),
        premultiplied=ASSOCIATED_ALPHA in page.extrasamples,
    )


def _check_claims(page: Any, max_pixels: int) -> None:
    """Raise for a page whose tags would make its decoder take memory without measure."""
    sizes = page.imagewidth, page.imagelength, page.samplesperpixel, page.rowsperstrip
    if not all(isinstance(size, int) for size in (*sizes, page.tilewidth, page.tilelength, page.tiledepth)):
        # A tag that has several numbers is a tuple, and a product with that one a longer tuple.
        raise OSError("a size in it is no number")
    if page.imagewidth * page.imagelength > max_pixels:
        raise PictureTooLargeError(
            f"it has {page.imagewidth} x {page.imagelength} pixels, the limit is {max_pixels:,}."
        )
    if not page.imagewidth or not page.imagelength:
        raise OSError("it has no pixels")
    if page.imagewidth * page.imagelength * page.samplesperpixel > max_pixels * MOST_SAMPLES:
        raise PictureTooLargeError(
            f"it has {page.imagewidth} x {page.imagelength} pixels of {page.samplesperpixel} samples."
        )
    tile = page.tilewidth * page.tilelength * page.tiledepth
    if page.is_tiled and (tile > max_pixels or tile * page.samplesperpixel > max_pixels * MOST_SAMPLES):
        raise PictureTooLargeError(f"its tiles have {page.tilewidth} x {page.tilelength} pixels.")


def _in_order(page: Any) -> Pixels:
    """The samples, H x W x C, black at 0."""
    kind = tifffile.PHOTOMETRIC(page.photometric).name
    colours = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3, "YCBCR": 3}.get(kind)
    if colours is None:
        raise UnsupportedFormatError(f"its colours are {kind}, not RGB or gray.")
    pixels: Pixels = page.asarray()
    if page.axes == "YX":
        pixels = pixels[..., np.newaxis]
    elif page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    # Further channels than alpha are an editor's own masks; they are no part of the picture.
    pixels = pixels[..., : colours + 1]
    if kind == "MINISWHITE":
        pixels = pixels.copy()
        pixels[..., 0] = (np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1) - pixels[..., 0]
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _resolution(page: Any) -> tuple[float, float] | None:
    """Pixels per inch across and down; None where the file states the shape of a pixel at most."""
    values = (page.tags.valueof(282), page.tags.valueof(283))
    unit = page.tags.valueof(296, UNIT_INCH)
    if unit == UNIT_NONE or not all(isinstance(value, tuple) and value[0] and value[1] for value in values):
        return None
    scale = CENTIMETRES_PER_INCH if unit == UNIT_CENTIMETRE else 1.0
    across, down = (scale * value[0] / value[1] for value in values)
    return across, down


def encode_tiff(picture: Picture) -> bytes:
    """A TIFF file of a picture, deflated, with its profile and resolution."""
    gray = picture.channels <= 2
    alpha = ["assocalpha" if picture.premultiplied else "unassalpha"] if picture.has_alpha else None
    with io.BytesIO() as out:
        tifffile.imwrite(
            out,
            picture.pixels[..., 0] if picture.channels == 1 else picture.pixels,
            photometric="minisblack" if gray else "rgb",
            planarconfig="contig" if picture.channels > 1 else None,
            extrasamples=alpha,
            compression="zlib",
            predictor=True,
            iccprofile=picture.icc,
            resolution=picture.dpi,
            resolutionunit="INCH" if picture.dpi else None,
            software=False,
            metadata=None,
        )
        return out.getvalue()
