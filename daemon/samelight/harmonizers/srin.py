"""Segment Anything Model Meets Image Harmonization (Chen et al., ICASSP 2024): SRIN."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from samelight.harmonizers.blocks import HarmonizationUNet
from samelight.harmonizers.blocks.masks import resize_mask
from samelight.harmonizers.blocks.palette import colours_needed, draw_instances, fixed_palette, random_palettes
from samelight.harmonizers.blocks.semantic_norm import SemanticInstanceNorm
from samelight.instances import Instances

__all__ = ["SRIN"]


class SRIN(HarmonizationUNet):
    """The base U-Net with one semantic-guided normalization (equations 2 to 6) between encoder and decoder.

    Size: 10,028,739 parameters at width 32, of which the base U-Net has 9,764,547 (the paper states no count), and
    2,509,667 at width 16 (lite; the paper has none, and twice HDNet-lite's width costs a processor twice its time).
    Its loss is L1 (equation 1).

    What the instances do here is little, and how similar they are does nothing. In equation 2 the map makes the queries
    alone: neither keys nor values know the colours, which are arbitrary, so that a query cannot ask for the instance
    that looks like the foreground. The foreground is one segment of one colour, so all its positions ask alike, and the
    normalization is by one learned selection of the background; only at the foreground's edge do the colours of what
    is around it mix in. The network that is told who looks like whom is SRIH.
    """

    uncompiled = ("_palettes",)
    """Methods that torch.compile leaves alone, because they draw random numbers."""

    def __init__(self, width: int = 32) -> None:
        """`width` is w, the channels of the first level."""
        super().__init__(width)
        self.generators: Sequence[torch.Generator] | None = None
        """Where training draws from, one for each picture of the next batch; None for torch's own generator."""
        self.semantic_norm = SemanticInstanceNorm(8 * width)

    def _adjust_deepest(self, features: Tensor, mask: Tensor, instances: Instances | None) -> Tensor:
        semantic_map = draw_instances(instances, mask, self._palettes(mask.shape[0], colours_needed(instances)))
        adjusted: Tensor = self.semantic_norm(
            features, resize_mask(mask, features), resize_mask(semantic_map, features)
        )
        return adjusted

    def _palettes(self, pictures: int, colours: int) -> Tensor:
        """Random ones in training, because a segmenter numbers instances at will; otherwise always the same."""
        return random_palettes(pictures, colours, self.generators) if self.training else fixed_palette(colours)
