"""The working picture: layer over backdrop, small, in sRGB, with the mask of what is to be harmonized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight import srgb
from samelight.compositing.coverage import Coverage
from samelight.compositing.fill import fill_unknown
from samelight.compositing.presence import LAYER_EDGE, SELECTION_EDGE, presence
from samelight.compositing.reduction import Averages, Weights, reduce
from samelight.compositing.scene import Scene, nothing_visible_marked
from samelight.compositing.spaces import colour_space
from samelight.compositing.window import choose_window, working_size
from samelight_wire.errors import NoBackdropError, TransparentLayerError
from samelight_wire.formats import Rect

__all__ = ["Composition", "colour_pairs", "compose"]

Array = NDArray[np.float32]

# A place where less of the backdrop than this is visible tells nothing about it.
LEAST_KNOWN = 0.05
LEAST_HOLE = 1e-3

# A change is divided by the mask, and its error with it: smaller mask values count as this.
LEAST_MASK = np.float32(0.05)

# A network that is shown less backdrop than this part of its picture has nothing to take the light from.
LEAST_GROUND = 0.05

# A colour that was clipped by so much tells the lift half as much as others.
TOLERABLE_CLIPPING = 0.02


@dataclass(frozen=True)
class Composition:
    """What the network sees, H x W, and what the lift needs to know beside it."""

    picture: Array
    """H x W x 3, the composite I_c in sRGB code values 0..1."""
    mask: Array
    """H x W in 0..1, the foreground's mask M as the network sees it; see `presence`."""
    coverage: Array
    """H x W in 0..1, how much of the foreground there is: layer alpha x layer mask x selection."""
    known: Array
    """H x W in 0..1, how much of the backdrop is visible; elsewhere the picture is filled in."""
    colours: Array
    """H x W x C, the foreground's own colours in the layer's own encoding; 0 where the mask is 0."""
    clipping: Array
    """H x W, how far the composite leaves 0..1 before it is clipped for the network: light above 1, wide gamut."""
    window: Rect
    """The part of the canvas that the picture shows."""

    def facts(self) -> dict[str, Any]:
        """The working size, the window and the mask's share, as plain values."""
        height, width = self.mask.shape
        return {
            "working_size": [width, height],
            "window": [self.window.x, self.window.y, self.window.width, self.window.height],
            "foreground_share": round(float(self.coverage.mean()), 4),
            "known_backdrop_share": round(float(self.known.mean()), 4),
        }


def compose(scene: Scene, side: int = 256, threads: int = 1) -> Composition:
    """Lay the layer over its backdrop at working resolution.

    Args:
        scene: the decoded request.
        side: the working picture has about side x side pixels.
        threads: pieces of the layer that are averaged at once.

    Raises:
        EmptyMaskError: nothing visible is selected.
        TransparentLayerError: nothing of the layer is visible.
        NoBackdropError: no backdrop is visible around the foreground.
    """
    window = choose_window(scene.bounds, scene.backdrop_rect)
    size = working_size(window, side)
    front = _average(scene, scene.foreground, window, size, threads)
    coverage = front.weight
    if not coverage.any():
        raise nothing_visible_marked() if scene.effect.masks else TransparentLayerError()
    # Without a selection all that shows of the layer is foreground.
    shown = _average(scene, scene.shown, window, size, threads) if scene.effect.masks else front
    back, back_weight = _backdrop(scene, window, size, threads)
    layer = scene.space.to_srgb(shown.colour)
    rest = np.maximum(shown.weight - coverage, 0.0)
    below = (1 - shown.weight) * back_weight
    known = rest + below
    if not (known > LEAST_KNOWN).any():
        raise _no_backdrop(scene)
    visible = (rest[..., None] * layer + below[..., None] * back) / np.maximum(known, 1e-8)[..., None]
    unknown = (1 - back_weight)[..., None]
    # Only what no layer and no backdrop covers has to be made up.
    hole = bool(((1 - shown.weight) * (1 - back_weight) > LEAST_HOLE).any())
    ground = back_weight[..., None] * back + unknown * (fill_unknown(visible, known) if hole else back)
    edge = SELECTION_EDGE if scene.effect.masks else LAYER_EDGE
    mask, opacity = _presented(coverage, shown.weight, back_weight, edge)
    picture = opacity[..., None] * layer + (1 - opacity)[..., None] * ground
    clipped = np.clip(picture, 0.0, 1.0).astype(np.float32)
    clipping = np.abs(picture - clipped).max(axis=2)
    return Composition(clipped, mask, coverage, known, front.colour, clipping, window)


def colour_pairs(scene: Scene, composition: Composition, harmonized: Array) -> tuple[Array, Array, Array]:
    """From the network's answer to what the lift is fitted to.

    The answer is the blend I_h = G M + I_c (1 - M): the layer's own colours moved by G - I_c, so that the move is
    divided by M. A place counts by M, because division by M makes its error so much larger, by its coverage, and by
    less where the network saw a clipped colour.

    Args:
        scene: the decoded request.
        composition: what the network saw.
        harmonized: H x W x 3, the network's answer, sRGB code values.

    Returns: colours before (H x W x C, the layer's own encoding; linear light on the sRGB curve), colours after,
    weights (H x W).
    """
    mask = composition.mask
    move = harmonized - composition.picture
    change: Array = np.divide(move, np.maximum(mask, LEAST_MASK)[..., None], dtype=np.float32)
    before = composition.colours
    after = scene.space.carry(before, change)
    weights = mask * composition.coverage / (1 + np.square(composition.clipping / TOLERABLE_CLIPPING))
    if scene.space.linear:
        return srgb.encode(before), srgb.encode(after), weights
    return before, after, weights


def _presented(coverage: Array, shown: Array, back_weight: Array, edge: int) -> tuple[Array, Array]:
    """The foreground's mask and the whole layer's opacity as the network sees them, H x W each.

    A layer that would hide nearly all of its backdrop is shown with the transparency that it has.
    """
    mask = presence(coverage, edge)
    opacity = mask if shown is coverage else np.maximum(presence(shown, edge), mask)
    ground = opacity - mask + (1 - opacity) * back_weight
    return (mask, opacity) if ground.mean() > LEAST_GROUND else (coverage, shown)


def _average(scene: Scene, coverage: Coverage, window: Rect, size: tuple[int, int], threads: int) -> Averages:
    """Mean colours and coverage of the layer under a coverage."""
    weights: Weights | None = coverage.rows if coverage.masks else None
    return reduce(scene.layer, scene.layer_rect, window, size, weights, threads)


def _backdrop(scene: Scene, window: Rect, size: tuple[int, int], threads: int) -> tuple[Array, Array]:
    """The backdrop in sRGB (H x W x 3) and how much of each cell it covers (H x W); nothing for a flattened picture."""
    if scene.backdrop is None:
        return np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    averages = reduce(scene.backdrop, scene.backdrop_rect, window, size, None, threads)
    return colour_space(scene.backdrop).to_srgb(averages.colour), averages.weight


def _no_backdrop(scene: Scene) -> NoBackdropError:
    if scene.backdrop is None:
        return NoBackdropError(
            "Nothing visible is left outside of the mask, so there is no backdrop to take the light from.",
            "Leave the backdrop out of the mask: only the pasted object belongs into it.",
        )
    return NoBackdropError("Nothing is visible below the layer, so there is no backdrop to take the light from.")
