"""Training and evaluation where only torch, numpy, Pillow, scikit-image, safetensors and rich are installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NEEDED = ("torch", "numpy", "pillow", "scikit-image", "safetensors", "rich")
MISSING = ("zmq", "msgpack", "platformdirs", "typer", "segment_anything", "torchvision", "matplotlib", "tensorboard")


def with_what_they_need(names: tuple[str, ...]) -> set[str]:
    """These packages and all that they cannot be without."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # of another system or Python
        found.add(name)
        waiting += [re.split(r"[^A-Za-z0-9._-]", each)[0] for each in requires if "extra ==" not in each]
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the installed files of these packages and to ours."""
    folder = tmp_path_factory.mktemp("alone")
    for name in with_what_they_need(NEEDED):
        found = distribution(name)
        for top in {str(file).partition("/")[0] for file in found.files or []}:  # torch has files by the ten thousand
            link, target = folder / top, Path(str(found.locate_file(top)))
            if not top.startswith(".") and target.exists() and not link.exists():
                link.symlink_to(target)
    for package in (ROOT / "daemon" / "samelight", ROOT / "shared" / "samelight_wire"):
        (folder / package.name).symlink_to(package)
    return folder


def run(alone: Path, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs Python there: without the packages of this environment (-S), without the user's (-s)."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(alone), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-S", "-s", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)


def test_nothing_else_is_there(alone: Path, tmp_path: Path) -> None:
    code = f"from importlib.util import find_spec; print([n for n in {MISSING!r} if find_spec(n)], find_spec('torch'))"
    done = run(alone, tmp_path, "-c", code)
    assert done.stdout.startswith("[] ModuleSpec"), done.stdout + done.stderr


@pytest.mark.slow
def test_a_training_runs_from_photographs_to_measured_weights(alone: Path, photo_folder: Path, tmp_path: Path) -> None:
    options = ["--photos", photo_folder, "--validate", photo_folder, "--out", tmp_path / "out", "--json"]
    figures = ["--steps", 3, "--batch", 3, "--sides", 32]
    done = run(alone, tmp_path, "-m", "samelight.training", "srin-lite", *options, *figures)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["steps"] == 3
    assert report["fmse_ratio"] > 0
    assert (tmp_path / "out" / "srin-lite.safetensors").exists()
    assert "srin-lite: reinhard" in (tmp_path / "out" / "srin-lite.md").read_text()
    assert not (tmp_path / "out" / "srin-lite-loss.png").exists()


EVALUATION = """
import sys
from pathlib import Path
from samelight import harmonizers
from samelight.evaluation.methods import network_method
from samelight.evaluation.runner import evaluate
from samelight.evaluation.sets import PhotoSet
from samelight.evaluation.sizes import parse_size
from samelight.evaluation.tables import as_markdown
pictures, size = PhotoSet(Path(sys.argv[1])), parse_size("48x48")
network = harmonizers.create("hdnet-lite").eval()
samples = [size.apply(pictures.read(index)) for index in pictures.chosen(3)]
print(as_markdown(evaluate({"hdnet-lite": network_method(network)}, samples, structure=True)))
from samelight.training.logs import TensorBoardLog
from samelight_wire.errors import InvalidOptionError
try:
    TensorBoardLog(Path("log"))
except InvalidOptionError as error:
    print(error)
"""


@pytest.mark.slow
def test_the_evaluation_library_works(alone: Path, photo_folder: Path, tmp_path: Path) -> None:
    done = run(alone, tmp_path, "-c", EVALUATION, photo_folder)
    assert done.returncode == 0, done.stderr
    assert "hdnet-lite" in done.stdout
    assert "TensorBoard is not installed" in done.stdout
