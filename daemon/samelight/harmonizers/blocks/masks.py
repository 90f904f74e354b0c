"""Masks at the scales of a network's feature maps, and pictures and instances of any size."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor
from torch.nn import functional

from samelight.instances import Instances

__all__ = ["background_positions", "crop_to", "pad_instances", "pad_to_stride", "resize_mask"]


def resize_mask(mask: Tensor, like: Tensor) -> Tensor:
    """Average a mask down to a feature map's size, keeping soft values.

    Args:
      mask: B x 1 x H x W in 0..1.
      like: B x C x h x w, the feature map whose size is wanted; H and W are multiples of h and w.

    Returns: B x 1 x h x w in 0..1, the share of foreground in each cell. A thin foreground never vanishes, as it
      does with nearest-neighbour sampling.
    """
    if mask.shape[-2:] == like.shape[-2:]:
        return mask.to(like.dtype)
    stride = (mask.shape[-2] // like.shape[-2], mask.shape[-1] // like.shape[-1])
    return functional.avg_pool2d(mask, kernel_size=stride).to(like.dtype)


def pad_to_stride(picture: Tensor, stride: int, least: int = 2) -> Tensor:
    """Continue a picture to the right and below so that both sides are multiples of `stride`.

    Args:
      picture: B x C x H x W, any size from 1 x 1.
      stride: the product of a network's down-samplings.
      least: positions that each side of the deepest map has at least; instance normalization needs more than one.

    Returns: B x C x H' x W'. Reflection where the picture is large enough for it, otherwise its edge repeated.
    """
    height, width = picture.shape[-2:]
    down, right = (max(-side % stride, least * stride - side) for side in (height, width))
    if not (down or right):
        return picture
    mode = "reflect" if down < height and right < width else "replicate"
    return functional.pad(picture, (0, right, 0, down), mode=mode)


def pad_instances(instances: Instances | None, stride: int) -> Instances | None:
    """Continue the label map as `pad_to_stride` continues the picture; similarities stay as they are."""
    if instances is None:
        return None
    # As floats, because not every device reflects integers; labels are far below 2^24, where floats would skip some.
    labels = pad_to_stride(instances.labels.unsqueeze(1).float(), stride)
    return replace(instances, labels=labels.squeeze(1).to(instances.labels.dtype))


def crop_to(picture: Tensor, like: Tensor) -> Tensor:
    """Undo `pad_to_stride`: B x C x H' x W' to the height and width of `like`."""
    return picture[..., : like.shape[-2], : like.shape[-1]]


def background_positions(mask: Tensor) -> Tensor:
    """Which positions may stand for the background.

    Args:
      mask: B x 1 x N in 0..1.

    Returns: B x 1 x N, bool: those of at most 0.5; where a picture has none, those that are the least foreground.
    """
    return mask <= mask.amin(dim=2, keepdim=True).clamp(min=0.5)
