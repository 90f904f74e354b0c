"""The pictures of a report: written once each, shown for every case that they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samelight.evaluation.cases import KINDS, Case, KeptPicture, choose_cases, difference_map
from samelight.evaluation.evaluation import Measurement
from samelight.evaluation.pages.outlines import outline
from samelight.evaluation.scores import COMPOSITE, REAL, Scores
from samelight_wire.errors import SamelightError

__all__ = ["LARGEST_SIDE", "PICTURE_NAME", "SCALE_END", "Card", "Shown", "colour_differences", "make_cards"]

LARGEST_SIDE = 1024
"""Larger pictures are reduced for the page."""
LOSSLESS_SIDE = 512
"""Up to here pictures are stored without loss."""
PICTURE_NAME = re.compile(r"\d+-\d{6,}-(\d{2,}(-difference)?|mask|outline)\.(webp|jpg|png)")
"""What the files are called: measurement, picture, and what it shows."""
SCALE_END = 64
"""Difference that the last colour of a difference map stands for, in 8-bit code values; larger ones have it too."""

SCALE = ((0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164))
"""Colours of differences from 0 to `SCALE_END`, evenly spaced: dark to bright, so that it reads without hue too."""


@dataclass(frozen=True)
class Shown:
    """One picture of a card."""

    label: str
    """"composite", a method, or "real"."""
    file: str
    """Its place below the report's folder."""
    difference: str | None
    """Its difference map's; None for the real picture."""
    fmse: float | None
    """Its fMSE; None for the real picture."""
    ratio: float | None
    """fMSE by the composite's; None where that says nothing."""
    best: bool = False
    """Whether none of the composite's and the methods' fMSE is lower."""


@dataclass(frozen=True)
class Card:
    """One composite with everything made of it."""

    at: str
    """The measured size."""
    index: int
    """The position in the lists of `Scores`."""
    name: str
    """The picture's own name."""
    about: str
    """Its subset and family, as far as it has them."""
    share: float
    """Foreground share, 0..1."""
    width: int
    """Of the stored pictures, in pixels."""
    height: int
    """The same, upwards."""
    reduced: bool
    """Whether the measured pictures are larger."""
    cases: Sequence[Case]
    """What it is a case of."""
    shown: Sequence[Shown]
    """The composite, the methods' results, and the real picture."""
    mask: str
    """The mask's place."""
    outline: str
    """That of its outline."""

    def as_json(self) -> dict[str, Any]:
        """For programs: the files by what they are."""
        files = {each.label: each.file for each in self.shown}
        return {
            "name": self.name,
            "index": self.index,
            "composite": files.pop(COMPOSITE),
            "real": files.pop(REAL),
            "mask": self.mask,
            "results": files,
            "cases": [asdict(case) for case in self.cases],
        }


def make_cards(
    measurement: Measurement, number: int, folder: Path, each: int, on_picture: Callable[[str], None] | None = None
) -> list[Card]:
    """Write the pictures of all methods' cases into `folder`/pictures, one drawn picture in memory at a time.

    Args:
        measurement: what was measured.
        number: of the measurement; part of the file names, which hold nothing that a picture or method is called.
        folder: the report's; its folder `pictures` is there.
        each: cases of each kind and method.
        on_picture: hears each picture's name when it is begun.

    Raises:
        OSError: a file cannot be written.
    """
    scores = measurement.scores
    wanted: dict[int, list[Case]] = {}
    for kind in KINDS:
        for method in scores.figures:
            for case in choose_cases(scores, method, each) if method != COMPOSITE else []:
                if case.kind == kind:
                    wanted.setdefault(case.index, []).append(case)
    cards = []
    for index, cases in wanted.items():
        if on_picture:
            on_picture(scores.names[index])
        try:
            kept = measurement.draw(index)
        except SamelightError:
            continue  # its file is gone since it was measured: the figures stand, there is only nothing to show
        cards.append(_card(measurement, kept, cases, folder, f"{number}-{index:06}"))
    return cards


def colour_differences(differences: NDArray[np.float32]) -> Image.Image:
    """H x W differences in 8-bit code values as a picture with a palette in the colours of `SCALE`."""
    levels = np.clip(differences * (255 / SCALE_END), 0, 255).round().astype(np.uint8)
    ends = np.linspace(0, 255, len(SCALE))
    palette = np.stack([np.interp(np.arange(256), ends, channel) for channel in zip(*SCALE, strict=True)], axis=1)
    image = Image.fromarray(levels)
    image.putpalette(palette.round().astype(np.uint8).tobytes())
    return image


def _card(measurement: Measurement, kept: KeptPicture, cases: Sequence[Case], folder: Path, stem: str) -> Card:
    scores, index = measurement.scores, kept.index
    subset = scores.subsets[index] if scores.subsets else ""
    mask = _store_mask(kept.mask, folder, stem)
    return Card(
        at=measurement.at,
        index=index,
        name=scores.names[index],
        about=", ".join(filter(None, (subset, scores.families[index]))),
        share=scores.shares[index],
        width=mask.width,
        height=mask.height,
        reduced=mask.size != kept.mask.shape[::-1],
        cases=cases,
        shown=_store_pictures(scores, kept, folder, stem),
        mask=f"pictures/{stem}-mask.png",
        outline=f"pictures/{stem}-outline.png",
    )


def _store_mask(mask: NDArray[np.uint8], folder: Path, stem: str) -> Image.Image:
    """Writes a mask (H x W) and its outline, reduced where it is large; gives the mask as it was written."""
    image = Image.fromarray(mask)
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    image.save(folder / "pictures" / f"{stem}-mask.png")
    lines = outline(np.asarray(image)).quantize(8, method=Image.Quantize.FASTOCTREE)
    lines.save(folder / "pictures" / f"{stem}-outline.png")
    return image


def _store_pictures(scores: Scores, kept: KeptPicture, folder: Path, stem: str) -> list[Shown]:
    """Writes the composite, the results and the real picture, each but the last with its difference from the last."""
    pictures: dict[str, NDArray[np.uint8]] = {COMPOSITE: kept.composite, **kept.results, REAL: kept.real}
    shown = []
    for place, (label, picture) in enumerate(pictures.items()):
        file = _store(Image.fromarray(picture), folder, f"{stem}-{place:02}")
        if label == REAL:
            shown.append(Shown(label, file, None, None, None))
            continue
        colours = colour_differences(difference_map(picture, kept.real)).convert("RGB")
        difference = _store(colours, folder, f"{stem}-{place:02}-difference")
        shown.append(_measured(scores, kept.index, label, file, difference))
    best = min(each.fmse for each in shown if each.fmse is not None)
    return [replace(each, best=each.fmse == best) for each in shown]


def _measured(scores: Scores, index: int, label: str, file: str, difference: str) -> Shown:
    fmse, untouched = (scores.figures[name][index].fmse for name in (label, COMPOSITE))
    ratio = fmse / untouched if untouched and label != COMPOSITE else None
    return Shown(label, file, difference, fmse, ratio)


def _store(image: Image.Image, folder: Path, stem: str) -> str:
    """Writes a picture, reduced where it is large, and gives its place below the folder."""
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    if max(image.size) <= LOSSLESS_SIDE:
        place = f"pictures/{stem}.webp"
        image.save(folder / place, lossless=True, method=0)
    else:
        place = f"pictures/{stem}.jpg"
        image.save(folder / place, quality=95, subsampling=0)
    return place
