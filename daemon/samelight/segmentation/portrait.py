"""The picture that shows who looks like whom: instances coloured by their similarity to the foreground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from samelight.instances import Instances
from samelight.segmentation.canvas import WHITE, Canvas, smooth_labels, tinted, with_margin, write_in_place
from samelight.segmentation.ramp import ramp

__all__ = ["draw_similarity"]

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# A range of similarities narrower than this is not spread over the whole scale: the difference would be a pretence.
LEAST_RANGE = 0.1


def draw_similarity(picture: Array, mask: Array, instances: Instances) -> Pixels:
    """Draw the instances over a composite.

    The foreground keeps its colours and gets a white outline, everything else is gray and dim, tinted on the ramp
    from violet (the least similar instance of this picture) to yellow (the most similar one); what belongs to no
    instance stays gray. A scale beside the picture gives the figures.

    Args:
        picture: H x W x 3, sRGB code values 0..1.
        mask: H x W in 0..1, the foreground.
        instances: of one picture, of any size with the same aspect.

    Returns: H' x W' x 3.
    """
    canvas = Canvas.of(picture, mask)
    similarity = instances.similarity[0].numpy()
    labels = smooth_labels(instances.labels[0].numpy(), len(similarity), *canvas.inside.shape)
    low, high = _range(similarity)
    drawn = tinted(canvas, labels, ramp((similarity - low) / (high - low)))
    drawn[canvas.inside] = canvas.colours[canvas.inside]
    image = Image.fromarray(canvas.outlined(drawn))
    for label, value in enumerate(similarity, start=1):
        write_in_place(image, (labels == label) & ~canvas.inside, f"{value:.2f}")
    return np.asarray(_with_scale(image, low, high, empty=not len(similarity)))


def _range(similarity: Array) -> tuple[float, float]:
    """The ends of the colour scale."""
    if not len(similarity):
        return 0.0, 1.0
    low, high = float(similarity.min()), float(similarity.max())
    missing = max(0.0, LEAST_RANGE - (high - low)) / 2
    return low - missing, high + missing


def _with_scale(image: Image.Image, low: float, high: float, *, empty: bool) -> Image.Image:
    """The picture with the colour scale at its right."""
    font = ImageFont.load_default(18)
    sheet, draw, left = with_margin(image)
    if empty:
        draw.text((left, 24), "No instance\nwas found.", WHITE, font)
        return sheet
    top, bottom = 70, sheet.height - 60
    draw.text((left, 14), "looks\nlike me", WHITE, font)
    bar = ramp(np.linspace(1, 0, bottom - top, dtype=np.float32))[:, None].repeat(28, axis=1)
    sheet.paste(Image.fromarray(bar), (left + 8, top))
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = round(bottom - 1 - part * (bottom - 1 - top))
        draw.line([(left + 36, y), (left + 44, y)], WHITE, 2)
        draw.text((left + 50, y), f"{low + part * (high - low):.2f}", WHITE, font, anchor="lm")
    draw.text((left, bottom + 12), "does not", WHITE, font)
    return sheet
