"""The client for editors, driven by a selector as Qt or GLib would drive it."""

from __future__ import annotations

import selectors
import threading
from pathlib import Path
from typing import Callable, List

import pytest

from samelight_wire.errors import (
    AuthenticationError,
    ConnectionFailed,
    DaemonNotRunningError,
    IdentityError,
    NoBackdropError,
    RequestTimeout,
    StaleConnectionError,
)
from samelight_wire.eventloop import EventLoopClient
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.frames import TAG
from samelight_wire.messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    Heartbeat,
    Hello,
    HelloReply,
    Message,
    Progress,
    Result,
    StatusReply,
    StatusRequest,
)

from .peers import RawPeer, StubDaemon, until_closed
from .samples import flat_request, layer_request, raster

pytestmark = pytest.mark.usefixtures("carrier")

Serve = Callable[..., StubDaemon]


def turn(client: EventLoopClient, count: int, seconds: float = 0.02) -> List[Message]:
    """An event loop as the module's docstring describes it, until so many events have come."""
    events = client.drain()
    with selectors.DefaultSelector() as selector:
        selector.register(client.fileno(), selectors.EVENT_READ)
        while len(events) < count:
            writing = selectors.EVENT_WRITE if client.wants_write else 0
            selector.modify(client.fileno(), selectors.EVENT_READ | writing)
            ready = selector.select(seconds)
            events += client.drain() if ready else client.tick()
    return events


def test_a_request_sent_at_once_is_answered(serve: Serve) -> None:
    with EventLoopClient(serve().path, "test") as client:
        states = [client.ready]
        client.send(layer_request())
        events = turn(client, 4)
        states.append(client.ready)
    assert states == [False, True]
    assert [type(event) for event in events] == [HelloReply, Progress, Progress, Result]
    assert isinstance(events[3], Result)
    assert events[3].layer == layer_request().layer


def test_drain_and_tick_give_nothing_when_there_is_nothing_and_never_wait(tmp_path: Path) -> None:
    with RawPeer(tmp_path, until_closed) as peer, EventLoopClient(peer.path) as client:
        client.send(StatusRequest())  # the peer never says a word: anything that waited for it would wait for ever
        for _ in range(50):
            assert client.drain() == client.tick() == []
        assert (client.ready, client.error) == (False, None)


def test_a_request_waits_until_the_daemon_has_proven_its_identity(serve: Serve, tmp_path: Path) -> None:
    daemon = serve()
    with EventLoopClient(daemon.altered(tmp_path, proof_key="1" * 64)) as client:
        client.send(layer_request("secret"))
        (event,) = turn(client, 1)
        assert isinstance(event, ErrorReply)
        assert (event.job, event.code) == ("secret", "wrong-identity")
        assert isinstance(client.error, IdentityError)
        with pytest.raises(IdentityError):
            client.send(layer_request("another"))
        assert client.tick() == client.drain() == []
    assert [type(message) for message in daemon.received] == [Hello]


def test_many_requests_are_answered_each_under_its_job(serve: Serve) -> None:
    with EventLoopClient(serve().path) as client:
        jobs = [f"job-{number}" for number in range(30)]
        for job in jobs:
            client.send(flat_request(job))
        client.send(StatusRequest())
        events = turn(client, 1 + 3 * len(jobs) + 1)
        assert [event.job for event in events if isinstance(event, Result)] == jobs
        assert isinstance(events[-1], StatusReply)
        assert not any(client.is_waiting(job) for job in jobs)


def test_one_wake_up_may_stand_for_many_messages(serve: Serve) -> None:
    progress: List[Message] = [Progress("job-1", "harmonize", index / 500) for index in range(500)]
    daemon = serve(lambda _, message: progress if isinstance(message, HarmonizeRequest) else None)
    with EventLoopClient(daemon.path) as client:
        client.send(flat_request())
        assert turn(client, 501)[1:] == progress


def test_ticks_alone_do_without_descriptor(serve: Serve) -> None:
    with EventLoopClient(serve().path) as client:
        client.send(flat_request())
        events: List[Message] = []
        pause = threading.Event()
        while len(events) < 4:
            events += client.tick()
            pause.wait(0.005)
    assert isinstance(events[-1], Result)


def test_a_large_layer_goes_out_piece_by_piece(serve: Serve) -> None:
    shape = RasterFormat(4000, 1500, Layout.RGBA, Depth.U8)
    layer = Raster(shape, bytes(range(250)) * (shape.byte_length // 250))
    mask = raster(1, 1, Layout.MASK)
    request = HarmonizeRequest("j", layer, Rect(0, 0, 4000, 1500), selection=mask, selection_rect=Rect(0, 0, 1, 1))
    with EventLoopClient(serve().path) as client:
        client.send(request)
        result = turn(client, 4)[-1]
    assert isinstance(result, Result)
    assert result.layer.data == layer.data


def test_heartbeats_go_out_for_each_job_that_waits(serve: Serve) -> None:
    def script(daemon: StubDaemon, message: Message) -> List[Message] | None:
        if isinstance(message, Heartbeat) and len(daemon.of_kind(Heartbeat)) == 6:
            return [Result(job, raster(), Rect(0, 0, 3, 2), "echo") for job in ("a", "b")]
        return [] if isinstance(message, HarmonizeRequest) else None

    daemon = serve(script, heartbeat_seconds=0.02)
    with EventLoopClient(daemon.path) as client:
        client.send(flat_request("a"))
        client.send(flat_request("b"))
        turn(client, 3)
    assert {message.job for message in daemon.of_kind(Heartbeat) if isinstance(message, Heartbeat)} == {"a", "b"}


def test_a_request_whose_time_is_over_is_cancelled_and_its_late_answer_dropped(serve: Serve) -> None:
    late = [Result("job-1", raster(), Rect(0, 0, 3, 2), "echo")]

    def script(daemon: StubDaemon, message: Message) -> List[Message] | None:
        if isinstance(message, HarmonizeRequest):
            return []
        return list(late) if isinstance(message, CancelRequest) else None

    daemon = serve(script)
    with EventLoopClient(daemon.path) as client:
        client.send(StatusRequest())
        turn(client, 2)  # the greeting is over, so the request's time cannot end before it is on its way
        client.send(flat_request(), timeout=0.03)
        (event,) = turn(client, 1)
        assert isinstance(event, ErrorReply)
        assert isinstance(event.error(), RequestTimeout)
        client.send(StatusRequest())
        assert [type(event) for event in turn(client, 1)] == [StatusReply]
    assert daemon.of_kind(CancelRequest) == [CancelRequest("job-1")]


def test_a_connection_that_fails_answers_every_job(serve: Serve) -> None:
    daemon = serve(lambda _, message: [] if isinstance(message, HarmonizeRequest) else None)
    with EventLoopClient(daemon.path) as client:
        client.send(flat_request("a"))
        client.send(flat_request("b"))
        turn(client, 1)
        daemon.stop()
        events = turn(client, 2)
        assert [(event.job, event.code) for event in events if isinstance(event, ErrorReply)] == [
            ("a", "stale-connection"),
            ("b", "stale-connection"),
        ]
        assert isinstance(client.error, StaleConnectionError)


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"token": "0" * 64}, AuthenticationError), ({"port": 1}, StaleConnectionError)],
    ids=["wrong token", "nobody there"],
)
def test_a_connection_that_cannot_be_made_says_so(
    serve: Serve, tmp_path: Path, changes: dict[str, object], error: type[ConnectionFailed]
) -> None:
    with EventLoopClient(serve().altered(tmp_path, **changes)) as client:
        (event,) = turn(client, 1)
        assert isinstance(event, ErrorReply)
        assert event.job is None
        assert isinstance(client.error, error)
        assert type(event.error()) is error


def test_a_garbled_answer_fails_the_connection_with_the_events_before_it_kept(serve: Serve) -> None:
    progress = Progress("job-1", "decode", 0.0)
    daemon = serve(
        lambda _, message: [progress, [TAG, b"\xc1"], progress] if isinstance(message, HarmonizeRequest) else None
    )
    with EventLoopClient(daemon.path) as client:
        client.send(flat_request())
        events = turn(client, 3)
    assert events[1] == progress
    assert isinstance(events[2], ErrorReply)
    assert (events[2].job, events[2].code) == ("job-1", "malformed")
    assert len(events) == 3


def test_errors_of_the_caller_are_raised_at_once(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(DaemonNotRunningError):
        EventLoopClient(tmp_path / "none.json")
    with EventLoopClient(serve().path) as client, pytest.raises(NoBackdropError):
        client.send(HarmonizeRequest("job", raster(), Rect(0, 0, 3, 2)))


def test_no_thread_is_started_but_pyzmqs_own(serve: Serve, carrier: str) -> None:
    daemon = serve()
    before = set(threading.enumerate())
    with EventLoopClient(daemon.path) as client:
        client.send(flat_request())
        turn(client, 4)
        started = [type(thread).__module__ for thread in set(threading.enumerate()) - before]
    assert started == [] or (carrier == "libzmq" and started == ["zmq.utils.garbage"])


def test_the_descriptor_is_one_that_a_notifier_can_watch(serve: Serve) -> None:
    with EventLoopClient(serve().path) as client:
        assert isinstance(client.fileno(), int)
        assert client.fileno() >= 0
        assert [type(event) for event in turn(client, 1)] == [HelloReply]
