"""`samelight install` in a root, and the archive through Krita's own importer: both end in a harmonized layer."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_harness import RunningDaemon
from editor_roots import EditorRoot
from krita_checks import check_circle
from krita_harness import KritaHome, make_bare_home, run_scenario
from screen import Screen

from samelight_installer.plugin.krita_plugin import NAME
from samelight_wire.client import Client

pytestmark = pytest.mark.editor


@pytest.fixture(scope="module")
def client(user_daemon: RunningDaemon) -> Iterator[Client]:
    with Client.connect(user_daemon.connection_file) as connected:
        yield connected


@pytest.fixture
def home(root: EditorRoot, tmp_path: Path) -> KritaHome:
    return make_bare_home(root, tmp_path / "home")


def samelight(home: KritaHome, daemon: RunningDaemon, *arguments: str) -> dict[str, object]:
    """Runs `samelight` as this user in the root; gives its report."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHON", "SAMELIGHT"))}
    own = {"HOME": str(home.folder), "SAMELIGHT_CONNECTION_FILE": str(daemon.connection_file)}
    command = home.in_root(str(home.command), *arguments, "--json")
    done = subprocess.run(command, env={**kept, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_samelight_install_finds_krita_and_all_that_follows_works(
    home: KritaHome, user_daemon: RunningDaemon, screen: Screen, output: Path, pictures: Path, client: Client
) -> None:
    report = samelight(home, user_daemon, "install", "--no-login", "--no-start")
    (krita,) = [editor for editor in report["editors"] if editor["name"] == "Krita"]  # type: ignore[attr-defined]
    version = ".".join(map(str, home.root.version("krita")[:2]))
    assert krita["version"].startswith(version)
    assert krita["folder"] == str(home.resources / "pykrita" / NAME)
    scenario = run_scenario(home, screen, "installed", output / "installed", pictures)
    facts = check_circle(scenario, "first_layer", client)
    assert (scenario.output / "quitting").exists()
    assert "quit_meanwhile" not in scenario.results, "Krita did not quit while a layer was being harmonized"
    assert scenario.exit_code == 0, scenario.said[-2000:]
    assert facts["wire"].startswith(krita["folder"])
    expected = "TcpTransport" if krita["client"] == "pure Python" else "ZmqTransport"
    assert facts["transport"] == expected


def test_the_archive_goes_through_kritas_importer(
    home: KritaHome, user_daemon: RunningDaemon, screen: Screen, output: Path, pictures: Path, client: Client
) -> None:
    report = samelight(home, user_daemon, "build-plugins", "--pure", "-o", str(home.folder))
    (archive,) = [path for path in report["archives"] if "krita" in Path(path).name]  # type: ignore[attr-defined]
    imported = run_scenario(home, screen, "importing", output / "importing", pictures, SAMELIGHT_ARCHIVE=str(archive))
    said = imported["import"]
    assert len(said["asked"]) == 1
    assert "Samelight" in said["asked"][0]
    assert said["enabled"] == "true"
    assert imported.exit_code == 0
    assert f"enable_{NAME}=true" in home.kritarc.read_text()
    assert (home.resources / "actions" / f"{NAME}.action").exists()
    connection = str(user_daemon.connection_file)
    scenario = run_scenario(
        home, screen, "installed", output / "imported", pictures, "first_layer", SAMELIGHT_CONNECTION_FILE=connection
    )
    facts = check_circle(scenario, "first_layer", client)
    assert facts["transport"] == "TcpTransport"
    assert facts["packer"] == "msgpack.fallback"
