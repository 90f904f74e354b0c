"""Recipes: what the papers state, schedules, and that every network can be trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from samelight import harmonizers
from samelight.training.composites import CompositeMaker
from samelight.training.losses import LOSSES
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import ON_PHOTOS, PAPER, Augmentation, recipe_for
from samelight_wire.errors import UnknownModelError

STATED = {
    # optimizer, weight decay, first and last learning rate, batch, epochs, loss, augmented
    "hdnet": ("adam", 0, 1e-3, 1e-5, 12, 120, "foreground-mse", False),
    "srin": ("adam", 0, 1e-3, 1e-5, 12, 120, "l1", False),
    "srih": ("adamw", 1e-4, 3e-4, 1e-6, 8, 200, "foreground-mse", False),
    "frih": ("adam", 0, 8e-3, 8e-5, 128, 180, "frih", True),
    "rcl": ("adamw", 0.01, 1e-3, 1e-3, 8, 120, "rcl", True),
}


@pytest.mark.parametrize("name", list(STATED))
@pytest.mark.parametrize("size", ["", "-lite"])
def test_the_papers_recipes(name: str, size: str) -> None:
    recipe = recipe_for(name + size, paper=True)
    optimizer, decay, first, last, batch, epochs, loss, augmented = STATED[name]
    assert (recipe.optimizer, recipe.weight_decay, recipe.epochs, recipe.loss) == (optimizer, decay, epochs, loss)
    assert [recipe.learning_rate_at(0), recipe.learning_rate_at(1)] == pytest.approx([first, last])
    assert recipe.sides_at(0.5) == (256,)
    assert recipe.batch_at(256) == batch
    assert recipe.augmentation.flip is augmented
    assert (recipe.augmentation.least_crop < 1) is augmented


def test_drops_come_after_the_papers_epochs() -> None:
    hdnet, frih = PAPER["hdnet"], PAPER["frih"]
    assert [hdnet.learning_rate_at(epoch / 120) for epoch in (99, 100, 110)] == pytest.approx([1e-3, 1e-4, 1e-5])
    assert [frih.learning_rate_at(epoch / 180) for epoch in (159, 160, 175)] == pytest.approx([8e-3, 8e-4, 8e-5])
    srih = PAPER["srih"]
    assert srih.learning_rate_at(0.5) == pytest.approx((3e-4 + 1e-6) / 2)


def test_on_photographs_the_rate_warms_up_and_falls() -> None:
    photos = recipe_for("hdnet-lite", paper=False)
    rates = [photos.learning_rate_at(progress) for progress in (0.0, 0.01, 0.5, 1.0)]
    assert rates[0] == 0
    assert rates[1] > rates[2] > rates[3] > 0


def test_on_photographs_the_pictures_grow_to_the_size_of_use() -> None:
    for name, recipe in ON_PHOTOS.items():
        sides = [recipe.sides_at(progress / 20) for progress in range(20)]
        assert [max(each) for each in sides] == sorted(max(each) for each in sides), name
        assert max(sides[0]) <= 128, name
        assert max(sides[-1]) == 256, name


def test_every_network_has_both_recipes_and_every_recipe_its_loss() -> None:
    assert set(harmonizers.names()) == set(PAPER) == set(ON_PHOTOS)
    assert {recipe.loss for recipe in (*PAPER.values(), *ON_PHOTOS.values())} == set(LOSSES)
    with pytest.raises(UnknownModelError):
        recipe_for("dall-e", paper=False)


def test_augmentation_mirrors_and_crops_only_where_it_is_asked_for(photo_folder: Path, tmp_path: Path) -> None:
    shutil.copy(photo_folder / "photo1.webp", tmp_path)
    maker, size = CompositeMaker(PhotoCollection(tmp_path), 3), (40, 48)  # the photograph has 80 x 96

    def distinct(augmentation: Augmentation) -> int:
        """Different pictures among forty that composites are made of."""
        real = maker.batch(0, 40, size, augmentation).real
        return len({tuple(picture.mul(255).round().flatten().tolist()) for picture in real})

    assert distinct(Augmentation(flip=False, least_crop=1.0)) == 1
    assert distinct(Augmentation(flip=True, least_crop=1.0)) == 2
    assert distinct(Augmentation(flip=False, least_crop=0.5)) > 30
