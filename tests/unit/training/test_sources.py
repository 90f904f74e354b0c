"""iHarmony4 as a source of training composites, and several sources as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from samelight.training.composites import CompositeMaker, Composites, IHarmony4Source, MixedSource, Share
from samelight.training.iharmony4 import SUBSETS, IHarmony4
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation
from samelight.training.source import Shard
from samelight_wire.errors import InvalidOptionError, UnreadablePictureError

PLAIN, VARIED = Augmentation(flip=False, least_crop=1.0), Augmentation(flip=True, least_crop=0.6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> IHarmony4:
    """Twelve composites: composite n is n shades brighter in the right half, its foreground."""
    root = tmp_path_factory.mktemp("iHarmony4")
    for number in range(12):
        folder, stem = root / SUBSETS[number % 4], f"p{number}"
        for part in ("composite_images", "masks", "real_images"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        real = np.full((30, 40 + number, 3), 10 * number, np.uint8)
        mask = np.zeros(real.shape[:2], np.uint8)
        mask[:, 20:] = 255
        composite = real + (mask[..., None] // 255 * 50).astype(np.uint8)
        Image.fromarray(real).save(folder / "real_images" / f"{stem}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{stem}_1.png")
        Image.fromarray(composite).save(folder / "composite_images" / f"{stem}_1_1.png")
        with (folder / f"{SUBSETS[number % 4]}_train.txt").open("a") as names:
            names.write(f"{stem}_1_1.png\n")
    return IHarmony4(root)


def shades(batch: Composites) -> list[int]:
    """Which composites these are."""
    return [round(float(real[0, 0, 0]) * 255 / 10) for real in batch.real]


def equal(one: Composites, two: Composites) -> bool:
    same = all(torch.equal(a, b) for a, b in zip(one.tensors(), two.tensors(), strict=True))
    return same and one.families == two.families


def test_every_composite_once_in_an_epoch(data: IHarmony4) -> None:
    source = IHarmony4Source(data, seed=3)
    assert len(source) == 12
    epochs = [
        [shade for step in range(3) for shade in shades(source.batch(3 * n + step, 4, (24, 24), PLAIN))] for n in (0, 1)
    ]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]
    assert epochs[0] != sorted(epochs[0])
    other = IHarmony4Source(data, seed=4)
    assert shades(other.batch(0, 12, (24, 24), PLAIN)) != epochs[0]


def test_pictures_as_a_whole_and_their_subsets(data: IHarmony4) -> None:
    batch = IHarmony4Source(data, seed=3).batch(0, 12, (32, 24), PLAIN)
    assert batch.composite.shape == (12, 3, 32, 24)
    assert batch.families == [SUBSETS[shade % 4] for shade in shades(batch)]
    for composite, mask, real in zip(*batch.tensors(), strict=True):
        assert mask.mean() > 0.45
        assert torch.allclose(composite - real, mask.expand_as(real) * 50 / 255, atol=1.5 / 255)


def test_augmentation_crops_and_mirrors_all_three_alike(data: IHarmony4) -> None:
    batch = IHarmony4Source(data, seed=5).batch(0, 48, (24, 24), VARIED)
    assert torch.allclose(batch.composite - batch.real, batch.mask.expand_as(batch.real) * 50 / 255, atol=1.5 / 255)
    on_the_left = sum(float(mask[0, :, 0].mean()) > 0.5 for mask in batch.mask)
    assert 8 < on_the_left < 40
    assert len({round(float(mask.mean()), 3) for mask in batch.mask}) > 20
    assert float(batch.mask.mean(dim=(1, 2, 3)).min()) > 0


def test_shards_are_the_whole_in_any_order(data: IHarmony4) -> None:
    source, fresh = IHarmony4Source(data, seed=5), IHarmony4Source(data, seed=5)
    later, whole = source.batch(9, 7, (24, 32), VARIED), source.batch(2, 7, (24, 32), VARIED)
    parts = [fresh.batch(2, 7, (24, 32), VARIED, Shard(rank, 9)) for rank in range(9)]
    assert equal(Composites.joined(parts), whole)
    assert equal(fresh.batch(9, 7, (24, 32), VARIED), later)


def test_a_file_that_went_away_is_named(data: IHarmony4, tmp_path: Path) -> None:
    for path in data.root.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(data.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    source = IHarmony4Source(IHarmony4(tmp_path), seed=1)
    (tmp_path / "HCOCO" / "masks" / "p0_1.png").unlink()
    with pytest.raises(UnreadablePictureError, match=r"p0_1\.png"):
        source.batch(0, 12, (16, 16), PLAIN)


def test_sources_are_mixed_by_their_weights(data: IHarmony4, photos: PhotoCollection) -> None:
    official, made = IHarmony4Source(data, seed=5), CompositeMaker(photos, 5)
    mixed = MixedSource([Share(official, 3), Share(made, 1)], seed=2)
    assert len(mixed) == 12 + len(photos)
    batch = mixed.batch(4, 200, (24, 24), VARIED)
    theirs = [index for index, family in enumerate(batch.families) if family in SUBSETS]
    assert len(theirs) / 200 == pytest.approx(0.75, abs=0.1)
    alone = made.batch(4, 200, (24, 24), VARIED)
    for index in set(range(200)) - set(theirs):
        assert torch.equal(batch.composite[index], alone.composite[index])
    parts = [mixed.batch(4, 200, (24, 24), VARIED, Shard(rank, 3)) for rank in range(3)]
    assert equal(Composites.joined(parts), batch)
    assert mixed.batch(0, 1, (24, 24), VARIED, Shard(0, 2)).families == []
    for shares in ([], [Share(made, 0)]):
        with pytest.raises(InvalidOptionError, match="weight"):
            MixedSource(shares, seed=1)
