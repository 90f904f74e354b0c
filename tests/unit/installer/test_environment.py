"""The installer's environments: made, filled, found damaged, repaired. Real environments, tiny packages, no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installer_helpers import make_project, make_wheel, write_lock

from samelight_installer.console import Console
from samelight_installer.environment import pip as pip_runner
from samelight_installer.environment.environment import Environment
from samelight_installer.environment.interpreters import Interpreter, probe
from samelight_installer.environment.packages import ensure_packages, ensure_samelight
from samelight_installer.environment.preparing import prepare
from samelight_installer.environment.upgrade import try_out
from samelight_installer.errors import InstallError

THIS_PYTHON = Interpreter(Path(sys.executable), sys.version_info[:2], True)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An empty environment, made once because that takes seconds; tests that change it clean up after themselves."""
    environment = Environment(tmp_path_factory.mktemp("environment") / "env")
    environment.create(THIS_PYTHON)
    return environment


@pytest.fixture
def console() -> Console:
    return Console(9)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which pip finds packages, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def requirements(tmp_path: Path, wheels: Path) -> Path:
    """Lock files for two packages, and none for pip itself."""
    folder = tmp_path / "requirements"
    write_lock(folder, "pip.lock")
    write_lock(folder, "run.lock", make_wheel(wheels, "alpha", "1.0"), make_wheel(wheels, "beta", "2.0"))
    return folder


@pytest.fixture
def environment(pristine: Environment) -> Environment:
    """The environment, empty again."""
    names = [name for name in pristine.packages() if name not in ("pip", "setuptools")]
    if names:
        command = [str(pristine.python), "-m", "pip", "uninstall", "--yes", "--quiet", *names]
        subprocess.run(command, check=True, capture_output=True)
    pristine.write_stamp({})
    return pristine


def installed(environment: Environment) -> dict[str, str]:
    return {
        name: version
        for name, (version, whole) in environment.packages().items()
        if whole and name not in ("pip", "setuptools")
    }


def module(environment: Environment, name: str) -> Path:
    return next(environment.folder.rglob(f"site-packages/{name}.py"))


def test_packages_are_installed_once(environment: Environment, requirements: Path, console: Console) -> None:
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert installed(environment) == {"alpha": "1.0", "beta": "2.0"}
    assert not ensure_packages(environment, requirements, "run.lock", console)


@pytest.mark.parametrize("damage", ["deleted", "truncated", "uninstalled"])
def test_damaged_packages_are_installed_again(
    environment: Environment, requirements: Path, console: Console, damage: str
) -> None:
    ensure_packages(environment, requirements, "run.lock", console)
    file = module(environment, "alpha")
    if damage == "deleted":
        file.unlink()
    elif damage == "truncated":
        file.write_text("x")
    else:
        shutil.rmtree(next(environment.folder.rglob("alpha-1.0.dist-info")))
        file.unlink()
    assert "alpha" not in installed(environment)
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert installed(environment) == {"alpha": "1.0", "beta": "2.0"}
    assert not ensure_packages(environment, requirements, "run.lock", console)


def test_a_new_lock_file_updates(environment: Environment, requirements: Path, wheels: Path, console: Console) -> None:
    ensure_packages(environment, requirements, "run.lock", console)
    write_lock(requirements, "run.lock", make_wheel(wheels, "alpha", "1.1"), wheels / "beta-2.0-py3-none-any.whl")
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert installed(environment) == {"alpha": "1.1", "beta": "2.0"}


def test_pips_settings_for_other_things_do_no_harm(
    environment: Environment, requirements: Path, console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    settings = {
        "PIP_CONFIG_FILE": "pip.conf",
        "PIP_TARGET": "elsewhere",
        "PIP_CONSTRAINT": "missing",
        "PYTHONPATH": "mine",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert installed(environment) == {"alpha": "1.0", "beta": "2.0"}
    assert not (tmp_path / "elsewhere").exists()


def test_an_installation_that_failed_halfway_is_taken_up(
    environment: Environment, requirements: Path, wheels: Path, console: Console
) -> None:
    missing = wheels / "beta-2.0-py3-none-any.whl"
    aside = missing.rename(missing.with_suffix(".aside"))
    with pytest.raises(InstallError, match="beta"):
        ensure_packages(environment, requirements, "run.lock", console)
    assert environment.stamp() == {}
    aside.rename(missing)
    assert ensure_packages(environment, requirements, "run.lock", console)
    assert installed(environment) == {"alpha": "1.0", "beta": "2.0"}


def test_a_package_that_is_not_the_locked_one_is_refused(
    environment: Environment, requirements: Path, wheels: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pip_runner, "PAUSES", (0.0, 0.0))
    with (wheels / "alpha-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"changed on the way")
    with pytest.raises(InstallError, match=r"(?i)hash"):
        ensure_packages(environment, requirements, "run.lock", console)


@pytest.mark.parametrize("editable", [False, True])
def test_samelight_is_installed_and_follows_its_sources(
    environment: Environment, wheels: Path, tmp_path: Path, console: Console, editable: bool
) -> None:
    checkout = make_project(tmp_path / "checkout")
    assert ensure_samelight(environment, checkout, console, editable=editable)
    said = subprocess.run([environment.samelight], capture_output=True, text=True, check=True).stdout
    assert said == "samelight 9.9\n"
    assert not ensure_samelight(environment, checkout, console, editable=editable)
    with (checkout / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    assert ensure_samelight(environment, checkout, console, editable=editable)
    assert not ensure_samelight(environment, checkout, console, editable=editable)
    environment.samelight.unlink()
    assert ensure_samelight(environment, checkout, console, editable=editable)
    assert environment.samelight.exists()


def test_reinstalling_samelight_leaves_the_packages_stamp(
    environment: Environment, requirements: Path, tmp_path: Path, console: Console
) -> None:
    ensure_packages(environment, requirements, "run.lock", console)
    ensure_samelight(environment, make_project(tmp_path / "checkout"), console)
    assert not ensure_packages(environment, requirements, "run.lock", console)


def test_an_environment_that_does_not_start_is_made_anew(tmp_path: Path, console: Console) -> None:
    environment = Environment(tmp_path / "env")
    assert not environment.works()
    prepare(environment, console, needed_bytes=1)
    assert environment.works()
    environment.write_stamp({"packages": "something"})
    next(environment.folder.rglob("site-packages/pip/__main__.py")).unlink()
    assert not environment.works()
    prepare(environment, console, needed_bytes=1)
    assert environment.works()
    assert environment.stamp() == {}


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("do not delete")
    with pytest.raises(InstallError, match="not a Python environment"):
        Environment(tmp_path).create(THIS_PYTHON)
    assert (tmp_path / "precious").read_text() == "do not delete"


def test_too_little_space_is_said_before_anything_is_made(tmp_path: Path, console: Console) -> None:
    with pytest.raises(InstallError, match="needs 1000000 GB"):
        prepare(Environment(tmp_path / "deep" / "env"), console, needed_bytes=10**15)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_stamp_counts_as_none(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    for content in ("", "{", "[]"):
        (tmp_path / "samelight.json").write_text(content)
        assert environment.stamp() == {}


def test_modules_that_lie_about_are_not_taken_for_ours(
    environment: Environment, console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those in the folder where a person stands nor those that the shell names for all Pythons."""
    ensure_samelight(environment, make_project(tmp_path / "checkout"), console)
    lying = tmp_path / "lying about"
    lying.mkdir()
    for name in ("json", "venv", "samelight", "torch"):
        (lying / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(lying)
    monkeypatch.setenv("PYTHONPATH", str(lying))
    assert probe(sys.executable) is not None
    Environment(tmp_path / "new").create(THIS_PYTHON)
    assert try_out(environment) == ""
