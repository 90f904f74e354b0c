"""What a person sees of a training: lines in a log file, a bar on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from samelight.training import progress
from samelight.training.history import Step
from samelight.training.progress import ProgressReport


def shown(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    """The report of fifty steps of 8 pictures, two a second."""
    monkeypatch.setattr(progress, "MINUTE", -1.0)
    written = io.StringIO()
    report = ProgressReport(Console(file=written, force_terminal=terminal, width=160))
    report.said("Goes on after step 4 (samelight[train]).")
    for number in range(5, 55):
        report.step(Step(number, number / 100, 2 / number, 0.5, 8, number / 2))
    report.validated(54, {"fmse_ratio": 0.4321, "psnr": 30.0})
    report.close()
    return written.getvalue()


def test_a_log_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(False, monkeypatch).splitlines()
    assert lines[0] == "Goes on after step 4 (samelight[train])."
    assert lines[-1] == "step 54, validation: fmse_ratio 0.4321  psnr 30"
    assert lines[-2].startswith("54.0%  step 54  loss ")
    assert lines[-2].endswith("error / composite's 0.500  16.0 pictures/s")
    assert "\x1b" not in "".join(lines)


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    written = shown(True, monkeypatch)
    assert "54%" in written
    assert "16.0 pictures/s" in written
