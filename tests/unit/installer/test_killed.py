"""An installation of plugins that is killed, at each of its steps, leaves what the next one puts right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTALLER = Path(__file__).parents[3] / "installer"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each step is a fork of one process")
@pytest.mark.parametrize(
    ("case", "at_least"), [("Krita-new", 80), ("Krita-upgraded", 80), ("GIMP-new", 40), ("GIMP-upgraded", 40)]
)
def test_killed_at_each_step(tmp_path: Path, case: str, at_least: int) -> None:
    command = [sys.executable, str(Path(__file__).with_name("killing.py")), str(tmp_path), case]
    environment = {**os.environ, "PYTHONPATH": str(INSTALLER)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= at_least
