"""Every message between an editor (or the command line) and the daemon: all that a request carries stands in this file.

    client -> daemon   Hello  HarmonizeRequest  PreviewRequest  CancelRequest  StatusRequest  Heartbeat
    daemon -> client   HelloReply  Progress  Result  StatusReply  ErrorReply

A connection opens with Hello and HelloReply, before which no other message is sent. A HarmonizeRequest or
PreviewRequest is answered by any number of Progress and then one Result or ErrorReply with the same job; a
StatusRequest by one StatusReply. CancelRequest and Heartbeat are not answered themselves: a cancelled job ends with an
ErrorReply of the code `cancelled`. A client sends a Heartbeat for each waiting job every
`HelloReply.heartbeat_seconds`; the daemon drops the job of a client that fell silent.

Within one PROTOCOL version fields may be added, always with a default: a peer ignores those that it does not know.
Anything else that changes makes a new version. How a message becomes frames stands in `frames.py`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .errors import NoBackdropError, SamelightError, SizeMismatchError, UnsupportedFormatError, from_wire
from .fields import (
    Flag,
    Integer,
    ListOf,
    MapOf,
    Maybe,
    Nested,
    Octets,
    Plain,
    RasterIndex,
    Real,
    Record,
    Text,
    malformed,
    wire,
)
from .formats import Layout, Raster, Rect

__all__ = [
    "KINDS",
    "PROTOCOL",
    "STAGES",
    "USUAL_COLOUR",
    "CancelRequest",
    "ErrorReply",
    "HarmonizeRequest",
    "Heartbeat",
    "Hello",
    "HelloReply",
    "Message",
    "Options",
    "PreviewRequest",
    "Progress",
    "Result",
    "StatusReply",
    "StatusRequest",
    "new_job",
]

PROTOCOL = 1
"""The major version of the protocol; peers understand each other if and only if theirs is the same."""

USUAL_COLOUR = 0.7
"""The share of the shift of colour that editors and the command line ask for until an artist chooses another. Networks
take colours of what was pasted for the light's: on real pastings 0.7 was preferred to 1 (docs/training-log.md, 16)."""

STAGES = ("queued", "decode", "compose", "segment", "harmonize", "lift", "encode")
"""The stages of a job in their order. A newer daemon may name others."""

_JOB = wire(Text(64))
_NAME = wire(Text(64))
_SHARE = Real(0.0, 1.0)
_RASTER = wire(RasterIndex(Raster))
_RECT = wire(Nested(Rect))
_SECONDS = Real(0.0)


def new_job() -> str:
    """A job identifier that no other client of the daemon uses."""
    return secrets.token_hex(8)


class Message(Record):
    """A record that travels by itself; KIND is its name in the header."""

    KIND: ClassVar[str]


@dataclass(frozen=True)
class Options(Record):
    """What the artist chose.

    model: the network's name; None is the daemon's default.
    strength: 0..1, a blend from the layer as it was to the harmonized one.
    colour: 0..1, how much of the shift of colour is applied; at 0 the layer only gets lighter or darker.
    limit_to_selection: whether only the selected part of a layer is harmonized.
    explain: whether pictures that show why are wanted beside the result.
    """

    model: str | None = field(default=None, metadata=wire(Maybe(Text(64))))
    strength: float = field(default=1.0, metadata=wire(_SHARE))
    colour: float = field(default=1.0, metadata=wire(_SHARE))
    limit_to_selection: bool = field(default=True, metadata=wire(Flag()))
    explain: bool = field(default=False, metadata=wire(Flag()))


# ---- from the client ----


@dataclass(frozen=True)
class Hello(Message):
    """The first message of a connection; it carries no picture.

    nonce: random bytes, new for each connection, that the daemon must sign.
    client: the program, for the daemon's log ("krita", "gimp", "cli").
    release: the client's release.
    """

    KIND: ClassVar[str] = "hello"
    nonce: bytes = field(metadata=wire(Octets(64, shortest=16)))
    client: str = field(metadata=_NAME)
    release: str = field(metadata=_NAME)


@dataclass(frozen=True)
class HarmonizeRequest(Message):
    """Harmonize a layer with what lies below it or, without a backdrop, the selected part of a flattened picture.

    job: a new identifier of the client's, see `new_job`.
    layer: the layer's own pixels at full resolution, without opacity and mask; a flattened picture's all pixels.
    layer_rect: where the layer lies; its size is the layer's.
    backdrop: what is visible below the layer, perhaps scaled down, in an encoding of its own; None for a flattened
    picture.
    backdrop_rect: the part of the canvas that the backdrop covers; given exactly when the backdrop is.
    selection: coverage (MASK), the foreground of a flattened picture; None when nothing is selected.
    selection_rect: where the selection lies; its size is the selection's; nothing is selected outside.
    layer_mask: the layer's mask (MASK), in the layer's rectangle; None without one.
    options: what the artist chose.
    """

    KIND: ClassVar[str] = "harmonize"
    job: str = field(metadata=_JOB)
    layer: Raster = field(metadata=_RASTER)
    layer_rect: Rect = field(metadata=_RECT)
    backdrop: Raster | None = field(default=None, metadata=wire(Maybe(RasterIndex(Raster))))
    backdrop_rect: Rect | None = field(default=None, metadata=wire(Maybe(Nested(Rect))))
    selection: Raster | None = field(default=None, metadata=wire(Maybe(RasterIndex(Raster))))
    selection_rect: Rect | None = field(default=None, metadata=wire(Maybe(Nested(Rect))))
    layer_mask: Raster | None = field(default=None, metadata=wire(Maybe(RasterIndex(Raster))))
    options: Options = field(default_factory=Options, metadata=wire(Nested(Options)))

    def validate(self) -> None:
        """Check what the fields mean together.

        Raises NoBackdropError for a flattened picture without selection, SizeMismatchError for a raster that does not
        fill its rectangle, UnsupportedFormatError for a mask in place of a picture or the other way round,
        MalformedMessageError for a raster without rectangle.
        """
        _check_layout("layer", self.layer, mask=False)
        _check_layout("backdrop", self.backdrop, mask=False)
        _check_layout("selection", self.selection, mask=True)
        _check_layout("layer_mask", self.layer_mask, mask=True)
        _check_pair("backdrop", self.backdrop, self.backdrop_rect)
        _check_pair("selection", self.selection, self.selection_rect)
        _check_size("layer", self.layer, self.layer_rect)
        _check_size("selection", self.selection, self.selection_rect)
        _check_size("layer mask", self.layer_mask, self.layer_rect)
        if self.backdrop is None and self.selection is None:
            raise NoBackdropError(
                "There is nothing below the layer and nothing is selected.",
                "Select the pasted object, or choose a layer that lies above the picture it belongs to.",
            )


@dataclass(frozen=True)
class PreviewRequest(Message):
    """Blend a finished result of this client again, with other shares of its change, without a new network run.

    job: a new identifier of the client's.
    of: the job of the finished HarmonizeRequest.
    strength: 0..1, as in Options.
    colour: 0..1, as in Options.
    """

    KIND: ClassVar[str] = "preview"
    job: str = field(metadata=_JOB)
    of: str = field(metadata=_JOB)
    strength: float = field(metadata=wire(_SHARE))
    colour: float = field(default=1.0, metadata=wire(_SHARE))


@dataclass(frozen=True)
class CancelRequest(Message):
    """Drop a job of this client.

    job: the job to drop.
    """

    KIND: ClassVar[str] = "cancel"
    job: str = field(metadata=_JOB)


@dataclass(frozen=True)
class StatusRequest(Message):
    """Ask how the daemon is."""

    KIND: ClassVar[str] = "status"


@dataclass(frozen=True)
class Heartbeat(Message):
    """The client still waits for a job.

    job: the job waited for.
    """

    KIND: ClassVar[str] = "heartbeat"
    job: str = field(metadata=_JOB)


# ---- from the daemon ----


@dataclass(frozen=True)
class HelloReply(Message):
    """The daemon's answer to Hello.

    proof: HMAC-SHA256 of the nonce under the connection file's proof key, see `identity.py`.
    release: the daemon's release.
    protocol: the daemon's PROTOCOL.
    pid: the daemon's process number.
    heartbeat_seconds: how often the daemon wants a Heartbeat for each waiting job.
    """

    KIND: ClassVar[str] = "hello-reply"
    proof: bytes = field(metadata=wire(Octets(32, shortest=32)))
    release: str = field(metadata=_NAME)
    protocol: int = field(metadata=wire(Integer(1)))
    pid: int = field(metadata=wire(Integer(0)))
    heartbeat_seconds: float = field(default=2.0, metadata=wire(Real(0.01, 3600.0)))


@dataclass(frozen=True)
class Progress(Message):
    """A job moved on.

    job: the job.
    stage: the stage that begins, one of STAGES or a newer one.
    fraction: how much of the whole job is done, 0..1.
    """

    KIND: ClassVar[str] = "progress"
    job: str = field(metadata=_JOB)
    stage: str = field(metadata=_NAME)
    fraction: float = field(metadata=wire(Real(0.0, 1.0)))


@dataclass(frozen=True)
class Result(Message):
    """A job is done.

    job: the job.
    layer: the harmonized layer, in the format (and with the profile) that was sent.
    layer_rect: where it lies, as sent.
    model: the network that was used.
    seconds: how long each stage took.
    reasons: what was done and why, plain values for people and tests (working size, mean colour shift ...).
    explanations: pictures that show why, 8-bit RGB, by name ("instances" ...); empty unless `Options.explain` was set.
    """

    KIND: ClassVar[str] = "result"
    job: str = field(metadata=_JOB)
    layer: Raster = field(metadata=_RASTER)
    layer_rect: Rect = field(metadata=_RECT)
    model: str = field(metadata=_NAME)
    seconds: dict[str, float] = field(default_factory=dict, metadata=wire(MapOf(_SECONDS)))
    reasons: dict[str, Any] = field(default_factory=dict, metadata=wire(MapOf(Plain())))
    explanations: dict[str, Raster] = field(default_factory=dict, metadata=wire(MapOf(RasterIndex(Raster), longest=8)))

    def validate(self) -> None:
        """Raise SizeMismatchError if the layer does not fill its rectangle."""
        _check_size("layer", self.layer, self.layer_rect)


@dataclass(frozen=True)
class StatusReply(Message):
    """How the daemon is.

    release: the daemon's release.
    pid: its process number.
    device: where the networks run ("cpu", "cuda:0", "mps").
    default_model: the network used when a request names none.
    warm_models: the networks in memory.
    models: the networks that can be asked for.
    queued: jobs that wait.
    running: the job that runs; None when the daemon is idle.
    uptime: seconds since it started.
    memory: bytes of memory it occupies.
    """

    KIND: ClassVar[str] = "status-reply"
    release: str = field(metadata=_NAME)
    pid: int = field(metadata=wire(Integer(0)))
    device: str = field(metadata=_NAME)
    default_model: str = field(metadata=_NAME)
    warm_models: list[str] = field(metadata=wire(ListOf(Text(64))))
    models: list[str] = field(metadata=wire(ListOf(Text(64))))
    queued: int = field(metadata=wire(Integer(0)))
    running: str | None = field(metadata=wire(Maybe(Text(64))))
    uptime: float = field(metadata=wire(_SECONDS))
    memory: int = field(metadata=wire(Integer(0)))


@dataclass(frozen=True)
class ErrorReply(Message):
    """A request failed.

    job: the job that failed; None when the daemon could not tell, or when it concerns the whole connection.
    code: the wire code of the error's class, see `errors.py`.
    message: one sentence for the artist.
    hint: what to do about it; may be empty.
    """

    KIND: ClassVar[str] = "error"
    job: str | None = field(metadata=wire(Maybe(Text(64))))
    code: str = field(metadata=_NAME)
    message: str = field(metadata=wire(Text(4096)))
    hint: str = field(default="", metadata=wire(Text(4096, shortest=0)))

    @classmethod
    def from_error(cls, error: SamelightError, job: str | None = None) -> ErrorReply:
        """The reply that carries this error; a message longer than a reply takes is cut."""
        return cls(job, error.code, _fitted(error.message), _fitted(error.hint))

    def error(self) -> SamelightError:
        """The error that this reply carries, of the class of its code."""
        return from_wire(self.code, self.message, self.hint)


KINDS: dict[str, type[Message]] = {
    message.KIND: message
    for message in (
        Hello, HarmonizeRequest, PreviewRequest, CancelRequest, StatusRequest, Heartbeat,
        HelloReply, Progress, Result, StatusReply, ErrorReply,
    )
}  # fmt: skip
"""Every message class by the name that stands for it in the header."""


def _fitted(words: str) -> str:
    """As much of an error's words as a reply takes; a file's name in them may not be Unicode and is escaped then."""
    return words.encode("utf-8", "backslashreplace").decode("utf-8")[:4096]


# ---- what holds between the fields of a request ----


def _check_layout(name: str, raster: Raster | None, mask: bool) -> None:
    """Raise UnsupportedFormatError if this raster is a mask and should not be, or is none and should be."""
    if raster is not None and (raster.format.layout is Layout.MASK) != mask:
        wanted = "has to be a mask" if mask else "cannot be a mask"
        raise UnsupportedFormatError(f"The {name} {wanted}, but its layout is {raster.format.layout.value}.")


def _check_pair(name: str, raster: Raster | None, rect: Rect | None) -> None:
    """Raise MalformedMessageError if one of raster and rectangle is given without the other."""
    if (raster is None) != (rect is None):
        raise malformed(name + "_rect", f"has to be given exactly when {name} is")


def _check_size(name: str, raster: Raster | None, rect: Rect | None) -> None:
    """Raise SizeMismatchError if the raster does not fill its rectangle pixel for pixel."""
    if raster is None or rect is None:
        return
    size = raster.format
    if (size.width, size.height) != (rect.width, rect.height):
        raise SizeMismatchError(
            f"The {name} has {size.width} x {size.height} pixels, but its place in the picture has "
            f"{rect.width} x {rect.height}."
        )
