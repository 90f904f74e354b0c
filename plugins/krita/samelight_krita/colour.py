"""What Krita's colour spaces are called on the wire.

sRGB and linear sRGB travel under their names; every other profile for RGB or gray travels with its bytes, so that no
colour is converted (hence none clipped or rounded) in the editor. CMYK, Lab and the rest are refused: harmonizing
happens in RGB, and the way there and back would change colours that should stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from samelight_wire import Depth, Encoding, Layout, Raster, RasterFormat
from samelight_wire.errors import UnsupportedFormatError
from samelight_wire.formats import Buffer

from .icc import profile_bytes

__all__ = ["PixelForm", "form_of"]

SRGB = {
    "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V4-srgbtrc.icc", "sRGB built-in", "sRGB IEC61966-2.1",
    "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V4-srgbtrc.icc",
}  # fmt: skip
LINEAR_SRGB = {
    "sRGB-elle-V2-g10.icc", "sRGB-elle-V4-g10.icc", "scRGB (linear)",
    "krita-2.5, lcms sRGB built-in with linear gamma TRC",
    "Gray-D50-elle-V2-g10.icc", "Gray-D50-elle-V4-g10.icc",
}  # fmt: skip

# Krita keeps integers as BGRA and floats as RGBA.
LAYOUTS = {
    ("RGBA", "U8"): Layout.BGRA,
    ("RGBA", "U16"): Layout.BGRA,
    ("RGBA", "F16"): Layout.RGBA,
    ("RGBA", "F32"): Layout.RGBA,
    ("GRAYA", "U8"): Layout.GRAYA,
    ("GRAYA", "U16"): Layout.GRAYA,
    ("GRAYA", "F16"): Layout.GRAYA,
    ("GRAYA", "F32"): Layout.GRAYA,
}
DEPTHS = {"U8": Depth.U8, "U16": Depth.U16, "F16": Depth.F16, "F32": Depth.F32}
NAMES = {"CMYKA": "CMYK", "LABA": "L*a*b*", "XYZA": "XYZ", "YCbCrA": "YCbCr"}


@dataclass(frozen=True)
class PixelForm:
    """How the pixels of a node or a document lie in memory and what they mean."""

    layout: Layout
    depth: Depth
    encoding: Encoding
    icc: bytes | None
    """The profile's bytes, where the encoding is ICC."""

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.layout.channels * self.depth.bytes

    def raster(self, width: int, height: int, data: Buffer) -> Raster:
        """These pixels as the wire wants them."""
        return Raster(RasterFormat(width, height, self.layout, self.depth, self.encoding), data, self.icc)


def form_of(owner: Any) -> PixelForm:
    """The form of a node's or a document's pixels.

    Raises:
        UnsupportedFormatError: the colour model is not RGB or gray, or Krita does not give the profile.
    """
    model, depth, profile = owner.colorModel(), owner.colorDepth(), owner.colorProfile()
    layout = LAYOUTS.get((model, depth))
    if layout is None:
        raise UnsupportedFormatError(
            f"{_name(owner)} has {NAMES.get(model, model)} colours, which harmonizing would change by itself.",
            f"Convert it to RGB first ({_converter(owner)}).",
        )
    if profile in SRGB:
        return PixelForm(layout, DEPTHS[depth], Encoding.SRGB, None)
    if profile in LINEAR_SRGB:
        return PixelForm(layout, DEPTHS[depth], Encoding.LINEAR_SRGB, None)
    icc = profile_bytes(model, profile)
    if icc is None:
        raise UnsupportedFormatError(
            f"{_name(owner)} has the colour profile “{profile}”, which Krita does not give out.",
            f"Convert it to a profile that is installed ({_converter(owner)}).",
        )
    return PixelForm(layout, DEPTHS[depth], Encoding.ICC, icc)


def _is_picture(owner: Any) -> bool:
    """Whether this is a whole document, not a node of it."""
    return hasattr(owner, "rootNode")


def _name(owner: Any) -> str:
    return "The picture" if _is_picture(owner) else f"“{owner.name()}”"


def _converter(owner: Any) -> str:
    """Where the menus convert this, and first of all the picture: its layers come along."""
    whole = "Image > Convert Image Color Space"
    return whole if _is_picture(owner) else f"{whole}, or for this layer alone Layer > Convert"
