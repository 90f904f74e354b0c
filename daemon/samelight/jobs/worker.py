"""The workers: one thread a device, where all torch work happens.

The first of these threads also imports torch and finds the devices, in parallel with the server coming up, so that
the daemon answers long before torch is there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samelight.jobs.faults import explain
from samelight.jobs.queue import Engine, Job, JobQueue, OnStage
from samelight_wire.errors import SamelightError
from samelight_wire.messages import HarmonizeRequest, PreviewRequest

if TYPE_CHECKING:
    from samelight.pipeline import Outcome

__all__ = ["Crew", "Finished", "Progressed", "Report"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progressed:
    """A job is about to begin a stage."""

    job: Job
    """The job, still running."""
    stage: str
    """The stage's name, one of the protocol's."""
    fraction: float
    """How much of the work is done, 0..1."""


@dataclass(frozen=True)
class Finished:
    """A job is over."""

    job: Job
    """The job, no longer in the queue."""
    outcome: Outcome | SamelightError
    """What came of it."""


Report = Progressed | Finished


class Unavailable:
    """Stands in for the engines when none could be set up: gives the reason as the answer to every job."""

    device = "unavailable"
    models: Sequence[str] = ()
    warm: Sequence[str] = ()

    def __init__(self, reason: SamelightError) -> None:
        self._reason = reason

    def warm_up(self) -> None:
        """There is nothing to warm."""

    def rest(self) -> None:
        """There is nothing to unload."""

    def harmonize(self, request: HarmonizeRequest, on_stage: OnStage) -> Outcome:
        """Raises the reason."""
        raise self._reason

    def reblend(self, outcome: Outcome, request: PreviewRequest) -> Outcome:
        """Raises the reason."""
        raise self._reason


class Crew:
    """All the workers.

    Args:
        queue: where the jobs come from.
        report: called from the workers' threads with what happens.
        hire: sets up the engines; called once, in the first worker's thread, and may take seconds.
        tick_seconds: how often a worker without work lets its engine rest.
        warm_up: whether engines load the default network before the first job.
    """

    def __init__(
        self,
        queue: JobQueue,
        report: Callable[[Report], None],
        hire: Callable[[], Sequence[Engine]],
        tick_seconds: float = 1.0,
        warm_up: bool = True,
    ) -> None:
        self._queue = queue
        self._report = report
        self._hire = hire
        self._tick_seconds = tick_seconds
        self._warm_up = warm_up
        self._threads: list[threading.Thread] = []
        self.engines: Sequence[Engine] = ()
        """The engines, as soon as they are set up."""

    def start(self) -> None:
        """Starts the first worker, which starts the others."""
        self._begin("worker-0", self._first)

    def stop(self, timeout: float) -> bool:
        """Sends the workers home and waits for them, ``timeout`` seconds at most; tells whether all have gone."""
        self._queue.stop()
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _begin(self, name: str, target: Callable[..., None], *arguments: Engine) -> None:
        # Daemon threads: a network that runs for very long does not keep a stopped process alive.
        thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _first(self) -> None:
        """Sets up the engines, starts a worker for each further one and works with the first itself."""
        began = time.monotonic()
        try:
            engines = list(self._hire())
        except Exception as error:
            reason = explain(error)
            logger.error("No device can be used: %s", reason)
            engines = [Unavailable(reason)]
        self.engines = engines
        devices = ", ".join(engine.device for engine in engines)
        logger.info("Ready to work after %.1f s on: %s", time.monotonic() - began, devices)
        for number, engine in enumerate(engines[1:], start=1):
            self._begin(f"worker-{number}", self._work, engine)
        self._work(engines[0])

    def _work(self, engine: Engine) -> None:
        """Performs jobs until the queue is stopped."""
        if self._warm_up and not self._queue.stopped:
            self._try(engine.warm_up, "The default network could not be loaded ahead")
        while not self._queue.stopped:
            job = self._queue.take(self._tick_seconds)
            if job is None:
                self._try(engine.rest, "Unloading idle networks failed")
                continue
            finished = Finished(job, self._perform(job, engine))
            self._queue.done(job)
            self._report(finished)
            # Between jobs nothing of the last one's pixels may stay alive in this frame.
            del job, finished

    def _perform(self, job: Job, engine: Engine) -> Outcome | SamelightError:
        """Performs one job; what it raises is its outcome."""

        def on_stage(stage: str, fraction: float) -> None:
            job.check()
            self._report(Progressed(job, stage, fraction))

        try:
            outcome = job.task(engine, on_stage)
            job.check()
            return outcome
        except Exception as error:
            return explain(error).with_traceback(None)  # a traceback would keep the pixels in its frames alive

    def _try(self, action: Callable[[], None], complaint: str) -> None:
        """Does something no client waits for: a failure goes to the log, and the jobs go on."""
        try:
            action()
        except Exception as error:
            logger.warning("%s: %s", complaint, explain(error))
