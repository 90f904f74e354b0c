"""The daemon under a real systemd for the user: started, crashed, stopped, guarded; see systemd_trial.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from daemon_harness import ROOT, make_home

SYSTEMD = Path("/usr/lib/systemd/systemd")

NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")


def can_try() -> bool:
    """Whether this machine has a systemd, and lets us give it a /run of its own."""
    if not SYSTEMD.exists() or shutil.which("unshare") is None or os.getuid() != 0:
        return False
    return subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.daemon
@pytest.mark.skipif(sys.platform != "linux" or not can_try(), reason="needs systemd, root's rights and namespaces")
def test_the_unit_as_systemd_runs_it(tmp_path: Path, weights_folder: Path) -> None:
    home = make_home(tmp_path / "a home with 100% blanks", weights_folder)
    home.configure(default_model="hdnet-lite", device="cpu")
    paths = os.pathsep.join(str(ROOT / part) for part in ("daemon", "shared", "installer"))
    program = home.folder / "samelight"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={paths} exec {sys.executable} -m samelight.cli.main "$@"\n')
    program.chmod(0o755)
    home.environment["PATH"] = f"{home.folder}:{os.environ['PATH']}"
    trial = Path(__file__).with_name("systemd_trial.py")
    said = subprocess.run(
        [*NAMESPACES, sys.executable, str(trial), str(program)],
        env=home.environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr + home.log
    assert json.loads(said.stdout.splitlines()[-1]) == {
        "kind": "systemd",
        "problem": "",
        "enabled": "enabled",
        "starts": True,
        "main process": True,
        "guarded": ["1", "2", "0077"],
        "harmonizes": True,
        "again after a crash": True,
        "wanted stop": "success",
        "samelight install": ["started", True],
        "beside another": ["success", True],
        "removed": True,
    }
