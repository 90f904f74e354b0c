"""Every picture as a file: what other programs can harmonize, and what our methods made of it.

    FOLDER/256/composite/NAME.png     at the measured size
    FOLDER/256/mask/NAME.png
    FOLDER/256/real/NAME.png
    FOLDER/256/results/hdnet-lite/NAME.png

FOLDER/256 is itself a collection that can be measured on (`--triples`), and its results' folders are results that can
be measured (`--results`). A picture of a subset lies in the subset's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from samelight.evaluation.benchmark import BenchmarkSample
from samelight_wire.errors import OutputError

__all__ = ["is_saved", "save_sample"]

PICTURES = ("composite", "mask", "real")
"""What is written of a sample beside the results."""


def is_saved(folder: Path, name: str, subset: str, methods: Iterable[str]) -> bool:
    """Whether there is a file of every picture that `save_sample` writes."""
    parts = [*PICTURES, *map(_result_part, methods)]
    return all(_file(folder, part, name, subset).is_file() for part in parts)


def save_sample(folder: Path, sample: BenchmarkSample, results: Mapping[str, Tensor]) -> None:
    """Write a sample and its results; 8 bits a channel, without loss.

    Raises: OutputError.
    """
    pictures = dict(zip(PICTURES, (sample.composite, sample.mask, sample.real), strict=True))
    pictures |= {_result_part(method): result for method, result in results.items()}
    try:
        for part, picture in pictures.items():
            path = _file(folder, part, sample.name, sample.subset)
            path.parent.mkdir(parents=True, exist_ok=True)
            _image(picture).save(path)
    except OSError as error:
        raise OutputError(f'The pictures cannot be saved in "{folder}": {error.strerror or error}.') from error


def _result_part(method: str) -> str:
    return f"results/{method}"


def _file(folder: Path, part: str, name: str, subset: str) -> Path:
    inside = name if "/" in name or not subset else f"{subset}/{name}"
    return folder / part / f"{inside}.png"


def _image(picture: Tensor) -> Image.Image:
    """C x H x W in 0..1 as a picture."""
    pixels = picture.clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
