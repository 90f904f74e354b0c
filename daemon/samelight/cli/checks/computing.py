"""torch and the devices on which the networks run, tried in a process of their own (see torch_trial)."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
from collections.abc import Iterator

from samelight.cli.checks.check import REINSTALL, Check, failure
from samelight.server.background import module_command

__all__ = ["check_torch", "torch_works"]

TRIAL_SECONDS = 60.0  # a cold start from a slow disk takes some twenty
TRIAL = module_command("samelight.cli.checks.torch_trial")


def check_torch() -> Iterator[Check]:
    """What the trial found, and how it ended if it did not end well."""
    _trial.cache_clear()
    yield from _trial()


def torch_works() -> bool:
    """Whether it is safe to import torch in this process."""
    return any(check.name == "torch" and check.status == "ok" for check in _trial())


@functools.cache
def _trial() -> tuple[Check, ...]:
    try:
        done = subprocess.run(
            TRIAL, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
            timeout=TRIAL_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = error.output or b""  # text on Windows, bytes elsewhere, whatever was asked for
        said = said if isinstance(said, str) else said.decode("utf-8", "replace")
        return (*_read(said), failure("torch", f"did not load and compute within {TRIAL_SECONDS:.0f} s", REINSTALL))
    found = _read(done.stdout)
    return found if done.returncode == 0 else (*found, failure("torch", _explain(done), REINSTALL))


def _read(said: str) -> tuple[Check, ...]:
    """The lines among what was printed; libraries may print there as well."""
    return tuple(Check(**json.loads(line)) for line in said.splitlines() if line.startswith('{"name"'))


def _explain(done: subprocess.CompletedProcess[str]) -> str:
    """How the trial ended: by which signal, or with which last words."""
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"ends its process ({name}): this build does not suit this machine"
    lines = done.stderr.strip().splitlines() or ["it said nothing"]
    return lines[-1][:300]
