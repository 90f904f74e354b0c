"""What an editor's Python and the Samelight daemon share: formats, messages, frames, errors and the clients.

    errors        the tree of errors, each with its wire code, a sentence and a hint
    fields        how the fields of a message are checked
    formats       rasters, and who converts what
    messages      every message: all that a request carries
    frames        a message as the frames of a multipart message, and back
    endpoint      the connection file
    identity      how the daemon proves that it is the user's own
    session       one conversation with the daemon, without input and output
    transport     what carries the frames: transport_zmq (libzmq) or transport_tcp (pure Python, over zmtp)
    eventloop     the client for editors: never blocks, no threads
    client        the blocking client, with interrupts (Ctrl+C)
    release       this copy's release

Runs on Python 3.8 and newer with the standard library, msgpack (its pure-Python form will do), platformdirs, and pyzmq
where it loads. What is named here is loaded when it is first used: training on a cluster needs the errors alone, where
msgpack is not installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .endpoint import Endpoint, connection_path, read_endpoint, remove_endpoint, write_endpoint
    from .errors import SamelightError
    from .eventloop import EventLoopClient
    from .formats import Alpha, Depth, Encoding, Layout, Raster, RasterFormat, Rect
    from .messages import (
        PROTOCOL,
        USUAL_COLOUR,
        CancelRequest,
        ErrorReply,
        HarmonizeRequest,
        HelloReply,
        Message,
        Options,
        PreviewRequest,
        Progress,
        Result,
        StatusReply,
        StatusRequest,
        new_job,
    )
    from .release import RELEASE

__all__ = [
    "PROTOCOL",
    "RELEASE",
    "USUAL_COLOUR",
    "Alpha",
    "CancelRequest",
    "Client",
    "Depth",
    "Encoding",
    "Endpoint",
    "ErrorReply",
    "EventLoopClient",
    "HarmonizeRequest",
    "HelloReply",
    "Layout",
    "Message",
    "Options",
    "PreviewRequest",
    "Progress",
    "Raster",
    "RasterFormat",
    "Rect",
    "Result",
    "SamelightError",
    "StatusReply",
    "StatusRequest",
    "connection_path",
    "new_job",
    "read_endpoint",
    "remove_endpoint",
    "write_endpoint",
]

_HOMES = {
    "client": ("Client",),
    "endpoint": ("Endpoint", "connection_path", "read_endpoint", "remove_endpoint", "write_endpoint"),
    "errors": ("SamelightError",),
    "eventloop": ("EventLoopClient",),
    "formats": ("Alpha", "Depth", "Encoding", "Layout", "Raster", "RasterFormat", "Rect"),
    "messages": (
        "PROTOCOL",
        "USUAL_COLOUR",
        "CancelRequest",
        "ErrorReply",
        "HarmonizeRequest",
        "HelloReply",
        "Message",
        "Options",
        "PreviewRequest",
        "Progress",
        "Result",
        "StatusReply",
        "StatusRequest",
        "new_job",
    ),
    "release": ("RELEASE",),
}
"""Which module each name is in."""


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module("." + module, __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
