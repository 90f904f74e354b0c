"""How long Krita stands still while a large layer is harmonized, and how long it takes from click to layer.

    python tests/benchmarks/krita.py [--suite trixie] [--rounds 11] [--pure] [--json]

Starts the real Krita of an editor root (see tests/editors/editor_roots.py) with the plugin, and a daemon with the
shipped weights. A pause is the longest time in which Krita's event loop did not come round between click and new layer,
less what reading the layers and inserting the new one took of it. Those two are compared with Krita's own calls in the
same run. On a busy machine an idle Krita has pauses too: its longest one is told beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
CHECKOUT = TESTS.parent
for folder in ("daemon", "shared", "installer", "tests/daemon", "tests/editors", "tests/editors/krita"):
    sys.path.insert(0, str(CHECKOUT / folder))

from daemon_harness import dispose, launch  # noqa: E402
from daemon_harness import make_home as make_daemon_home  # noqa: E402
from editor_roots import SUITES, editor_root  # noqa: E402
from krita_harness import Scenario, make_home, run_scenario  # noqa: E402
from krita_pictures import scene, subject  # noqa: E402
from screen import Screen  # noqa: E402

OWN = ("pixelData", "clone-and-refresh", "setPixelData", "addChildNode")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Times the plugin in a real Krita.")
    parser.add_argument("--suite", choices=SUITES, default=SUITES[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--pure", action="store_true", help="use the client in pure Python")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    scenario = measure(options.suite, options.rounds, pure=options.pure)
    report = {"suite": options.suite, "rounds": options.rounds, "pure": options.pure, **evaluate(scenario)}
    if options.as_json:
        print(json.dumps(report))
    else:
        print_table(report)
    return 0


def measure(suite: str, rounds: int, *, pure: bool) -> Scenario:
    """Runs the scenario."""
    root = editor_root(suite)
    with tempfile.TemporaryDirectory() as temporary, Screen() as screen:
        folder = Path(temporary)
        daemon = launch(make_daemon_home(folder / "daemon", folder / "weights"))
        try:
            home = make_home(root, folder / "home", daemon.connection_file)
            make_pictures(folder / "pictures")
            environment = {"SAMELIGHT_ROUNDS": str(rounds), "SAMELIGHT_RECORD": "0"}
            if pure:
                environment["SAMELIGHT_PURE_PYTHON_ZMTP"] = "1"
            found = run_scenario(home, screen, "benchmark", folder / "output", folder / "pictures", **environment)
        finally:
            dispose(daemon)
        return found


def make_pictures(folder: Path) -> None:
    """24 and 4 megapixels of scene, and layers for them."""
    folder.mkdir()
    tile, front = scene(600, 400), subject(1000, 1000)
    large = np.tile(tile, (10, 10, 1))
    layer = np.ascontiguousarray(large[:, ::-1])
    layer[..., 3] = np.linspace(60, 255, layer.shape[1]).astype(np.uint8)
    pictures = {"large": large, "large-layer": layer, "middle": scene(2000, 2000), "middle-layer": front}
    for name, picture in pictures.items():
        (folder / f"{name}.raw").write_bytes(picture.tobytes())


def evaluate(scenario: Scenario) -> dict[str, Any]:
    """The figures of the issue, in seconds."""
    large, clicks = scenario["large"], scenario["click_to_layer"]
    own = [sum(each["own"][name] for name in OWN) for each in large]
    ours = [each["read"] + each["insert"] for each in large]
    return {
        "longest pause, 24 MP": max(each["pause"] for each in large),
        "median of the rounds' longest pauses": statistics.median(each["pause"] for each in large),
        "longest pause of an idle Krita": max(each["idle"] for each in large),
        "longest call of the client": max(each["client"] for each in large),
        "read + insert, 24 MP": statistics.median(ours),
        "Krita's own calls, 24 MP": statistics.median(own),
        "ratio": statistics.median(our / their for our, their in zip(ours, own, strict=True)),
        "click to layer, 1 MP on 4 MP, p50": statistics.median(each["click-to-layer"] for each in clicks),
        "of which reading": statistics.median(each["read"] for each in clicks),
        "of which inserting": statistics.median(each["insert"] for each in clicks),
        "longest pause, 1 MP": max(each["pause"] for each in clicks),
        "details": {"large": large, "clicks": clicks},
    }


def print_table(report: dict[str, Any]) -> None:
    """The figures, one a line, with what the issue asks for."""
    asked = {"longest pause, 24 MP": "< 0.1", "ratio": "<= 1.5", "click to layer, 1 MP on 4 MP, p50": "<= 0.6"}
    print(f"Krita of {report['suite']}, {report['rounds']} rounds{', client in pure Python' if report['pure'] else ''}")
    for name, value in report.items():
        if isinstance(value, float):
            print(f"  {name:<38}{value:8.3f}  {asked.get(name, '')}")


if __name__ == "__main__":
    sys.exit(main())
