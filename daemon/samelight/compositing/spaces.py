"""What a raster's colour samples mean: the way to sRGB for the network, and the way back for a change.

A change is found in sRGB but happens in the layer's own encoding. `carry` moves only the difference: a change of
nothing gives the layer's own values back exactly, also where the layer's colours lie outside sRGB.
"""

from __future__ import annotations

import io
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samelight import srgb
from samelight.compositing.profiles import MatrixProfile, parse_matrix_profile
from samelight_wire.errors import UnsupportedFormatError
from samelight_wire.formats import Encoding, Layout, Raster

__all__ = ["ColourSpace", "colour_space"]

Array = NDArray[np.float32]


class ColourSpace(Protocol):
    """The meaning of ... x C colour samples; C is 3, or 1 for gray."""

    @property
    def linear(self) -> bool:
        """Whether samples are proportional to light, so that the lift works on their square-root-like sRGB curve."""

    def to_srgb(self, values: Array) -> Array:
        """... x C samples to ... x 3 sRGB code values, which may leave 0..1."""

    def carry(self, values: Array, change: Array) -> Array:
        """The samples (... x C) after a change of their sRGB code values (... x 3)."""


class SrgbSpace:
    """sRGB code values themselves, or linear light with the same primaries.

    Args:
        gray: one channel instead of three; of a change its luminance is taken.
        linear: samples are linear light.
    """

    def __init__(self, gray: bool, linear: bool) -> None:
        self._gray = gray
        self.linear = linear

    def to_srgb(self, values: Array) -> Array:
        """See `ColourSpace`."""
        code = srgb.encode(values) if self.linear else values
        return np.repeat(code, 3, axis=-1) if self._gray else code

    def carry(self, values: Array, change: Array) -> Array:
        """See `ColourSpace`."""
        if not self._gray and not self.linear:
            return values + change
        before = self.to_srgb(values)
        return values + (self._from_srgb(before + change) - self._from_srgb(before))

    def _from_srgb(self, code: Array) -> Array:
        light = srgb.decode(code)
        own = (light @ srgb.LUMINANCE)[..., None] if self._gray else light
        return own if self.linear else srgb.encode(own)


class MatrixSpace:
    """The space of an ICC profile with tone curves and a matrix."""

    def __init__(self, profile: MatrixProfile) -> None:
        self._profile = profile
        self.linear = profile.linear

    def to_srgb(self, values: Array) -> Array:
        """See `ColourSpace`."""
        return srgb.encode(self._profile.decode(values.astype(np.float64)).astype(np.float32))

    def carry(self, values: Array, change: Array) -> Array:
        """See `ColourSpace`."""
        before = self.to_srgb(values)
        return values + (self._from_srgb(before + change) - self._from_srgb(before))

    def _from_srgb(self, code: Array) -> Array:
        return self._profile.encode(srgb.decode(code).astype(np.float64)).astype(np.float32)


class TableSpace:
    """The space of an RGB profile with lookup tables, as scanners and printers have them.

    Such tables know no colours beyond their own, and the library that reads them has 8 bits: enough for what a network
    sees. Its code values are spaced much as sRGB's are, so a change is carried as it is.
    """

    linear = False

    def __init__(self, icc: bytes) -> None:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            # A profile says "RGB ", with the blank that fills its four characters.
            if profile.profile.xcolor_space.strip() != "RGB":
                raise UnsupportedFormatError(
                    "The layer's colour profile is not one for RGB or gray.", "Convert the layer to sRGB."
                )
            target = ImageCms.createProfile("sRGB")
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
            self._transform = ImageCms.buildTransform(profile, target, "RGB", "RGB", intent)
        except (OSError, ImageCms.PyCMSError) as error:
            raise UnsupportedFormatError(
                "The colour profile cannot be read.", "Assign another profile, or convert the layer to sRGB."
            ) from error

    def to_srgb(self, values: Array) -> Array:
        """See `ColourSpace`."""
        samples = np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8).reshape(-1, 1, 3)
        image = Image.fromarray(samples)
        ImageCms.applyTransform(image, self._transform, inPlace=True)
        return (np.asarray(image).astype(np.float32) / np.float32(255)).reshape(values.shape)

    def carry(self, values: Array, change: Array) -> Array:
        """See `ColourSpace`."""
        return values + change


def colour_space(raster: Raster) -> ColourSpace:
    """What the raster's colour samples mean.

    Raises:
        UnsupportedFormatError: the profile cannot be read, or is not one for this layout.
    """
    form = raster.format
    gray = form.layout is Layout.GRAYA
    if form.encoding is not Encoding.ICC or raster.icc is None:
        return SrgbSpace(gray, form.encoding is Encoding.LINEAR_SRGB)
    profile = parse_matrix_profile(bytes(raster.icc))
    if profile is None and not gray:
        return TableSpace(bytes(raster.icc))
    if profile is None or len(profile.curves) != (1 if gray else 3):
        raise UnsupportedFormatError(
            "The layer's colour profile does not fit its channels.",
            "Assign another profile, or convert the layer to sRGB.",
        )
    return MatrixSpace(profile)
