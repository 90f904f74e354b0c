"""The size that an encoded picture claims, read from its first bytes: decoders take memory for whatever they claim.

Each function gives (width, height), or None where the bytes do not begin as the format's do; decoders refuse those.
"""

from __future__ import annotations

import struct

__all__ = ["jpeg2000_size", "jpeg_size", "webp_size"]

Size = tuple[int, int]

SIDE_IN_14_BITS = 0x3FFF
"""What a WebP file has for a side where its upper bits mean something else."""

MOST_CHANNELS = 8
"""In a JPEG 2000 picture, which may claim thousands."""

# JPEG's markers: those that begin a frame say its size, those without content are followed by the next one at once.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_CONTENT = frozenset({0x01, *range(0xD0, 0xD9)})
START_OF_SCAN, END = 0xDA, 0xD9


def webp_size(data: bytes) -> Size | None:
    """The size of a WebP picture, or of the canvas that an animation is drawn on."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & SIDE_IN_14_BITS) + 1, (bits >> 14 & SIDE_IN_14_BITS) + 1
    if kind == b"VP8 " and len(data) >= 30 and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & SIDE_IN_14_BITS, height & SIDE_IN_14_BITS
    return None


def jpeg_size(data: bytes) -> Size | None:
    """The size that the first frame of a JPEG picture has; markers are looked for just as libjpeg does."""
    place = 2 if data.startswith(b"\xff\xd8") else len(data)
    while (place := data.find(b"\xff", place)) >= 0 and place + 9 <= len(data):
        marker = data[place + 1]
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker in (START_OF_SCAN, END):
            return None
        if marker == 0xFF:
            place += 1
        elif marker == 0 or marker in WITHOUT_CONTENT:
            place += 2
        else:
            place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return None


def jpeg2000_size(data: bytes) -> Size | None:
    """The size that a bare JPEG 2000 codestream, as TIFF files hold it, has with the margin left and above."""
    if not data.startswith(b"\xff\x4f\xff\x51") or len(data) < 42:
        return None
    width, height, *_, channels = struct.unpack_from(">8IH", data, 8)
    return (width, height) if channels <= MOST_CHANNELS else None
