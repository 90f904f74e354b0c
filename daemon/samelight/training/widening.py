"""A wide network that begins by answering as a narrow one does (Chen, Goodfellow and Shlens, Net2Net, ICLR 2016).

Every channel of the narrow network becomes several neighbouring ones with the same values, and whatever reads them
divides its weights among them. It does so unevenly: copies that everything treats alike would get the same gradients
and stay copies for ever.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from samelight.harmonizers.blocks import MaskAwareGlobalDynamics
from samelight.harmonizers.blocks.semantic_norm import SemanticInstanceNorm

__all__ = ["widened"]

UNEVENNESS = 0.5
"""How far the copies' weights deviate from an even share, in standard deviations of the shares."""


def widened(network: nn.Module, narrow: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a narrower network of the same layers, made to fit `network`.

    Args:
      network: the wide network; random numbers come from torch's generator.
      narrow: weights by name, in any floating precision.

    Returns: those that fit or can be made to fit, in float32, by name; a weight whose shape is no whole fraction of
      the wide network's is left out.
    """
    modules, fitted = dict(network.named_modules()), {}
    for name, own in network.state_dict().items():
        if name in narrow and _fits(narrow[name], own):
            owner, _, parameter = name.rpartition(".")
            fitted[name] = _widen(modules, owner, parameter, narrow[name].float(), own)
    return fitted


def _fits(narrow: Tensor, wide: Tensor) -> bool:
    same_axes = narrow.ndim == wide.ndim
    return same_axes and all(b % a == 0 for a, b in zip(narrow.shape, wide.shape, strict=True))


def _widen(modules: Mapping[str, nn.Module], owner: str, parameter: str, narrow: Tensor, wide: Tensor) -> Tensor:
    block, layer = modules[owner.rpartition(".")[0]], owner.rpartition(".")[2]
    if isinstance(block, MaskAwareGlobalDynamics) and layer == "expand":
        return _kernels(narrow, wide, identity=parameter == "bias")
    weights = _of_layer(modules[owner], narrow, wide)
    if isinstance(block, SemanticInstanceNorm) and layer == "query":
        # Equation 3's dot products are not scaled: with so many times the channels they would be as many times greater.
        weights = weights * narrow.shape[0] / wide.shape[0]
    return weights


def _of_layer(layer: nn.Module, narrow: Tensor, wide: Tensor) -> Tensor:
    """A convolution's weights, or one value for each channel."""
    if narrow.ndim == 1:
        return _copied(narrow, 0, wide.shape[0])
    outputs, inputs = (1, 0) if isinstance(layer, nn.ConvTranspose2d) else (0, 1)
    return _shared(_copied(narrow, outputs, wide.shape[outputs]), inputs, wide.shape[inputs])


def _kernels(narrow: Tensor, wide: Tensor, *, identity: bool) -> Tensor:
    """What predicts two C x C kernels: their entries are in the layer's outputs.

    The `identity` in them, which lies in the bias, is left whole: divided among the copies it would make them equal.
    """
    few, many = (math.isqrt(each.shape[0] // 2) for each in (narrow, wide))
    entries = narrow.reshape(2, few, few, -1)
    if identity:
        entries = entries - torch.eye(few)[..., None]
    entries = _shared(_copied(entries, 1, many), 2, many)
    if identity:
        entries = entries + torch.eye(many)[..., None]
    return entries.reshape(wide.shape)


def _copied(weights: Tensor, axis: int, size: int) -> Tensor:
    """Each entry along `axis` beside its copies."""
    return weights.repeat_interleave(size // weights.shape[axis], axis)


def _shared(weights: Tensor, axis: int, size: int) -> Tensor:
    """Each entry along `axis` divided among its copies, unevenly; they add up to the entry."""
    copies = size // weights.shape[axis]
    if copies == 1:
        return weights
    shares = _copied(weights, axis, size) / copies
    uneven = torch.randn_like(shares) * UNEVENNESS * shares.std()
    of_each = uneven.reshape(*weights.shape[: axis + 1], copies, *weights.shape[axis + 1 :])
    return shares + (of_each - of_each.mean(dim=axis + 1, keepdim=True)).reshape(shares.shape)
