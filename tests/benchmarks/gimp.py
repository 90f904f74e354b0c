"""How long "Harmonize layer" takes in a real GIMP, and how much memory the plug-in needs.

    python tests/benchmarks/gimp.py [--suite trixie] [--rounds 11] [--json]

Times are measured inside GIMP, from the call of the procedure to its end: the start of the plug-in's Python, reading,
the daemon's work and the insertion are all in them. The daemon is warm and uses the default network. `own` is what GIMP
itself takes for a first read of the layer, the backdrop and a write of as many pixels, in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for part in ("tests/daemon", "tests/editors", "tests/editors/gimp", "daemon", "shared", "installer"):
    sys.path.insert(0, str(ROOT / part))

import numpy as np  # noqa: E402
from daemon_harness import MODEL, dispose, launch, make_home  # noqa: E402
from editor_roots import SUITES, RootUnavailableError, editor_root  # noqa: E402
from gimp_harness import Gimp, make_gimp_home, plug_in_processes, start_gimp  # noqa: E402
from gimp_scene import Lab, ground, object_at_night, raster  # noqa: E402

from samelight_wire import USUAL_COLOUR, Client, HarmonizeRequest, Options, Rect, new_job  # noqa: E402


class PeakMemory(threading.Thread):
    """Watches the plug-in's processes of one call for their largest resident memory, in bytes."""

    def __init__(self, gimp: Gimp) -> None:
        super().__init__(daemon=True)
        self._gimp, self._ended, self.largest = gimp, False, 0

    def run(self) -> None:
        while not self._ended:
            for number in plug_in_processes(self._gimp.home):
                self.largest = max(self.largest, _high_water(number))
            time.sleep(0.02)

    def stop(self) -> int:
        self._ended = True
        self.join()
        return self.largest


def _high_water(number: int) -> int:
    try:
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def one_megapixel(lab: Lab, rounds: int) -> dict[str, Any]:
    """A layer of 1000 x 1000 on an image of 2000 x 2000; the first round warms up and does not count."""
    image = lab.image((2000, 2000))
    lab.layer(image, "ground", ground(2000, 2000))
    above = lab.layer(image, "object", object_at_night(1000, 1000), (500, 500))
    seconds = []
    for _ in range(rounds + 1):
        seconds.append(_call(lab, image, above))
        lab.gimp.call("remove_layer", image=image, layer=lab.layers(image)[0]["id"])
    seconds = seconds[1:]
    return {"p50": statistics.median(seconds), "least": min(seconds), "most": max(seconds), "rounds": rounds}


def large(lab: Lab, rounds: int) -> dict[str, Any]:
    """A layer of 6000 x 4000 on an image of that size."""
    size = (6000, 4000)
    pixels = object_at_night(*size)
    pixels[..., 3] = np.maximum(pixels[..., 3], 1)
    below = ground(*size)
    collected: dict[str, list[float]] = {name: [] for name in ("call", "read", "backdrop", "write", "daemon", "memory")}
    for _ in range(rounds):
        image = lab.image(size)
        lab.layer(image, "ground", below)
        above = lab.layer(image, "object", pixels)
        watch = PeakMemory(lab.gimp)
        watch.start()
        collected["call"].append(_call(lab, image, above))
        collected["memory"].append(watch.stop() / 1e6)
        lab.gimp.call("remove_layer", image=image, layer=lab.layers(image)[0]["id"])
        for name, value in lab.gimp.call("own_times", image=image, layer=above).items():
            collected[name].append(value)
        collected["daemon"].append(_daemon_seconds(lab, pixels, below))
        lab.gimp.call("delete_image", image=lab.images.pop())
    found: dict[str, Any] = {name: statistics.median(values) for name, values in collected.items()}
    bound = found["read"] + found["backdrop"] + found["write"] + found["daemon"]
    return {**found, "ratio": found["call"] / bound, "rounds": rounds}


def _call(lab: Lab, image: int, layer: int) -> float:
    answer = lab.gimp.call("harmonize", image=image, drawables=[layer])
    assert answer["status"] == "SUCCESS", answer["message"]
    seconds: float = answer["seconds"]
    return seconds


def _daemon_seconds(lab: Lab, pixels: Any, below: Any) -> float:
    """From a client's call to the bytes back, with the backdrop as large as the plug-in sends it."""
    small = np.ascontiguousarray(below[::6, ::6])
    height, width = pixels.shape[:2]
    rect = Rect(0, 0, width, height)
    request = HarmonizeRequest(
        new_job(), raster(pixels), rect, raster(small), rect, options=Options(colour=USUAL_COLOUR)
    )
    started = time.monotonic()
    lab.client.harmonize(request)
    return time.monotonic() - started


def measure(suite: str, rounds: int) -> dict[str, Any]:
    """All figures of one release of GIMP."""
    root = editor_root(suite)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        home = make_home(folder / "daemon", folder / "no-further-weights")
        home.configure(default_model=MODEL, device="cpu")
        daemon = launch(home)
        try:
            user = make_gimp_home(root, folder / "gimp", daemon.connection_file)
            with Client.connect(daemon.connection_file) as client, start_gimp(user) as gimp:
                lab = Lab(gimp, client)
                small = one_megapixel(lab, rounds)
                return {"gimp": gimp.call("version"), "1 MP": small, "24 MP": large(lab, max(1, rounds // 4))}
        finally:
            dispose(daemon)


def table(figures: dict[str, Any]) -> str:
    small, big = figures["1 MP"], figures["24 MP"]
    own = " + ".join(f"{name} {big[name]:.2f}" for name in ("read", "backdrop", "write"))
    return "\n".join(
        (
            f"GIMP {figures['gimp']}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            f"  1 MP on 4 MP   p50 {small['p50']:.2f} s of {small['rounds']} "
            f"({small['least']:.2f} to {small['most']:.2f})   asked <= 1.0",
            f"  24 MP          {big['call']:.2f} s; own {own}, daemon {big['daemon']:.2f} s; "
            f"ratio {big['ratio']:.2f}   asked <= 1.5",
            f"  24 MP          the plug-in's peak memory {big['memory']:.0f} MB   asked < 700",
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        figures = measure(options.suite, options.rounds)
    except RootUnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=2) if options.json else table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
