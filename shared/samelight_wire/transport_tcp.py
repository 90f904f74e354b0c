"""The transport without compiled code: `zmtp.Dealer` over a non-blocking TCP socket."""

from __future__ import annotations

import errno
import selectors
import socket
from typing import Sequence

from .endpoint import PLAIN_USERNAME, Endpoint
from .errors import StaleConnectionError
from .formats import Buffer
from .transport import Received
from .zmtp import Dealer

__all__ = ["TcpTransport"]

# Reading stops after so many bytes, so that an editor's window stays alive while a large result comes in.
_BURST = 16 * 1024 * 1024

_CONNECTED = {0, errno.EISCONN}
_CONNECTING = {errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, getattr(errno, "WSAEINVAL", errno.EALREADY)}


class TcpTransport:
    """See `transport.Transport`. Its descriptor is level-triggered."""

    def __init__(self, endpoint: Endpoint, largest: int) -> None:
        self._address = (endpoint.host, endpoint.port)
        self._dealer = Dealer(PLAIN_USERNAME, endpoint.token, largest)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connected = False

    @property
    def wants_write(self) -> bool:
        """Whether the connection is being made, or there is something left to write."""
        return not self._connected or bool(self._dealer.outgoing)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queue a message and write what can be written at once."""
        self._dealer.send(frames)
        self._pump()

    def receive(self) -> Received | None:
        """Go on reading and writing; the next complete message, or None."""
        message = self._dealer.receive()
        if message is None:
            self._pump()
            message = self._dealer.receive()
        return message

    def wait(self, seconds: float) -> None:
        """Block until the socket can be read, or written where something is to be; at most so many seconds."""
        with selectors.DefaultSelector() as selector:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.wants_write else 0)
            selector.register(self._socket, wanted)
            selector.select(seconds)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _pump(self) -> None:
        """Connect, read and write as far as it goes without waiting."""
        if not self._connected:
            self._connect()
        if not self._connected:
            return
        try:
            # What the daemon says before it closes the connection is read first: it may be the reason.
            self._read()
            self._write()
        except OSError as error:
            raise self._dealer.closed() from error

    def _connect(self) -> None:
        """Begin to connect, or ask how it went: a second connect() says so on every system."""
        status = self._socket.connect_ex(self._address)
        if status in _CONNECTED:
            self._connected = True
        elif status not in _CONNECTING:
            raise StaleConnectionError()

    def _read(self) -> None:
        """Receive what is there, up to one burst; raises what the end of the connection means."""
        budget = _BURST
        while budget > 0:
            try:
                count = self._socket.recv_into(self._dealer.buffer())
            except BlockingIOError:
                return
            if count == 0:
                raise self._dealer.closed()
            self._dealer.advance(count)
            budget -= count

    def _write(self) -> None:
        """Send what the system takes."""
        outgoing = self._dealer.outgoing
        while outgoing:
            try:
                count = self._socket.send(outgoing[0])
            except BlockingIOError:
                return
            if count == len(outgoing[0]):
                outgoing.popleft()
            else:
                outgoing[0] = outgoing[0][count:]
