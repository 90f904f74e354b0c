"""What the daemon does with each message, once it is decoded and known to come from a client that has the token.

Everything here happens in the server's loop thread and none of it takes long: work goes into the queue, and the
workers' reports come back through ``report``. Each harmonize or preview request gets exactly one final answer, a
result or an error; what a worker still says about an answered job is dropped.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from samelight.jobs.memory import give_back, resident_bytes
from samelight.jobs.queue import Engine, Job, JobQueue, OnStage
from samelight.jobs.worker import Crew, Finished, Report
from samelight.server.outcomes import OutcomeShelf
from samelight.settings import Settings
from samelight_wire.errors import (
    CancelledError,
    InternalError,
    JobError,
    MalformedMessageError,
    RequestTimeout,
    SamelightError,
)
from samelight_wire.identity import prove
from samelight_wire.messages import (
    PROTOCOL,
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

if TYPE_CHECKING:
    from samelight.pipeline import Outcome

__all__ = ["Service"]

Send = Callable[[bytes, Message], bool]
"""Sends a message to a client; False if the client is gone."""

# How long after the last job its memory is returned to the system: by then the result has left for the client.
SETTLE_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Service:
    """Answers messages.

    Args:
        settings: the daemon's settings.
        release: the daemon's release.
        proof_key: the secret under which the hello's nonce is signed.
        queue: where work waits for the crew.
        crew: who performs it.
        send: how replies leave.
    """

    def __init__(
        self, settings: Settings, *, release: str, proof_key: str, queue: JobQueue, crew: Crew, send: Send
    ) -> None:
        self._settings = settings
        self._release = release
        self._proof_key = proof_key
        self._queue = queue
        self._crew = crew
        self._send = send
        self._started = time.monotonic()
        self._unanswered: dict[tuple[bytes, str], Job] = {}
        self._last_sign: dict[bytes, float] = {}
        self._shelf = OutcomeShelf(settings.max_preview_bytes, settings.preview_seconds)
        self._trim_at: float | None = None

    # ---- messages from clients ----

    def receive(self, client: bytes, message: Message) -> None:
        """Acts on a client's message; what goes wrong becomes an error reply."""
        self.heard_from(client)
        try:
            self._dispatch(client, message)
        except SamelightError as error:
            self._reply_error(client, error, getattr(message, "job", None))

    def heard_from(self, client: bytes) -> None:
        """Any message, even a damaged one, is a sign of life."""
        if any(waiting == client for waiting, _ in self._unanswered):
            self._last_sign[client] = time.monotonic()

    def _dispatch(self, client: bytes, message: Message) -> None:
        match message:
            case Hello():
                self._greet(client, message)
            case HarmonizeRequest():
                self._harmonize(client, message)
            case PreviewRequest():
                self._preview(client, message)
            case CancelRequest():
                self._cancel(client, message.job)
            case StatusRequest():
                self._send(client, self.status())
            case Heartbeat():
                pass  # that it came was all it had to say
            case _:
                raise MalformedMessageError(f'A client sent a "{message.KIND}", which only the daemon sends.')

    def _greet(self, client: bytes, hello: Hello) -> None:
        """Proves that this is the daemon whose connection file the client read."""
        logger.info("%r, release %r, said hello", hello.client, hello.release)
        proof = prove(self._proof_key, hello.nonce)
        interval = self._settings.heartbeat_seconds
        self._send(client, HelloReply(proof, self._release, PROTOCOL, os.getpid(), interval))

    def _harmonize(self, client: bytes, request: HarmonizeRequest) -> None:
        """Puts a pipeline run into the queue.

        Raises:
            JobError: the queue is full.
        """
        options = request.options
        if options.model is None:
            options = dataclasses.replace(options, model=self._settings.default_model)
        complete = dataclasses.replace(request, options=options)

        def task(engine: Engine, on_stage: OnStage) -> Outcome:
            return engine.harmonize(complete, on_stage)

        rasters = (request.layer, request.backdrop, request.selection, request.layer_mask)
        byte_length = sum(raster.format.byte_length for raster in rasters if raster is not None)
        self._enqueue(Job(client, request.job, task, byte_length))

    def _preview(self, client: bytes, request: PreviewRequest) -> None:
        """Puts another blend of a finished outcome into the queue.

        Raises:
            UnknownJobError: the outcome is not kept (any more), or is another client's.
            JobError: the queue is full.
        """
        outcome = self._shelf.get((client, request.of), time.monotonic())

        def task(engine: Engine, on_stage: OnStage) -> Outcome:
            on_stage("lift", 0.0)
            return engine.reblend(outcome, request)

        byte_length = outcome.layer.octets.nbytes
        self._enqueue(Job(client, request.job, task, byte_length, keep_outcome=False))

    def _enqueue(self, job: Job) -> None:
        if job.key in self._unanswered:
            raise JobError("A job of this name is being worked on already.", "Give every request a job id of its own.")
        self._queue.put(job)
        self._unanswered[job.key] = job
        self._last_sign[job.client] = time.monotonic()
        self._send(job.client, Progress(job.name, "queued", 0.0))

    def _cancel(self, client: bytes, name: str) -> None:
        """Ends a job. An unknown one was most likely just answered, which the client sees for itself."""
        job = self._unanswered.get((client, name))
        if job is not None:
            self._abandon(job, CancelledError())

    def status(self) -> StatusReply:
        """How the daemon is at this moment."""
        engines = self._crew.engines
        running = self._queue.running
        return StatusReply(
            release=self._release,
            pid=os.getpid(),
            device=", ".join(engine.device for engine in engines)[:64] or "starting",
            default_model=self._settings.default_model,
            warm_models=sorted({name for engine in engines for name in engine.warm}),
            models=sorted({name for engine in engines for name in engine.models}),
            queued=self._queue.queued,
            running=running[0] if running else None,
            uptime=time.monotonic() - self._started,
            memory=resident_bytes(),
        )

    # ---- reports from workers ----

    def report(self, report: Report) -> None:
        """Passes on what a worker reports, unless the job was answered in the meantime."""
        job = report.job
        if isinstance(report, Finished):
            self._trim_at = time.monotonic() + SETTLE_SECONDS
        if self._unanswered.get(job.key) is not job:
            return
        if not isinstance(report, Finished):
            self._send(job.client, Progress(job.name, report.stage, min(max(report.fraction, 0.0), 1.0)))
        elif isinstance(report.outcome, SamelightError):
            self._abandon(job, report.outcome)
        else:
            self._deliver(job, report.outcome)

    def _deliver(self, job: Job, outcome: Outcome) -> None:
        """Sends a result and keeps its outcome for previews."""
        self._settle(job)
        if job.keep_outcome:
            # The result itself is not kept: another blend starts from the original layer, and explains nothing.
            kept = dataclasses.replace(outcome, layer=outcome.scene.layer, explanations={})
            self._shelf.put(job.key, kept, outcome.byte_length - outcome.layer.octets.nbytes, time.monotonic())
        logger.info("Job %r done: %s", job.name, {stage: round(s, 3) for stage, s in outcome.seconds.items()})
        result = Result(
            job=job.name,
            layer=outcome.layer,
            layer_rect=outcome.layer_rect,
            model=outcome.model,
            seconds=dict(outcome.seconds),
            reasons=dict(outcome.reasons),
            explanations=dict(outcome.explanations),
        )
        try:
            self._send(job.client, result)
        except SamelightError as error:  # a result that no client would accept is a mistake of the daemon's own
            logger.error("The result of job %r cannot be sent", job.name, exc_info=error)
            self._reply_error(job.client, InternalError(), job.name)

    # ---- the passing of time ----

    def tick(self) -> None:
        """Called now and then: drops the work of silent clients, forgets old outcomes, returns memory."""
        now = time.monotonic()
        for job in list(self._unanswered.values()):
            if now - self._last_sign[job.client] > self._settings.silence_seconds:
                logger.warning("Job %r dropped: its client fell silent", job.name)
                self._abandon(job, RequestTimeout("The daemon heard nothing from this program and dropped its job."))
        if self._shelf.expire(now):
            self._trim_at = now
        if self._trim_at is not None and now >= self._trim_at and not self._unanswered:
            self._trim_at = None
            give_back()

    def client_gone(self, client: bytes) -> None:
        """Drops everything of a client that can no longer be reached."""
        for job in [job for job in self._unanswered.values() if job.client == client]:
            logger.info("Job %r dropped: its client is gone", job.name)
            self._queue.cancel(job)
            self._settle(job)
        self._shelf.forget_client(client)

    def close(self) -> None:
        """Tells every waiting client that the daemon stops."""
        for job in list(self._unanswered.values()):
            self._abandon(job, CancelledError("The daemon was stopped.", "Start it again, then harmonize once more."))

    # ---- final answers ----

    def _abandon(self, job: Job, error: SamelightError) -> None:
        """Ends a job with an error."""
        self._queue.cancel(job)
        self._settle(job)
        self._reply_error(job.client, error, job.name)

    def _settle(self, job: Job) -> None:
        """A job has its final answer now."""
        self._trim_at = time.monotonic() + SETTLE_SECONDS
        del self._unanswered[job.key]
        if not any(client == job.client for client, _ in self._unanswered):
            self._last_sign.pop(job.client, None)

    def _reply_error(self, client: bytes, error: SamelightError, job: str | None) -> None:
        logger.info("Answered with the error %s: %r", error.code, error.message)
        self._send(client, ErrorReply.from_error(error, job))
