"""A mask as a network sees it: opacity and fades gone, edges kept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from samelight.compositing.presence import LAYER_EDGE, SELECTION_EDGE, presence


def disc(side=96, softness=1.0):
    """A disc whose edge rises over `softness` pixels."""
    y, x = np.mgrid[:side, :side]
    distance = np.hypot(y - side / 2 + 0.5, x - side / 2 + 0.5)
    return np.clip((side / 3 - distance) / softness + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize(("edge", "softness"), [(LAYER_EDGE, 1), (LAYER_EDGE, 2), (SELECTION_EDGE, 4)])
def test_an_edge_stays_as_it_is(edge, softness):
    np.testing.assert_allclose(presence(disc(softness=softness), edge), disc(softness=softness), atol=1e-6)


@pytest.mark.parametrize("opacity", [0.75, 0.5, 0.02])
def test_opacity_does_not_matter(opacity):
    mask = disc() * np.float32(opacity)
    np.testing.assert_allclose(presence(mask, LAYER_EDGE), disc(), atol=1e-5)


def test_a_feathered_mask_gets_an_edge():
    feathered = gaussian_filter(disc(), 6)
    seen = presence(feathered, LAYER_EDGE)
    assert (seen >= feathered - 1e-6).all()
    assert (seen[feathered > 0.25] > 0.9).all()
    assert np.all(seen[feathered == 0] == 0)


def test_what_is_faint_stays_faint():
    mask = disc()
    mask[mask == 0] = 0.02
    assert presence(mask, LAYER_EDGE)[0, 0] == pytest.approx(0.08, abs=1e-5)
