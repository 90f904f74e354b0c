"""What GIMP's pixel formats mean, in the words of the wire.

A layer's format is called `MODEL TYPE`, with the name of its colour space behind it where that is not sRGB:

    R'G'B'A u8          code values on the curve of the image's profile
    RGBA u16            linear light in the primaries of the image's profile
    R~G~B~A float       code values on sRGB's curve in the primaries of the image's profile

(without A where the layer has no alpha channel). The bytes are sent as they lie in the layer, so nothing is clipped and
nothing rounded; only the types that the wire does not know, u32 and double, travel as float.
"""

from __future__ import annotations

from dataclasses import dataclass

from gi.repository import Babl, Gimp, GLib

from samelight_wire import Depth, Encoding, Layout, RasterFormat
from samelight_wire.errors import UnsupportedFormatError

__all__ = ["PixelFormat", "backdrop_format", "layer_format", "mask_format"]

CODE, LINEAR, PERCEPTUAL = "R'G'B'", "RGB", "R~G~B~"
ALPHA = "A"

_TYPES = {
    "u8": ("u8", Depth.U8),
    "u16": ("u16", Depth.U16),
    "half": ("half", Depth.F16),
    "float": ("float", Depth.F32),
    "u32": ("float", Depth.F32),
    "double": ("float", Depth.F32),
}


@dataclass(frozen=True)
class PixelFormat:
    """How pixels are asked of GIMP, and what the daemon is told about them.

    babl: the format's name, for `Gegl.Buffer.get` and `set`.
    layout, depth, encoding, icc: as in `samelight_wire.formats`.
    """

    babl: str
    layout: Layout
    depth: Depth
    encoding: Encoding = Encoding.SRGB
    icc: bytes | None = None

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.layout.channels * self.depth.bytes

    def raster_format(self, width: int, height: int) -> RasterFormat:
        """The same as the wire's format of a block of pixels."""
        return RasterFormat(width, height, self.layout, self.depth, self.encoding)


def layer_format(image: Gimp.Image, layer: Gimp.Layer) -> PixelFormat:
    """The format in which a layer's own pixels are read and written, without loss.

    Raises:
        UnsupportedFormatError: GIMP cannot say what the colours mean.
    """
    native = layer.get_format()
    model, babl_type, depth = _parts(native)
    has_alpha = model.endswith(ALPHA)
    colours = model[: -len(ALPHA)] if has_alpha else model
    if _is_unknown_space(image.get_color_profile()):
        # GIMP leaves such code values as they are, but believes them to be sRGB's: what is linear to it goes back.
        babl_type, depth = (babl_type, depth) if colours != LINEAR else ("float", Depth.F32)
        colours = CODE
    encoding, icc = _encoding(image, native, colours)
    name = f"{colours}{ALPHA if has_alpha else ''} {babl_type}"
    return PixelFormat(_in_space_of(native, name), Layout.RGBA if has_alpha else Layout.RGB, depth, encoding, icc)


def backdrop_format(image: Gimp.Image, shown: Gimp.Layer) -> PixelFormat:
    """The format for what is visible below: code values, with as many bits as its colours need not to be clipped."""
    native = shown.get_format()
    babl_type, depth = ("u8", Depth.U8) if _parts(native)[2] is Depth.U8 else ("float", Depth.F32)
    encoding, icc = _encoding(image, native, CODE)
    return PixelFormat(_in_space_of(native, f"{CODE}{ALPHA} {babl_type}"), Layout.RGBA, depth, encoding, icc)


def mask_format(mask: Gimp.Channel) -> PixelFormat:
    """The format of a mask's or the selection's own samples: coverage."""
    native = mask.get_format()
    _, babl_type, depth = _parts(native)
    return PixelFormat(_in_space_of(native, f"Y {babl_type}"), Layout.MASK, depth)


def _parts(native: Babl.Object) -> tuple[str, str, Depth]:
    """Model, type to ask for, and depth of a format."""
    model, _, stored = Babl.format_get_encoding(native).partition(" ")
    if stored not in _TYPES:
        raise UnsupportedFormatError(f"Layers of the type {stored} are not supported.", "Choose Image > Precision.")
    babl_type, depth = _TYPES[stored]
    return model, babl_type, depth


def _in_space_of(native: Babl.Object, name: str) -> str:
    """The full name of a format in the colour space of another one."""
    full: str = Babl.get_name(Babl.format_with_space(name, native))
    return full


def _encoding(image: Gimp.Image, native: Babl.Object, colours: str) -> tuple[Encoding, bytes | None]:
    """The wire's encoding of such colours, and the profile that goes with it."""
    profile = image.get_color_profile()
    if profile is None or (_space_name(native) == "sRGB" and not _is_unknown_space(profile)):
        return (Encoding.LINEAR_SRGB if colours == LINEAR else Encoding.SRGB), None
    if colours == LINEAR:
        profile = Gimp.ColorProfile.new_linear_from_color_profile(profile)
    elif colours == PERCEPTUAL:
        profile = Gimp.ColorProfile.new_srgb_trc_from_color_profile(profile)
    if profile is None:
        raise UnsupportedFormatError("GIMP cannot say what this image's colours mean.", "Convert the image to sRGB.")
    return Encoding.ICC, bytes(profile.get_icc_profile())


def _space_name(native: Babl.Object) -> str:
    name: str = Babl.get_name(Babl.format_get_space(native))
    return name


def _is_unknown_space(profile: Gimp.ColorProfile | None) -> bool:
    """Whether a profile is of a kind (lookup tables) that GIMP's formats cannot express."""
    if profile is None:
        return False
    try:
        return profile.get_space(Gimp.ColorRenderingIntent.RELATIVE_COLORIMETRIC) is None
    except GLib.Error:
        return True
