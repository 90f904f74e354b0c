"""A wide network that begins by answering as a narrow one does (Chen, Goodfellow and Shlens, Net2Net, ICLR 2016).

Channels of the narrow network become several neighbouring ones with the same values, and whatever reads them divides
its weights among them. It does so unevenly: copies that everything treats alike would get the same gradients and stay
copies for ever.

From 8 to 12 channels every other one is doubled. Where maps are joined, each part's channels keep their place only if
all of the network grows in one proportion, so such proportions are taken then alone. What sums over channels
(attention, likeness, norms over channels) counts the doubled ones twice, so that the answer is nearly the same:
srin-lite's weights from 16 to 24 channels change a foreground by about 0.01 code values, hdnet-lite's from 8 to 12
by 0.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

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

    Returns: those that fit or can be made to fit, in float32, by name; where the network does not grow in one
      proportion, a weight whose shape is no whole fraction of the wide network's is left out.
    """
    modules, fitted = dict(network.named_modules()), {}
    wide = network.state_dict()
    evenly = _grows_in_one_proportion(narrow, wide)
    for name, own in wide.items():
        if name in narrow and _fits(narrow[name], own, in_any_proportion=evenly):
            owner, _, parameter = name.rpartition(".")
            fitted[name] = _widen(modules, owner, parameter, narrow[name].float(), own)
    return fitted


def _grows_in_one_proportion(narrow: Mapping[str, Tensor], wide: Mapping[str, Tensor]) -> bool:
    """Whether every side of every weight that grows does so alike, or squared where it counts pairs of channels."""
    pairs = (pair for name in wide if name in narrow for pair in _sides(narrow[name], wide[name]))
    growths = {Fraction(b, a) for a, b in pairs if a != b}
    return not growths or growths <= {min(growths), min(growths) ** 2}


def _sides(narrow: Tensor, wide: Tensor) -> Iterator[tuple[int, int]]:
    return zip(narrow.shape, wide.shape, strict=False)  # of other layers they may differ in number


def _fits(narrow: Tensor, wide: Tensor, *, in_any_proportion: bool) -> bool:
    if narrow.ndim != wide.ndim:
        return False
    return all(b >= a and (in_any_proportion or b % a == 0) for a, b in _sides(narrow, wide))


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
    return weights.index_select(axis, _origins(weights.shape[axis], size))


def _origins(few: int, many: int) -> Tensor:
    """Of which of `few` entries each of `many` is a copy."""
    return torch.arange(many) * few // many


def _shared(weights: Tensor, axis: int, size: int) -> Tensor:
    """Each entry along `axis` divided among its copies, unevenly; they add up to the entry."""
    if weights.shape[axis] == size:
        return weights
    origins = _origins(weights.shape[axis], size)
    copies = torch.bincount(origins).reshape(-1, *[1] * (weights.ndim - axis - 1))
    shares = _copied(weights / copies, axis, size)
    uneven = torch.randn_like(shares) * UNEVENNESS * shares.std()
    surplus = torch.zeros_like(weights).index_add(axis, origins, uneven) / copies
    return shares + uneven - _copied(surplus, axis, size)
