"""One case after the other, each a generator that a timer drives: Krita's event loop runs on between the steps."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
import time
import traceback
from pathlib import Path

from krita import Krita
from PyQt5.QtCore import QTimer

from .lab import Lab

LONGEST_WAIT = 40.0
POLL = 15
CALM = 300  # before and after documents are closed: sooner, Krita 5.2.9 may crash by itself


class Runner:
    """All cases of the scenario that the environment names."""

    def __init__(self) -> None:
        script = Path(os.environ["SAMELIGHT_SCENARIO"])
        self.output = Path(os.environ["SAMELIGHT_OUTPUT"])
        spec = importlib.util.spec_from_file_location("scenario", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        only = os.environ.get("SAMELIGHT_CASES", "").split()
        self.cases = [
            (name[5:], case)
            for name, case in vars(module).items()
            if name.startswith("case_") and (not only or name[5:] in only)
        ]
        self.results = {}
        self.steps = iter(())

    def start(self) -> None:
        Krita.instance().setBatchmode(True)
        QTimer.singleShot(200, self.next_case)

    def next_case(self) -> None:
        if not self.cases:
            self.finish()
        self.name, case = self.cases.pop(0)
        self.lab = Lab(self.output, self.name)
        self.began = time.monotonic()
        self.condition = None
        self.steps = case(self.lab) if inspect.isgeneratorfunction(case) else iter([case(self.lab)])
        QTimer.singleShot(0, self.step)

    def step(self) -> None:
        try:
            if self.condition is not None and not self.condition():
                if time.monotonic() > self.deadline:
                    self.steps.throw(TimeoutError(f"waited in vain for {inspect.getsource(self.condition).strip()}"))
                QTimer.singleShot(POLL, self.step)
                return
            wanted = next(self.steps)
        except StopIteration as stop:
            self.end_case({"value": stop.value})
            return
        except Exception:
            self.end_case({"traceback": traceback.format_exc()})
            return
        self.condition = wanted if callable(wanted) else None
        self.deadline = time.monotonic() + LONGEST_WAIT
        QTimer.singleShot(POLL if callable(wanted) else int(wanted or 0), self.step)

    def end_case(self, result: dict) -> None:
        facts = {"seconds": time.monotonic() - self.began, "requests": self.lab.recorder.take()}
        self.results[self.name] = {**result, **facts}
        print(f"{self.name}: {time.monotonic() - self.began:.2f} s", file=sys.stderr, flush=True)
        self.write()
        QTimer.singleShot(CALM, self.close)

    def close(self) -> None:
        try:
            self.lab.close_documents()
        except Exception:
            traceback.print_exc()
        QTimer.singleShot(CALM, self.next_case)

    def write(self) -> None:
        partial = self.output / "results.json.part"
        partial.write_text(json.dumps(self.results, default=str))
        partial.replace(self.output / "results.json")

    def finish(self) -> None:
        (self.output / "finished").write_text("")
        sys.stderr.flush()
        os._exit(0)
