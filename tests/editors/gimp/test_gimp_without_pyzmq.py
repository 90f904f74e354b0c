"""The plug-in with and without pyzmq: GIMP for Windows carries a Python that loads none of its compiled packages."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from daemon_harness import RunningDaemon
from editor_roots import EditorRoot
from gimp_harness import GimpHome, make_gimp_home, plug_in_processes, start_gimp
from gimp_scene import Lab, ground, object_at_night, raster

from samelight_wire import Client

pytestmark = pytest.mark.editor

SIZE = (1400, 1000)
PLACE = (150, 120)


@pytest.mark.parametrize("compiled", [True, False], ids=["pyzmq", "pure Python"])
def test_end_to_end(root: EditorRoot, daemon: RunningDaemon, client: Client, tmp_path: Path, compiled: bool) -> None:
    """A layer of a megapixel: its frames are larger than any buffer on the way."""
    home = make_gimp_home(root, tmp_path, daemon.connection_file, compiled=compiled)
    if compiled and not list(home.plug_in.glob("vendor/*/zmq")):
        pytest.skip("pip could not get pyzmq for this Python")
    with start_gimp(home) as gimp:
        lab = Lab(gimp, client)
        image = lab.image(SIZE)
        lab.layer(image, "ground", ground(*SIZE))
        pixels = object_at_night(1100, 900)
        above = lab.layer(image, "object", pixels, PLACE)
        gimp.send("harmonize", image=image, drawables=[above])
        loaded = libraries_of_the_plug_in(home)
        assert gimp.receive()["status"] == "SUCCESS"
        new = lab.pixels(lab.layers(image)[0]["id"])
    assert any("zmq" in name for name in loaded) == compiled
    expected = lab.expected(raster(pixels), PLACE, raster(ground(*SIZE)))
    assert np.abs(new.astype(int) - expected).max() <= 6, "all but the rounding of a backdrop that GIMP scaled down"
    assert np.array_equal(new[..., 3], pixels[..., 3])


def libraries_of_the_plug_in(home: GimpHome) -> set[str]:
    """All compiled files that a call of the plug-in had loaded at any time until its end."""
    found: set[str] = set()
    deadline = time.monotonic() + 60
    seen = False
    while time.monotonic() < deadline:
        running = plug_in_processes(home)
        if seen and not running:
            return found
        for number in running:
            seen = True
            try:
                maps = Path(f"/proc/{number}/maps").read_text()
            except OSError:
                continue
            found |= {line.split()[-1] for line in maps.splitlines() if ".so" in line}
        time.sleep(0.02)
    raise AssertionError("the plug-in was not called, or did not end")
