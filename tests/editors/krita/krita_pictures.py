"""The pictures of the tests: an astronaut lit by a studio's flash, in front of a launch pad at dusk.

Both are the public-domain photographs of the bundled sample. Everything is BGRA as Krita keeps it, or what a depth test
needs instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from samelight.cli.sample import SAMPLE_COMPOSITE, SAMPLE_MASK

__all__ = ["SCENE_SIZE", "SUBJECT_RECT", "Picture", "as_depth", "make_pictures", "scene", "subject"]

Picture = NDArray[Any]

SCENE_SIZE = (600, 400)  # width, height
SCENE_ZOOM = 2.3  # of the launch pad in the sample, 1200 pixels wide

SUBJECT_RECT = (268, 26, 332, 374)
"""Where the subject lies in a scene of that size: x, y, width, height."""


def scene(width: int = SCENE_SIZE[0], height: int = SCENE_SIZE[1]) -> Picture:
    """The launch pad at dusk: height x width x 4, BGRA, opaque."""
    zoom = SCENE_ZOOM * width / 1200
    rocket = Image.fromarray(data.rocket())
    large = rocket.resize((round(rocket.width * zoom), round(rocket.height * zoom)), Image.Resampling.LANCZOS)
    left, top = (large.width - width) // 2, large.height - height
    return _bgra(np.asarray(large.crop((left, top, left + width, top + height))), None)


def subject(width: int = SUBJECT_RECT[2], height: int = SUBJECT_RECT[3]) -> Picture:
    """The astronaut cut out, with a soft edge: height x width x 4, BGRA, straight alpha."""
    composite, mask = Image.open(SAMPLE_COMPOSITE).convert("RGB"), Image.open(SAMPLE_MASK).convert("L")
    box = tuple(2 * value for value in (268, 26, 600, 400))
    size = (width, height)
    colours = np.asarray(composite.crop(box).resize(size, Image.Resampling.LANCZOS))
    return _bgra(colours, np.asarray(mask.crop(box).resize(size, Image.Resampling.BILINEAR)))


def _bgra(colours: Picture, alpha: Picture | None) -> Picture:
    opaque = np.full(colours.shape[:2], 255, np.uint8)
    return np.ascontiguousarray(np.dstack([colours[..., ::-1], opaque if alpha is None else alpha]))


def as_depth(picture: Picture, depth: str) -> Picture:
    """A BGRA U8 picture in another of Krita's depths, in Krita's order of channels, with values between the 8-bit
    steps where the depth has them.
    """
    if depth == "U8":
        return picture
    noise = np.random.default_rng(5).random(picture.shape) - 0.5
    noise[..., 3] = 0.0
    values = np.clip((picture + noise) / 255, 0.0, 1.0)
    if depth == "U16":
        return np.round(values * 65535).astype(np.uint16)
    return np.ascontiguousarray(values[..., [2, 1, 0, 3]].astype({"F16": np.float16, "F32": np.float32}[depth]))


def make_pictures(folder: Path) -> None:
    """Writes every prepared picture as the bytes that Krita takes."""
    folder.mkdir(parents=True, exist_ok=True)
    back, front = scene(), subject()
    half = front.copy()
    half[..., 3] //= 2
    pictures = {"scene": back, "subject": front, "half": half, "flat": _pasted(back, front)}
    pictures |= {"scene-large": scene(1200, 800), "subject-large": subject(664, 748)}
    pictures["small"] = subject(SUBJECT_RECT[2] // 2, SUBJECT_RECT[3] // 2)
    for depth in ("U16", "F16", "F32"):
        pictures |= {f"scene-{depth}": as_depth(back, depth), f"subject-{depth}": as_depth(front, depth)}
    bright = pictures["subject-F32"].copy()
    bright[..., :3] *= 3
    pictures["bright-F32"] = bright
    Image.fromarray(front[..., [2, 1, 0, 3]]).save(folder / "subject.png")
    Image.fromarray(back[..., [2, 1, 0]]).save(folder / "scene.png")
    for name, picture in {**pictures, **_grays(back, front)}.items():
        (folder / f"{name}.raw").write_bytes(picture.tobytes())


def _pasted(back: Picture, front: Picture) -> Picture:
    """The flattened picture: front over back."""
    flat = back.copy()
    x, y, width, height = SUBJECT_RECT
    part = flat[y : y + height, x : x + width]
    alpha = front[..., 3:] / 255
    part[..., :3] = np.round(front[..., :3] * alpha + part[..., :3] * (1 - alpha))
    return flat


def _grays(back: Picture, front: Picture) -> dict[str, Picture]:
    """Gray with alpha, 8 bits."""
    return {
        f"{name}-gray": np.ascontiguousarray(np.dstack([picture[..., 1], picture[..., 3]]))
        for name, picture in (("scene", back), ("subject", front))
    }
