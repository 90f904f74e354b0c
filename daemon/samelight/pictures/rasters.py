"""Pictures as the rasters that requests and results carry."""

from __future__ import annotations

import dataclasses

import numpy as np

from samelight.pictures.picture import Picture, Pixels
from samelight_wire.formats import Alpha, Depth, Encoding, Layout, Raster, RasterFormat

__all__ = ["mask_to_raster", "picture_from_raster", "picture_of", "picture_to_raster"]

DEPTHS = {"uint8": Depth.U8, "uint16": Depth.U16, "float16": Depth.F16, "float32": Depth.F32}
# Gray without alpha has no layout of its own: it travels with an opaque alpha, which is taken off again.
LAYOUTS = {1: Layout.GRAYA, 2: Layout.GRAYA, 3: Layout.RGB, 4: Layout.RGBA}


def picture_to_raster(picture: Picture) -> Raster:
    """The picture's pixels in their own depth and encoding; no copy where its memory already is as a raster's."""
    layout = LAYOUTS[picture.channels]
    pixels = _with_alpha(picture.pixels) if picture.channels == 1 else picture.pixels
    alpha = (Alpha.PREMULTIPLIED if picture.premultiplied else Alpha.STRAIGHT) if layout.has_alpha else Alpha.NONE
    encoding = Encoding.SRGB if picture.icc is None else Encoding.ICC
    depth = DEPTHS[pixels.dtype.name]
    return Raster(
        RasterFormat(picture.width, picture.height, layout, depth, encoding, alpha), _little_endian(pixels), picture.icc
    )


def mask_to_raster(mask: Pixels) -> Raster:
    """A mask, H x W of any depth, as a raster."""
    height, width = mask.shape
    depth = DEPTHS[mask.dtype.name]
    return Raster(RasterFormat(width, height, Layout.MASK, depth, alpha=Alpha.NONE), _little_endian(mask))


def picture_from_raster(raster: Raster, like: Picture) -> Picture:
    """A result's pixels with the metadata of the picture that was sent as ``like``."""
    pixels = picture_of(raster).pixels
    if like.channels == 1:
        pixels = pixels[..., :1]
    return dataclasses.replace(like, pixels=pixels.astype(like.pixels.dtype, copy=False))


def picture_of(raster: Raster) -> Picture:
    """A raster's pixels, channels in its own order, without any metadata but the profile."""
    shape = raster.format
    dtype = np.dtype({depth: name for name, depth in DEPTHS.items()}[shape.depth]).newbyteorder("<")
    pixels = np.frombuffer(raster.octets, dtype).reshape(shape.height, shape.width, shape.layout.channels)
    return Picture(pixels, raster.icc)


def _with_alpha(gray: Pixels) -> Pixels:
    """H x W x 1 gray samples with an opaque alpha beside them."""
    opaque = np.iinfo(gray.dtype).max if gray.dtype.kind == "u" else 1
    return np.concatenate([gray, np.full_like(gray, opaque)], axis=2)


def _little_endian(pixels: Pixels) -> memoryview:
    """The samples' bytes, as rasters have them."""
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).data
