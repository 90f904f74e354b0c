"""Makes the bundled sample from two public-domain photographs that scikit-image ships.

The astronaut was lit by a studio's flash; she is cut out along a hand-drawn outline that GrabCut and a guided filter
refine to a soft matte, and pasted in front of a launch pad at dusk, as an artist would begin such a picture. Run it as

    python tests/data/make_sample.py [FOLDER]

FOLDER (daemon/samelight/samples by default) gets composite.jpg and mask.png. Needs opencv-python-headless, which
Samelight itself does not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

SAMPLES = Path(__file__).parents[2] / "daemon" / "samelight" / "samples"
SCENE_SIZE = (1200, 800)  # width, height
SCENE_SCALE, SCENE_LEFT = 2.3, 270  # of the launch pad, so that the rocket stands in the left third
SUBJECT_SCALE = 1.36  # of the astronaut
SUBJECT_LEFT = SCENE_SIZE[0] - round(512 * SUBJECT_SCALE)  # her helmet is cut by the photograph's right edge

# Her outline in the astronaut picture (512 x 512), clockwise from the left of the hair, good to about five pixels.
OUTLINE = (
    "154,80 156,60 162,49 176,42 190,32 205,21 225,15 245,16 265,23 285,37 296,55 302,80 299,100 289,122 279,133 "
    "271,137 263,147 258,162 256,172 270,180 285,194 297,213 304,233 318,239 335,255 344,275 353,300 359,325 364,347 "
    "375,344 395,342 420,345 445,357 465,374 481,395 491,420 498,444 505,458 510,475 511,490 511,511 30,511 25,470 "
    "22,440 19,415 21,380 25,345 31,318 38,298 45,278 52,260 68,243 88,229 104,214 115,206 113,190 122,179 130,165 "
    "145,152 160,148 178,147 183,143 178,132 168,119 159,102"
)
UNCERTAIN = 7  # pixels on either side of the outline where GrabCut decides

Picture = NDArray[Any]


def cut_out(picture: Picture) -> Picture:
    """The subject's soft matte, H x W float in 0..1, for an RGB U8 picture H x W x 3."""
    points = np.array([[int(v) for v in pair.split(",")] for pair in OUTLINE.split()], dtype=np.int32)
    inside = cv2.fillPoly(np.zeros(picture.shape[:2], np.uint8), [points], 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * UNCERTAIN + 1,) * 2)
    # Beyond the picture's lower and right edge the subject goes on: pad, so that erosion leaves those edges alone.
    padded = cv2.copyMakeBorder(inside, UNCERTAIN, UNCERTAIN, UNCERTAIN, UNCERTAIN, cv2.BORDER_REPLICATE)
    core = cv2.erode(padded, kernel)[UNCERTAIN:-UNCERTAIN, UNCERTAIN:-UNCERTAIN]
    labels = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[core > 0] = cv2.GC_FGD
    labels[cv2.dilate(inside, kernel) == 0] = cv2.GC_BGD
    bgr = np.ascontiguousarray(picture[..., ::-1])
    cv2.grabCut(bgr, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    hard = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    hard = cv2.medianBlur(cv2.morphologyEx(hard, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), 5)
    return soften(hard.astype(np.float32), picture.mean(axis=2, dtype=np.float32) / 255)


def soften(hard: Picture, guide: Picture, radius: int = 5, smooth: float = 1e-3) -> Picture:
    """A guided filter: the matte (H x W, 0 or 1) with edges that follow the guide (H x W, 0..1), drawn in a little."""

    def mean(values: Picture) -> Picture:
        return cv2.blur(values, (radius, radius))

    slope = (mean(hard * guide) - mean(hard) * mean(guide)) / (mean(guide**2) - mean(guide) ** 2 + smooth)
    matte = mean(slope) * guide + mean(mean(hard) - slope * mean(guide))
    return np.clip((cv2.GaussianBlur(matte, (0, 0), 0.6) - 0.35) / 0.55, 0, 1)


def clean_edges(picture: Picture, matte: Picture) -> Picture:
    """The picture with the subject's own colours drawn outwards over the old backdrop that shines through its edge."""
    sure = (matte > 0.97).astype(np.float32)
    weight = cv2.GaussianBlur(sure, (0, 0), 2.5)[..., None]
    spread = cv2.GaussianBlur(picture.astype(np.float32) * sure[..., None], (0, 0), 2.5) / np.maximum(weight, 1e-4)
    return np.where((sure[..., None] == 0) & (weight > 1e-3), spread, picture.astype(np.float32))


def place(values: Picture) -> Picture:
    """A subject-sized array, enlarged and put on an empty canvas of the scene's size at the lower right."""
    enlarged = cv2.resize(values, None, fx=SUBJECT_SCALE, fy=SUBJECT_SCALE, interpolation=cv2.INTER_CUBIC)
    canvas = np.zeros((SCENE_SIZE[1], SCENE_SIZE[0], *values.shape[2:]), np.float32)
    canvas[SCENE_SIZE[1] - enlarged.shape[0] :, SUBJECT_LEFT : SUBJECT_LEFT + enlarged.shape[1]] = enlarged
    return canvas


def scene() -> Picture:
    """The launch pad, enlarged, cropped and as far out of focus as behind a portrait; float 0..255."""
    enlarged = cv2.resize(data.rocket(), None, fx=SCENE_SCALE, fy=SCENE_SCALE, interpolation=cv2.INTER_CUBIC)
    cropped = enlarged[-SCENE_SIZE[1] :, SCENE_LEFT : SCENE_LEFT + SCENE_SIZE[0]]
    return cv2.GaussianBlur(cropped.astype(np.float32), (0, 0), 1.6)


def main(folder: Path) -> None:
    """Writes the composite and its mask."""
    astronaut = data.astronaut()
    matte = cut_out(astronaut)
    mask = np.clip(place(matte), 0, 1)
    composite = place(clean_edges(astronaut, matte)) * mask[..., None] + scene() * (1 - mask[..., None])
    bgr = np.clip(composite + 0.5, 0, 255).astype(np.uint8)[..., ::-1]
    cv2.imwrite(str(folder / "composite.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    cv2.imwrite(str(folder / "mask.png"), (mask * 255 + 0.5).astype(np.uint8))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
