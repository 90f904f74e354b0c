"""What `python3 installer build` makes: the same bytes each time, whole, and working where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from samelight import __version__
from samelight_installer.artefacts import BUILDERS, build_archives, build_distributions
from samelight_installer.errors import InstallError
from samelight_installer.fingerprint import SOURCES
from samelight_installer.lockfile import canonical, select
from samelight_installer.places import CHECKOUT, REQUIREMENTS

pytestmark = pytest.mark.slow

PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree, as somebody has it who downloaded it."""
    folder = tmp_path_factory.mktemp("sources") / "samelight"
    folder.mkdir()
    for name in (*SOURCES, ".gitignore"):
        path = CHECKOUT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(path, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the four files."""
    output = tmp_path_factory.mktemp("dist")
    made = [*build_distributions(PYTHON, sources, output), *build_archives(PYTHON, sources, output, pure=True)]
    assert (
        {path.name for path in made}
        == {path.name for path in output.iterdir()}
        == {
            f"samelight-{__version__}-py3-none-any.whl",
            f"samelight-{__version__}.tar.gz",
            "samelight_krita.zip",
            "samelight_gimp.zip",
        }
    )
    return output


def wheel_in(folder: Path) -> Path:
    (found,) = folder.glob("*.whl")
    return found


def test_the_same_sources_give_the_same_bytes(sources: Path, built: Path, tmp_path: Path) -> None:
    for path in sources.rglob("*"):
        os.utime(path, (1e9, 1e9))
    build_distributions(PYTHON, sources, tmp_path)
    build_archives(PYTHON, sources, tmp_path, pure=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in built.iterdir()
    }


def test_the_sources_are_left_as_they_were(sources: Path, built: Path) -> None:
    assert [path for path in sources.rglob("*") if path.name in ("__pycache__", "build", "dist")] == []


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").iterdir()
    build_distributions(PYTHON, folder, tmp_path / "again")
    assert wheel_in(tmp_path / "again").read_bytes() == wheel_in(built).read_bytes()


def test_the_wheel_holds_all_that_is_needed(built: Path) -> None:
    with zipfile.ZipFile(wheel_in(built)) as wheel:
        names = set(wheel.namelist())
    for name in (
        "samelight/py.typed",
        "samelight_wire/py.typed",
        "samelight/weights/manifest.json",
        "samelight/weights/hdnet-lite.safetensors",
        "samelight/weights/hdnet-lite.md",
        "samelight/samples/SOURCES.md",
        "samelight_installer/requirements/run.lock",
        "samelight_installer/plugins/krita/samelight_krita.desktop",
        "samelight_installer/plugins/krita/samelight_krita/__init__.py",
        "samelight_installer/plugins/gimp/samelight/samelight.py",
        f"samelight-{__version__}.dist-info/licenses/LICENSE",
    ):
        assert name in names, name
    assert [name for name in names if "__pycache__" in name or name.startswith("tests")] == []


def test_the_archives_are_what_the_editors_take(built: Path) -> None:
    with zipfile.ZipFile(built / "samelight_krita.zip") as archive:
        assert {"samelight_krita.desktop", "samelight_krita.action", "samelight_krita/"} <= set(archive.namelist())
    with zipfile.ZipFile(built / "samelight_gimp.zip") as archive:
        program = archive.getinfo("samelight/samelight.py")
    assert program.external_attr >> 16 & 0o111, "GIMP starts nothing that is not executable"


@pytest.fixture(scope="module")
def venv(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [PYTHON, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel_in(built))], check=True)
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(own) / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return folder


def samelight(venv: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command as a user of their own, away from the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHON", "SAMELIGHT"))}
    command = venv / ("Scripts/samelight.exe" if sys.platform == "win32" else "bin/samelight")
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [str(command), *arguments], cwd=home, env={**kept, "HOME": str(home)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_wheel_works_in_a_fresh_environment(venv: Path, tmp_path: Path) -> None:
    said = samelight(venv, tmp_path / "home", "--help")
    assert said.returncode == 0, said.stderr
    assert "harmonize" in said.stdout
    assert samelight(venv, tmp_path / "home", "--version").stdout == f"samelight {__version__}\n"
    where = subprocess.run(
        [venv / "bin" / "python", "-I", "-c", "import samelight, samelight_wire, samelight_installer.places as p; "
         "print(samelight.__file__, samelight_wire.__file__, p.PLUGINS, p.REQUIREMENTS)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert all(Path(path).is_relative_to(venv) and Path(path).exists() for path in where), where


def test_the_wheels_plugins_can_be_built_and_installed_from_it(venv: Path, built: Path, tmp_path: Path) -> None:
    done = samelight(venv, tmp_path / "home", "build-plugins", "--pure", "-o", str(tmp_path / "zips"), "--json")
    assert done.returncode == 0, done.stderr
    for name in ("samelight_krita.zip", "samelight_gimp.zip"):
        assert (tmp_path / "zips" / name).read_bytes() == (built / name).read_bytes()


def test_pip_install_and_samelight_install_do_what_the_installer_does(venv: Path, tmp_path: Path) -> None:
    """All but the environment: the start at login, the daemon; and the way back, which leaves pip's part to pip."""
    home = tmp_path / "home"
    done = samelight(venv, home, "install", "--json")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["login"]["state"] == "on"
        assert str(venv / "bin" / "samelight") in Path(report["login"]["file"]).read_text()
        assert report["daemon"]["state"] == "started"
        assert json.loads(samelight(venv, home, "daemon", "status", "--json").stdout)["release"] == __version__
    finally:
        gone = samelight(venv, home, "uninstall", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "pip uninstall samelight" in gone.stdout
    assert list(home.iterdir()) == []
    assert samelight(venv, home, "--version").returncode == 0


def test_one_command_builds_all(tmp_path: Path) -> None:
    """In an environment of its own, which pip fills from wherever it takes packages here."""
    command = [PYTHON, "-I", str(CHECKOUT / "installer"), "build", "--pure", "-o", str(tmp_path / "dist")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (tmp_path / "dist").iterdir()}
    assert {Path(name).suffix for name in names} == {".whl", ".gz", ".zip"}
    assert len(names) == 4
    assert all(name in done.stdout for name in names)


def test_what_building_takes_is_locked() -> None:
    locked = select((REQUIREMENTS / "run.lock").read_text(encoding="utf-8"), BUILDERS)
    entries = [line.partition("==")[0] for line in locked.splitlines() if "==" in line]
    assert {canonical(name) for name in entries} == set(BUILDERS)


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 3\n")
    with pytest.raises(InstallError, match="could not be built"):
        build_distributions(PYTHON, tmp_path, tmp_path / "dist")
