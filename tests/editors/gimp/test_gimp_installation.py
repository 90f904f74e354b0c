"""`samelight install` in a root ends in a harmonized layer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from editor_roots import CHECKOUT, EditorRoot
from gimp_harness import GimpHome, make_bare_home, start_gimp
from gimp_scene import Lab, ground, object_at_night, raster

from samelight_wire import Client

pytestmark = pytest.mark.editor

PLACE = (60, 40)


def test_samelight_install_finds_gimp_and_a_layer_is_harmonized(
    root: EditorRoot, daemon: RunningDaemon, client: Client, tmp_path: Path
) -> None:
    home = make_bare_home(root, tmp_path, daemon.connection_file)
    report = samelight(home, "install", "--no-login", "--no-start")
    (gimp,) = [editor for editor in report["editors"] if editor["name"] == "GIMP"]
    assert gimp["version"].startswith(home.release)
    assert gimp["folder"] == str(home.plug_in)
    assert gimp["client"] == ("pyzmq" if list(home.plug_in.glob("vendor/*/zmq")) else "pure Python")
    with start_gimp(home) as running:
        lab = Lab(running, client)
        image = lab.image()
        lab.layer(image, "ground", ground())
        pixels = object_at_night()
        above = lab.layer(image, "object", pixels, PLACE)
        answer = running.call("harmonize", image=image, drawables=[above])
        assert answer["status"] == "SUCCESS", answer["message"]
        new = lab.pixels(lab.layers(image)[0]["id"])
    assert np.array_equal(new, lab.expected(raster(pixels), PLACE, raster(ground())))


def samelight(home: GimpHome, *arguments: str) -> Any:
    """Runs `samelight` as this user in the root, where this Python and its packages are to be found too; its report."""
    path = os.pathsep.join(str(CHECKOUT / part) for part in ("daemon", "shared", "installer"))
    more = {"PYTHONPATH": path, "SAMELIGHT_CONNECTION_FILE": str(home.connection_file)}
    share = sorted({Path(sys.prefix), Path(sys.base_prefix)} - {Path("/usr"), Path("/")})
    command = home.root.command(sys.executable, "-m", "samelight.cli.main", *arguments, "--json", share=share)
    done = subprocess.run(command, env=home.environment(**more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
