"""A picture to look at composites by: each family with some of its composites, their masks and photographs."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from samelight.training.composites.batch import Composites
from samelight.training.recipes import Augmentation
from samelight.training.source import CompositeSource
from samelight_wire.errors import OutputError

__all__ = ["contact_sheet"]

GAP, LABEL = 4, 14
"""Pixels between pictures, and above them for their family's name."""
PAPER, INK = (32, 32, 32), (235, 235, 235)
BATCH, MOST_BATCHES = 16, 24
"""Composites that are drawn at once, and batches after which the sheet is done even if a family has not come."""


def contact_sheet(
    source: CompositeSource,
    path: Path,
    augmentation: Augmentation | None = None,
    *,
    side: int = 160,
    columns: int = 4,
    rows: int = 2,
) -> list[str]:
    """Write a picture of a source's first composites, in groups by family: composite, mask, photograph.

    Args:
      source: makes the composites; those of its first steps are shown.
      path: the file, in a format of its suffix's.
      augmentation: as in the training.
      side: of each picture, in pixels.
      columns: composites in a line.
      rows: most lines of a family.

    Returns: the families shown, in the order of the sheet.
    Raises: OutputError where the file cannot be written; UnreadablePictureError from the source.
    """
    _check(path)
    found = _by_family(source, (side, side), augmentation or Augmentation(), columns * rows)
    strips = [strip for family in sorted(found) for strip in _strips(family, found[family], columns)]
    sheet = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips) + GAP), PAPER)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    try:
        sheet.save(path)
    except (OSError, ValueError) as error:
        raise OutputError(f"The sheet {path} cannot be written ({error}).") from error
    return sorted(found)


def _check(path: Path) -> None:
    """See that a picture can be written there, before a minute was spent on it.

    Raises: OutputError.
    """
    if path.suffix.lower() not in Image.registered_extensions():
        raise OutputError(f"{path} is no name of a picture.", "Give it the suffix .png, .jpg or .webp.")
    if not path.parent.is_dir():
        raise OutputError(f"There is no folder {path.parent} to write the picture to.", "Make it, or name another one.")


def _by_family(
    source: CompositeSource, size: tuple[int, int], augmentation: Augmentation, wanted: int
) -> dict[str, list[NDArray[np.uint8]]]:
    """Up to `wanted` triples of pictures of every family that comes."""
    found: dict[str, list[NDArray[np.uint8]]] = {}
    for step in count():
        batch = source.batch(step, BATCH, size, augmentation)
        for family, triple in zip(batch.families, _triples(batch), strict=True):
            # What several foregrounds or several changes make of it is shown as two groups, not as dozens.
            group = "several ways" if "/" in family else "with a light on top" if "+" in family else family
            found.setdefault(group, []).append(triple)
        enough = all(len(triples) >= wanted for triples in found.values())
        if (enough and step * BATCH > 8 * wanted) or step + 1 == MOST_BATCHES:
            return {family: triples[:wanted] for family, triples in found.items()}
    raise AssertionError


def _triples(batch: Composites) -> NDArray[np.uint8]:
    """Composite, mask and photograph of each picture side by side: B x H x 3W x 3."""

    def pixels(pictures: Tensor) -> Tensor:
        return pictures.mul(255).round().byte().permute(0, 2, 3, 1).cpu()

    mask = batch.mask.expand_as(batch.real)
    return torch.cat([pixels(batch.composite), pixels(mask), pixels(batch.real)], dim=2).numpy()


def _strips(family: str, triples: list[NDArray[np.uint8]], columns: int) -> list[Image.Image]:
    """Lines of triples, the first with the family's name above it."""
    height, width = triples[0].shape[:2]
    lines = []
    for start in range(0, len(triples), columns):
        margin = LABEL if start == 0 else GAP
        line = Image.new("RGB", (columns * (width + GAP) + GAP, height + margin), PAPER)
        if start == 0:
            ImageDraw.Draw(line).text((GAP, 1), f"{family}: composite, mask, photograph", fill=INK)
        for column, triple in enumerate(triples[start : start + columns]):
            line.paste(Image.fromarray(triple), (GAP + column * (width + GAP), margin))
        lines.append(line)
    return lines
