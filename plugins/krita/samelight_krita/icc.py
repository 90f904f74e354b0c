"""The bytes of an ICC profile that Krita knows by name.

Krita's API tells the name alone, and a profile that came embedded in a picture is in no folder. But Krita writes
profiles into the files that it saves: so a picture of one pixel is exported, and the profile is read out of it.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from krita import InfoObject, Krita

__all__ = ["profile_bytes", "profile_in_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PLACE_OF_MODEL = slice(16, 20)
_MODELS = {"RGBA": b"RGB ", "GRAYA": b"GRAY"}

_known: dict[tuple[str, str], bytes] = {}


def profile_bytes(model: str, name: str) -> bytes | None:
    """The profile's bytes, kept for the next time; None if Krita does not give them.

    Args:
        model: Krita's name of the colour model, RGBA or GRAYA.
        name: the profile's name, as nodes and documents tell it.
    """
    if (model, name) not in _known:
        found = _export(model, name)
        if found is None or found[_PLACE_OF_MODEL] != _MODELS[model]:
            return None
        _known[model, name] = found
    return _known[model, name]


def _export(model: str, name: str) -> bytes | None:
    """Have Krita write a picture of one pixel; the profile in it."""
    document = Krita.instance().createDocument(1, 1, "profile", model, "U16", name, 72.0)
    try:
        if document.colorProfile() != name:
            return None
        document.setBatchmode(True)
        options = InfoObject()
        options.setProperties({"alpha": True, "saveSRGBProfile": True, "forceSRGB": False, "saveAsHDR": False})
        with tempfile.TemporaryDirectory(prefix="samelight-") as folder:
            path = Path(folder) / "profile.png"
            if not document.exportImage(str(path), options):
                return None
            return profile_in_png(path.read_bytes())
    except OSError:
        return None
    finally:
        document.close()


def profile_in_png(data: bytes) -> bytes | None:
    """The ICC profile in a PNG file (its iCCP chunk); None if there is none, or it is damaged."""
    if not data.startswith(_SIGNATURE):
        return None
    for kind, body in _chunks(data[len(_SIGNATURE) :]):
        if kind == b"iCCP":
            # a name, a zero, one byte for the method, and the profile, deflated
            try:
                return zlib.decompress(body[body.index(b"\0") + 2 :])
            except (ValueError, zlib.error):
                return None
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG file, each with its name."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += length + 12
