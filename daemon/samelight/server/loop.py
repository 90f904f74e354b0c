"""The server's loop: the only code that touches the daemon's sockets.

One thread waits for four things at once: messages from clients, libzmq's questions about who connects, reports from
the workers, and the passing of time. Nothing here computes, so the daemon answers while networks run.
"""

from __future__ import annotations

import errno
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec

import zmq

from samelight.jobs.worker import Report
from samelight.server.authentication import Gatekeeper
from samelight.server.mailbox import Mailbox
from samelight.server.service import Service
from samelight_wire import frames
from samelight_wire.endpoint import HOST
from samelight_wire.errors import InternalError, PortTakenError, SamelightError
from samelight_wire.formats import Buffer
from samelight_wire.frames import Limits
from samelight_wire.messages import ErrorReply, Message

__all__ = ["Server"]

P = ParamSpec("P")

TICK_SECONDS = 0.25

# After a shutdown, how long the last replies may take to leave.
LINGER_MILLISECONDS = 1000

# A client that does not read has so many replies waiting before it counts as gone; in the other direction, a client
# may be so many messages ahead before its own sending stops.
OUTGOING_LIMIT = 256
INCOMING_LIMIT = 16

# libzmq holds what a stranger sends before it has shown the token, up to a whole message; by default for 30 seconds.
HANDSHAKE_MILLISECONDS = 5000

# Messages taken in one go before everything else gets its turn again.
BURST = 16

logger = logging.getLogger(__name__)


class Server:
    """Listens on this machine only: PLAIN sends the token unencrypted, so no other address is ever bound.

    Args:
        limits: what a client's message may not exceed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context)
        self._router = self._context.socket(zmq.ROUTER)
        self._gatekeeper.guard(self._router)
        self._router.linger = LINGER_MILLISECONDS
        self._router.handshake_ivl = HANDSHAKE_MILLISECONDS
        self._router.sndhwm = OUTGOING_LIMIT
        self._router.rcvhwm = INCOMING_LIMIT
        self._router.router_mandatory = True  # sending to a client that is gone is an error, not silence
        # libzmq cuts the connection of whoever announces a larger frame, before it allocates anything. What is merely
        # over the limit on pixels comes through and gets an answer.
        self._router.maxmsgsize = limits.total_bytes
        self._mailbox: Mailbox[Report] = Mailbox()
        self._gone: set[bytes] = set()
        self._stopping = False

    def bind(self, port: int) -> int:
        """Starts to listen, still refusing everybody; gives the port, which the system chooses for 0.

        Raises:
            PortTakenError: another program has it, or the system reserves it.
        """
        try:
            self._router.bind(f"tcp://{HOST}:{port or '*'}")
        except zmq.ZMQError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise PortTakenError(
                f"The daemon cannot listen on port {port}: {zmq.strerror(error.errno).lower()}."
            ) from error
        endpoint = self._router.getsockopt_string(zmq.LAST_ENDPOINT)
        return int(endpoint.rstrip("\0").rpartition(":")[2])

    def admit(self, token: str) -> None:
        """Lets clients with this token in from now on."""
        self._gatekeeper.admit(token)

    def report(self, report: Report) -> None:
        """Hands a worker's report to the loop; may be called from any thread."""
        self._mailbox.post(report)

    def stop(self) -> None:
        """Ends ``run`` soon; may be called from a signal handler."""
        self._stopping = True
        self._mailbox.wake()

    def send(self, client: bytes, message: Message) -> bool:
        """Sends a message to a client without copying its pixels; False if the client is gone or does not read."""
        try:
            self._router.send_multipart([client, *frames.encode(message)], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (errno.EHOSTUNREACH, errno.EAGAIN):
                raise
            self._gone.add(client)
            return False
        return True

    def run(self, service: Service) -> None:
        """Serves until ``stop`` is called."""
        poller = zmq.Poller()
        for source in (self._router, self._gatekeeper.socket, self._mailbox.receiver):
            poller.register(source, zmq.POLLIN)
        next_tick = time.monotonic()
        while not self._stopping:
            poller.poll(max(0, math.ceil((next_tick - time.monotonic()) * 1000)))
            self._gatekeeper.answer(BURST)
            for _ in range(BURST):
                if not self._receive(service):
                    break
            self._pass_on_reports(service)
            if time.monotonic() >= next_tick:
                self._guarded(service.tick)
                next_tick = time.monotonic() + TICK_SECONDS
            while self._gone:
                service.client_gone(self._gone.pop())

    def close(self) -> None:
        """Closes the sockets when the last replies have left, or after a second."""
        self._router.close()
        self._gatekeeper.close()
        self._mailbox.close()
        self._context.term()

    def _pass_on_reports(self, service: Service) -> None:
        """Hands over the workers' reports. Apart from the loop, whose names would keep the last one's pixels alive."""
        for report in self._mailbox.take_all():
            self._guarded(service.report, report)

    def _guarded(self, action: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Does something that must not end the daemon, whatever is wrong with it; tells whether it went well."""
        try:
            action(*args, **kwargs)
        except Exception:
            logger.exception("An unforeseen error in the server's loop")
            return False
        return True

    def _receive(self, service: Service) -> bool:
        """Takes one message, if there is one; whatever is wrong with it, the loop goes on."""
        try:
            client, *parts = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        sender = client.bytes
        if not self._guarded(self._handle, service, sender, [part.buffer for part in parts]):
            self.send(sender, ErrorReply.from_error(InternalError()))
        return True

    def _handle(self, service: Service, sender: bytes, buffers: Sequence[Buffer]) -> None:
        """Decodes a message and acts on it; what cannot be decoded is answered with the reason."""
        try:
            message = frames.decode(buffers, self._limits)
        except SamelightError as error:
            logger.warning("A message that cannot be accepted: %r", error.message)  # may quote it
            service.heard_from(sender)
            self.send(sender, ErrorReply.from_error(error, frames.job_of(buffers, self._limits)))
        else:
            service.receive(sender, message)
