"""What a block of pixels looks like: layout, depth, encoding, alpha convention, and the rectangle it covers.

Pixels are little-endian, tightly packed, row-major, channel after channel in the order that the layout's name gives.

Who converts what (nobody converts twice; whatever is not in the editor's column travels as it is):

    matter                 editor (plug-in)                          daemon
    ---------------------  ----------------------------------------  ----------------------------------------------
    channel order          sends its own (BGRA, RGBA ...)            reorders; the result is in the order that came
    gray                   sends GRAYA                               repeats it; the result is gray again
    indexed, CMYK, Lab     converts to RGBA or refuses               never sees them
    depth                  sends its own                             computes in F32, gives the depth back
    encoding srgb          sends as it is                            works on it directly
    encoding linear-srgb   sends as it is                            applies the sRGB curve, takes it off again
    encoding icc           sends the profile's bytes                 converts to sRGB and back, by the profile
    profile without bytes  converts to linear-srgb F32 and back      sees linear-srgb
    values outside 0..1    sends them (float depths)                 passes them through the colour change
    alpha                  says straight or premultiplied            divides, multiplies back; copies alpha
    masks, selection       sends coverage, the maximum is inside     turns them into 0..1
    size of the backdrop   may scale it down                         scales it to the working size
    size of the layer      never scales it                           returns the same size
    opacity, blend mode    leaves them out, keeps them on the layer  never sees them
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Union

from .errors import MalformedMessageError, UnsupportedFormatError
from .fields import Choice, Integer, Record, wire

__all__ = ["LARGEST_SIDE", "Alpha", "Buffer", "Depth", "Encoding", "Layout", "Raster", "RasterFormat", "Rect"]

Buffer = Union[bytes, bytearray, memoryview]

LARGEST_SIDE = 2**30
"""No side and no coordinate is larger; the number of pixels has its own, lower limit."""


class Depth(str, Enum):
    """The type of one sample. Integers span 0..1 from 0 to their largest value; floats are 0..1 and may exceed both
    ends.
    """

    U8 = "u8"
    U16 = "u16"
    F16 = "f16"
    F32 = "f32"

    @property
    def bytes(self) -> int:
        """Bytes of one sample."""
        return {"u8": 1, "u16": 2, "f16": 2, "f32": 4}[self.value]


class Layout(str, Enum):
    """The channels of a pixel, in memory order."""

    RGBA = "rgba"
    BGRA = "bgra"
    GRAYA = "graya"
    RGB = "rgb"
    MASK = "mask"

    @property
    def channels(self) -> int:
        """Samples of one pixel."""
        return {"rgba": 4, "bgra": 4, "graya": 2, "rgb": 3, "mask": 1}[self.value]

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self in (Layout.RGBA, Layout.BGRA, Layout.GRAYA)


class Alpha(str, Enum):
    """How colour and alpha go together. NONE goes with the layouts that have no alpha, and only with them."""

    NONE = "none"
    STRAIGHT = "straight"
    PREMULTIPLIED = "premultiplied"


class Encoding(str, Enum):
    """What the colour samples mean. Masks are coverage, not colour, and state SRGB for want of anything else."""

    SRGB = "srgb"
    LINEAR_SRGB = "linear-srgb"
    ICC = "icc"


_SIDE = Integer(1, LARGEST_SIDE)
_COORDINATE = Integer(-LARGEST_SIDE, LARGEST_SIDE)


@dataclass(frozen=True)
class RasterFormat(Record):
    """The shape and meaning of a block of pixels.

    width: columns, at least 1.
    height: rows, at least 1.
    layout: the channels of a pixel, in memory order.
    depth: the type of one sample.
    encoding: what the colour samples mean.
    alpha: how colour and alpha go together; STRAIGHT becomes NONE by itself where the layout has no alpha.
    """

    width: int = field(metadata=wire(_SIDE))
    height: int = field(metadata=wire(_SIDE))
    layout: Layout = field(metadata=wire(Choice(Layout)))
    depth: Depth = field(metadata=wire(Choice(Depth)))
    encoding: Encoding = field(default=Encoding.SRGB, metadata=wire(Choice(Encoding)))
    alpha: Alpha = field(default=Alpha.STRAIGHT, metadata=wire(Choice(Alpha)))

    def __post_init__(self) -> None:
        if self.alpha is Alpha.STRAIGHT and self.layout in (Layout.RGB, Layout.MASK):
            object.__setattr__(self, "alpha", Alpha.NONE)

    @property
    def pixels(self) -> int:
        """Pixels of the whole raster."""
        return self.width * self.height

    @property
    def byte_length(self) -> int:
        """Bytes of the whole raster."""
        return self.pixels * self.layout.channels * self.depth.bytes

    def validate(self) -> None:
        """Raise MalformedMessageError for a side that is no whole number of at least 1, UnsupportedFormatError for
        layout, encoding and alpha that do not go together.
        """
        _SIDE.check(self.width, "width")
        _SIDE.check(self.height, "height")
        if (self.alpha is Alpha.NONE) == self.layout.has_alpha:
            raise UnsupportedFormatError(
                f"The layout {self.layout.value} does not go with the alpha convention {self.alpha.value}."
            )
        if self.layout is Layout.MASK and self.encoding is not Encoding.SRGB:
            raise UnsupportedFormatError(f"A mask has no colour encoding such as {self.encoding.value}.")


@dataclass(frozen=True)
class Raster:
    """A block of pixels.

    format: its shape and meaning.
    data: its bytes, any contiguous buffer (a numpy array through memoryview too); `format.byte_length` of them.
    icc: the ICC profile's bytes, exactly where the encoding is ICC.
    """

    format: RasterFormat
    data: Buffer = field(repr=False)
    icc: bytes | None = field(default=None, repr=False)

    @property
    def octets(self) -> memoryview:
        """The bytes of the pixels as a flat view, not a copy. Raises MalformedMessageError if the buffer is not
        contiguous.
        """
        view = memoryview(self.data)
        if not view.c_contiguous:
            raise MalformedMessageError("The pixels of a raster do not lie in one piece.")
        return view.cast("B")

    def validate(self) -> None:
        """Raise what the format's `validate` raises, and MalformedMessageError if data or profile do not fit the
        format.
        """
        self.format.validate()
        shape = self.format
        if self.octets.nbytes != shape.byte_length:
            raise MalformedMessageError(
                f"A raster of {shape.width} x {shape.height} pixels ({shape.layout.value} {shape.depth.value}) takes "
                f"{shape.byte_length} bytes, but {self.octets.nbytes} were given."
            )
        if (shape.encoding is Encoding.ICC) != (self.icc is not None):
            raise MalformedMessageError("An ICC profile belongs to a raster exactly where its encoding is icc.")


@dataclass(frozen=True)
class Rect(Record):
    """A rectangle in canvas pixels; it may lie partly or wholly outside the canvas.

    x: the left column, negative left of the canvas.
    y: the top row, negative above the canvas.
    width: columns, at least 1.
    height: rows, at least 1.
    """

    x: int = field(metadata=wire(_COORDINATE))
    y: int = field(metadata=wire(_COORDINATE))
    width: int = field(metadata=wire(_SIDE))
    height: int = field(metadata=wire(_SIDE))

    def validate(self) -> None:
        """Raise MalformedMessageError unless all four are whole numbers in range and the rectangle is not empty."""
        _COORDINATE.check(self.x, "x")
        _COORDINATE.check(self.y, "y")
        _SIDE.check(self.width, "width")
        _SIDE.check(self.height, "height")
