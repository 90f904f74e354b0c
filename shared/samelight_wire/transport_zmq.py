"""The transport over libzmq: a DEALER socket, and its monitor for what a DEALER by itself keeps silent about."""

from __future__ import annotations

import math
from typing import Sequence

import zmq
from zmq.utils.monitor import recv_monitor_message

from .endpoint import PLAIN_USERNAME, Endpoint
from .errors import AuthenticationError, StaleConnectionError
from .formats import Buffer
from .transport import Received
from .zmtp import not_the_daemon

__all__ = ["ZmqTransport"]

# After close(), libzmq goes on writing in the background for so long, for a cancel to leave.
_LINGER_MILLISECONDS = 500

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class ZmqTransport:
    """See `transport.Transport`. Its descriptor is edge-triggered: after a wake-up, `receive` until None."""

    wants_write = False  # libzmq writes by itself

    def __init__(self, endpoint: Endpoint, largest: int) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in self._options(endpoint, largest).items():
            self._socket.setsockopt(option, value)
        self._monitor: zmq.Socket[bytes] = self._socket.get_monitor_socket(_EVENTS)
        self._connected = self._open = False
        self._socket.connect(endpoint.address)

    @staticmethod
    def _options(endpoint: Endpoint, largest: int) -> dict[int, int | bytes]:
        """The socket's options."""
        return {
            zmq.PLAIN_USERNAME: PLAIN_USERNAME.encode(),
            zmq.PLAIN_PASSWORD: endpoint.token.encode(),
            zmq.LINGER: _LINGER_MILLISECONDS,
            zmq.RECONNECT_IVL: -1,
            zmq.MAXMSGSIZE: largest,
            zmq.SNDHWM: 0,  # no limit on waiting messages: the session sends few
            zmq.RCVHWM: 0,
        }

    def fileno(self) -> int:
        """Libzmq's descriptor for the socket."""
        return int(self._socket.getsockopt(zmq.FD))

    def send(self, frames: Sequence[Buffer]) -> None:
        """Hand a message to libzmq; large frames are not copied."""
        self._check()
        self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)

    def receive(self) -> Received | None:
        """The next complete message, or None."""
        try:
            return [frame.buffer for frame in self._socket.recv_multipart(zmq.NOBLOCK, copy=False)]
        except zmq.Again:
            self._check()
            return None

    def wait(self, seconds: float) -> None:
        """Block until a message or an event of the monitor is there, at most so many seconds."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        poller.poll(math.ceil(seconds * 1000))

    def close(self) -> None:
        """Close the socket; libzmq writes the rest in the background for a moment."""
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()

    def _check(self) -> None:
        """Raise the error of what the monitor saw."""
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)
            self._judge(event["event"])

    def _judge(self, event: int) -> None:
        """Note or raise what one event of the monitor means."""
        if event == zmq.EVENT_CONNECTED:
            self._connected = True
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._open = True
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise AuthenticationError()
        elif event == zmq.EVENT_DISCONNECTED and self._open:
            raise StaleConnectionError("The Samelight daemon closed the connection.")
        elif self._connected:
            raise not_the_daemon()
        else:
            raise StaleConnectionError()
