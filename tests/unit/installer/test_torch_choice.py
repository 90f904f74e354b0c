"""Which build of torch a machine gets: made-up machines, a local folder for an index, and the real lock files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from installer_helpers import make_wheel, write_lock

from samelight_installer import lockfile
from samelight_installer.console import Console
from samelight_installer.environment import torch_choice
from samelight_installer.environment.environment import Environment
from samelight_installer.environment.interpreters import Interpreter
from samelight_installer.environment.packages import TorchIndex, ensure_packages, packages_goal, torch_version
from samelight_installer.environment.slots import Slots
from samelight_installer.environment.torch_choice import (
    CASES,
    CPU_INDEX,
    Wish,
    choose_case,
    has_build,
    nvidia_seen,
    settled_case,
)
from samelight_installer.environment.upgrade import Source, plan, torch_index
from samelight_installer.places import REQUIREMENTS
from samelight_installer.record import change_record

THIS_PYTHON = Interpreter(Path(sys.executable), sys.version_info[:2], True)

CARD = "/proc/driver/nvidia/gpus"


# ---- is there a card? ----


@pytest.mark.parametrize(
    ("platform", "files", "seen"),
    [
        ("linux", [], False),
        ("linux", ["proc/driver/nvidia/gpus/0000:01:00.0/information"], True),
        ("linux", ["proc/driver/nvidia/version"], False),  # the driver without a card
        ("linux", ["dev/nvidia0"], True),
        ("linux", ["dev/nvidiactl"], False),
        ("linux", ["dev/dxg"], False),  # Windows' subsystem on a machine with another maker's card
        ("linux", ["dev/dxg", "usr/lib/wsl/lib/libcuda.so.1"], True),
        ("win32", [], False),
        ("win32", ["Windows/System32/nvcuda.dll"], True),
        ("darwin", ["dev/nvidia0"], False),
    ],
)
def test_a_card_is_seen(tmp_path: Path, platform: str, files: list[str], seen: bool) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert bool(nvidia_seen(tmp_path, platform)) is seen


def test_nvidias_own_tool_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if nvidia_seen() not in (None, "nvidia-smi"):
        pytest.skip("this machine has a card")
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    tool.write_text("#!/bin/sh\necho 'GPU 0: a card'\n")
    tool.chmod(0o755)
    assert nvidia_seen() == "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'could not communicate with the driver'\nexit 9\n")
    assert nvidia_seen() is None


# ---- what follows ----


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' default builds are different")
@pytest.mark.parametrize(
    ("wish", "card", "recorded", "case"),
    [
        (Wish(), CARD, {}, "cuda"),
        (Wish(), None, {}, None),  # an index has to be asked
        (Wish(), None, {"torch": "small"}, "small"),
        (Wish(), None, {"torch": "cpu"}, "cpu"),
        (Wish(), None, {"torch": "cuda"}, "cuda"),  # its driver may be away for a day
        (Wish(), CARD, {"torch": "small"}, "cuda"),  # a card was built in
        (Wish(), CARD, {"torch": "cpu", "asked": "cpu"}, "cpu"),  # but it is not wanted
        (Wish("auto"), CARD, {"torch": "cpu", "asked": "cpu"}, "cuda"),
        (Wish("cpu"), CARD, {"torch": "cuda"}, None),
        (Wish("cuda"), None, {}, "cuda"),
        (Wish("default"), CARD, {}, "default"),
        (Wish(cpu_index="some/index"), None, {"torch": "small"}, None),
    ],
)
def test_what_was_chosen_stays_unless_there_is_a_reason(
    wish: Wish, card: str | None, recorded: dict[str, str], case: str | None
) -> None:
    settled = settled_case(wish, card, recorded)
    assert (settled.name if settled else None) == case


def test_on_windows_an_index_brings_the_build_for_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMELIGHT_TORCH_CUDA_INDEX", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert settled_case(Wish(), CARD, {}) == CASES["default"]
    assert settled_case(Wish(cuda_index="an/index"), CARD, {}) == CASES["cuda"]
    assert settled_case(Wish(), CARD, {"torch": "cuda"}) == CASES["cuda"]  # an index was named once
    assert torch_index(CASES["cuda"], Wish(cuda_index="an/index")) == TorchIndex("cu", "an/index")
    assert torch_index(CASES["default"], Wish()) is None


def test_an_index_that_nobody_names_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came from there stays as long as it is what the lock file wants; then it is asked again who has it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_DATA_HOME", CPU_INDEX):
        monkeypatch.delenv(variable, raising=False)
    home = tmp_path / "env"
    (home / "b").mkdir(parents=True)
    change_record(environment={"home": str(home), "folder": str(home / "b"), "torch": "cpu"})
    source = Source(tmp_path, tmp_path / "requirements")
    write_lock(source.requirements, "pip.lock")
    write_lock(source.requirements, "cpu.lock")
    wanted = packages_goal(source.requirements, "cpu.lock", TorchIndex("cpu", ""))
    Environment(home / "b").write_stamp({"packages": wanted})
    assert plan(Slots(home), source, Wish(), None)[0] == CASES["cpu"]
    write_lock(source.requirements, "cpu.lock", make_wheel(tmp_path, "alpha", "1.0"))
    assert plan(Slots(home), source, Wish(), None)[0] is None


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("torch") / "env")
    environment.create(THIS_PYTHON)
    return environment


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which pip finds packages, and nowhere else: pip's own settings."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv(CPU_INDEX, raising=False)
    return folder


def make_index(folder: Path, *wheels: Path) -> str:
    """A package index in files; gives its address."""
    for wheel in wheels:
        place = folder / wheel.name.split("-")[0]
        place.mkdir(parents=True, exist_ok=True)
        wheel.rename(place / wheel.name)
        links = [f'<a href="{path.name}">{path.name}</a>' for path in place.glob("*.whl")]
        (place / "index.html").write_text("<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>")
    return folder.as_uri()


def test_builds_for_the_cpu_are_found_by_pips_settings(environment: Environment, wheels: Path) -> None:
    make_wheel(wheels, "torch", "1.0")
    assert not has_build(environment, "1.0", "cpu", "")
    assert choose_case(Wish(), environment, "1.0") == CASES["small"]
    make_wheel(wheels, "torch", "1.0+cpu")
    assert has_build(environment, "1.0", "cpu", "")
    assert not has_build(environment, "1.1", "cpu", "")
    assert choose_case(Wish(), environment, "1.0") == CASES["cpu"]


def test_an_index_is_named_by_option_or_variable(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    index = make_index(tmp_path / "index", make_wheel(tmp_path, "torch", "1.0+cpu"))
    assert choose_case(Wish(cpu_index=index), environment, "1.0") == CASES["cpu"]
    monkeypatch.setenv(CPU_INDEX, index)
    assert choose_case(Wish(), environment, "1.0") == CASES["cpu"]


def test_an_index_that_does_not_answer_costs_little(
    environment: Environment, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that listens and says nothing."""
    import socket

    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(torch_choice, "INDEX_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not has_build(environment, "1.0", "cpu", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")


def test_changing_from_one_build_to_another(environment: Environment, wheels: Path, tmp_path: Path) -> None:
    """The other build replaces the first one though their versions look alike to pip, and its own packages go."""
    requirements = tmp_path / "requirements"
    default = [make_wheel(wheels, name, "1.0") for name in ("torch", "torchvision", "triton", "other")]
    write_lock(requirements, "pip.lock")
    write_lock(requirements, "run.lock", *default)
    write_lock(requirements, "cpu.lock", default[-1])
    index = make_index(
        tmp_path / "index", *(make_wheel(tmp_path, name, "1.0+cpu") for name in ("torch", "torchvision"))
    )
    console = Console(9)
    cpu = TorchIndex("cpu", "")
    for wheel in (tmp_path / "index").rglob("*.whl"):
        (wheels / wheel.name).write_bytes(wheel.read_bytes())
    assert index
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert versions(environment) == {"torch": "1.0", "torchvision": "1.0", "triton": "1.0", "other": "1.0"}
    assert ensure_packages(environment, requirements, "cpu.lock", console, cpu)
    assert versions(environment) == {"torch": "1.0+cpu", "torchvision": "1.0+cpu", "other": "1.0"}
    assert not ensure_packages(environment, requirements, "cpu.lock", console, cpu)
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert versions(environment) == {"torch": "1.0", "torchvision": "1.0", "triton": "1.0", "other": "1.0"}


def versions(environment: Environment) -> dict[str, str]:
    found = environment.packages()
    return {name: version for name, (version, whole) in found.items() if whole and name not in ("pip", "setuptools")}


# ---- the real lock files ----


def locked(name: str) -> dict[str, set[str]]:
    return lockfile.versions((REQUIREMENTS / name).read_text(encoding="utf-8"))


def test_each_case_has_its_lock_file() -> None:
    run, small, cpu = locked("run.lock"), locked("small.lock"), locked("cpu.lock")
    left_out = set(run) - set(small)
    assert {"triton", "nvidia-cusolver"} <= left_out
    assert all(name == "triton" or name.startswith(("nvidia-", "cuda-")) for name in left_out)
    nvidia = {name for name in run if name == "triton" or name.startswith(("nvidia-", "cuda-"))}
    assert set(run) - set(cpu) == nvidia | {"torch", "torchvision"}
    for part in (small, cpu):
        assert {name: run[name] for name in part} == part


def test_entries_come_with_all_their_hashes() -> None:
    run = (REQUIREMENTS / "run.lock").read_text(encoding="utf-8")
    for name in ("small.lock", "cpu.lock"):
        text = (REQUIREMENTS / name).read_text(encoding="utf-8")
        assert lockfile.select(text, locked(name)) == lockfile.select(run, locked(name))


def test_torchs_version_for_each_python() -> None:
    assert torch_version(REQUIREMENTS, "torch", (3, 10)) in locked("run.lock")["torch"]
    assert torch_version(REQUIREMENTS, "torch", (3, 13)) == "2.15.0"
    assert torch_version(REQUIREMENTS, "torchvision", (3, 13)) == "0.29.2"
    assert "2.13.0" not in locked("run.lock")["torch"]
