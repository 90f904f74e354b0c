"""How a message becomes the frames of one ZeroMQ multipart message, and back; neither way copies a pixel.

    frame 0      b"SAMELIGHT/1": the protocol tag, with the major version
    frame 1      the header, a msgpack map:
                     kind     which message it is, for instance "harmonize" (messages.KINDS)
                     fields   the message's fields by name; a raster field holds an index into `rasters`
                     rasters  a list with one map for each raster:
                         format  width, height, layout, depth, encoding, alpha (formats.RasterFormat)
                         frame   which payload frame holds the pixels
                         icc     which payload frame holds the ICC profile, nil without one
    frame 2 ...  the payload: first the pixels of each raster, then the ICC profiles. `frame` and `icc` count from here.

A reader checks everything that is declared (types, ranges, limits, size times format against the length of the frame)
before it touches a byte of the payload, and allocates nothing for it. It ignores map keys and payload frames that it
does not know, so that a newer peer of the same major version may add some. A tag of another major version is an error
that says which side to update; for that, both sides may count on frame 0 in every version to come.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, List, Sequence, Union

import msgpack  # type: ignore[import-untyped]

from .errors import MalformedMessageError, PictureTooLargeError, SamelightError, VersionMismatchError
from .fields import Integer, Maybe, Nested, Record, Text, malformed, wire
from .formats import Buffer, Encoding, Raster, RasterFormat
from .messages import KINDS, PROTOCOL, Message

__all__ = [
    "DEFAULT_LIMITS",
    "TAG",
    "Frames",
    "Limits",
    "Side",
    "check_version",
    "decode",
    "encode",
    "job_of",
]

Frames = List[Union[bytes, memoryview]]

TAG = b"SAMELIGHT/%d" % PROTOCOL

_TAG_PATTERN = re.compile(rb"SAMELIGHT/([0-9]{1,6})")
_PAYLOAD_START = 2
_LONGEST_LIST = 1024  # of the header; msgpack allocates as many places as a list claims to have, at each level


class Side(str, Enum):
    """The two ends of a connection; the command line counts as a plug-in."""

    PLUGIN = "plug-in"
    DAEMON = "daemon"


@dataclass(frozen=True)
class Limits:
    """What a message may not exceed.

    pixels: pixels of one raster.
    frames: frames of one message, tag and header included.
    header_bytes: bytes of the header.
    icc_bytes: bytes of one ICC profile.
    total_bytes: bytes of all frames together.
    """

    pixels: int = 400_000_000
    frames: int = 32
    header_bytes: int = 64 * 1024
    icc_bytes: int = 16 * 1024 * 1024
    total_bytes: int = 8 * 1024**3


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class _RasterEntry(Record):
    """One entry of the header's list of rasters.

    format: the shape and meaning of the pixels.
    frame: the payload frame of the pixels.
    icc: the payload frame of the profile.
    """

    format: RasterFormat = field(metadata=wire(Nested(RasterFormat)))
    frame: int = field(metadata=wire(Integer(0)))
    icc: int | None = field(default=None, metadata=wire(Maybe(Integer(0))))


def encode(message: Message, limits: Limits = DEFAULT_LIMITS) -> Frames:
    """The frames of a message; pixel frames are views of the rasters' own memory, which must stay as it is until sent.

    Raises MalformedMessageError, UnsupportedFormatError or what the message's own `validate` raises if the message is
    not one that a peer would accept, and PictureTooLargeError if it exceeds a limit.
    """
    rasters: list[Raster] = []
    fields = message.to_fields(rasters)
    entries, payload = _pack_rasters(rasters, limits)
    header = msgpack.packb({"kind": message.KIND, "fields": fields, "rasters": entries})
    frames: Frames = [TAG, header, *payload]
    _check_envelope([memoryview(frame) for frame in frames], limits)
    return frames


def decode(frames: Sequence[Buffer], limits: Limits = DEFAULT_LIMITS, receiver: Side = Side.DAEMON) -> Message:
    """The message that these frames hold; its rasters are views of the frames.

    `receiver` is the side that decodes, which the errors are worded for. Raises VersionMismatchError for a peer of
    another major version, MalformedMessageError that names the field, PictureTooLargeError, UnsupportedFormatError, or
    what the message's own `validate` raises.
    """
    views = [memoryview(frame).cast("B") for frame in frames]
    _check_tag(views, receiver)
    _check_envelope(views, limits)
    header = _unpack_header(views[1])
    kind = Text(32).check(header.get("kind"), "kind")
    if kind not in KINDS:
        raise MalformedMessageError(f"The {receiver.value} does not know the message '{kind}'.", _update(receiver))
    rasters = _unpack_rasters(header.get("rasters", []), views[_PAYLOAD_START:], limits)
    return KINDS[kind].from_fields(header.get("fields"), rasters)


def job_of(frames: Sequence[Buffer], limits: Limits = DEFAULT_LIMITS) -> str | None:
    """The job that a message is about, as far as its header can be read: for the reply to one that `decode` refused."""
    try:
        views = [memoryview(frame).cast("B") for frame in frames]
        _check_envelope(views, limits)
        return Text(64).check(_unpack_header(views[1])["fields"]["job"], "job")
    except (SamelightError, LookupError, TypeError):
        return None


def check_version(theirs: int, receiver: Side) -> None:
    """Raise VersionMismatchError, which says what to update, unless the peer's protocol version is this release's."""
    if theirs == PROTOCOL:
        return
    sender = Side.PLUGIN if receiver is Side.DAEMON else Side.DAEMON
    older, newer = (receiver, sender) if theirs > PROTOCOL else (sender, receiver)
    raise VersionMismatchError(
        f"The {older.value} is too old for the {newer.value} "
        f"(protocol {min(theirs, PROTOCOL)} against {max(theirs, PROTOCOL)}).",
        _update(older),
    )


def _update(side: Side) -> str:
    """The hint that names the side to update."""
    again = "restart the daemon" if side is Side.DAEMON else "restart the editor"
    return f"Update the {side.value}: run `python3 installer` of the newest release, then {again}."


# ---- what surrounds the header ----


def _check_tag(views: Sequence[memoryview], receiver: Side) -> None:
    """Raise VersionMismatchError for another version's tag, MalformedMessageError for what is no tag at all."""
    match = _TAG_PATTERN.fullmatch(views[0]) if views else None
    if match is None:
        raise MalformedMessageError("A message came that is not one of Samelight's.")
    check_version(int(match.group(1)), receiver)


def _check_envelope(views: Sequence[memoryview], limits: Limits) -> None:
    """Raise MalformedMessageError or PictureTooLargeError for too few, too many or too large frames."""
    if not _PAYLOAD_START <= len(views) <= limits.frames:
        raise MalformedMessageError(f"A message has {len(views)} frames, not {_PAYLOAD_START} to {limits.frames}.")
    if views[1].nbytes > limits.header_bytes:
        raise MalformedMessageError(f"A message's header has {views[1].nbytes} bytes, over {limits.header_bytes}.")
    total = sum(view.nbytes for view in views)
    if total > limits.total_bytes:
        raise PictureTooLargeError(f"The pictures have {total} bytes in all, over the limit of {limits.total_bytes}.")


def _unpack_header(view: memoryview) -> dict[str, Any]:
    """The header as a map of plain values; raises MalformedMessageError if it is none."""
    try:
        header = msgpack.unpackb(
            view, raw=False, strict_map_key=True, max_array_len=_LONGEST_LIST, max_map_len=_LONGEST_LIST, max_ext_len=0
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise MalformedMessageError("A message's header cannot be read.") from error
    if not isinstance(header, dict):
        raise malformed("header", "is not a map")
    return header


# ---- rasters ----


def _pack_rasters(rasters: Sequence[Raster], limits: Limits) -> tuple[list[dict[str, Any]], Frames]:
    """The header's entries and the payload frames: every raster's pixels, then the profiles."""
    pixels: Frames = []
    profiles: Frames = []
    entries = []
    for raster in rasters:
        raster.validate()
        _check_pixels(raster.format, limits)
        icc = None
        if raster.icc is not None:
            _check_icc(len(raster.icc), limits)
            icc = len(rasters) + len(profiles)
            profiles.append(raster.icc)
        entries.append(_RasterEntry(raster.format, len(pixels), icc).to_fields())
        pixels.append(raster.octets)
    return entries, pixels + profiles


def _unpack_rasters(entries: Any, payload: Sequence[memoryview], limits: Limits) -> list[Raster]:
    """The rasters that the header lists, every claim checked against the payload frames."""
    if not isinstance(entries, list) or len(entries) > limits.frames:
        raise malformed("rasters", f"is not a list of at most {limits.frames}")
    used: set[int] = set()
    return [_unpack_raster(entry, f"rasters[{index}]", payload, used, limits) for index, entry in enumerate(entries)]


def _unpack_raster(fields: Any, name: str, payload: Sequence[memoryview], used: set[int], limits: Limits) -> Raster:
    """One raster; `used` collects the payload frames taken, since no two rasters may share one."""
    entry = _RasterEntry.from_fields(fields, prefix=name + ".")
    _check_pixels(entry.format, limits)
    pixels = _take(payload, entry.frame, name + ".frame", used)
    if pixels.nbytes != entry.format.byte_length:
        raise malformed(name, f"declares {entry.format.byte_length} bytes, but its frame has {pixels.nbytes}")
    if (entry.format.encoding is Encoding.ICC) != (entry.icc is not None):
        raise malformed(name + ".icc", "has to be given exactly when the encoding is icc")
    if entry.icc is None:
        return Raster(entry.format, pixels)
    profile = _take(payload, entry.icc, name + ".icc", used)
    _check_icc(profile.nbytes, limits)
    return Raster(entry.format, pixels, bytes(profile))


def _take(payload: Sequence[memoryview], index: int, name: str, used: set[int]) -> memoryview:
    """The payload frame of this index; raises MalformedMessageError if there is none or it is taken."""
    if index >= len(payload):
        raise malformed(name, f"names the payload frame {index}, but there are {len(payload)}")
    if index in used:
        raise malformed(name, f"names the payload frame {index}, which is taken")
    used.add(index)
    return payload[index]


def _check_pixels(shape: RasterFormat, limits: Limits) -> None:
    """Raise PictureTooLargeError if a raster has more pixels than allowed."""
    if shape.pixels > limits.pixels:
        raise PictureTooLargeError(
            f"A picture of {shape.width} x {shape.height} pixels is over the limit of {limits.pixels} pixels."
        )


def _check_icc(length: int, limits: Limits) -> None:
    """Raise MalformedMessageError unless an ICC profile has a possible length."""
    if not 1 <= length <= limits.icc_bytes:
        raise MalformedMessageError(f"An ICC profile has {length} bytes, not 1 to {limits.icc_bytes}.")
