"""An installation that is killed, at each of its steps: what was there works, and the next run makes it right."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from product_helpers import TRIAL, Product, Site, make_product

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="kills process groups"),
]


@dataclass(frozen=True)
class Upgrade:
    """A site with the first version, and what an undisturbed upgrade makes of it.

    site: the user.
    before: a copy of the home with the first version.
    new: the second version.
    files: what lies in the home after the undisturbed upgrade, outside the environment.
    """

    site: Site
    before: Path
    new: Product
    files: set[str]


def files_outside(site: Site) -> set[str]:
    """The files in the home, but for the environment's."""
    paths = (path.relative_to(site.home).as_posix() for path in site.home.rglob("*"))
    return {path for path in paths if "/samelight/env/" not in path}


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    folder = tmp_path_factory.mktemp("upgrade")
    (folder / "wheels").mkdir()
    old = make_product(folder, folder / "wheels", "1.0", alpha="1.0", gamma="1.0")
    new = make_product(folder, folder / "wheels", "2.0", alpha="1.1", beta="2.0")
    site = Site(folder, folder / "wheels")
    done = site.install(old)
    assert done.returncode == 0, done.stderr
    before = site.put_aside()
    done = site.install(new)
    assert done.returncode == 0, done.stderr
    check_new(site)
    return Upgrade(site, before, new, files_outside(site))


def packages(site: Site) -> set[str]:
    """What is in the environment in use."""
    folder = Path(site.record()["environment"]["folder"])
    return {
        path.name for path in folder.glob("lib/*/site-packages/*.dist-info") if not path.name.startswith("pip-")
    } - {path.name for path in folder.glob("lib/*/site-packages/setuptools-*")}


def check_new(site: Site) -> None:
    """The second version is there, whole, used by all, and nothing of the first one."""
    folder = Path(site.record()["environment"]["folder"])
    assert site.say() == "samelight 2.0"
    assert packages(site) == {"alpha-1.1.dist-info", "beta-2.0.dist-info", "samelight-2.0.dist-info"}
    assert site.state("plugin") == str(folder / "bin" / "samelight")
    assert site.state("daemon") == f"{folder}/bin/samelight 2.0"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert not (folder / "downloads").exists()
    assert not (folder / "temporary").exists()


STEPS = {
    "the copy of the environment": ("900 os.link", 0.0),
    "the copy at its place": ("1 os.rename", 0.0),
    "pip downloads": ("1 pip download", 0.5),
    "before pip unpacks": ("1 pip install", 0.0),
    "pip unpacks": ("1 pip install", 0.6),
    "pip removes what is not needed": ("1 pip uninstall", 0.3),
    "before the packages' stamp": ("5 b/samelight.json", 0.0),
    "Samelight is built": ("2 pip install", 0.6),
    "before it is the one in use": ("1 installed.json", 0.0),
    "the command": ("1 os.symlink", 0.0),
    "the old daemon stops": ("1 daemon stop", 0.0),
    "the editors": ("1 samelight install", 0.0),
    "the sample": ("1 harmonize", 0.0),
    "the old environment is deleted": ("300 os.remove", 0.0),
    "before the last word": ("4 installed.json", 0.0),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_upgrade_killed(upgrade: Upgrade, step: str) -> None:
    site = upgrade.site
    site.bring_back(upgrade.before)
    at, later = STEPS[step]
    killed = site.install(upgrade.new, TRIAL_KILL=at, TRIAL_LATER=str(later))
    assert killed.returncode == -signal.SIGKILL, f"it was to be killed at {at}: {killed.stdout}{killed.stderr}"
    assert site.say() in ("samelight 1.0", "samelight 2.0")
    assert Path(site.state("plugin")).exists()
    again = site.install(upgrade.new)
    assert again.returncode == 0, again.stderr
    check_new(site)
    assert files_outside(site) == upgrade.files


@pytest.mark.parametrize("at", ["1 -m venv", "1 pip install"])
def test_a_first_installation_killed(tmp_path: Path, at: str) -> None:
    (tmp_path / "wheels").mkdir()
    product = make_product(tmp_path, tmp_path / "wheels", "2.0", alpha="1.1", beta="2.0")
    site = Site(tmp_path, tmp_path / "wheels")
    killed = site.install(product, TRIAL_KILL=at, TRIAL_LATER="0.6")
    assert killed.returncode == -signal.SIGKILL
    assert not (site.home / ".local" / "bin" / "samelight").exists()
    again = site.install(product)
    assert again.returncode == 0, again.stderr
    check_new(site)


def test_a_second_run_does_nothing(upgrade: Upgrade) -> None:
    site = upgrade.site
    effects = site.folder / "effects"
    assert site.install(upgrade.new).returncode == 0
    before = {path: path.lstat().st_mtime_ns for path in site.home.rglob("*") if path.is_file()}
    assert site.install(upgrade.new, TRIAL_EFFECTS=str(effects)).returncode == 0
    assert "pip" not in effects.read_text()
    changed = {path.name for path in before if path.lstat().st_mtime_ns != before[path]}
    assert changed <= {"installed.json", "plugin", "daemon"}  # the latter two by the made-up samelight


def test_two_at_once(upgrade: Upgrade) -> None:
    """The second one waits, and finds all done."""
    site = upgrade.site
    site.bring_back(upgrade.before)
    command = [sys.executable, str(TRIAL), str(upgrade.new.checkout), str(upgrade.new.requirements)]
    both = [
        subprocess.Popen(command, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("waiting until it has ended" in errors for _, errors in said) == 1
    assert sum('"changed": true' in report for report, _ in said) == 1
    check_new(site)


def test_a_damaged_environment_is_repaired_beside_itself(upgrade: Upgrade) -> None:
    site = upgrade.site
    site.bring_back(upgrade.before)
    assert site.install(upgrade.new).returncode == 0
    folder = Path(site.record()["environment"]["folder"])
    next(folder.glob("lib/*/site-packages/beta.py")).write_text("damaged")
    assert site.install(upgrade.new).returncode == 0
    check_new(site)
    assert Path(site.record()["environment"]["folder"]) != folder


def test_an_environment_of_the_first_releases_gives_way(upgrade: Upgrade) -> None:
    """It lay in the folder itself, without a record."""
    site = upgrade.site
    site.bring_back(upgrade.before)
    home = site.data / "env"
    slot = home / Path(site.record()["environment"]["folder"]).name
    for path in slot.iterdir():
        path.rename(home / path.name)
    slot.rmdir()
    (site.data / "installed.json").unlink()
    (site.home / ".local" / "bin" / "samelight").unlink()
    assert site.install(upgrade.new).returncode == 0
    check_new(site)


def test_moved_to_another_folder(upgrade: Upgrade) -> None:
    """What the old folder held is deleted once the new one is in use, and later runs stay there."""
    site = upgrade.site
    site.bring_back(upgrade.before)
    elsewhere = site.home / "elsewhere"
    assert site.install(upgrade.new, str(elsewhere)).returncode == 0
    check_new(site)
    assert elsewhere in Path(site.record()["environment"]["folder"]).parents
    assert not (site.data / "env").exists()
    assert site.install(upgrade.new).returncode == 0
    assert elsewhere in Path(site.record()["environment"]["folder"]).parents
