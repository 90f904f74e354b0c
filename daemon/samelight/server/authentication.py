"""Who may speak to the daemon: a small handler of ZeroMQ's authentication protocol (ZAP, RFC 27) for PLAIN.

libzmq asks this handler, over an in-process socket, before it lets a new connection through. A stranger without the
token from the connection file is refused during the handshake and never reaches the code that reads messages.
"""

from __future__ import annotations

import hmac
import logging

import zmq

from samelight_wire.endpoint import PLAIN_USERNAME

__all__ = ["DOMAIN", "Gatekeeper"]

ADDRESS = "inproc://zeromq.zap.01"
DOMAIN = b"samelight"
USERNAME = PLAIN_USERNAME.encode("ascii")

VERSION = b"1.0"
ACCEPTED = (b"200", b"OK")
REFUSED = (b"400", b"The token is wrong")

logger = logging.getLogger(__name__)


class Gatekeeper:
    """Answers libzmq's questions about connections. Until ``admit`` is called everybody is refused.

    Args:
        context: the context whose sockets are guarded; the handler must exist before they are bound.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._token: bytes | None = None
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(ADDRESS)

    def admit(self, token: str) -> None:
        """Lets those through who give this secret as their password."""
        self._token = token.encode("utf-8")

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Makes a socket, not yet bound, ask for the token of everybody who connects."""
        socket.plain_server = True
        socket.zap_domain = DOMAIN

    def answer(self, most: int) -> None:
        """Answers ``most`` of the questions that wait; never blocks. Strangers who knock all the time keep nobody
        from being served in between.
        """
        for _ in range(most):
            if not self.socket.poll(0):
                return
            question = self.socket.recv_multipart()
            accepted = self._knows(question)
            if not accepted:
                logger.warning("Refused a connection that did not know the token")
            request_id = question[1] if len(question) > 1 else b""
            status = ACCEPTED if accepted else REFUSED
            user = USERNAME if accepted else b""
            self.socket.send_multipart([VERSION, request_id, *status, user, b""])

    def close(self) -> None:
        """Closes the in-process socket; guarded sockets should be closed before."""
        self.socket.close()

    def _knows(self, question: list[bytes]) -> bool:
        """Whether a question [version, id, domain, address, identity, mechanism, credentials...] deserves a yes."""
        if self._token is None or len(question) != 8:
            return False
        version, _, domain, _, _, mechanism, username, password = question
        # The password is compared in constant time: how long a refusal takes says nothing about the token.
        known = hmac.compare_digest(password, self._token)
        return known and (version, domain, mechanism, username) == (VERSION, DOMAIN, b"PLAIN", USERNAME)
