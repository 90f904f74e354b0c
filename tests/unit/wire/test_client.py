"""The blocking client against a real ROUTER, over both transports."""

from __future__ import annotations

import signal
import threading
import tracemalloc
from pathlib import Path
from typing import Callable, Iterator, List, Optional

import pytest

from samelight_wire.client import Client
from samelight_wire.errors import (
    AuthenticationError,
    CancelledError,
    DaemonNotRunningError,
    EmptyMaskError,
    IdentityError,
    MalformedMessageError,
    NoBackdropError,
    RequestTimeout,
    StaleConnectionError,
    UnknownJobError,
    VersionMismatchError,
)
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.frames import encode
from samelight_wire.messages import (
    CancelRequest,
    ErrorReply,
    HarmonizeRequest,
    Heartbeat,
    Hello,
    Message,
    PreviewRequest,
    Progress,
    Result,
    StatusRequest,
)

from .peers import Reply, StubDaemon
from .samples import flat_request, layer_request, raster

pytestmark = pytest.mark.usefixtures("carrier")

Serve = Callable[..., StubDaemon]
Replies = Optional[List[Reply]]


def only(kind: type[Message], *replies: Reply) -> Callable[[StubDaemon, Message], Replies]:
    """A script that answers one class of message with these replies, and the others as usual."""
    return lambda _, message: list(replies) if isinstance(message, kind) else None


# ---- when all is well ----


def test_a_layer_comes_back_with_its_progress(serve: Serve) -> None:
    daemon = serve()
    heard: list[Progress] = []
    request = layer_request()
    with Client.connect(daemon.path, client="test") as client:
        result = client.harmonize(request, on_progress=heard.append)
    assert (result.job, result.layer, result.layer_rect) == (request.job, request.layer, request.layer_rect)
    assert [(progress.stage, progress.fraction) for progress in heard] == [("decode", 0.0), ("lift", 0.75)]
    hello, harmonize = daemon.received
    assert isinstance(hello, Hello)
    assert hello.client == "test"
    assert harmonize == request


def test_one_connection_serves_for_many_requests(serve: Serve) -> None:
    def script(daemon: StubDaemon, message: Message) -> Replies:
        if isinstance(message, PreviewRequest):
            return [Result(message.job, raster(), Rect(0, 0, 3, 2), "echo")]
        return None

    with Client.connect(serve(script).path) as client:
        assert client.hello.heartbeat_seconds == 2.0
        for number in range(20):
            assert client.harmonize(flat_request(f"job-{number}")).job == f"job-{number}"
            assert client.status().default_model == "echo"
        assert client.preview(PreviewRequest("again", "job-3", 0.5)).job == "again"


def test_clients_of_one_daemon_do_not_get_in_each_others_way(serve: Serve) -> None:
    daemon = serve()
    with Client.connect(daemon.path) as one, Client.connect(daemon.path) as other:
        assert one.harmonize(flat_request("same")).job == other.harmonize(flat_request("same")).job


def test_24_megapixels_come_back_without_a_copy_too_many(serve: Serve, carrier: str) -> None:
    shape = RasterFormat(6000, 4000, Layout.RGBA, Depth.U8)
    row = bytes(range(240)) * 100
    layer = Raster(shape, row * 4000)
    mask = Raster(RasterFormat(1, 1, Layout.MASK, Depth.U8), b"\xff")
    place = Rect(0, 0, 6000, 4000)
    request = HarmonizeRequest("large", layer, place, selection=mask, selection_rect=Rect(0, 0, 1, 1))
    with Client.connect(serve().path) as client:
        tracemalloc.start()
        try:
            result = client.harmonize(request)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert result.layer.data == layer.data
    # Python holds the received layer once in pure Python, and not at all where libzmq holds it; the daemon is libzmq's.
    assert peak < (1.1 if carrier == "pure Python" else 0.1) * shape.byte_length


def test_messages_of_every_size_around_the_buffers_arrive_whole(serve: Serve) -> None:
    with Client.connect(serve().path) as client:
        for width in [1, 63, 64, 65, 16383, 16384, 16385, 65535, 65536, 300_001]:
            layer = raster(width, 1)
            mask = raster(1, 1, Layout.MASK)
            request = HarmonizeRequest("job", layer, Rect(0, 0, width, 1), None, None, mask, Rect(0, 0, 1, 1))
            assert client.harmonize(request).layer == layer


# ---- what the daemon replies when it cannot ----


def test_an_error_reply_is_raised_as_its_class(serve: Serve) -> None:
    error = ErrorReply("job-1", "empty-mask", "Nothing is selected.", "Select something.")
    with Client.connect(serve(only(HarmonizeRequest, error)).path) as client:
        with pytest.raises(EmptyMaskError, match=r"Nothing is selected\.") as caught:
            client.harmonize(layer_request())
        assert caught.value.hint == "Select something."
        assert client.status().pid > 0


def test_an_error_that_names_no_job_ends_the_wait(serve: Serve) -> None:
    daemon = serve(only(StatusRequest, ErrorReply(None, "unknown-job", "What?")))
    with Client.connect(daemon.path) as client, pytest.raises(UnknownJobError):
        client.status()


def test_a_request_that_is_not_valid_never_leaves(serve: Serve) -> None:
    daemon = serve()
    with Client.connect(daemon.path) as client:
        with pytest.raises(NoBackdropError):
            client.harmonize(HarmonizeRequest("job", raster(), Rect(0, 0, 3, 2)))
        client.status()
    assert not daemon.of_kind(HarmonizeRequest)


def test_answers_to_other_jobs_are_not_taken(serve: Serve) -> None:
    stranger = Result("other", raster(1, 1), Rect(0, 0, 1, 1), "echo")
    mine = Result("job-1", raster(), Rect(0, 0, 3, 2), "echo")
    stage = Progress("other", "lift", 0.5)
    daemon = serve(only(HarmonizeRequest, stranger, ErrorReply("other", "internal", "Oh."), stage, mine))
    heard: list[Progress] = []
    with Client.connect(daemon.path) as client:
        assert client.harmonize(flat_request(), heard.append) == mine
    assert not heard


# ---- waiting, giving up ----


def test_heartbeats_are_sent_as_often_as_the_daemon_asks(serve: Serve) -> None:
    def script(daemon: StubDaemon, message: Message) -> Replies:
        if isinstance(message, Heartbeat) and len(daemon.of_kind(Heartbeat)) == 3:
            return [Result(message.job, raster(), Rect(0, 0, 3, 2), "echo")]
        return [] if isinstance(message, HarmonizeRequest) else None

    daemon = serve(script, heartbeat_seconds=0.02)
    with Client.connect(daemon.path) as client:
        client.harmonize(flat_request("patient"))
    assert daemon.of_kind(Heartbeat)[:3] == [Heartbeat("patient")] * 3


def test_a_silent_daemon_ends_in_a_timeout_and_a_cancel(serve: Serve) -> None:
    daemon = serve(only(HarmonizeRequest))
    with Client.connect(daemon.path) as client:
        with pytest.raises(RequestTimeout):
            client.harmonize(flat_request(), timeout=0.05)
        client.status()  # comes back only after the cancel has arrived
    assert daemon.of_kind(CancelRequest) == [CancelRequest("job-1")]


def test_a_daemon_that_never_answers_the_greeting_ends_in_a_timeout(serve: Serve) -> None:
    daemon = serve(only(Hello))
    with pytest.raises(RequestTimeout):
        Client.connect(daemon.path, timeout=0.2)


def test_a_job_can_be_cancelled_from_its_progress(serve: Serve) -> None:
    daemon = serve(only(HarmonizeRequest, Progress("job-1", "decode", 0.0)))
    with Client.connect(daemon.path) as client, pytest.raises(CancelledError):
        client.harmonize(flat_request(), on_progress=lambda progress: client.cancel(progress.job))


class ImpatienceError(Exception):
    """What the tests' own on_progress raises."""


def test_an_exception_of_the_caller_cancels_the_job(serve: Serve) -> None:
    def on_progress(progress: Progress) -> None:
        raise ImpatienceError

    daemon = serve(only(HarmonizeRequest, Progress("job-1", "decode", 0.0)))
    with Client.connect(daemon.path) as client:
        with pytest.raises(ImpatienceError):
            client.harmonize(flat_request(), on_progress)
        client.status()
    assert daemon.of_kind(CancelRequest) == [CancelRequest("job-1")]


@pytest.fixture
def ctrl_c_interrupts() -> Iterator[None]:
    """As at a terminal; a shell's background jobs, such as a test run may be, begin with Ctrl+C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_interrupts")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_ctrl_c_cancels_the_job_and_the_connection_can_be_used_again(serve: Serve) -> None:
    main = threading.get_ident()

    def script(daemon: StubDaemon, message: Message) -> Replies:
        if not isinstance(message, HarmonizeRequest):
            return None
        signal.pthread_kill(main, signal.SIGINT)
        return []

    daemon = serve(script)
    with Client.connect(daemon.path) as client:
        with pytest.raises(KeyboardInterrupt):
            client.harmonize(flat_request())
        client.status()
    assert daemon.of_kind(CancelRequest) == [CancelRequest("job-1")]


# ---- who is at the other end ----


def test_without_connection_file_there_is_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(DaemonNotRunningError):
        Client.connect(tmp_path / "none.json")


def test_a_daemon_that_is_gone_is_noticed_at_once(serve: Serve) -> None:
    daemon = serve()
    daemon.stop()
    with pytest.raises(StaleConnectionError):
        Client.connect(daemon.path, timeout=600)


def test_a_wrong_token_is_noticed_at_once(serve: Serve, tmp_path: Path) -> None:
    daemon = serve()
    with pytest.raises(AuthenticationError):
        Client.connect(daemon.altered(tmp_path, token="0" * 64), timeout=600)
    assert not daemon.received


def test_an_impostor_gets_no_picture(serve: Serve, tmp_path: Path) -> None:
    daemon = serve()
    with pytest.raises(IdentityError, match="No picture was sent"):
        Client.connect(daemon.altered(tmp_path, proof_key="0" * 64), timeout=600)
    assert [type(message) for message in daemon.received] == [Hello]


def test_a_daemon_that_dies_ends_the_wait(serve: Serve) -> None:
    daemon = serve(only(HarmonizeRequest, Progress("job-1", "decode", 0.0)))
    with Client.connect(daemon.path) as client:
        with pytest.raises(StaleConnectionError):
            client.harmonize(flat_request(), on_progress=lambda _: daemon.stop(), timeout=600)
        with pytest.raises(StaleConnectionError):
            client.status()  # and no new connection is made behind the proof's back


def test_a_connection_file_of_a_newer_daemon_says_what_to_update(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(VersionMismatchError, match="plug-in is too old"):
        Client.connect(serve().altered(tmp_path, version=2))


@pytest.mark.parametrize(("tag", "older"), [(b"SAMELIGHT/2", "plug-in"), (b"SAMELIGHT/0", "daemon")])
def test_a_daemon_of_another_version_says_what_to_update(serve: Serve, tag: bytes, older: str) -> None:
    daemon = serve(only(Hello, [tag, b"whatever"]))
    with pytest.raises(VersionMismatchError, match=f"{older} is too old"):
        Client.connect(daemon.path, timeout=600)


def test_a_daemon_that_refuses_the_version_is_believed(serve: Serve) -> None:
    daemon = serve(only(Hello, ErrorReply(None, "version", "The plug-in is too old.", "Update it.")))
    with pytest.raises(VersionMismatchError, match="too old"):
        Client.connect(daemon.path, timeout=600)


RESULT = encode(Result("job-1", raster(), Rect(0, 0, 3, 2), "echo"))


@pytest.mark.parametrize(
    "reply",
    [
        [b"SAMELIGHT/1"],
        [b"nonsense", b""],
        [RESULT[0], b"\xc1"],
        [RESULT[0], RESULT[1]],
        [RESULT[0], RESULT[1], bytes(RESULT[2])[:-1]],
        encode(Hello(b"x" * 32, "a", "b")),
        encode(flat_request()),
        [b"x"] * 40,
        [b""],
    ],
    ids=lambda reply: repr(reply)[:40],
)
def test_a_broken_answer_ends_the_wait(serve: Serve, reply: list[bytes]) -> None:
    daemon = serve(only(HarmonizeRequest, reply))
    with Client.connect(daemon.path) as client, pytest.raises(MalformedMessageError):
        client.harmonize(flat_request(), timeout=600)


@pytest.mark.parametrize("reply", [RESULT, [b"SAMELIGHT/1", b""], [b"?"]], ids=lambda reply: repr(reply)[:40])
def test_a_broken_answer_to_the_greeting_is_no_daemon(serve: Serve, reply: list[bytes]) -> None:
    daemon = serve(only(Hello, reply))
    with pytest.raises(MalformedMessageError):
        Client.connect(daemon.path, timeout=600)
