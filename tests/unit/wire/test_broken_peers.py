"""Whoever listens on an old port may be anything: each gives one clear error, over both transports."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Callable

import pytest

from samelight_wire.client import Client
from samelight_wire.errors import (
    AuthenticationError,
    ConnectionFailed,
    MalformedMessageError,
    RequestTimeout,
    SamelightError,
    StaleConnectionError,
)

from .peers import RawPeer, receive, until_closed

pytestmark = pytest.mark.usefixtures("carrier")

Conversation = Callable[[socket.socket], None]


def greeting(mechanism: bytes = b"PLAIN", version: bytes = b"\x03\x00") -> bytes:
    return b"\xff" + bytes(8) + b"\x7f" + version + mechanism.ljust(20, b"\0") + b"\x01" + bytes(31)


def says(*pieces: bytes) -> Conversation:
    """A peer that says something at once, whatever it hears, and then listens."""

    def conversation(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        until_closed(connection)

    return conversation


def hangs_up_after(*pieces: bytes, heard: int) -> Conversation:
    """A peer that says something, hears so many bytes and closes the connection."""

    def conversation(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        receive(connection, heard)

    return conversation


def hear_password(connection: socket.socket) -> None:
    """The first half of a correct handshake: greeting and HELLO."""
    connection.sendall(greeting())
    receive(connection, 64)
    _, length = receive(connection, 2)
    assert receive(connection, length).startswith(b"\x05HELLO\x09samelight\x40")


def command(body: bytes) -> bytes:
    return b"\x04" + bytes([len(body)]) + body


def plain_server(*pieces: bytes) -> Conversation:
    """A peer that goes through a correct handshake, then says something and listens."""

    def conversation(connection: socket.socket) -> None:
        hear_password(connection)
        connection.sendall(command(b"\x07WELCOME"))
        _, length = receive(connection, 2)
        assert b"DEALER" in receive(connection, length)
        connection.sendall(command(b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"))
        for piece in pieces:
            connection.sendall(piece)
        until_closed(connection)

    return conversation


NO_DAEMON = {
    "closes at once": hangs_up_after(heard=0),
    "closes after the greeting it heard": hangs_up_after(heard=10),
    "speaks HTTP": hangs_up_after(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", heard=10),
    "speaks SSH and waits": says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".ljust(70, b" ")),
    "asks for no password": says(greeting(b"NULL")),
    "asks for another mechanism": says(greeting(b"CURVE")),
}


@pytest.mark.parametrize("conversation", NO_DAEMON.values(), ids=NO_DAEMON.keys())
def test_a_stranger_on_the_port_is_no_daemon(tmp_path: Path, conversation: Conversation) -> None:
    with RawPeer(tmp_path, conversation) as peer, pytest.raises(StaleConnectionError):
        Client.connect(peer.path, timeout=600)


def test_a_refusal_is_understood_as_libzmq_spells_it_and_as_specified(tmp_path: Path, carrier: str) -> None:
    # libzmq itself understands no spelling but its own.
    for spelling in [b"^RROR"] if carrier == "libzmq" else [b"^RROR", b"\x05ERROR"]:

        def conversation(connection: socket.socket, refusal: bytes = spelling + b"\x03400") -> None:
            hear_password(connection)
            connection.sendall(command(refusal))
            until_closed(connection)

        with RawPeer(tmp_path, conversation) as peer, pytest.raises(AuthenticationError):
            Client.connect(peer.path, timeout=600)


BROKEN = {
    "a frame of 2^63 bytes": plain_server(b"\x02" + struct.pack("!Q", 2**63)),
    "a frame of 2^40 bytes": plain_server(b"\x02" + struct.pack("!Q", 2**40)),
    "closes in the middle of a frame": hangs_up_after(greeting(), b"\x04\x08\x07WELC", heard=64 + 40),
    "closes after the password": hangs_up_after(greeting(), heard=64 + 40),
    "a message before the handshake": says(greeting(), b"\x00\x01x"),
    "the wrong command": says(greeting(), b"\x04\x06\x05READY"),
    "an empty command": says(greeting(), b"\x04\x00"),
}


@pytest.mark.parametrize("conversation", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_daemon_ends_in_an_error_not_in_a_hang(tmp_path: Path, conversation: Conversation) -> None:
    with RawPeer(tmp_path, conversation) as peer, pytest.raises(SamelightError) as caught:
        Client.connect(peer.path, timeout=600)
    assert caught.value.code in {"stale-connection", "wrong-token", "malformed"}


SILENT = {
    "nothing": says(),
    "half a greeting": says(greeting()[:20]),
    "a greeting": says(greeting()),
    "a handshake": plain_server(),
    "half a message": plain_server(b"\x02" + struct.pack("!Q", 1000) + bytes(500)),
}


@pytest.mark.parametrize("conversation", SILENT.values(), ids=SILENT.keys())
def test_whoever_falls_silent_ends_in_a_timeout(tmp_path: Path, conversation: Conversation) -> None:
    with RawPeer(tmp_path, conversation) as peer, pytest.raises(RequestTimeout) as caught:
        Client.connect(peer.path, timeout=0.15)
    assert isinstance(caught.value, ConnectionFailed)


def test_a_handshake_that_arrives_byte_by_byte_is_understood(tmp_path: Path) -> None:
    class Dribbling:
        """A connection that sends each byte by itself."""

        def __init__(self, connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.recv = connection.recv
            self._connection = connection

        def sendall(self, data: bytes) -> None:
            for byte in data:
                self._connection.sendall(bytes([byte]))

    def conversation(connection: socket.socket) -> None:
        plain_server(b"\x00\x03odd")(Dribbling(connection))  # type: ignore[arg-type]

    with RawPeer(tmp_path, conversation) as peer, pytest.raises(MalformedMessageError):
        Client.connect(peer.path, timeout=600)
