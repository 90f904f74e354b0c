"""Jobs and the queue in which they wait: bounded, fair between clients, cancellable at any moment.

The queue knows nothing of sockets, messages or torch. A job carries the work itself as a function of an engine (what
runs networks on one device, see ``engine.py``); workers (``worker.py``) take jobs and perform them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from samelight_wire.errors import CancelledError, JobError
from samelight_wire.messages import HarmonizeRequest, PreviewRequest

if TYPE_CHECKING:
    # Only for the type checker: the pipeline imports torch, which the daemon's main thread never waits for.
    from samelight.pipeline import Outcome

__all__ = ["Engine", "Job", "JobQueue", "OnStage", "Task"]

OnStage = Callable[[str, float], None]
"""Called before each stage with its name and the fraction (0..1) of the work already done."""


class Engine(Protocol):
    """One device and what runs there. Every method is called from the engine's own worker thread."""

    @property
    def device(self) -> str:
        """The device in words, for the status reply."""

    @property
    def models(self) -> Sequence[str]:
        """The networks that can be asked for; may be read from any thread."""

    @property
    def warm(self) -> Sequence[str]:
        """The networks in memory at this moment; may be read from any thread."""

    def warm_up(self) -> None:
        """Loads the default network before anybody asks for it."""

    def rest(self) -> None:
        """Called now and then while there is no work: unloads what was idle for long."""

    def harmonize(self, request: HarmonizeRequest, on_stage: OnStage) -> Outcome:
        """Runs the pipeline."""

    def reblend(self, outcome: Outcome, request: PreviewRequest) -> Outcome:
        """Applies another share of a finished outcome's change, without a network run."""


Task = Callable[[Engine, OnStage], "Outcome"]


@dataclass(eq=False)
class Job:
    """One piece of work for one client. Two jobs are the same only if they are the same object."""

    client: bytes
    """The routing id of the connection that waits for the answer."""
    name: str
    """The client's own id of the job, unique among its unanswered ones."""
    task: Task
    """What a worker calls with its engine."""
    byte_length: int
    """How many bytes of pixels the job holds until it is done."""
    keep_outcome: bool = True
    """Whether what comes of it is worth keeping for previews."""
    _cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> tuple[bytes, str]:
        """What tells this job from every other unanswered one."""
        return self.client, self.name

    def cancel(self) -> None:
        """Makes ``check`` raise from now on; may be called from any thread."""
        self._cancelled.set()

    def check(self) -> None:
        """Called between stages.

        Raises:
            CancelledError: the job was cancelled.
        """
        if self._cancelled.is_set():
            raise CancelledError()


class JobQueue:
    """Where jobs wait for a worker. Clients take turns, so one with many jobs does not keep the others waiting.

    Args:
        max_jobs: how many jobs may wait at once.
        max_bytes: how many bytes the waiting and the running jobs may hold together.
    """

    def __init__(self, max_jobs: int, max_bytes: int) -> None:
        self._max_jobs = max_jobs
        self._max_bytes = max_bytes
        self._turns: OrderedDict[bytes, deque[Job]] = OrderedDict()
        self._running: list[Job] = []
        self._stopped = False
        self._changed = threading.Condition()

    def put(self, job: Job) -> None:
        """Lets a job wait.

        Raises:
            JobError: the queue is full, or holds too many bytes.
        """
        with self._changed:
            if self._waiting_count() >= self._max_jobs:
                raise JobError(
                    f"The daemon is busy: {self._max_jobs} jobs are waiting already.",
                    "Try again when some of them are done.",
                )
            held = sum(other.byte_length for other in self._everything())
            if held + job.byte_length > self._max_bytes:
                raise JobError(
                    f"The daemon is busy: the waiting pictures would take more than {self._max_bytes >> 20} MB.",
                    "Try again when some of them are done, or raise `max_queued_megabytes` in the settings file.",
                )
            self._turns.setdefault(job.client, deque()).append(job)
            self._changed.notify()

    def take(self, timeout: float) -> Job | None:
        """The next job, now counted as running; None if the queue was stopped or ``timeout`` seconds gave none."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or bool(self._turns), timeout)
            if self._stopped or not self._turns:
                return None
            client, waiting = self._turns.popitem(last=False)
            job = waiting.popleft()
            if waiting:
                self._turns[client] = waiting  # behind everybody else
            self._running.append(job)
            return job

    def done(self, job: Job) -> None:
        """A taken job is finished, whatever came of it."""
        with self._changed:
            self._running.remove(job)

    def cancel(self, job: Job) -> None:
        """Drops a waiting job at once; a running one ends before its next stage."""
        job.cancel()
        with self._changed:
            waiting = self._turns.get(job.client)
            if waiting is not None and job in waiting:
                waiting.remove(job)
                if not waiting:
                    del self._turns[job.client]

    def stop(self) -> None:
        """Sends the workers home: ``take`` gives nothing from now on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped

    @property
    def queued(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return self._waiting_count()

    @property
    def running(self) -> list[str]:
        """The names of the jobs that workers perform at this moment."""
        with self._changed:
            return [job.name for job in self._running]

    def _waiting_count(self) -> int:
        return sum(len(waiting) for waiting in self._turns.values())

    def _everything(self) -> Iterable[Job]:
        yield from self._running
        for waiting in self._turns.values():
            yield from waiting
