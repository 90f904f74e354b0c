"""Clustering by fast search and find of density peaks (CFSFDP; Rodriguez and Laio, Science 2014) as FRIH uses it.

Written out, it compares all pixels with all pixels. Pixels of one colour share density, distances and cluster, so this
works on the distinct colours of a grid of 32 x 32 x 32 (5 bits a channel) with their counts, for a whole batch at once.
All arithmetic is on integers: the answer is exactly that of the direct method, on every device, every time.

A colour is named by its code, (red * 32 + green) * 32 + blue with channels in 0..31; a cell is a colour of one picture
of the batch, number picture * 32768 + code. Distances are kept as D = (31 sqrt(3) d)^2, the squared distance in grid
steps: d, FRIH's normalized distance, is 0..1 from black to white.

Where the paper leaves a tie open, the denser colour comes first, then the one of the lower code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["CANDIDATES", "CELLS", "cluster_colours", "colour_codes"]

SIDE = 32
"""Values of a quantized channel."""
CELLS = SIDE**3
"""Colours of the grid."""
CUTOFF = 0.1
"""d_c, FRIH's cut-off distance on the normalized distance 0..1 (section "Ablation Study", table 5)."""
CANDIDATES = 10
"""Colours with the largest delta that may become centres, and so the largest number of clusters."""
OUTLIER_DENSITY = 10
"""A candidate that has no more neighbours than this is an isolated outlier, not a centre."""

WITHIN_CUTOFF = math.ceil(3 * (CUTOFF * (SIDE - 1)) ** 2) - 1
"""Largest D with d < d_c: 28."""
REACH = math.isqrt(WITHIN_CUTOFF)
"""Steps along one channel that stay within the cut-off distance."""
FAR = 4095
"""More than the largest D, 3 * 31^2 = 2883."""
CODE_BITS, RANK_BITS = 15, 45
"""A rank holds a code in its low bits and a density above; 2^30 pixels a picture fit, and with D above them 2^57."""
PAIRS_AT_ONCE = {"cpu": 1 << 16, "other": 1 << 24}
"""Pairs of colours compared at once, by device: bounds the memory; on a CPU so few that they stay in its cache."""


@dataclass(frozen=True)
class _Colours:
    """The distinct colours of a batch, n of them, sorted by picture and code."""

    cell: Tensor
    """n, picture * 32768 + code."""
    density: Tensor
    """n, rho of equation 1; 0 for a colour that only joins."""

    @property
    def picture(self) -> Tensor:
        return self.cell // CELLS

    @property
    def channels(self) -> Tensor:
        """Red, green and blue, n x 3 in 0..31."""
        return _channels(self.cell % CELLS)

    def __getitem__(self, chosen: Tensor) -> _Colours:
        return _Colours(self.cell[chosen], self.density[chosen])


def colour_codes(picture: Tensor) -> Tensor:
    """Quantize B x 3 x H x W in -1..1 to B x H x W codes, int64 in 0..32767: each channel to the nearest of 0..31."""
    levels = ((picture.float() + 1) * ((SIDE - 1) / 2)).round().clamp(0, SIDE - 1).long()
    red, green, blue = levels.unbind(dim=1)
    return (red * SIDE + green) * SIDE + blue


@torch.no_grad()
def cluster_colours(counts: Tensor, joining: Tensor | None = None) -> Tensor:
    """Cluster the colours of each picture.

    Args:
      counts: B x 32768, integers: how many pixels of the foreground have this colour; below 2^30 in all.
      joining: B x 32768, bool: colours to be labelled although nothing was counted. They have density 0 and are no
        centre and no one's neighbour, so each follows the nearest counted colour. A picture needs counts for that.

    Returns: B x 32768, int64: the cluster 1..K of each colour, at most 10 of them, by falling delta; 0 for colours that
      are not there.
    """
    counted = counts > 0
    density = local_density(counts).where(counted, 0)
    present = counted if joining is None else counted | joining & counted.any(dim=1, keepdim=True)
    cell = present.flatten().nonzero()[:, 0]
    colours = _Colours(cell, density.flatten()[cell])
    delta, parent = _delta_and_parent(colours, density)
    centres = _choose_centres(colours, delta, density)
    return _follow(colours, parent, centres, density)


def local_density(counts: Tensor) -> Tensor:
    """Equation 1 at every cell: rho_i = sum over j of chi(d_ij - d_c), the pixel itself included as printed.

    Args:
      counts: B x 32768, integers.

    Returns: B x 32768, int64.
    """
    grid = functional.pad(counts.long().view(-1, SIDE, SIDE, SIDE), (REACH,) * 6)
    density = torch.zeros_like(counts, dtype=torch.int64).view(-1, SIDE, SIDE, SIDE)
    runs = _running_sums(grid)
    for red in range(-REACH, REACH + 1):
        for green in range(-REACH, REACH + 1):
            rest = WITHIN_CUTOFF - red * red - green * green
            if rest >= 0:  # the ball of d < d_c is a run along blue at each step of red and green
                reds, greens = (slice(REACH + step, REACH + step + SIDE) for step in (red, green))
                density += runs[math.isqrt(rest)][:, reds, greens]
    return density.view_as(counts)


def _running_sums(grid: Tensor) -> list[Tensor]:
    """Sums along blue over each position's neighbours of up to 0, 1, ... REACH steps.

    Args:
      grid: B x 42 x 42 x 42, padded by REACH on all sides.

    Returns: REACH + 1 times B x 42 x 42 x 32.
    """
    total = functional.pad(grid.cumsum(dim=3), (1, 0))
    low = [slice(REACH - reach, REACH - reach + SIDE) for reach in range(REACH + 1)]
    high = [slice(REACH + reach + 1, REACH + reach + 1 + SIDE) for reach in range(REACH + 1)]
    return [total[..., above] - total[..., below] for above, below in zip(high, low, strict=True)]


def _delta_and_parent(colours: _Colours, density: Tensor) -> tuple[Tensor, Tensor]:
    """Equation 2: the distance to the nearest denser colour, and which one that is.

    Args:
      colours: n of B pictures.
      density: B x 32768, 0 where nothing was counted.

    Returns: D and cell, both n, int64. For the densest colours of a picture D is that of the farthest colour, and the
      cell is their own.
    """
    peak = density.amax(dim=1)[colours.picture]
    highest = colours.density == peak
    delta, parent = torch.zeros_like(colours.cell), colours.cell.clone()
    delta[highest] = _farthest(density).flatten()[colours.cell[highest]]
    open_, rank = (~highest).nonzero()[:, 0], _ranks(density)
    # Most colours have a denser one next to them: look there first, then within d_c, then everywhere.
    for search in (partial(_Ball, inner=0, outer=3), partial(_Ball, inner=3, outer=WITHIN_CUTOFF), _Everywhere):
        rank = _denser_than_some(rank, colours[open_])
        score = _in_portions(search(rank), colours[open_])
        found = score >= 0
        at = open_[found]
        delta[at] = FAR - (score[found] >> RANK_BITS)
        parent[at] = colours.cell[at] // CELLS * CELLS + _code_of(score[found])
        open_ = open_[~found]
    return delta, parent


def _ranks(density: Tensor) -> Tensor:
    """Density and code in one number: of two colours the one that comes first has the larger; -1 where none is."""
    code = torch.arange(CELLS, device=density.device)
    return ((density << CODE_BITS) + (CELLS - 1 - code)).where(density > 0, -1)


def _denser_than_some(rank: Tensor, colours: _Colours) -> Tensor:
    """Leave out the ranks of colours that are no denser than any of `colours` in their picture: no one follows them.

    Those that still look for a denser colour are themselves the densest around, so that few are left to compare with.
    """
    least = rank.new_full((len(rank),), torch.iinfo(rank.dtype).max)
    least.scatter_reduce_(0, colours.picture, colours.density, "amin")
    return rank.where(rank >> CODE_BITS > least[:, None], -1)


def _code_of(rank: Tensor) -> Tensor:
    return CELLS - 1 - rank % CELLS


def _channels(code: Tensor) -> Tensor:
    """Any shape to the same with a last axis of 3, in 0..31."""
    return torch.stack([code // SIDE**2, code // SIDE % SIDE, code % SIDE], dim=-1)


def _score(squared: Tensor, rank: Tensor, density: Tensor) -> Tensor:
    """What the nearest denser colour has most of: nearness first, then rank; -1 where the colour is not denser."""
    return (((FAR - squared) << RANK_BITS) + rank).where(rank >> CODE_BITS > density[:, None], -1)


class _Ball:
    """Looks for denser colours at a D above `inner` and up to `outer` (28 at most)."""

    def __init__(self, rank: Tensor, inner: int, outer: int) -> None:
        padded = functional.pad(rank.view(-1, SIDE, SIDE, SIDE), (REACH,) * 6, value=-1)
        self.rank, self.side = padded.flatten(), padded.shape[1]
        step = torch.arange(-REACH, REACH + 1, device=rank.device)
        steps = torch.cartesian_prod(step, step, step)
        squared = steps.square().sum(dim=1)
        chosen = (squared > inner) & (squared <= outer)
        self.squared, self.offset = squared[chosen], self._position(steps[chosen])
        self.width = len(self.offset)

    def _position(self, channels: Tensor) -> Tensor:
        red, green, blue = channels.unbind(dim=1)
        return (red * self.side + green) * self.side + blue

    def __call__(self, colours: _Colours) -> Tensor:
        """The best score of each of n colours, -1 where there is no denser one."""
        position = self._position(colours.channels + REACH) + colours.picture * self.side**3
        rank = self.rank[position[:, None] + self.offset]
        return _score(self.squared, rank, colours.density).amax(dim=1)


class _Everywhere:
    """Looks for denser colours among all of the same picture that have a rank."""

    def __init__(self, rank: Tensor) -> None:
        ranked = rank >= 0
        self.rank = rank[ranked]
        self.channels = _channels(_code_of(self.rank))
        self.number = ranked.sum(dim=1)
        self.start = self.number.cumsum(dim=0) - self.number
        self.width = max(1, int(self.number.amax()))

    def __call__(self, colours: _Colours) -> Tensor:
        """The best score of each of n colours, -1 where there is no denser one."""
        column = torch.arange(self.width, device=self.rank.device)
        number, start = self.number[colours.picture], self.start[colours.picture]
        entry = start[:, None] + torch.minimum(column, number[:, None] - 1)  # the last one again where there are fewer
        squared = (self.channels[entry] - colours.channels[:, None]).square().sum(dim=2)
        return _score(squared, self.rank[entry], colours.density).amax(dim=1)


def _in_portions(search: _Ball | _Everywhere, colours: _Colours) -> Tensor:
    """The search's answer for n colours, a limited number of comparisons at a time."""
    device = colours.cell.device.type
    size = max(1, PAIRS_AT_ONCE.get(device, PAIRS_AT_ONCE["other"]) // max(1, search.width))
    portions = zip(torch.split(colours.cell, size), torch.split(colours.density, size), strict=True)
    return torch.cat([search(_Colours(cell, density)) for cell, density in portions])


def _farthest(density: Tensor) -> Tensor:
    """D from every cell to the farthest counted colour of its picture: B x 32768 to the same, int64.

    D is a sum over the channels, so its maximum is found one channel after the other.
    """
    value = torch.arange(SIDE, device=density.device)
    squared = (value[:, None] - value).square()
    farthest = torch.full_like(density, -FAR).where(density == 0, 0).view(-1, SIDE, SIDE, SIDE)
    for dim in (1, 2, 3):
        spread = farthest.new_full(farthest.shape, -FAR)
        for step, source in enumerate(farthest.unbind(dim)):
            shape = [SIDE if axis == dim else 1 for axis in range(4)]
            torch.maximum(spread, source.unsqueeze(dim) + squared[step].view(shape), out=spread)
        farthest = spread
    return farthest.view_as(density)


def _choose_centres(colours: _Colours, delta: Tensor, density: Tensor) -> Tensor:
    """The candidates with the largest delta that are dense enough.

    Returns: B x 10 cells, -1 for a candidate that is none. A picture whose densest colour has no more than 10
      neighbours keeps that one alone, so that every foreground has a cluster.
    """
    order = torch.full_like(density, -1).flatten()
    order[colours.cell] = (delta << RANK_BITS) + _ranks(density).flatten()[colours.cell]
    order[colours.cell[colours.density == 0]] = -1
    best = order.view_as(density).topk(CANDIDATES, dim=1).values
    dense = (best >= 0) & (best % (1 << RANK_BITS) >> CODE_BITS > OUTLIER_DENSITY)
    dense[:, 0] |= (best[:, 0] >= 0) & ~dense.any(dim=1)
    picture = torch.arange(len(density), device=density.device)[:, None]
    return (picture * CELLS + _code_of(best)).where(dense, -1)


def _follow(colours: _Colours, parent: Tensor, centres: Tensor, density: Tensor) -> Tensor:
    """Assign "to the same cluster as the nearest pixel of higher density", all the way up to the centres.

    Returns: B x 32768 labels, int64.
    """
    is_centre = centres >= 0
    number = is_centre.cumsum(dim=1)[is_centre]
    label = torch.zeros_like(density).flatten()
    label[centres[is_centre]] = number
    up = torch.arange(density.numel(), device=density.device)
    up[colours.cell] = parent
    # Where more than ten colours are the densest together, those that became no centre have no denser one to follow.
    top = colours[(parent == colours.cell) & (colours.density > 0)]
    up[top.cell] = _nearest_centre(top, centres)
    up[centres[is_centre]] = centres[is_centre]
    for _ in range(CODE_BITS):  # every round doubles the steps made: 32768 in the end, as many as there are colours
        up = up[up]
    return torch.zeros_like(label).index_put((colours.cell,), label[up[colours.cell]]).view_as(density)


def _nearest_centre(colours: _Colours, centres: Tensor) -> Tensor:
    """The cell of the nearest centre of the same picture, the first of equally near ones: n, int64."""
    own = centres[colours.picture]
    squared = (_channels(own % CELLS) - colours.channels[:, None]).square().sum(dim=2).where(own >= 0, FAR)
    nearest = (squared * CANDIDATES + torch.arange(CANDIDATES, device=own.device)).argmin(dim=1, keepdim=True)
    return own.gather(1, nearest)[:, 0]
