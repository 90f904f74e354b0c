"""Trains in child processes that are killed at random moments: `python killed_training.py MODEL PHOTOS FOLDER SEED`.

This process loads everything and computes nothing, so that it can be forked: each attempt then begins at once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from training_helpers import ALWAYS, Course

STEPS = 14


def child(course: Course) -> int:
    """Trains in another process; its id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            course.trainer(pace=ALWAYS).run()
            code = 0
        finally:
            os._exit(code)
    return pid


def killed_while_writing(course: Course, pid: int, after: float) -> bool:
    """Kills it when it next writes a checkpoint; whether that left half a file."""
    unfinished = course.folder / "checkpoint.pt.part"
    ended = time.monotonic() + after
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > ended and unfinished.exists():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return unfinished.exists()
    raise SystemExit("the training ended before it was killed")


def killed(pid: int, after: float) -> None:
    """Kills it at some moment."""
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main() -> None:
    model, photos, folder, seed = sys.argv[1:]
    whole = Course(model, Path(photos), Path(folder) / "whole", STEPS)
    parts = Course(model, Path(photos), Path(folder) / "parts", STEPS)
    chance, halves = random.Random(int(seed)), 0  # noqa: S311
    started = time.monotonic()
    if os.waitpid(child(whole), 0)[1]:
        raise SystemExit("the uninterrupted training failed")
    takes = time.monotonic() - started
    for _ in range(2):
        killed(child(parts), chance.uniform(0.1, 0.5) * takes)
        halves += killed_while_writing(parts, child(parts), chance.uniform(0, 0.1) * takes)
    if os.waitpid(child(parts), 0)[1]:
        raise SystemExit("the last part of the training failed")
    print(halves)


if __name__ == "__main__":
    main()
