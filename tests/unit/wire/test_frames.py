"""Frames: the way there and back, and every lie that a peer could tell about them."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from typing import Any

import msgpack  # type: ignore[import-untyped,unused-ignore]
import pytest

from samelight_wire.errors import (
    MalformedMessageError,
    PictureTooLargeError,
    SamelightError,
    UnsupportedFormatError,
    VersionMismatchError,
)
from samelight_wire.formats import Alpha, Depth, Encoding, Layout, Raster, RasterFormat, Rect
from samelight_wire.frames import TAG, Limits, Side, decode, encode, job_of
from samelight_wire.messages import HarmonizeRequest, Message, Progress, Result

from .samples import PROFILE, flat_request, layer_request, messages, raster


def header_of(message: Message) -> tuple[dict[str, Any], list[Any]]:
    """The header of a message, to be damaged, and its payload."""
    _, header, *payload = encode(message)
    return msgpack.unpackb(header), payload


def assemble(header: object, payload: list[Any]) -> list[Any]:
    return [TAG, msgpack.packb(header), *payload]


# ---- the way there and back ----


@pytest.mark.parametrize("message", messages(), ids=lambda message: type(message).__name__)
def test_round_trip(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    ("layout", "depth", "encoding"),
    list(itertools.product([Layout.RGBA, Layout.BGRA, Layout.GRAYA, Layout.RGB], Depth, Encoding)),
)
def test_every_format_of_a_picture(layout: Layout, depth: Depth, encoding: Encoding) -> None:
    conventions = [Alpha.STRAIGHT, Alpha.PREMULTIPLIED] if layout.has_alpha else [Alpha.NONE]
    for alpha in conventions:
        layer = raster(3, 2, layout, depth, encoding, alpha)
        result = decode(encode(Result("job", layer, Rect(0, 0, 3, 2), "hdnet")))
        assert isinstance(result, Result)
        assert result.layer == layer
        assert result.layer.icc == (PROFILE if encoding is Encoding.ICC else None)


@pytest.mark.parametrize("depth", list(Depth))
def test_every_depth_of_a_mask(depth: Depth) -> None:
    mask = raster(3, 2, Layout.MASK, depth)
    request = decode(encode(layer_request(layer_mask=mask)))
    assert isinstance(request, HarmonizeRequest)
    assert request.layer_mask == mask


def test_the_layout_of_the_frames_is_the_documented_one() -> None:
    request = layer_request()
    tag, header, *payload = encode(request)
    assert tag == b"SAMELIGHT/1"
    rasters = [request.layer, request.backdrop, request.selection, request.layer_mask]
    assert payload == [each.data for each in rasters if each is not None] + [PROFILE]
    unpacked = msgpack.unpackb(header)
    assert sorted(unpacked) == ["fields", "kind", "rasters"]
    assert [(each["frame"], each["icc"]) for each in unpacked["rasters"]] == [(0, 4), (1, None), (2, None), (3, None)]


def test_no_pixel_is_copied_either_way() -> None:
    pixels = bytearray(4 * 6)
    layer = Raster(RasterFormat(3, 2, Layout.RGBA, Depth.U8), pixels)
    frames = encode(Result("job", layer, Rect(0, 0, 3, 2), "hdnet"))
    result = decode(frames)
    assert isinstance(result, Result)
    pixels[5] = 77
    assert result.layer.data[5] == 77


def test_the_pure_python_form_of_msgpack_understands_the_compiled_one() -> None:
    script = (
        "import sys, msgpack; from samelight_wire.frames import decode, encode;"
        "assert msgpack.Unpacker.__module__ == 'msgpack.fallback';"
        "frames = [bytes.fromhex(line) for line in sys.stdin.read().split(',')];"
        "print(','.join(bytes(frame).hex() for frame in encode(decode(frames))))"
    )
    frames = encode(layer_request())
    sent = ",".join(bytes(frame).hex() for frame in frames)
    path = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "MSGPACK_PUREPYTHON": "1", "PYTHONPATH": path},
        input=sent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == sent


# ---- newer and older peers ----


def test_unknown_keys_and_further_frames_are_ignored() -> None:
    request = layer_request()
    header, payload = header_of(request)
    header["new"] = 1
    header["fields"]["new"] = [1, 2]
    header["rasters"][0]["new"] = "x"
    header["rasters"][0]["format"]["new"] = None
    assert decode(assemble(header, [*payload, b"something new"])) == request


@pytest.mark.parametrize(
    ("tag", "receiver", "update"),
    [
        (b"SAMELIGHT/2", Side.DAEMON, "daemon"),
        (b"SAMELIGHT/2", Side.PLUGIN, "plug-in"),
        (b"SAMELIGHT/999", Side.PLUGIN, "plug-in"),
        (b"SAMELIGHT/0", Side.DAEMON, "plug-in"),
        (b"SAMELIGHT/0", Side.PLUGIN, "daemon"),
    ],
)
def test_another_version_says_which_side_to_update(tag: bytes, receiver: Side, update: str) -> None:
    # Whatever else another version has in its message is not looked at.
    with pytest.raises(VersionMismatchError, match=f"The {update} is too old") as caught:
        decode([tag, b"\xc1 not even msgpack"], receiver=receiver)
    assert caught.value.hint.startswith(f"Update the {update}")


def test_a_message_of_a_newer_release_says_which_side_to_update() -> None:
    with pytest.raises(MalformedMessageError, match="daemon does not know the message 'segment'") as caught:
        decode(assemble({"kind": "segment", "fields": {}}, []))
    assert "Update the daemon" in caught.value.hint


def test_a_layout_of_a_newer_release_is_named() -> None:
    header, payload = header_of(layer_request())
    header["rasters"][0]["format"]["layout"] = "cmyka"
    with pytest.raises(UnsupportedFormatError, match="cmyka"):
        decode(assemble(header, payload))


# ---- damaged and lying peers ----


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b""],
        [TAG],
        [b"", b""],
        [b"GET / HTTP/1.1", b""],
        [b"SAMELIGHT/", b""],
        [b"SAMELIGHT/-1", b""],
        [b"SAMELIGHT/1 ", b""],
        [b"xSAMELIGHT/1", b""],
        [b"SAMELIGHT/" + b"9" * 5000, b""],
    ],
    ids=repr,
)
def test_what_is_no_message_is_refused(frames: list[bytes]) -> None:
    with pytest.raises(MalformedMessageError):
        decode(frames)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",
        b"\x81",
        b"\x81\xa4kind",
        b"\x81\xa4kind\xa9\xff\xfe garb",
        b"\x81\x90\x01",
        b"\x81\x01\x02",
        b"\x80\x80",
        b"\x90",
        b"\xc0",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\xd6\xff\x00\x00\x00\x00",
        b"\x91" * 60_000,
        b"\x81\xa1a" * 20_000,
        b"\xdc\xff\xff" * 20_000,
        bytes(1000),
        msgpack.packb({"kind": 1}),
        msgpack.packb({"kind": None, "fields": {}}),
        msgpack.packb({"kind": "x" * 1000, "fields": {}}),
        msgpack.packb({"kind": "cancel"}),
        msgpack.packb({"kind": "cancel", "fields": []}),
        msgpack.packb({"kind": "cancel", "fields": {"job": b"\xff"}}),
        msgpack.packb({"kind": "cancel", "fields": {"job": "a"}, "rasters": {}}),
        msgpack.packb({"kind": "cancel", "fields": {"job": "a"}, "rasters": [[]]}),
        msgpack.packb({"kind": "cancel", "fields": {"job": "a"}, "rasters": [None] * 100}),
    ],
    ids=lambda header: repr(header[:16]),
)
def test_a_header_that_makes_no_sense_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode([TAG, header])
    assert job_of([TAG, header]) in (None, "a")


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("frame",), 99, "payload frame 99, but there are 5"),
        (("frame",), 1, "payload frame 1, which is taken"),
        (("frame",), -1, "frame"),
        (("frame",), True, "frame"),
        (("frame",), None, "frame"),
        (("icc",), None, "icc"),
        (("icc",), 0, "which is taken"),
        (("icc",), 1.5, "icc"),
        (("format",), None, "format"),
        (("format", "width"), 4, "declares 32 bytes, but its frame has 24"),
        (("format", "width"), 0, "format.width"),
        (("format", "width"), 2**64 - 1, "width"),
        (("format", "height"), "2", "format.height"),
        (("format", "depth"), "u16", "declares 48 bytes"),
        (("format", "depth"), 8, "format.depth"),
        (("format", "encoding"), "srgb", "icc"),
    ],
)
def test_a_lie_about_a_raster_is_found_and_named(place: tuple[str, ...], value: object, words: str) -> None:
    header, payload = header_of(layer_request())
    entry = header["rasters"][0] if place[0] != "frame" or value != 1 else header["rasters"][2]
    for key in place[:-1]:
        entry = entry[key]
    entry[place[-1]] = value
    with pytest.raises(MalformedMessageError, match=words):
        decode(assemble(header, payload))


@pytest.mark.parametrize("frame", range(2, 7))
def test_a_truncated_frame_is_found(frame: int) -> None:
    frames = encode(layer_request())
    frames[frame] = b"" if frame == 6 else frames[frame][:-1]
    with pytest.raises(MalformedMessageError):
        decode(frames)


def test_a_missing_frame_is_found() -> None:
    with pytest.raises(MalformedMessageError, match="payload frame"):
        decode(encode(layer_request())[:-1])


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**30, 2**30), (400_000_001, 1)])
def test_a_huge_picture_with_a_tiny_payload_is_too_large(size: tuple[int, int]) -> None:
    header, payload = header_of(flat_request())
    header["rasters"][0]["format"].update(width=size[0], height=size[1])
    with pytest.raises(PictureTooLargeError, match=str(size[0])):
        decode(assemble(header, payload))


def test_random_damage_never_gives_another_error() -> None:
    dice = random.Random(1)  # noqa: S311  # reproducible, not secret
    originals = [encode(message) for message in messages()]
    outcomes = set()
    for _ in range(4000):
        frames = [bytearray(frame) for frame in dice.choice(originals)]
        for _ in range(dice.randint(1, 4)):
            victim = frames[dice.choice([1, 1, 1, dice.randrange(len(frames))])]
            if victim:
                victim[dice.randrange(len(victim))] = dice.randrange(256)
        try:
            decode(frames)
            outcomes.add("understood")
        except SamelightError as error:
            outcomes.add(error.code)
    assert {"understood", "malformed", "unsupported-format", "version"} <= outcomes


# ---- limits, on both sides ----


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(pixels=15), PictureTooLargeError),
        (Limits(frames=6), MalformedMessageError),
        (Limits(header_bytes=100), MalformedMessageError),
        (Limits(icc_bytes=10), MalformedMessageError),
        (Limits(total_bytes=500), PictureTooLargeError),
    ],
    ids=repr,
)
def test_limits_hold_for_sender_and_receiver(limits: Limits, error: type[SamelightError]) -> None:
    request = layer_request()
    frames = encode(request)
    with pytest.raises(error):
        decode(frames, limits)
    with pytest.raises(error):
        encode(request, limits)


def test_messages_at_the_limit_pass() -> None:
    request = layer_request()
    frames = encode(request)
    total = sum(len(frame) for frame in frames)
    limits = Limits(16, len(frames), len(frames[1]), len(PROFILE), total)
    assert decode(encode(request, limits), limits) == request


def test_the_sender_refuses_what_the_receiver_would() -> None:
    with pytest.raises(MalformedMessageError, match="fraction"):
        encode(Progress("job", "lift", 2.0))
    short = Raster(RasterFormat(3, 2, Layout.RGBA, Depth.U8), bytes(23))
    with pytest.raises(MalformedMessageError, match="23"):
        encode(layer_request(layer=short))


def test_the_job_of_a_refused_message_is_known_if_its_header_can_be_read() -> None:
    header, payload = header_of(layer_request("job-9"))
    header["rasters"][0]["format"]["width"] = 10**6
    assert job_of(assemble(header, payload)) == "job-9"
    assert job_of([TAG]) is None
    assert job_of(encode(messages()[0])) is None
