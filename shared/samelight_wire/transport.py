"""What carries the frames: a connection of the DEALER kind that never blocks, over libzmq or in pure Python.

`open_transport` takes pyzmq where it loads. Where it cannot (the Python that GIMP carries on Windows loads no compiled
package of PyPI's) or where SAMELIGHT_PURE_PYTHON_ZMTP=1 asks for it, the pure one serves, with no compiled code and no
threads behind the scenes. Both behave alike:

    | what happened                              | raised by send, receive                          |
    |--------------------------------------------|--------------------------------------------------|
    | nobody listens                             | StaleConnectionError                             |
    | somebody listens who speaks no ZMTP PLAIN  | StaleConnectionError                             |
    | the token is refused                       | AuthenticationError                              |
    | the daemon closed the connection           | StaleConnectionError                             |

Neither ever connects a second time: behind the same port there might by then be somebody else, who has not proven to
be the daemon.
"""

from __future__ import annotations

import os
from typing import List, Protocol, Sequence, Union

from .endpoint import Endpoint
from .formats import Buffer

__all__ = ["ENVIRONMENT", "Received", "Transport", "open_transport"]

ENVIRONMENT = "SAMELIGHT_PURE_PYTHON_ZMTP"

Received = List[Union[bytes, bytearray, memoryview]]


class Transport(Protocol):
    """One connection. Errors are those of the module's table; after one the transport is of no more use."""

    @property
    def wants_write(self) -> bool:
        """Whether there is something to write that waits for `fileno()` to become writable."""

    def fileno(self) -> int:
        """The descriptor that becomes readable when `receive` may have something. It may be edge-triggered."""

    def send(self, frames: Sequence[Buffer]) -> None:
        """Queue a message and write what can be written at once; large frames must stay as they are until written."""

    def receive(self) -> Received | None:
        """Go on reading and writing; the next complete message, or None."""

    def wait(self, seconds: float) -> None:
        """Block until something may have happened, at most so many seconds. Not for event loops."""

    def close(self) -> None:
        """Close the connection; what was sent but not yet written may be lost. Never blocks."""


def open_transport(endpoint: Endpoint, largest: int) -> Transport:
    """Begin to connect; `largest` is the limit on the bytes of a message. Failures show in `send` and `receive`."""
    if os.environ.get(ENVIRONMENT) != "1":
        try:
            from .transport_zmq import ZmqTransport

            return ZmqTransport(endpoint, largest)
        except ImportError:
            pass  # no pyzmq here, or none that loads: the pure transport needs none
    from .transport_tcp import TcpTransport

    return TcpTransport(endpoint, largest)
