"""How far networks change brightness and colour of foregrounds that are pasted from another photograph, as people do.

    python tests/benchmarks/pastings.py --photos val.zip [--pictures 120] [WEIGHTS.safetensors ...]

Nobody knows the right answer, so this measures no error. A network that shifts colour here as far as it does where a
foreground was recoloured takes the colours of things for those of the light. The networks run alone at 256 x 256, as
they were trained, without calibration; without files the shipped ones. The composites are the first of a seed:
photographs' own regions upon other photographs.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import torch
from torch import Tensor

from samelight import harmonizers, weights
from samelight.evaluation.methods import model_of, network_from
from samelight.markdown import markdown_table
from samelight.training.choosing import segment_for
from samelight.training.composites import CompositeMaker, Composites, Variety
from samelight.training.photos import PhotoCollection
from samelight_wire.errors import WeightsMissingError

SEED, TOGETHER = 5, 10
SIZE = (256, 256)
CPU = torch.device("cpu")


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="*", type=Path, help="files; else the installed networks'")
    parser.add_argument("--photos", type=Path, required=True, help="a folder or zip of photographs with regions")
    parser.add_argument("--pictures", type=int, default=120)
    wishes = parser.parse_args()
    torch.set_num_threads(1)
    made = pastings(PhotoCollection(wishes.photos), wishes.pictures)
    rows = [(str(file), *figures(file, made)) for file in wishes.weights or shipped()]
    print(markdown_table(("weights", "brightness", "colour", "90 % of colour below"), rows))


def shipped() -> list[Path]:
    """The files of all networks that have weights."""
    found = []
    for name in harmonizers.names():
        try:
            folder, entry = weights.entry(name)
        except WeightsMissingError:
            continue
        found.append(folder / entry.file)
    return found


def pastings(photos: PhotoCollection, count: int) -> Composites:
    """`count` foregrounds upon other photographs: what shows no pasting is left out."""
    if not photos.with_regions:
        raise SystemExit("None of the photographs has regions.")
    maker = CompositeMaker(photos, SEED, variety=Variety(pasted=1.0, own=1.0, wide_edges=0.0))
    found: list[Composites] = []
    for step in itertools.count():
        batch = maker.batch(step, 4 * TOGETHER, SIZE)
        if batch.pasted is not None:
            found.append(batch.ordered(torch.nonzero(batch.pasted)[:, 0].tolist()))
        if sum(len(each.families) for each in found) >= count:
            return Composites.joined(found).ordered(range(count))
    raise AssertionError


@torch.no_grad()
def figures(file: Path, made: Composites) -> list[str]:
    """Mean size of the change of brightness and of colour as a whole, in 8-bit code values."""
    network, segment = network_from(file, CPU), segment_for(model_of(file))
    light, colour = [], []
    for start in range(0, len(made.families), TOGETHER):
        part = made.ordered(range(start, min(start + TOGETHER, len(made.families))))
        shown = part.composite * 2 - 1
        answer = network(shown, part.mask, segment(part.composite, part.mask) if segment else None)
        common = _common(answer - shown, part.mask)
        light.append(common.mean(dim=1).abs())
        colour.append((common - common.mean(dim=1, keepdim=True)).norm(dim=1))
    far = torch.cat(colour)
    return [f"{float(value):.1f}" for value in (torch.cat(light).mean(), far.mean(), far.quantile(0.9))]


def _common(change: Tensor, mask: Tensor) -> Tensor:
    """What the whole foreground has in common: B x 3 in code values, of a change in -2..2."""
    return 127.5 * change.sum(dim=(2, 3)) / mask.sum(dim=(2, 3))


if __name__ == "__main__":
    main()
