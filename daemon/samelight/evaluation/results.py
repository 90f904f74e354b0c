"""Pictures that other programs made of the same composites, as a method to be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import Tensor

from samelight.evaluation.benchmark import BenchmarkSample
from samelight.evaluation.evaluation import MethodFacts
from samelight.evaluation.methods import Finder, Method
from samelight.evaluation.sets import find_pictures, read_rgb
from samelight.evaluation.sizes import Size, resized_picture
from samelight_wire.errors import InvalidOptionError

__all__ = ["ResultsSpec"]

RESULT_ENDINGS = ("", "_harmonized")
"""What follows a picture's name in the names of other programs' results."""


@dataclass(frozen=True)
class ResultsSpec:
    """Pictures that another program made of the same composites, found by their names."""

    folder: Path
    """NAME.png (or .jpg, ...) or NAME_harmonized.png, in it or in a subfolder."""

    is_measured_on_harmonious_pictures = False
    reads_instances = False

    def open(self, size: Size, finder: Finder) -> Method:
        """Reads a picture and resizes it to the measured size, as composite and real picture are."""
        files = _results(self.folder)
        if not files:
            raise InvalidOptionError(f'There is no picture in "{self.folder}".', "Name a folder with results.")
        return partial(_read_result, self.folder, files)

    def identity(self) -> str:
        """The folder, its files and their sizes."""
        listed = [f"{name} {path.stat().st_size}" for name, path in sorted(_results(self.folder).items())]
        return f"{self.folder.resolve()} {listed}"

    def facts(self) -> MethodFacts:
        """Where the pictures lie."""
        return MethodFacts("results", f"pictures in {self.folder.name}")


def _results(folder: Path) -> Mapping[str, Path]:
    """Result files by their path in the folder without suffix, and by their name alone."""
    found: dict[str, Path] = {}
    for path in find_pictures(folder):
        inside = path.relative_to(folder).with_suffix("").as_posix()
        found[inside] = path
        found.setdefault(path.stem, path)
    return found


def _read_result(folder: Path, files: Mapping[str, Path], sample: BenchmarkSample) -> Tensor:
    """The result for a sample: by subset and name, or else by name alone."""
    names = [f"{sample.subset}/{sample.name}", sample.name] if sample.subset else [sample.name]
    wanted = [name + ending for name in names for ending in RESULT_ENDINGS]
    path = next((files[name] for name in wanted if name in files), None)
    if path is None:
        raise InvalidOptionError(f'"{folder}" has no result for {sample.name}.', f"Put {sample.name}.png there.")
    result = read_rgb(path)
    size = (sample.real.shape[-2], sample.real.shape[-1])
    return result if result.shape[-2:] == size else resized_picture(result, size)
