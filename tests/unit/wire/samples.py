"""One valid instance of everything that travels, for the tests to send around and to damage."""

from __future__ import annotations

from typing import Any

from samelight_wire.formats import Alpha, Depth, Encoding, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    Heartbeat,
    Hello,
    HelloReply,
    Message,
    Options,
    PreviewRequest,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)

PROFILE = b"not really a profile"


def raster(
    width: int = 3,
    height: int = 2,
    layout: Layout = Layout.BGRA,
    depth: Depth = Depth.U8,
    encoding: Encoding = Encoding.SRGB,
    alpha: Alpha = Alpha.STRAIGHT,
) -> Raster:
    """A raster whose bytes count up, so that a swapped or shifted one is noticed."""
    shape = RasterFormat(width, height, layout, depth, encoding, alpha)
    data = bytes(index % 251 for index in range(shape.byte_length))
    return Raster(shape, data, PROFILE if encoding is Encoding.ICC else None)


def layer_request(job: str = "job-1", **changes: Any) -> HarmonizeRequest:
    """A request with everything in it."""
    values: dict[str, Any] = {
        "job": job,
        "layer": raster(encoding=Encoding.ICC),
        "layer_rect": Rect(-1, 5, 3, 2),
        "backdrop": raster(4, 4, Layout.RGBA, Depth.F32, Encoding.LINEAR_SRGB, Alpha.PREMULTIPLIED),
        "backdrop_rect": Rect(0, 0, 400, 400),
        "selection": raster(5, 1, Layout.MASK),
        "selection_rect": Rect(2, 2, 5, 1),
        "layer_mask": raster(3, 2, Layout.MASK, Depth.U16),
        "options": Options("hdnet", 0.5, 0.25, False, True),
    }
    return HarmonizeRequest(**{**values, **changes})


def flat_request(job: str = "job-1") -> HarmonizeRequest:
    """A request for the selected part of a flattened picture."""
    return HarmonizeRequest(
        job, raster(), Rect(0, 0, 3, 2), selection=raster(2, 1, Layout.MASK), selection_rect=Rect(1, 1, 2, 1)
    )


def messages() -> list[Message]:
    """Every message, with every field different from its default where it has one."""
    return [
        Hello(b"n" * 32, "krita", "0.1.0"),
        layer_request(),
        flat_request(),
        PreviewRequest("job-2", "job-1", 0.25, 0.75),
        CancelRequest("job-1"),
        StatusRequest(),
        Heartbeat("job-1"),
        HelloReply(b"p" * 32, "0.1.0", 1, 4711, 0.5),
        Progress("job-1", "harmonize", 0.5),
        Result(
            "job-1",
            raster(depth=Depth.U16, encoding=Encoding.ICC),
            Rect(-1, 5, 3, 2),
            "hdnet",
            {"decode": 0.01, "lift": 2},
            {"size": [256, 192], "shift": {"mean": -0.125}, "note": "ä", "exact": True, "nothing": None},
            {"instances": raster(5, 4, Layout.RGB), "submasks": raster(1, 1, Layout.RGB)},
        ),
        StatusReply(
            "0.1.0", 4711, "cpu", "hdnet-lite", ["hdnet-lite"], ["hdnet", "hdnet-lite"], 2, "job-1", 1.5, 10**9
        ),
        StatusReply("0.1.0", 4711, "cpu", "hdnet-lite", [], [], 0, None, 0.0, 0),
        ErrorReply("job-1", "empty-mask", "The mask is empty.", "Paint it."),
        ErrorReply(None, "internal", "Something is wrong.", ""),
    ]
