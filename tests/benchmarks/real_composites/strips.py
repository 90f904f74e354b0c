"""Pictures side by side, small enough for a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["SHEET_QUALITY", "sheet", "strip", "write"]

_WIDTH = 1600
_GAP = 8
_LABEL = 26
_COLUMNS = 3
_QUALITY = 88
SHEET_QUALITY = 80
_MOST_BYTES = 300_000


def strip(composite: NDArray[np.uint8], result: NDArray[np.uint8]) -> Image.Image:
    """Left the composite, right the result."""
    return _grid([composite, result], columns=2, labels=None)


def sheet(pictures: dict[str, NDArray[np.uint8]]) -> Image.Image:
    """All pictures in rows, each below its name."""
    return _grid(list(pictures.values()), columns=min(_COLUMNS, len(pictures)), labels=list(pictures))


def _grid(pictures: list[NDArray[np.uint8]], columns: int, labels: list[str] | None) -> Image.Image:
    width = (_WIDTH - (columns - 1) * _GAP) // columns
    height = round(pictures[0].shape[0] * width / pictures[0].shape[1])
    above = _LABEL if labels else 0
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (_WIDTH, rows * (height + above + _GAP) - _GAP), "white")
    draw = ImageDraw.Draw(page)
    for index, picture in enumerate(pictures):
        left, top = index % columns * (width + _GAP), index // columns * (height + above + _GAP)
        small = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
        page.paste(small, (left, top + above))
        if labels:
            draw.text((left + 2, top + 2), labels[index], fill="black", font=ImageFont.load_default(18))
    return page


def write(page: Image.Image, path: Path, quality: int = _QUALITY) -> None:
    """A JPEG below the size that a page should load, at lower quality or smaller where it has to be."""
    for attempt in (quality, 80, 72):
        page.save(path, quality=attempt, optimize=True, subsampling=0 if attempt == _QUALITY else 2)
        if path.stat().st_size <= _MOST_BYTES:
            return
    write(page.resize((page.width * 4 // 5, page.height * 4 // 5), Image.Resampling.LANCZOS), path)
