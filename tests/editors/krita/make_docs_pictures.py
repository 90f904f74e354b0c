"""Makes the pictures of docs/krita.md from the screenshots that the tests kept.

SAMELIGHT_TEST_OUTPUT=FOLDER python -m pytest tests/editors/krita/test_krita_click.py
python tests/editors/krita/make_docs_pictures.py FOLDER/krita-trixie/stage
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parents[3] / "docs"

WIDTH = 1100
QUALITY = 90
PHOTOGRAPH = 400
"""Wider pictures show the canvas, not the docker alone."""

# name in docs: screenshot, and the part of it that matters (left, top, right, bottom; None is all)
PICTURES = {
    "before": ("1-before", None),
    "menu": ("2-menu", (0, 0, 860, 480)),
    "during": ("3-during", (1300, 448, 1600, 815)),
    "after": ("4-after", None),
    "no-daemon": ("9-no-daemon", (1300, 448, 1600, 815)),
}


def main(folder: Path) -> None:
    """Writes the pictures."""
    for name, (screenshot, part) in PICTURES.items():
        picture = Image.open(folder / f"{screenshot}.png").convert("RGB")
        if part is not None:
            picture = picture.crop(part)
        if picture.width > WIDTH:
            height = round(picture.height * WIDTH / picture.width)
            picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
        _write(picture, DOCS / f"krita-{name}")


def _write(picture: Image.Image, path: Path) -> None:
    """As JPEG where a photograph is to be seen, in its true colours; else as PNG. Chroma is kept at full resolution: a
    page on colour should show it.
    """
    if picture.width > PHOTOGRAPH:
        picture.save(path.with_suffix(".jpg"), quality=QUALITY, subsampling=0, optimize=True)
    else:
        picture.save(path.with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
