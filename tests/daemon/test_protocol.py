"""Messages from the future, from the wrong side, and from nowhere."""

from __future__ import annotations

import random
from typing import Any

import msgpack
import pytest
from daemon_harness import RawClient, Requests, RunningDaemon

from samelight_wire import frames
from samelight_wire.identity import is_proven, make_nonce
from samelight_wire.messages import (
    CancelRequest,
    Heartbeat,
    Hello,
    HelloReply,
    Message,
    PreviewRequest,
    Progress,
    StatusReply,
    StatusRequest,
    new_job,
)

pytestmark = pytest.mark.daemon

SEED = 20_241_121
FUZZED = 600


def as_bytes(message: Message) -> list[bytes]:
    return [bytes(part) for part in frames.encode(message)]


def test_a_protocol_from_the_future_says_what_to_update(raw: RawClient) -> None:
    _, *rest = as_bytes(StatusRequest())
    raw.send_frames([b"SAMELIGHT/2", *rest])
    reply: Any = raw.answer()
    assert reply.code == "version"
    assert "daemon" in reply.hint
    assert raw.status()


def test_a_protocol_from_the_past_says_what_to_update(raw: RawClient) -> None:
    raw.send_frames([b"SAMELIGHT/0", b""])
    reply: Any = raw.answer()
    assert reply.code == "version"
    assert "plug-in" in reply.hint


def test_keys_of_a_newer_peer_are_ignored(raw: RawClient) -> None:
    tag, header = as_bytes(StatusRequest())
    fields = msgpack.unpackb(header)
    fields["mood"] = "fine"
    fields["fields"]["colour"] = 3
    raw.send_frames([tag, msgpack.packb(fields), b"a payload frame nobody knows"])
    assert isinstance(raw.answer(), StatusReply)


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"nonsense"],
        [frames.TAG],
        [frames.TAG, b""],
        [frames.TAG, b"\xc1"],
        [frames.TAG, msgpack.packb([1, 2])],
        [frames.TAG, msgpack.packb({"kind": "unheard-of", "fields": {}})],
        [frames.TAG, msgpack.packb({"kind": "hello", "fields": {"nonce": 7}})],
        [frames.TAG, b"\x80" * 1_000_000],
        [frames.TAG, *[b"x"] * 100],
    ],
)
def test_a_malformed_message_is_answered_and_survived(raw: RawClient, parts: list[bytes]) -> None:
    raw.send_frames(parts)
    reply: Any = raw.answer()
    assert reply.code == "malformed"
    assert reply.job is None
    assert raw.status()


def test_a_damaged_request_is_answered_by_its_job(raw: RawClient, requests: Requests) -> None:
    request = requests.layered()
    tag, header, *payload = as_bytes(request)
    raw.send_frames([tag, header, payload[0][:-1], *payload[1:]])
    reply: Any = raw.answer()
    assert (reply.job, reply.code) == (request.job, "malformed")


def test_what_only_the_daemon_says_is_refused(raw: RawClient) -> None:
    raw.send(Progress("job", "decode", 0.5))
    reply: Any = raw.answer()
    assert reply.code == "malformed"
    assert "progress" in reply.message


def mutated(parts: list[bytes], chance: random.Random) -> list[bytes]:
    """The frames with one to three accidents."""
    parts = list(parts)
    for _ in range(chance.randint(1, 3)):
        if not parts:
            parts = [b""]
        index = chance.randrange(len(parts))
        frame = bytearray(parts[index])
        kind = chance.randrange(8)
        if kind == 0 and frame:
            frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del frame[chance.randrange(len(frame) + 1) :]
        elif kind == 2:
            place = chance.randrange(len(frame) + 1)
            frame[place:place] = chance.randbytes(chance.randint(1, 40))
        elif kind == 3:
            frame = bytearray(chance.randbytes(chance.randint(0, 200)))
        elif kind == 4 and frame:
            frame[chance.randrange(len(frame))] = chance.choice(b"\x00\x7f\x80\xc0\xc1\xc7\xdd\xdf\xff")
        elif kind == 5:
            del parts[index]
            continue
        elif kind == 6:
            parts.insert(index, bytes(frame))
        else:
            other = chance.randrange(len(parts))
            parts[index], parts[other] = parts[other], parts[index]
            continue
        parts[index] = bytes(frame)
    return parts or [b""]


def proven(received: list[Message], proof_key: str, nonce: bytes) -> bool:
    """Whether the answer to the Hello with this nonce is among the messages."""
    return any(isinstance(message, HelloReply) and is_proven(message.proof, proof_key, nonce) for message in received)


def test_many_damaged_messages_do_not_end_the_daemon(daemon: RunningDaemon, raw: RawClient, requests: Requests) -> None:
    chance = random.Random(SEED)  # noqa: S311  # a repeatable test, not a secret
    originals = [
        as_bytes(message)
        for message in (
            Hello(make_nonce(), "fuzz", "0.1.0"),
            StatusRequest(),
            CancelRequest(new_job()),
            Heartbeat(new_job()),
            PreviewRequest(new_job(), new_job(), 0.5),
            requests.layered(size=(6, 5)),
        )
    ]
    for _ in range(FUZZED):
        raw.send_frames(mutated(chance.choice(originals), chance))
        while raw.socket.poll(0):
            raw.receive()
    nonce = make_nonce()
    raw.send(Hello(nonce, "after the storm", "0.1.0"))
    while not any(
        isinstance(m, HelloReply) and is_proven(m.proof, daemon.endpoint.proof_key, nonce) for m in raw.received
    ):
        raw.receive()
    assert len(raw.received) > FUZZED // 3  # cancels and heartbeats have no answer of their own
    assert not any(getattr(message, "code", None) == "internal" for message in raw.received)
    assert daemon.process.poll() is None
    good = requests.layered()
    raw.send(good)
    assert raw.answer(good.job).KIND == "result"
