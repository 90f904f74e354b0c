"""Who gets in, and whom a client trusts with a picture."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import zmq
from daemon_harness import RawClient, Requests, RunningDaemon
from zmq.utils.monitor import recv_monitor_message

from samelight.server.authentication import Gatekeeper
from samelight_wire import frames
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, write_endpoint
from samelight_wire.errors import AuthenticationError, IdentityError
from samelight_wire.identity import is_proven, make_nonce
from samelight_wire.messages import Hello, HelloReply, StatusRequest

pytestmark = pytest.mark.daemon


HANDSHAKE_ENDS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


def handshake_end(context: Any, daemon: RunningDaemon, **credentials: bytes) -> int:
    """The event with which a stranger's handshake ends, who then hears nothing."""
    with context.socket(zmq.DEALER) as stranger:
        stranger.linger = 0
        for name, value in credentials.items():
            setattr(stranger, name, value)
        with stranger.get_monitor_socket(HANDSHAKE_ENDS) as monitor:
            stranger.connect(daemon.endpoint.address)
            stranger.send_multipart(frames.encode(StatusRequest()))
            assert monitor.poll(10_000), "the handshake never ended"
            event: int = recv_monitor_message(monitor)["event"]
            assert not stranger.poll(100)
            stranger.disable_monitor()
        return event


@pytest.mark.parametrize("wrong", ["x", "0" * 64, "0" * 255])
def test_a_wrong_token_is_refused_in_the_handshake(daemon: RunningDaemon, context: Any, wrong: str) -> None:
    end = handshake_end(context, daemon, plain_username=b"samelight", plain_password=wrong.encode())
    assert end == zmq.EVENT_HANDSHAKE_FAILED_AUTH


def test_the_token_under_another_name_does_not_open_the_door(daemon: RunningDaemon, context: Any) -> None:
    token = daemon.endpoint.token.encode()
    assert handshake_end(context, daemon, plain_username=b"root", plain_password=token) == (
        zmq.EVENT_HANDSHAKE_FAILED_AUTH
    )


def test_nothing_at_all_does_not_open_the_door(daemon: RunningDaemon, context: Any) -> None:
    assert handshake_end(context, daemon) in (
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
        zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    )


def test_bytes_that_are_no_zeromq_do_no_harm(daemon: RunningDaemon, raw: RawClient) -> None:
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096, b""):
        with socket.create_connection(("127.0.0.1", daemon.endpoint.port)) as stranger:
            stranger.sendall(junk)
    assert raw.status().pid == daemon.process.pid


def test_the_blocking_client_says_that_its_token_is_wrong(daemon: RunningDaemon, tmp_path: Any) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    good = daemon.endpoint
    forged = Endpoint(
        good.version, good.host, good.port, "0" * 64, good.proof_key, good.pid, good.release, good.started
    )
    with pytest.raises(AuthenticationError):
        Client.connect(write_endpoint(forged, folder / "connection.json"))


def test_the_daemon_proves_itself_for_every_nonce(daemon: RunningDaemon, raw: RawClient) -> None:
    proofs = set()
    for nonce in (make_nonce(), make_nonce()):
        raw.send(Hello(nonce, "test", "0.1.0"))
        reply: Any = raw.answer()
        assert is_proven(reply.proof, daemon.endpoint.proof_key, nonce)
        assert reply.pid == daemon.process.pid
        proofs.add(reply.proof)
    assert len(proofs) == 2


# ---- somebody else on the port ----


@pytest.fixture
def impostor(tmp_path: Any, context: Any) -> Iterator[tuple[Any, list[str]]]:
    """The connection file of a dead daemon, whose port another program took that knows the token but not the key."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    router = context.socket(zmq.ROUTER)
    gate = Gatekeeper(context)
    gate.guard(router)
    endpoint = Endpoint.fresh(router.bind_to_random_port("tcp://127.0.0.1"), "0.1.0")
    gate.admit(endpoint.token)
    heard: list[str] = []
    over = threading.Event()

    def pretend() -> None:
        while not over.is_set():
            gate.answer(1)
            if router.poll(10):
                client, *parts = router.recv_multipart()
                heard.append(frames.decode(parts).KIND)
                router.send_multipart([client, *frames.encode(HelloReply(b"\0" * 32, "0.1.0", 1, 1))])

    thread = threading.Thread(target=pretend)
    thread.start()
    yield write_endpoint(endpoint, folder / "connection.json"), heard
    over.set()
    thread.join(30)
    router.close(linger=0)
    gate.close()


def test_an_impostor_on_the_port_gets_no_picture(impostor: tuple[Any, list[str]], requests: Requests) -> None:
    path, heard = impostor
    with pytest.raises(IdentityError), Client.connect(path) as client:
        client.harmonize(requests.layered())
    assert heard == ["hello"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_silent_strangers_neither_shut_others_out_nor_stay(start: Callable[..., RunningDaemon]) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))  # the daemon is started with so few
    try:
        daemon = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with ExitStack() as strangers:
        for _ in range(150):
            strangers.enter_context(socket.create_connection(("127.0.0.1", daemon.endpoint.port)))
        with Client.connect(daemon.home.connection_file) as client:
            assert client.status().pid == daemon.process.pid
        last = strangers.enter_context(socket.create_connection(("127.0.0.1", daemon.endpoint.port), timeout=20))
        while last.recv(4096):
            pass  # the daemon's greeting, and then the end: well before libzmq's own 30 seconds
