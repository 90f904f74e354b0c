"""The queue and the workers, with engines that do what each test needs. Nothing here needs torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any

import pytest

from samelight.jobs.queue import Engine, Job, JobQueue, OnStage
from samelight.jobs.worker import Crew, Finished, Progressed, Report
from samelight_wire.errors import (
    CancelledError,
    EmptyMaskError,
    InternalError,
    InvalidOptionError,
    JobError,
    OutOfMemoryError,
    SamelightError,
)

SECONDS = 30.0


class PlainEngine:
    """An engine without a network: jobs bring their own work."""

    device = "test"
    models: Sequence[str] = ()
    warm: Sequence[str] = ()
    rests = 0

    def warm_up(self) -> None:
        raise EmptyMaskError("warming up fails, and nobody minds")

    def rest(self) -> None:
        self.rests += 1

    def harmonize(self, request: Any, on_stage: OnStage) -> Any:
        raise NotImplementedError

    def reblend(self, outcome: Any, request: Any) -> Any:
        raise NotImplementedError


def idle_task(engine: Engine, on_stage: OnStage) -> Any:
    on_stage("decode", 0.0)
    return "outcome"


def job(client: str = "a", name: str = "1", task: Callable[..., Any] = idle_task, byte_length: int = 1) -> Job:
    return Job(client.encode(), name, task, byte_length)


@pytest.fixture
def queue() -> JobQueue:
    return JobQueue(max_jobs=4, max_bytes=100)


@pytest.fixture
def reports() -> SimpleQueue[Report]:
    return SimpleQueue()


@pytest.fixture
def crew(queue: JobQueue, reports: SimpleQueue[Report]) -> Iterator[Crew]:
    crew = Crew(queue, reports.put, lambda: [PlainEngine()], tick_seconds=0.01)
    crew.start()
    yield crew
    assert crew.stop(SECONDS)


def outcome_of(reports: SimpleQueue[Report]) -> Any:
    while True:
        report = reports.get(timeout=SECONDS)
        if isinstance(report, Finished):
            return report.outcome


# ---- the queue ----


def test_clients_take_turns(queue: JobQueue) -> None:
    for name in "123":
        queue.put(job("many", name))
    queue.put(job("one", "x"))
    taken = [queue.take(0.0) for _ in range(4)]
    assert [each.name for each in taken if each] == ["1", "x", "2", "3"]
    assert queue.running == ["1", "x", "2", "3"]
    assert queue.take(0.0) is None


def test_too_many_jobs_are_refused(queue: JobQueue) -> None:
    for name in "1234":
        queue.put(job(name=name))
    with pytest.raises(JobError, match="4 jobs are waiting"):
        queue.put(job(name="5"))
    assert queue.queued == 4


def test_too_many_bytes_are_refused_until_a_job_is_done(queue: JobQueue) -> None:
    queue.put(job(name="1", byte_length=60))
    with pytest.raises(JobError, match="busy"):
        queue.put(job(name="2", byte_length=60))
    running = queue.take(0.0)
    assert running is not None
    with pytest.raises(JobError, match="busy"):
        queue.put(job(name="2", byte_length=60))
    queue.done(running)
    queue.put(job(name="2", byte_length=60))
    assert queue.queued == 1


def test_a_cancelled_job_leaves_the_queue_at_once(queue: JobQueue) -> None:
    first, second = job(name="1"), job(name="2")
    queue.put(first)
    queue.put(second)
    queue.cancel(first)
    assert queue.queued == 1
    assert queue.take(0.0) is second
    with pytest.raises(CancelledError):
        first.check()


def test_a_stopped_queue_gives_nothing_and_wakes_who_waits(queue: JobQueue) -> None:
    taken: list[Job | None] = []
    waiting = threading.Thread(target=lambda: taken.append(queue.take(10 * SECONDS)))
    waiting.start()
    queue.stop()
    waiting.join(SECONDS)
    assert taken == [None]
    queue.put(job())
    assert queue.take(SECONDS) is None


# ---- the workers ----


def test_a_job_is_reported_stage_by_stage(queue: JobQueue, crew: Crew, reports: SimpleQueue[Report]) -> None:
    queue.put(job())
    begun = reports.get(timeout=SECONDS)
    assert isinstance(begun, Progressed)
    assert begun.stage == "decode"
    assert outcome_of(reports) == "outcome"
    assert queue.running == []


def test_a_running_job_is_cancelled_before_its_next_stage(
    queue: JobQueue, crew: Crew, reports: SimpleQueue[Report]
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    reached: list[str] = []

    def task(engine: Engine, on_stage: OnStage) -> Any:
        on_stage("harmonize", 0.0)
        begun.set()
        assert go_on.wait(SECONDS)
        on_stage("lift", 0.5)
        reached.append("lift")

    running = job(task=task)
    queue.put(running)
    assert begun.wait(SECONDS)
    queue.cancel(running)
    go_on.set()
    assert isinstance(outcome_of(reports), CancelledError)
    assert reached == []


def test_a_job_cancelled_in_its_last_stage_has_no_result(
    queue: JobQueue, crew: Crew, reports: SimpleQueue[Report]
) -> None:
    def task(engine: Engine, on_stage: OnStage) -> Any:
        queue.cancel(running)
        return "too late"

    running = job(task=task)
    queue.put(running)
    assert isinstance(outcome_of(reports), CancelledError)


@pytest.mark.parametrize(
    ("thrown", "expected"),
    [
        (EmptyMaskError("as it is"), EmptyMaskError),
        (MemoryError(), OutOfMemoryError),
        (ZeroDivisionError("secret"), InternalError),
    ],
)
def test_what_a_job_throws_is_its_answer_and_the_worker_goes_on(
    queue: JobQueue, crew: Crew, reports: SimpleQueue[Report], thrown: Exception, expected: type[SamelightError]
) -> None:
    def task(engine: Engine, on_stage: OnStage) -> Any:
        raise thrown

    queue.put(job(task=task))
    error = outcome_of(reports)
    assert type(error) is expected
    assert "secret" not in error.message + error.hint
    assert error.__traceback__ is None
    queue.put(job(name="2"))
    assert outcome_of(reports) == "outcome"


def test_torch_out_of_memory_is_told_as_such(queue: JobQueue, crew: Crew, reports: SimpleQueue[Report]) -> None:
    import torch

    def on_the_cpu(engine: Engine, on_stage: OnStage) -> Any:
        return torch.empty(1 << 60, dtype=torch.uint8)

    def on_a_card(engine: Engine, on_stage: OnStage) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    for name, task in enumerate((on_the_cpu, on_a_card)):
        queue.put(job(name=str(name), task=task))
        assert isinstance(outcome_of(reports), OutOfMemoryError)


def test_without_work_the_engine_rests(queue: JobQueue, reports: SimpleQueue[Report]) -> None:
    rested = threading.Event()

    class Resting(PlainEngine):
        def rest(self) -> None:
            rested.set()
            raise InternalError("resting fails, and nobody minds")

    crew = Crew(queue, reports.put, lambda: [Resting()], tick_seconds=0.01)
    crew.start()
    assert rested.wait(SECONDS)
    queue.put(job())
    assert outcome_of(reports) == "outcome"
    assert crew.stop(SECONDS)


def test_every_engine_has_a_worker(queue: JobQueue, reports: SimpleQueue[Report]) -> None:
    both = threading.Barrier(2)

    def task(engine: Engine, on_stage: OnStage) -> Any:
        both.wait(SECONDS)  # passes only if two jobs run at the same time
        return engine.device

    crew = Crew(queue, reports.put, lambda: [PlainEngine(), PlainEngine()], tick_seconds=0.01)
    crew.start()
    queue.put(job(name="1", task=task))
    queue.put(job(name="2", task=task))
    assert [outcome_of(reports), outcome_of(reports)] == ["test", "test"]
    assert crew.stop(SECONDS)


def test_without_a_device_every_job_hears_why(queue: JobQueue, reports: SimpleQueue[Report]) -> None:
    def hire() -> Sequence[Engine]:
        raise InvalidOptionError("There is no such device.")

    crew = Crew(queue, reports.put, hire, tick_seconds=0.01)
    crew.start()

    def task(engine: Engine, on_stage: OnStage) -> Any:
        return engine.harmonize(None, on_stage)  # type: ignore[arg-type]  # never looked at

    for name in "12":
        queue.put(job(name=name, task=task))
        error = outcome_of(reports)
        assert isinstance(error, InvalidOptionError)
        assert error.message == "There is no such device."
    assert crew.engines[0].device == "unavailable"
    assert crew.stop(SECONDS)
