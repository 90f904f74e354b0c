"""Profiles of gray pictures, for formats that hold gray as equal red, green and blue."""

from __future__ import annotations

import struct

__all__ = ["as_rgb_profile", "is_gray_profile"]

# sRGB's colorants as XYZ in 1/65536, rounded so that their sum is exactly the white that every profile refers to: equal
# red, green and blue are then gray. Which colorants these are makes no difference to gray.
COLORANTS = {b"rXYZ": (28578, 14581, 912), b"gXYZ": (25236, 46983, 6350), b"bXYZ": (9376, 3972, 46799)}

HEADER = 128
"""Bytes before the table of elements."""
KEPT = (b"desc", b"cprt", b"wtpt", b"chad")
"""The elements that a profile has in either colour space."""


def is_gray_profile(icc: bytes) -> bool:
    """Whether a profile describes gray samples, one for each pixel."""
    return icc[16:20] == b"GRAY"


def as_rgb_profile(icc: bytes) -> bytes | None:
    """The profile by which equal red, green and blue mean what one sample means by a gray profile.

    Returns: None where the profile is of a kind that cannot be said so, or damaged.
    """
    try:
        elements = _elements(icc)
    except struct.error:
        return None
    # Lightness instead of light, or a table instead of a curve, is what a profile of RGB says otherwise.
    if not is_gray_profile(icc) or icc[20:24] != b"XYZ " or b"kTRC" not in elements:
        return None
    kept = {name: elements[name] for name in KEPT if name in elements}
    colorants = {name: b"XYZ \0\0\0\0" + struct.pack(">3i", *xyz) for name, xyz in COLORANTS.items()}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), elements[b"kTRC"])
    return _profile(icc[:HEADER], kept | colorants | curves)


def _elements(icc: bytes) -> dict[bytes, bytes]:
    """The profile's elements by signature."""
    (count,) = struct.unpack_from(">I", icc, HEADER)
    entries = [struct.unpack_from(">4sII", icc, HEADER + 4 + 12 * index) for index in range(min(count, 100))]
    return {name: icc[offset : offset + length] for name, offset, length in entries}


def _profile(header: bytes, elements: dict[bytes, bytes]) -> bytes:
    """An RGB profile of these elements, its header otherwise as another profile's."""
    table, content = struct.pack(">I", len(elements)), b""
    begin = HEADER + 4 + 12 * len(elements)
    places: dict[bytes, int] = {}
    for name, element in elements.items():
        if element not in places:  # the three curves are one
            places[element] = begin + len(content)
            content += element + bytes(-len(element) % 4)
        table += struct.pack(">4sII", name, places[element], len(element))
    length = struct.pack(">I", begin + len(content))
    without_id = header[20:84] + bytes(16) + header[100:]
    return length + header[4:16] + b"RGB " + without_id + table + content
