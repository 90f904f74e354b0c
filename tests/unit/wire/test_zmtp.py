"""The ZMTP protocol by itself, fed from memory; with a real ROUTER it is tested through the clients."""

from __future__ import annotations

import random
import struct
import sys

import pytest

from samelight_wire import transport
from samelight_wire.endpoint import Endpoint
from samelight_wire.errors import (
    AuthenticationError,
    MalformedMessageError,
    OutOfMemoryError,
    SamelightError,
    StaleConnectionError,
)
from samelight_wire.zmtp import Dealer
from samelight_wire.zmtp_frames import COMMAND, LONG, MORE, FrameReader, command, frame_head

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"PLAIN".ljust(20, b"\0") + b"\x01" + bytes(31)
WELCOME = command(b"WELCOME", b"")
READY = command(b"READY", b"\x0bSocket-Type\x00\x00\x00\x06ROUTER")


def feed(dealer: Dealer, data: bytes, pieces: int = 1 << 30) -> None:
    """Let a stream arrive in pieces of at most so many bytes."""
    view = memoryview(data)
    while view:
        place = dealer.buffer()
        count = min(len(place), len(view), pieces)
        place[:count] = view[:count]
        dealer.advance(count)
        view = view[count:]


def said(dealer: Dealer) -> bytes:
    """What the dealer wants to write, taken off."""
    written = b"".join(dealer.outgoing)
    dealer.outgoing.clear()
    return written


def opened(largest: int = 10**6) -> Dealer:
    dealer = Dealer("samelight", "secret", largest)
    feed(dealer, GREETING + WELCOME + READY)
    said(dealer)
    return dealer


def message(*frames: bytes) -> bytes:
    flags = [MORE] * (len(frames) - 1) + [0]
    return b"".join(frame_head(flag, len(frame)) + frame for flag, frame in zip(flags, frames))  # noqa: B905


def test_the_handshake_step_by_step() -> None:
    dealer = Dealer("samelight", "secret", 1000)
    dealer.send([b"early"])
    greeting = said(dealer)
    assert len(greeting) == 64
    assert greeting[:12] == b"\xff" + bytes(8) + b"\x7f\x03\x00"
    assert greeting[12:33] == b"PLAIN".ljust(20, b"\0") + b"\0"
    feed(dealer, GREETING)
    assert said(dealer) == b"\x04\x17\x05HELLO\x09samelight\x06secret"
    feed(dealer, WELCOME)
    assert said(dealer) == b"\x04\x1f\x08INITIATE\x0bSocket-Type\x00\x00\x00\x06DEALER"
    feed(dealer, READY)
    assert said(dealer) == b"\x00\x05early"


def test_a_message_is_framed_as_specified() -> None:
    dealer = opened()
    dealer.send([b"", b"ab", bytes(255), bytes(256)])
    assert said(dealer) == (
        b"\x01\x00" + b"\x01\x02ab" + b"\x01\xff" + bytes(255) + b"\x02" + struct.pack("!Q", 256) + bytes(256)
    )


def test_what_is_sent_is_not_copied() -> None:
    pixels = bytearray(1000)
    dealer = opened()
    dealer.send([b"a", pixels])
    pixels[7] = 1
    assert dealer.outgoing[-1].obj is pixels


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 64, 1000, 65536, 1 << 30])
def test_messages_arrive_whole_in_whatever_pieces_they_come(pieces: int) -> None:
    dice = random.Random(pieces)  # noqa: S311  # reproducible, not secret
    sizes = [0, 1, 255, 256, 1000, 65527, 65536, 70000][: 5 if pieces < 7 else 8]
    messages = [
        [bytes([dice.randrange(256)]) * dice.choice(sizes) for _ in range(dice.randint(1, 5))] for _ in range(20)
    ]
    dealer = Dealer("samelight", "secret", 10**6)
    feed(dealer, GREETING + WELCOME + READY + b"".join(message(*frames) for frames in messages), pieces)
    for expected in messages:
        assert dealer.receive() == expected
    assert dealer.receive() is None


def test_a_large_body_is_received_in_place() -> None:
    reader = FrameReader(10**6)
    head = frame_head(0, 500_000)
    reader.buffer()[: len(head)] = head
    reader.advance(len(head))
    assert reader.frame() is None
    assert len(reader.buffer()) == 500_000
    reader.buffer()[:] = b"x" * 500_000
    reader.advance(500_000)
    frame = reader.frame()
    assert frame is not None
    assert isinstance(frame.body, memoryview)
    assert (frame.body.readonly, len(frame.body)) == (True, 500_000)


@pytest.mark.parametrize("length", [101, 2**31, 2**63, 2**64 - 1])
def test_nothing_is_allocated_for_a_frame_over_the_limit(length: int) -> None:
    with pytest.raises(MalformedMessageError, match=str(length)):
        feed(opened(100), struct.pack("!BQ", LONG, length))


def test_a_frame_that_memory_has_no_room_for_is_an_error_with_a_hint() -> None:
    with pytest.raises(OutOfMemoryError):
        feed(opened(2**63), struct.pack("!BQ", LONG, 2**62))


def test_the_limit_holds_for_the_whole_message() -> None:
    dealer = opened(1000)
    feed(dealer, message(bytes(600), bytes(400)))
    assert dealer.receive() is not None
    feed(dealer, message(bytes(1000)))
    with pytest.raises(MalformedMessageError):
        feed(dealer, message(bytes(600), bytes(401)))


def test_a_message_of_endless_frames_is_refused() -> None:
    with pytest.raises(MalformedMessageError, match="frames"):
        feed(opened(), b"\x01\x00" * 1000)


def test_a_ping_is_answered_and_other_commands_are_ignored() -> None:
    dealer = opened()
    feed(dealer, command(b"PING", b"\x00\x0aontext"))
    assert said(dealer) == command(b"PONG", b"ontext")
    feed(dealer, command(b"SUBSCRIBE", b"x") + command(b"", b"") + b"\x04\x00" + message(b"still here"))
    assert dealer.receive() == [b"still here"]
    assert not said(dealer)


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", StaleConnectionError),
        (b"\xff" + bytes(63), StaleConnectionError),
        (GREETING.replace(b"PLAIN", b"NULL\0"), StaleConnectionError),
        (GREETING.replace(b"\x03\x01", b"\x01\x00"), StaleConnectionError),
        (GREETING + command(b"ERROR", b"\x03400"), AuthenticationError),
        (GREETING + b"\x04\x09^RROR\x03400", AuthenticationError),
        (GREETING + WELCOME + command(b"ERROR", b"\x00"), AuthenticationError),
        (GREETING + READY, MalformedMessageError),
        (GREETING + WELCOME + WELCOME, MalformedMessageError),
        (GREETING + message(b"hello"), MalformedMessageError),
        (GREETING + struct.pack("!BQ", COMMAND | LONG, 5000), MalformedMessageError),
    ],
)
def test_a_handshake_that_goes_wrong(stream: bytes, error: type[SamelightError]) -> None:
    with pytest.raises(error):
        feed(Dealer("samelight", "secret", 1000), stream)


def test_what_a_closed_connection_means_depends_on_when() -> None:
    dealer = Dealer("samelight", "secret", 1000)
    assert isinstance(dealer.closed(), StaleConnectionError)
    feed(dealer, GREETING)
    assert isinstance(dealer.closed(), AuthenticationError)
    feed(dealer, WELCOME + READY)
    assert isinstance(dealer.closed(), StaleConnectionError)


def test_random_streams_never_give_another_error() -> None:
    dice = random.Random(2)  # noqa: S311  # reproducible, not secret
    valid = GREETING + WELCOME + READY + message(b"a", bytes(300)) * 3
    outcomes = set()
    for _ in range(2000):
        stream = bytearray(valid)
        for _ in range(dice.randint(1, 3)):
            stream[dice.randrange(len(stream))] = dice.randrange(256)
        try:
            feed(Dealer("samelight", "secret", 1000), bytes(stream), dice.randint(1, 500))
            outcomes.add("understood")
        except SamelightError as error:
            outcomes.add(error.code)
    assert outcomes == {"understood", "malformed", "stale-connection"}


# ---- which transport is taken ----


def _kind() -> str:
    carrier = transport.open_transport(Endpoint.fresh(1, "0.1.0"), 1000)
    carrier.close()
    return type(carrier).__name__


def test_pyzmq_is_taken_where_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(transport.ENVIRONMENT, raising=False)
    assert _kind() == "ZmqTransport"


def test_the_pure_transport_is_taken_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(transport.ENVIRONMENT, "1")
    assert _kind() == "TcpTransport"


@pytest.mark.parametrize("broken", ["zmq", "zmq.utils.monitor"])
def test_the_pure_transport_is_taken_where_pyzmq_does_not_load(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.delenv(transport.ENVIRONMENT, raising=False)
    monkeypatch.delitem(sys.modules, "samelight_wire.transport_zmq", raising=False)
    monkeypatch.setitem(sys.modules, broken, None)
    assert _kind() == "TcpTransport"
