"""The other end of the line, for tests: a small daemon on real sockets, and peers that are broken on purpose."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Callable, List, Optional, Sequence, Union

import zmq

from samelight_wire.endpoint import HOST, PLAIN_USERNAME, Endpoint, write_endpoint
from samelight_wire.frames import decode, encode
from samelight_wire.identity import prove
from samelight_wire.messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    Heartbeat,
    Hello,
    HelloReply,
    Message,
    PreviewRequest,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)

Reply = Union[Message, Sequence[bytes]]
Script = Callable[["StubDaemon", Message], Optional[List[Reply]]]


class StubDaemon:
    """A ROUTER with PLAIN and ZAP in a thread. A script may answer a message first; None leaves it to the stub.

    By itself it proves its identity, echoes layers as results, answers the status and cancels at once.
    """

    def __init__(self, folder: Path, script: Script | None = None, heartbeat_seconds: float = 2.0) -> None:
        self._script = script
        self._heartbeat_seconds = heartbeat_seconds
        self.received: list[Message] = []
        self._context = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind("inproc://zeromq.zap.01")
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.setsockopt(zmq.PLAIN_SERVER, 1)
        self._router.setsockopt(zmq.ZAP_DOMAIN, b"samelight")
        self.endpoint = Endpoint.fresh(self._router.bind_to_random_port(f"tcp://{HOST}"), "0.1.0")
        self.path = write_endpoint(self.endpoint, folder / f"{self.endpoint.port}.json")
        self._stop_sender, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> StubDaemon:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, closing all connections; harmless when repeated."""
        if self._thread.is_alive():
            self._stop_sender.send(b"x")
            self._thread.join()
            self._stop_sender.close()
            self._stop.close()

    def altered(self, folder: Path, **changes: object) -> Path:
        """Another connection file that leads to this daemon, with something wrong in it."""
        endpoint = dataclasses.replace(self.endpoint, **changes)  # type: ignore[arg-type]
        return write_endpoint(endpoint, folder / "altered.json")

    def of_kind(self, kind: type[Message]) -> list[Message]:
        """The messages of a class that arrived so far."""
        return [message for message in self.received if isinstance(message, kind)]

    def _serve(self) -> None:
        poller = zmq.Poller()
        for source in (self._zap, self._router, self._stop):
            poller.register(source, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._stop.fileno() in ready:
                break
            if self._zap in ready:
                self._authenticate()
            if self._router in ready:
                self._answer()
        self._router.close()
        self._zap.close()
        self._context.term()

    def _authenticate(self) -> None:
        question = self._zap.recv_multipart()
        expected = [b"PLAIN", PLAIN_USERNAME.encode(), self.endpoint.token.encode()]
        status = b"200" if question[5:] == expected else b"400"
        self._zap.send_multipart([b"1.0", question[1], status, b"", b"", b""])

    def _answer(self) -> None:
        sender, *frames = self._router.recv_multipart(copy=False)
        message = decode([frame.buffer for frame in frames])
        self.received.append(message)
        replies = self._script(self, message) if self._script else None
        if replies is None:
            replies = self.usual(message)
        for reply in replies:
            parts = encode(reply) if isinstance(reply, Message) else reply
            self._router.send_multipart([sender.bytes, *parts], copy=False)

    def usual(self, message: Message) -> list[Reply]:
        """What an honest daemon answers."""
        if isinstance(message, Hello):
            proof = prove(self.endpoint.proof_key, message.nonce)
            return [HelloReply(proof, "0.1.0", 1, os.getpid(), self._heartbeat_seconds)]
        if isinstance(message, HarmonizeRequest):
            stages = [Progress(message.job, "decode", 0.0), Progress(message.job, "lift", 0.75)]
            return [*stages, Result(message.job, message.layer, message.layer_rect, "echo", {"lift": 0.5})]
        if isinstance(message, StatusRequest):
            return [StatusReply("0.1.0", os.getpid(), "cpu", "echo", ["echo"], ["echo"], 0, None, 1.0, 1)]
        if isinstance(message, CancelRequest):
            return [ErrorReply(message.job, "cancelled", "The job was cancelled.")]
        assert isinstance(message, (Heartbeat, PreviewRequest))
        return []


class RawPeer:
    """A plain TCP listener in a thread: what happens on its one connection is the test's business."""

    def __init__(self, folder: Path, conversation: Callable[[socket.socket], None]) -> None:
        self._conversation = conversation
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(30)
        endpoint = Endpoint.fresh(self._listener.getsockname()[1], "0.1.0")
        self.path = write_endpoint(endpoint, folder / "raw.json")
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> RawPeer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(30)
            self._conversation(connection)


def receive(connection: socket.socket, count: int) -> bytes:
    """So many bytes from a connection; fewer only if the other side closes it, gently or not."""
    received = b""
    with suppress(ConnectionResetError):
        while len(received) < count:
            piece = connection.recv(count - len(received))
            if not piece:
                break
            received += piece
    return received


def until_closed(connection: socket.socket) -> None:
    """Swallow what comes until the other side closes the connection."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return
