"""The recolourings of a batch: random figures are drawn for each composite, and applied to all of a kind at once.

A method has two halves. `draw` takes a composite's own random stream and its family's parameters and gives a few
figures; `apply` takes the foregrounds and references of several composites and their figures stacked, on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from samelight.training import transfers
from samelight.training.colour import luminance, mix_channels, to_linear, to_srgb
from samelight.training.composites import light
from samelight.training.composites.streams import Stream, bounded_normal
from samelight.training.copying import indices
from samelight.training.recolouring import Family
from samelight.training.transfers import Region

__all__ = ["METHODS", "TRANSFERS", "Look", "draw_look", "limited", "recolour"]

Drawn = Mapping[str, NDArray[np.float64]]
Figures = Mapping[str, Tensor]
COARSE, FINE = 5, 17
"""Points along each axis of a random colour map as it is drawn, and of any table of colours as it is read."""
IDT_SIDE = 96
"""About how many pixels of the picture's shorter side the iterative transfer follows."""


@dataclass(frozen=True)
class Look:
    """What is done to one foreground."""

    family: str
    """A key of `METHODS`."""
    drawn: Drawn
    """The figures that its method takes."""


@dataclass(frozen=True)
class Method:
    """A way to recolour."""

    draw: Callable[[Stream, Mapping[str, float]], Drawn]
    """Random figures from a family's parameters."""
    apply: Callable[[Region, Region, Figures], Tensor]
    """Recolours B pictures; the reference (of any size) is for the transfers alone."""


def draw_look(random: Stream, family: Family, ends_held: float) -> Look:
    """Draw a family's figures; with the probability `ends_held` black stays black and white stays white."""
    method = METHODS[family.name]
    change_of_ends = random.uniform(0, 0.3) if random.random() < ends_held else 1.0
    return Look(family.name, {**method.draw(random, family.parameters), "ends": np.array(change_of_ends)})


def recolour(source: Region, reference: Region, looks: Sequence[Look]) -> Tensor:
    """Recolour each picture of a batch in its own way: B x 3 x H x W in 0..1, every pixel."""
    result = torch.empty_like(source.picture)
    for name in sorted({look.family for look in looks}):
        members = [index for index, look in enumerate(looks) if look.family == name]
        chosen, part, wanted = indices(members, result.device), source, reference
        if len(members) < len(looks):
            part, wanted = source.select(chosen), reference.select(chosen)
        figures = _stacked([looks[index].drawn for index in members], result)
        recoloured = METHODS[name].apply(part, wanted, figures).clamp(0, 1)
        result[chosen] = _ends_held(part.picture, recoloured, figures["ends"].view(-1, 1, 1, 1))
    return result


def limited(source: Region, recoloured: Tensor, limits: Sequence[float]) -> Tensor:
    """Scale each change down to a mean square over the region of at most a limit, in 8-bit code values squared."""
    change = recoloured - source.picture
    squared = change.square().mean(dim=1, keepdim=True)
    area = source.weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    strength = 255**2 * (squared * source.weight).sum(dim=(2, 3), keepdim=True) / area
    most = torch.tensor(limits).view(-1, 1, 1, 1).to(strength, non_blocking=True)
    return (source.picture + change * (most / strength.clamp(min=1e-6)).sqrt().clamp(max=1)).clamp(0, 1)


def _stacked(drawn: Sequence[Drawn], like: Tensor) -> dict[str, Tensor]:
    return {
        key: torch.from_numpy(np.stack([figures[key] for figures in drawn]).astype(np.float32)).to(
            like.device, non_blocking=True
        )
        for key in drawn[0]
    }


def _ends_held(picture: Tensor, recoloured: Tensor, ends: Tensor) -> Tensor:
    """Changed by the share `ends` (B x 1 x 1 x 1) at black and at white, in full between."""
    level = picture.mean(dim=1, keepdim=True)
    # 1 at mid gray, above 0.8 from a tenth of the way, 0 at both ends.
    between = 1 - (1 - 4 * level * (1 - level)).square().square()
    return torch.lerp(picture, recoloured, ends + (1 - ends) * between)


# ---- transfers: a share 0..1 of the way to the reference's colours ----


def _transfer(method: Callable[[Region, Region, Figures], Tensor]) -> Callable[[Region, Region, Figures], Tensor]:
    def apply(source: Region, reference: Region, figures: Figures) -> Tensor:
        changed = method(source, reference, figures).clamp(0, 1)
        return torch.lerp(source.picture, changed, figures["share"].view(-1, 1, 1, 1))

    return apply


def _idt(source: Region, reference: Region, figures: Figures) -> Tensor:
    """Pitie's transfer, with rotations of its own for every picture, worked out on a table of the source's colours.

    The matchings follow the colours of some of the source's pixels and carry the table's along; all pixels are then
    read through it. That is a fraction of the work, and the jumps between histogram bins do not become grain.
    """
    step = max(1, min(source.picture.shape[2:]) // IDT_SIDE)
    pixels, weight = (part[:, :, ::step, ::step].flatten(2)[:, :, None] for part in (source.picture, source.weight))
    low, high = _range_of(source)
    table = low + (high - low) * _lattice(source.picture.device).view(1, 3, 1, -1)
    values = torch.cat([table, pixels], dim=3)
    weight = functional.pad(weight, (FINE**3, 0))
    for rotation in figures["rotations"].unbind(1):
        turned, wanted = mix_channels(values, rotation), mix_channels(reference.picture, rotation)
        values = mix_channels(transfers.match_channels(turned, weight, wanted, reference.weight), rotation.mT)
    matched = values[..., : FINE**3].reshape(-1, 3, FINE, FINE, FINE)
    return _read_table(matched, (source.picture - low) / (high - low))


def _range_of(source: Region) -> tuple[Tensor, Tensor]:
    """Least and greatest value of each channel in a region, a little apart: B x 3 x 1 x 1."""
    outside = (source.weight == 0).to(source.picture.dtype)
    low = (source.picture + outside).amin(dim=(2, 3), keepdim=True).clamp(max=1)
    high = (source.picture - outside).amax(dim=(2, 3), keepdim=True).clamp(min=0)
    return low, torch.maximum(high, low + 1 / 255)


def _lattice(device: torch.device) -> Tensor:
    """The colours of a table that changes nothing: 3 x FINE x FINE x FINE, axes blue, green, red."""
    line = torch.linspace(0, 1, FINE, device=device)
    blue, green, red = torch.meshgrid(line, line, line, indexing="ij")
    return torch.stack([red, green, blue])


def _read_table(table: Tensor, picture: Tensor) -> Tensor:
    """Read tables (B x 3 x N x N x N, axes blue, green, red) at the colours of pictures, 0..1."""
    place = (picture * 2 - 1).permute(0, 2, 3, 1).unsqueeze(1)
    return functional.grid_sample(table, place, padding_mode="border", align_corners=True).squeeze(2)


def _draw_share(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    return {"share": np.array(random.uniform(parameters["least_share"], 1.0))}


def _draw_idt(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    turns = np.linalg.qr(random.standard_normal((int(parameters["iterations"]), 3, 3)))[0]
    return {**_draw_share(random, parameters), "rotations": turns}


# ---- changes that need no reference ----


def _draw_camera(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    gamma, shape = bounded_normal(random, parameters["contrast"], 2)
    return {
        "gains": np.exp2(light.draw_gains(random, parameters["stops"], parameters["balance"])),
        "gamma": np.exp(gamma),
        "shape": shape,
        "saturation": np.exp(bounded_normal(random, parameters["saturation"])),
        "knee": np.array(parameters["knee"]),
    }


def _camera(source: Region, _: Region, figures: Figures) -> Tensor:
    """Exposure and white balance in linear light with a shoulder, then tone curve and saturation."""
    gamma, shape, saturation, knee = (
        figures[key].view(-1, 1, 1, 1) for key in ("gamma", "shape", "saturation", "knee")
    )
    gains = figures["gains"].view(-1, 3, 1, 1)
    curved = to_srgb(_shoulder(to_linear(source.picture) * gains, gains, knee)).clamp(1e-6, 1) ** gamma
    # x + a (x - x^2)(2x - 1) bends the middle into an S and leaves both ends where they are.
    curved = curved + shape * (curved - curved.square()) * (2 * curved - 1)
    gray = luminance(curved)
    return gray + (curved - gray) * saturation


def _shoulder(exposed: Tensor, gains: Tensor, knee: Tensor) -> Tensor:
    """Bend light above the knee so that white, which `gains` made brighter than 1, comes out as 1.

    Cameras do so, and unlike clipping it leaves something to go back to.
    """
    most = gains.clamp(min=1)
    above = ((exposed - knee) / (most - knee)).clamp(0, 1)
    steepness = (most - knee) / (1 - knee)  # at the knee the curve goes on as it came
    return torch.where(exposed > knee, knee + (1 - knee) * (1 - (1 - above) ** steepness), exposed)


def _draw_colour_map(random: Stream, parameters: Mapping[str, float]) -> Drawn:
    table = bounded_normal(random, parameters["bend"], 3, COARSE, COARSE, COARSE)
    shift = bounded_normal(random, parameters["lighter"]) + bounded_normal(random, parameters["tint"], 3)
    return {"table": table + shift.reshape(3, 1, 1, 1)}


def _colour_map(source: Region, _: Region, figures: Figures) -> Tensor:
    """A smooth random map of colours to colours, as a 3D look-up table of an editing program."""
    table = figures["table"]
    for axis in (2, 3, 4):
        table = _refined(table, axis)
    return source.picture + _read_table(table, source.picture)


def _refined(table: Tensor, axis: int) -> Tensor:
    """A table's axis from `COARSE` to `FINE` points, by Catmull and Rom's cubic."""
    place = torch.linspace(0, COARSE - 1, FINE)
    start = place.floor().clamp(max=COARSE - 2)
    t = place - start
    weights = (
        torch.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], dim=1) / 2
    )
    result, shape = torch.zeros((), device=table.device), [-1 if other == axis else 1 for other in range(5)]
    for tap in range(4):
        places = (start.long() + tap - 1).clamp(0, COARSE - 1).to(table.device, non_blocking=True)
        weight = weights[:, tap].to(table.device, non_blocking=True).view(shape)
        result = result + table.index_select(axis, places) * weight
    return result


TRANSFERS: Mapping[str, Method] = {
    "reinhard": Method(_draw_share, _transfer(lambda s, r, _: transfers.reinhard(s, r))),
    "xiao-ma": Method(_draw_share, _transfer(lambda s, r, _: transfers.xiao_ma(s, r))),
    "histogram": Method(_draw_share, _transfer(lambda s, r, _: transfers.histogram_matching(s, r))),
    "idt": Method(_draw_idt, _transfer(_idt)),
}
"""Those with which iHarmony4 was made; they take a reference's colours."""
METHODS: Mapping[str, Method] = {
    **TRANSFERS,
    "camera": Method(_draw_camera, _camera),
    "light-gradient": Method(light.draw_gradient, lambda s, _, figures: light.gradient(s, figures)),
    "light-spot": Method(light.draw_spot, lambda s, _, figures: light.spot(s, figures)),
    "soft-shadow": Method(light.draw_shadow, lambda s, _, figures: light.shadow(s, figures)),
    "colour-map": Method(_draw_colour_map, _colour_map),
}
"""All methods by the names of their families."""
