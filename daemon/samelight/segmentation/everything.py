"""All instances of a picture with the Segment Anything Model: a grid of points, filtered where the network ran.

Every point of the grid is a prompt, each prompt gives three masks. Kept are those that the network itself rates high
and that hardly change with the threshold; of those that lie nearly in the same box, the best. Everything stays at the
decoder's low resolution (256 x 256 for the published checkpoints) and on the device: no mask is ever enlarged, copied
to the CPU or run-length encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from segment_anything.modeling import Sam
from torch import Tensor, nn
from torchvision.ops import nms

from samelight.segmentation.base import OnPart

__all__ = ["Filter", "Masks", "decode", "find_masks", "grid"]


@dataclass(frozen=True)
class Filter:
    """Which masks count. The values are those that the model was published with."""

    quality: float = 0.88
    """The least intersection over union that the network predicts for its own mask."""
    stability: float = 0.95
    """The least intersection over union of the masks at the threshold plus and minus the offset."""
    offset: float = 1.0
    """In logits, see stability."""
    overlap: float = 0.7
    """Of masks whose boxes have a larger intersection over union, only the one of the best quality counts."""


@dataclass(frozen=True)
class Masks:
    """What was found, best quality first."""

    masks: Tensor
    """K x h x w, bool, at the decoder's resolution, without the padding of pictures that are not square."""
    quality: Tensor
    """K, the predicted intersection over union."""
    embeddings: Tensor
    """K x D, the instance embeddings E_in of SRIH equation 9."""


def grid(per_side: int, height: float, width: float, device: torch.device) -> Tensor:
    """Points in the centres of per_side x per_side cells: (per_side^2) x 2, (x, y) in pixels, row by row."""
    steps = (torch.arange(per_side, dtype=torch.float64) + 0.5) / per_side  # in double precision, which MPS has not
    y, x = torch.meshgrid(steps * height, steps * width, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2).float().to(device)


def find_masks(
    sam: Sam, features: Tensor, size: tuple[int, int], per_side: int, batch: int, wanted: Filter, on_part: OnPart
) -> Masks:
    """The "everything" pass.

    Args:
        sam: the model.
        features: 1 x C x h x w, the encoded picture.
        size: height and width of the picture as the encoder saw it, without padding.
        per_side: the grid has per_side^2 points.
        batch: points that go through the decoder at once.
        wanted: which masks count.
        on_part: called after each batch.
    """
    points = grid(per_side, *size, features.device)
    parts = []
    for first in range(0, len(points), batch):
        sparse, dense = sam.prompt_encoder(points=_prompts(points[first : first + batch]), boxes=None, masks=None)
        logits, quality, embeddings = decode(sam, features, sparse, dense, several=True)
        parts.append(_filtered(_without_padding(sam, logits, size), quality, embeddings, sam.mask_threshold, wanted))
        on_part(min(first + batch, len(points)) / len(points))
    masks, quality, embeddings = (torch.cat(each) for each in zip(*parts, strict=True))
    kept = nms(_boxes(masks), quality, wanted.overlap)
    return Masks(masks[kept], quality[kept], embeddings[kept])


def decode(
    sam: Sam, features: Tensor, sparse: Tensor, dense: Tensor, *, several: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the mask decoder and look at what its hypernetworks say on the way (SRIH equations 6-9).

    Each mask token T_u goes through a three-layer MLP of its own; the result is the instance embedding E_in, and its
    product with the enlarged picture embedding is the mask.

    Args:
        sam: the model.
        features: 1 x C x h x w.
        sparse: P x T x C, the prompts' tokens.
        dense: P x C x h x w, the mask prompts' embedding.
        several: whether the three masks of an ambiguous prompt are wanted, or the one of a clear one.

    Returns: logits P x J x 4h x 4w, predicted quality P x J, embeddings P x J x D; J is 3 or 1.
    """
    with _recorded(sam.mask_decoder.output_hypernetworks_mlps) as said:
        logits, quality = sam.mask_decoder(
            image_embeddings=features,
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
        )
    tokens = slice(1, None) if several else slice(0, 1)
    return logits, quality, torch.stack([said[number] for number in sorted(said)], dim=1)[:, tokens]


@contextmanager
def _recorded(modules: nn.ModuleList) -> Iterator[dict[int, Tensor]]:
    """What each module of a list answers while this is open, by its number."""
    answers: dict[int, Tensor] = {}

    def note(number: int) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def keep(module: nn.Module, inputs: tuple[Tensor, ...], answer: Tensor) -> None:
            answers[number] = answer

        return keep

    handles = [module.register_forward_hook(note(number)) for number, module in enumerate(modules)]
    try:
        yield answers
    finally:
        for handle in handles:
            handle.remove()


def _prompts(points: Tensor) -> tuple[Tensor, Tensor]:
    """Each point a prompt of its own that says "this is inside"."""
    return points[:, None], torch.ones(len(points), 1, dtype=torch.int, device=points.device)


def low_size(sam: Sam, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the decoder's masks that a picture of this size (as the encoder saw it) fills."""
    rows, columns = sam.prompt_encoder.mask_input_size
    side = sam.image_encoder.img_size
    return max(1, round(size[0] * rows / side)), max(1, round(size[1] * columns / side))


def _without_padding(sam: Sam, logits: Tensor, size: tuple[int, int]) -> Tensor:
    rows, columns = low_size(sam, size)
    return logits[..., :rows, :columns]


def _filtered(
    logits: Tensor, quality: Tensor, embeddings: Tensor, threshold: float, wanted: Filter
) -> tuple[Tensor, Tensor, Tensor]:
    """The masks (K x h x w, bool), qualities (K) and embeddings (K x D) that pass; cheap checks first."""
    good = quality > wanted.quality
    logits, quality, embeddings = _as_enlarged(logits[good]), quality[good], embeddings[good]
    stable = _stability(logits, threshold, wanted.offset) >= wanted.stability
    return logits[stable] > threshold, quality[stable], embeddings[stable]


def _as_enlarged(logits: Tensor) -> Tensor:
    """K x h x w logits, a little smoothed: what enlarging them linearly and averaging down again would give.

    That is how a mask looks to everybody who uses the model as it was published, and its quality was trained so.
    """
    return _with_neighbours(_with_neighbours(logits, 1), 2)


def _with_neighbours(values: Tensor, axis: int) -> Tensor:
    """Seven eighths of each value and a sixteenth of both neighbours along an axis; at the ends it is its own one."""
    smooth = values * 0.875
    last = values.shape[axis] - 1
    smooth.narrow(axis, 1, last).add_(values.narrow(axis, 0, last), alpha=0.0625)
    smooth.narrow(axis, 0, last).add_(values.narrow(axis, 1, last), alpha=0.0625)
    for end in (0, last):
        smooth.select(axis, end).add_(values.select(axis, end), alpha=0.0625)
    return smooth


def _stability(logits: Tensor, threshold: float, offset: float) -> Tensor:
    """K: how much of the larger mask the smaller one covers when the threshold moves; 0 for an empty mask."""
    sure = (logits > threshold + offset).flatten(1).sum(1, dtype=torch.int32)
    possible = (logits > threshold - offset).flatten(1).sum(1, dtype=torch.int32)
    return sure / possible.clamp_min(1)


def _boxes(masks: Tensor) -> Tensor:
    """K x 4, float: first and last column and row (x0, y0, x1, y1) of each mask (K x h x w), all 0 if it is empty."""
    x0, x1 = _extent(masks.any(dim=1))
    y0, y1 = _extent(masks.any(dim=2))
    return torch.stack([x0, y0, x1, y1], dim=1).float()


def _extent(used: Tensor) -> tuple[Tensor, Tensor]:
    """First and last true place of each row of K x n."""
    places = torch.arange(used.shape[1], device=used.device)
    first = torch.where(used, places, used.shape[1]).amin(1)
    last = torch.where(used, places, 0).amax(1)
    return torch.where(used.any(1), first, 0), last
