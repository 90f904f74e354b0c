"""Composites: from a seed, of usable shape, changed in the foreground alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from samelight.evaluation.benchmark import VERSION_1, samples
from samelight.training import masks
from samelight.training.composites import CompositeMaker
from samelight.training.photos import PhotoCollection
from samelight_wire.errors import InvalidOptionError, UnreadablePictureError


def test_the_same_seed_gives_the_same_batches(photos: PhotoCollection) -> None:
    first, again, other = (CompositeMaker(photos, seed) for seed in (3, 3, 4))
    for size in ((32, 40), (48, 32)):
        one, two, three = (maker.batch(0, 5, size) for maker in (first, again, other))
        assert torch.equal(one.composite, two.composite)
        assert one.families == two.families
        assert not torch.equal(one.composite, three.composite)


def test_only_the_foreground_is_recoloured(photos: PhotoCollection) -> None:
    batch = CompositeMaker(photos, 1).batch(0, 12, (40, 48))
    assert batch.composite.shape == batch.real.shape == (12, 3, 40, 48)
    outside = (batch.mask == 0).expand_as(batch.real)
    assert torch.equal(batch.composite[outside], batch.real[outside])
    assert float((batch.composite - batch.real).abs().max()) > 0.05
    shares = batch.mask.mean(dim=(1, 2, 3))
    assert masks.LEAST_SHARE * 0.9 <= float(shares.min()) <= float(shares.max()) <= masks.MOST_SHARE * 1.1


def test_hard_and_soft_edges_and_harmonious_pictures_occur(photos: PhotoCollection) -> None:
    batch = CompositeMaker(photos, 2).batch(0, 60, (24, 24))
    soft = [bool(((mask > 0.01) & (mask < 0.99)).any()) for mask in batch.mask]
    assert 10 < sum(soft) < 55
    assert "harmonious" in batch.families
    still = batch.families.index("harmonious")
    assert torch.equal(batch.composite[still], batch.real[still])


def test_a_zip_holds_the_same_photographs(photo_folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in photo_folder.iterdir():
            target.write(path, path.name)
    folder, packed = PhotoCollection(photo_folder), PhotoCollection(archive)
    assert folder.names == packed.names
    assert folder.with_regions == packed.with_regions == [0, 2, 4]
    assert torch.equal(folder.photo(3), packed.photo(3))


def test_nothing_to_train_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="no picture"):
        PhotoCollection(tmp_path)
    with pytest.raises(InvalidOptionError, match="neither"):
        PhotoCollection(tmp_path / "missing.zip")
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(UnreadablePictureError, match=r"broken\.jpg"):
        PhotoCollection(tmp_path).photo(0)


def test_the_benchmark_is_frozen(photos: PhotoCollection) -> None:
    """Version 1 of the recipe gives these composites for ever; a change of theirs needs a version 2."""
    made = list(samples(photos, VERSION_1))
    assert [sample.family for sample in made] == ["reinhard", "xiao-ma", "histogram", "idt", "camera", "local-light"]
    changes = [float((s.composite - s.real).abs().sum() / s.mask.sum()) for s in made]
    assert changes == pytest.approx(FROZEN_CHANGES, rel=0.02)
    again = next(iter(samples(photos, VERSION_1)))
    assert torch.equal(again.composite, made[0].composite)


FROZEN_CHANGES = [0.2214, 0.3523, 0.1190, 0.4958, 0.5668, 0.1122]
"""Summed change of each composite by the area of its mask, as version 1 made them on the day it was frozen."""
