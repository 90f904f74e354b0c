"""`samelight models`, `doctor`, `--version` and how errors map to exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import Run
from PIL import Image

from samelight import __version__
from samelight.cli.checks import CHECKS, Check
from samelight.cli.progress import file_progress
from samelight.cli.reporting import exit_code
from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK
from samelight.server.logs import log_path
from samelight_wire.errors import (
    DaemonNotRunningError,
    InternalError,
    OutOfMemoryError,
    SizeMismatchError,
    WeightsMissingError,
)


def test_brackets_in_a_files_name_are_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    with file_progress(False, 1) as begin:
        begin("[/x] cat [red].png")
    assert "[/x] cat [red].png" in capsys.readouterr().err


def test_version(run: Run) -> None:
    assert run("--version").stdout.strip() == f"samelight {__version__}"


def test_help_tells_every_default_and_its_lines_are_not_those_of_the_source(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = run("harmonize", "--help").stdout
    assert "(default: the settings')" in told
    assert "[default: 1.0]" in told
    assert "Exit code 2 means that something" in told


def test_models_tells_size_and_state_of_weights(run: Run) -> None:
    models = {model["name"]: model for model in json.loads(run("models", "--json").stdout)["models"]}
    assert models["hdnet"]["parameters"] == 10_413_775
    assert models["hdnet-lite"]["parameters"] == 652_735
    assert models["hdnet-lite"]["weights"] == "ok"
    assert "hdnet-lite" in run("models").stdout


def test_doctor_fails_without_a_daemon_and_says_what_mends_it(run: Run) -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 1
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["torch"]["status"] == checks["weights hdnet-lite"]["status"] == "ok"
    for name in ("connection", "daemon", "round trip"):
        assert checks[name]["status"] == "failure"
        assert "samelight daemon --detach" in checks[name]["mend"]


def test_doctor_in_words(run: Run) -> None:
    output = run("doctor").output
    assert "FAILURE  daemon" in output
    assert "ok       weights hdnet-lite" in output


def test_doctor_survives_an_installation_broken_in_any_way(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterator[Check]:
        raise ImportError("libsomething.so: cannot open\nshared object file")
        yield

    monkeypatch.setitem(CHECKS, "torch", broken)
    checks = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert checks["torch"]["status"] == "failure"
    assert checks["torch"]["detail"] == "ImportError: libsomething.so: cannot open shared object file"
    assert checks["log"]["detail"].startswith(str(log_path()).replace(str(Path.home()), "~"))


def test_doctor_keeps_the_home_folder_to_itself(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(tmp_path / "config.toml"))
    report = run("doctor", "--json").stdout
    assert str(tmp_path) not in report
    assert "~/config.toml" in report


@pytest.mark.parametrize(
    "arguments",
    [
        ("harmonize", "a.png", "b.png", "-o", "c.png", "--strength", "2"),
        ("harmonize", "a.png"),
        ("batch", "--nonsense"),
        ("daemon", "nonsense"),
        ("nonsense",),
    ],
)
def test_a_command_line_that_makes_no_sense_is_told_in_json_too(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "invalid-option"
    assert run(*arguments).stdout == ""


def test_doctor_tells_a_bad_settings_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("nonsense = 1")
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(tmp_path / "config.toml"))
    checks = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert checks["settings"]["status"] == "failure"
    assert "nonsense" in checks["settings"]["detail"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SizeMismatchError(), 2),
        (WeightsMissingError(), 2),
        (DaemonNotRunningError(), 2),
        (OutOfMemoryError(), 1),
        (InternalError(), 1),
    ],
)
def test_exit_codes(error: Exception, code: int) -> None:
    assert exit_code(error) == code  # type: ignore[arg-type]


def test_the_sample_is_a_pair_with_a_soft_edge() -> None:
    with Image.open(SAMPLE_COMPOSITE) as composite, Image.open(SAMPLE_MASK) as mask:
        assert composite.size == mask.size == (1200, 800)
        values = np.asarray(mask)
    assert 0.1 < (values > 127).mean() < 0.5
    assert ((values > 10) & (values < 245)).sum() > 1000
    assert (SAMPLE_COMPOSITE.parent / "SOURCES.md").is_file()
