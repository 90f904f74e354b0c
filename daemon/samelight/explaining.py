"""Pictures that show why a layer came out as it did: `samelight harmonize --explain`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from samelight import compositing
from samelight.compositing import Composition, Scene
from samelight.harmonizers.blocks.submasks import submask_labels
from samelight.segmentation import Found, draw_parts, draw_similarity
from samelight_wire.errors import InvalidOptionError
from samelight_wire.formats import Depth, Layout, Raster, RasterFormat

__all__ = ["explain"]

# The drawings show the network's window, but with more detail than the network saw.
SIDE = 768


def explain(scene: Scene, composition: Composition, found: Found | None, threads: int) -> dict[str, Raster]:
    """Draw what is to be shown of a request, by name; 8-bit RGB in sRGB.

    `instances`: the backdrop's instances, coloured by their similarity to the foreground ("who looks like me").
    `submasks`: the foreground's parts of one colour each, as FRIH divides it.

    Args:
        scene: the decoded request.
        composition: what the network saw of it.
        found: the instances that were found.
        threads: pieces of a raster that are averaged at once.

    Raises:
        InvalidOptionError: no segmenter was at work, so that there is nothing to show.
    """
    if found is None:
        raise InvalidOptionError(
            "An explanation needs the instances of the backdrop, but the settings turn the segmenter off.",
            'Set segmenter to "auto" in the settings file.',
        )
    fine = compositing.compose(scene, SIDE, threads)
    parts = submask_labels(
        torch.from_numpy(composition.picture).permute(2, 0, 1)[None] * 2 - 1,
        torch.from_numpy(composition.mask)[None, None],
    )
    return {
        "instances": _raster(draw_similarity(fine.picture, fine.mask, found.instances)),
        "submasks": _raster(draw_parts(fine.picture, fine.mask, parts[0].numpy())),
    }


def _raster(pixels: NDArray[np.uint8]) -> Raster:
    height, width = pixels.shape[:2]
    return Raster(RasterFormat(width, height, Layout.RGB, Depth.U8), np.ascontiguousarray(pixels).reshape(-1).data)
