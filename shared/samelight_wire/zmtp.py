"""The client end of a ZMTP 3.0 connection (DEALER, PLAIN) in pure Python, without any input or output of its own.

ZMTP is what ZeroMQ speaks over TCP (ZeroMQ RFC 23, PLAIN in RFC 24). Whoever owns the socket receives into `buffer()`,
says `advance(count)`, takes messages with `receive()`, and writes out what stands in `outgoing`:

    client                                        server
    greeting: FF 8x00 7F 3 0 "PLAIN" as-server=0  the same with as-server=1     64 bytes each, sent at once
    HELLO user name, password                     WELCOME, or ERROR and the end
    INITIATE Socket-Type=DEALER                   READY with its properties, or ERROR and the end
    messages                                      messages

Everything after the greeting is frames, see zmtp_frames.py. A message is a run of frames of which all but the last have
the flag MORE.
"""

from __future__ import annotations

import struct
from collections import deque
from enum import Enum
from typing import Deque, List, Sequence

from .errors import AuthenticationError, ConnectionFailed, MalformedMessageError, StaleConnectionError
from .formats import Buffer
from .zmtp_frames import COMMAND, MORE, Frame, FrameReader, command, frame_head

__all__ = ["Dealer", "not_the_daemon"]

_SIGNATURE = b"\xff"
_GREETING_LENGTH = 64
_MECHANISM = b"PLAIN".ljust(20, b"\0")
_GREETING = _SIGNATURE + bytes(8) + b"\x7f" + b"\x03\x00" + _MECHANISM + bytes(32)
_MOST_FRAMES = 64

# The second is how libzmq spells it: in its source, the length in "\\x5ERROR" takes the E for a hexadecimal digit.
_ERRORS = (b"\x05ERROR", b"^RROR")


class _State(Enum):
    """What the client expects next."""

    GREETING = "greeting"
    WELCOME = "welcome"
    READY = "ready"
    OPEN = "open"


def not_the_daemon() -> StaleConnectionError:
    """The error for a listener that does not even speak the daemon's language."""
    return StaleConnectionError("Another program listens where the Samelight daemon should be.")


class Dealer:
    """The protocol of one connection; see the module's docstring for who calls what.

    `outgoing` holds what is to be written, oldest first; the owner takes off what it wrote. Messages sent before the
    connection is open wait inside and are put there once it is. No message received may exceed `largest` bytes.
    """

    def __init__(self, username: str, password: str, largest: int) -> None:
        self.outgoing: Deque[memoryview] = deque([memoryview(_GREETING)])
        self._hello = command(b"HELLO", _short_text(username) + _short_text(password))
        self._largest = largest
        self._reader = FrameReader(largest)
        self._state = _State.GREETING
        self._held: list[Sequence[Buffer]] = []
        self._partial: list[Buffer] = []
        self._messages: Deque[List[Buffer]] = deque()

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queue a message; its frames are not copied, so they must stay as they are until written."""
        if self._state is not _State.OPEN:
            self._held.append(frames)
            return
        last = len(frames) - 1
        for index, frame in enumerate(frames):
            view = memoryview(frame).cast("B")
            self.outgoing.append(memoryview(frame_head(0 if index == last else MORE, view.nbytes)))
            if view.nbytes:
                self.outgoing.append(view)

    def receive(self) -> list[Buffer] | None:
        """The next message's frames, or None."""
        return self._messages.popleft() if self._messages else None

    def buffer(self) -> memoryview:
        """Where the next bytes have to be received; never empty."""
        return self._reader.buffer()

    def advance(self, count: int) -> None:
        """So many bytes were received into `buffer()`.

        Raises StaleConnectionError if whoever sent them does not speak ZMTP with PLAIN, AuthenticationError if the
        password is refused, MalformedMessageError for a frame against the rules.
        """
        self._reader.advance(count)
        if self._state is _State.GREETING and not self._read_greeting():
            return
        frame = self._reader.frame()
        while frame is not None:
            self._handle(frame)
            frame = self._reader.frame()

    def closed(self) -> ConnectionFailed:
        """The error that the peer's closing the connection means at this point."""
        if self._state is _State.GREETING:
            return not_the_daemon()
        if self._state is _State.OPEN:
            return StaleConnectionError("The Samelight daemon closed the connection.")
        return AuthenticationError()

    def _read_greeting(self) -> bool:
        """Check the peer's greeting and answer it with HELLO; says whether it is complete."""
        if not self._reader.peek().startswith(_SIGNATURE):
            raise not_the_daemon()
        greeting = self._reader.take(_GREETING_LENGTH)
        if greeting is None:
            return False
        if greeting[9] != 0x7F or greeting[10] < 3 or greeting[12:32] != _MECHANISM:
            raise not_the_daemon()
        self.outgoing.append(memoryview(self._hello))
        self._state = _State.WELCOME
        return True

    def _handle(self, frame: Frame) -> None:
        """Act on one frame."""
        if frame.flags & COMMAND:
            self._handle_command(bytes(frame.body))
        elif self._state is not _State.OPEN:
            raise MalformedMessageError("The daemon sent a message before the connection was open.")
        else:
            self._collect(frame)

    def _handle_command(self, body: bytes) -> None:
        """Go on with the handshake; afterwards answer a PING and ignore what else there may be."""
        length = body[0] if body else 0
        name, content = body[1 : 1 + length], body[1 + length :]
        if self._state is _State.OPEN:
            if name == b"PING":  # two bytes of lifetime, then a context to be sent back
                self.outgoing.append(memoryview(command(b"PONG", content[2:18])))
        elif body.startswith(_ERRORS):
            raise AuthenticationError()
        elif name == b"WELCOME" and self._state is _State.WELCOME:
            self.outgoing.append(memoryview(command(b"INITIATE", _property(b"Socket-Type", b"DEALER"))))
            self._state = _State.READY
        elif name == b"READY" and self._state is _State.READY:
            self._open()
        else:
            raise MalformedMessageError("The daemon broke the rules of the handshake.")

    def _open(self) -> None:
        """The handshake is done: what waited may go."""
        self._state = _State.OPEN
        for frames in self._held:
            self.send(frames)
        self._held.clear()

    def _collect(self, frame: Frame) -> None:
        """Add a frame to the message being received; raises MalformedMessageError if there are too many."""
        self._partial.append(frame.body)
        if len(self._partial) > _MOST_FRAMES:
            raise MalformedMessageError(f"The daemon sent a message of more than {_MOST_FRAMES} frames.")
        if frame.flags & MORE:
            self._reader.largest -= len(frame.body)
            return
        self._messages.append(self._partial)
        self._partial = []
        self._reader.largest = self._largest


def _short_text(text: str) -> bytes:
    """Text with its length in one byte before it."""
    encoded = text.encode("utf-8")
    return struct.pack("!B", len(encoded)) + encoded


def _property(name: bytes, value: bytes) -> bytes:
    """One property of INITIATE."""
    return struct.pack("!B", len(name)) + name + struct.pack("!I", len(value)) + value
