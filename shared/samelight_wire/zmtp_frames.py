"""ZMTP's frames: cutting a stream of bytes into them, and writing their heads.

A frame is a byte of flags (MORE 1, LONG 2, COMMAND 4), the length of the body in one byte or, with LONG, in eight, and
the body.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .errors import MalformedMessageError, OutOfMemoryError
from .formats import Buffer

__all__ = ["COMMAND", "LONG", "MORE", "Frame", "FrameReader", "command", "frame_head"]

MORE, LONG, COMMAND = 1, 2, 4

_SCRATCH = 64 * 1024
_LARGEST_COMMAND = 4096


def frame_head(flags: int, length: int) -> bytes:
    """What stands before a body of this length."""
    if length > 255:
        return struct.pack("!BQ", flags | LONG, length)
    return struct.pack("!BB", flags, length)


def command(name: bytes, content: bytes) -> bytes:
    """A whole command frame."""
    body = bytes([len(name)]) + name + content
    return frame_head(COMMAND, len(body)) + body


class Frame(NamedTuple):
    """One frame as it came: its flags and its body."""

    flags: int
    body: Buffer


class FrameReader:
    """Cuts a stream into frames. Bodies that do not fit into the scratch buffer are received in place, never copied."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._scratch = memoryview(bytearray(_SCRATCH))
        self._start = self._end = 0  # what is received but not yet cut stands between these two
        self._flags = 0
        self._body: memoryview | None = None  # the large body being received, and how much of it is there
        self._filled = 0

    def buffer(self) -> memoryview:
        """Where the next bytes have to be received; never empty."""
        if self._body is not None:
            return self._body[self._filled :]
        return self._scratch[self._end :]

    def advance(self, count: int) -> None:
        """So many bytes were received into `buffer()`."""
        if self._body is not None:
            self._filled += count
        else:
            self._end += count

    def take(self, length: int) -> bytes | None:
        """The next bytes outside of any frame (the greeting), or None until so many are there."""
        if self._end - self._start < length:
            return None
        taken = bytes(self._scratch[self._start : self._start + length])
        self._start += length
        return taken

    def peek(self) -> bytes:
        """The bytes that are there and not yet cut, at most 64."""
        return bytes(self._scratch[self._start : min(self._end, self._start + 64)])

    def frame(self) -> Frame | None:
        """The next frame, or None until it is complete.

        Raises MalformedMessageError for one over the limit, OutOfMemoryError for one that memory has no room for.
        """
        if self._body is not None:
            return self._finish_large()
        head = self._head()
        if head is None:
            self._compact()
            return None
        flags, length, size = head
        if length > (_LARGEST_COMMAND if flags & COMMAND else self.largest):
            raise MalformedMessageError(f"The daemon announced a frame of {length} bytes, which is too long.")
        self._start += size
        if length <= self._end - self._start:
            body = bytes(self._scratch[self._start : self._start + length])
            self._start += length
            return Frame(flags, body)
        self._begin_large(flags, length)
        return None

    def _head(self) -> tuple[int, int, int] | None:
        """Flags, length of the body and own size of the next frame's head, or None until it is complete."""
        there = self._scratch[self._start : self._end]
        if len(there) < 2:
            return None
        if not there[0] & LONG:
            return there[0], there[1], 2
        if len(there) < 9:
            return None
        return there[0], struct.unpack_from("!Q", there, 1)[0], 9

    def _begin_large(self, flags: int, length: int) -> None:
        """Go on receiving into a body of its own, beginning with what already stands in the scratch buffer."""
        try:
            body = memoryview(bytearray(length))
        except MemoryError as error:
            raise OutOfMemoryError() from error
        self._filled = self._end - self._start
        body[: self._filled] = self._scratch[self._start : self._end]
        self._start = self._end = 0
        self._flags, self._body = flags, body

    def _finish_large(self) -> Frame | None:
        """The frame of the large body, or None until it is complete."""
        if self._body is None or self._filled < len(self._body):
            return None
        frame = Frame(self._flags, self._body.toreadonly())
        self._body = None
        return frame

    def _compact(self) -> None:
        """Move the rest, the start of a head, to the front, so that there is room behind it."""
        rest = bytes(self._scratch[self._start : self._end])
        self._scratch[: len(rest)] = rest
        self._start, self._end = 0, len(rest)
