"""At which size is measured: the literature's 256 x 256 for networks alone, or up to native through the whole pipeline.

"256" is the papers' measure: pictures are resized to 256 x 256, proportions not kept, and the network runs on its own.
Every other size goes through the whole pipeline, lift included, as an artist's picture does: a number limits the
longer side (1024: at most 1024 pixels, proportions kept, smaller pictures stay as they are), WIDTHxHEIGHT is exactly
that size (the papers' high-resolution tables are at 1024x1024 and 2048x2048), "native" is the picture as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn import functional

from samelight.evaluation.benchmark import BenchmarkSample
from samelight_wire.errors import InvalidOptionError

__all__ = ["ALONE", "LARGEST_SIDE", "Size", "parse_size", "resized", "resized_picture"]

ALONE = "256"
"""The size at which networks run on their own."""
LARGEST_SIDE = 32768
"""In pixels."""


@dataclass(frozen=True)
class Size:
    """A size at which pictures are measured."""

    name: str
    """As it was asked for, such as "1024"."""
    longest: int | None = None
    """The longer side is at most this many pixels."""
    exact: tuple[int, int] | None = None
    """Height and width, whatever the picture's proportions."""

    @property
    def alone(self) -> bool:
        """Whether networks run on their own, not through the pipeline."""
        return self.name == ALONE

    @property
    def about(self) -> str:
        """The size in words."""
        if self.alone:
            return "networks alone on pictures resized to 256 x 256"
        if self.exact:
            return f"the whole pipeline on pictures resized to {self.exact[1]} x {self.exact[0]}"
        if self.longest:
            return f"the whole pipeline on pictures whose longer side is at most {self.longest} pixels"
        return "the whole pipeline on pictures at their own size"

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which a picture of this height and width is measured."""
        if self.exact:
            return self.exact
        scale = min(1.0, self.longest / max(height, width)) if self.longest else 1.0
        return max(1, round(height * scale)), max(1, round(width * scale))

    def apply(self, sample: BenchmarkSample) -> BenchmarkSample:
        """The sample at this size; the same object where nothing changes."""
        own = (sample.real.shape[-2], sample.real.shape[-1])
        size = self.of(*own)
        return sample if size == own else resized(sample, size)


def parse_size(text: str) -> Size:
    """A size of the command line.

    Raises:
        InvalidOptionError: it is none.
    """
    text = text.strip().lower()
    if text == "native":
        return Size(text)
    found = re.fullmatch(r"([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?", text)
    if found is None or max(int(number) for number in found.groups("1")) > LARGEST_SIDE:
        raise InvalidOptionError(
            f"There is no measuring at '{text}'.",
            "Choose 256 (networks alone), a longer side such as 1024 or 2048, a size such as 1024x1024, or native.",
        )
    if text == ALONE:
        return Size(text, exact=(256, 256))
    width, height = found.groups()
    return Size(text, exact=(int(height), int(width))) if height else Size(text, longest=int(width))


def resized(sample: BenchmarkSample, size: tuple[int, int]) -> BenchmarkSample:
    """The sample at another size (height, width), proportions not kept, as the literature does with 256 x 256.

    Pictures are averaged down by a triangle filter, as Pillow's bilinear resizing does, and rounded to 8 bits; a mask
    of 0 and 1 alone takes the nearest pixel's value, as Pillow does with one-bit masks; a soft mask is averaged too.
    """
    composite, real = (resized_picture(picture, size) for picture in (sample.composite, sample.real))
    mask = functional.interpolate(sample.mask[None], size, mode="nearest-exact")[0] if sample.hard_mask else None
    return replace(sample, composite=composite, mask=_averaged(sample.mask, size) if mask is None else mask, real=real)


def resized_picture(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A picture, 3 x H x W in 0..1, at another size (height, width), rounded to 8 bits.

    Rounding is a part of it, because values halfway go up or down by the way they are computed: the same picture has to
    come out the same, be it a composite or a program's result.
    """
    return _averaged(picture, size).mul(255).round().div(255)


def _averaged(planes: Tensor, size: tuple[int, int]) -> Tensor:
    smaller = functional.interpolate(planes[None], size, mode="bilinear", antialias=True, align_corners=False)
    return smaller[0].clamp(0, 1)
