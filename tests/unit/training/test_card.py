"""What a card would show of tensors left on the wrong device, on a machine without one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from pretend_card import CARD, OnCard, PretendCard
from torch import Tensor
from training_helpers import SMALL

from samelight import harmonizers
from samelight.training.choosing import segment_for
from samelight.training.composites import PASTED, CompositeMaker, Composites, Variety, maker
from samelight.training.distributed import ALONE
from samelight.training.draws import plan_step
from samelight.training.numerics import Numerics
from samelight.training.photos import PhotoCollection
from samelight.training.recipes import Augmentation, SizePhase, recipe_for
from samelight.training.source import ALL
from samelight.training.stepping import Stepper
from samelight.training.supply import Maker

CPU = torch.device("cpu")


def made(photos: PhotoCollection, device: torch.device, step: int) -> Composites:
    return CompositeMaker(photos, 5, device).batch(step, 24, (40, 48), Augmentation())


def test_a_tensor_on_the_wrong_device_is_found() -> None:
    with PretendCard(), pytest.raises(RuntimeError, match="not on the card"):
        torch.ones(2, device=CARD) + torch.ones(2)


@pytest.mark.parametrize("step", range(3))
def test_composites_are_made_on_the_card(photos: PhotoCollection, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "CACHED_PIXELS", 2**30)  # the whole batch at once, as on a card
    expected = made(photos, CPU, step)
    with PretendCard():
        found = made(photos, CARD, step)
    for one, other in zip(found.tensors(), expected.tensors(), strict=True):
        assert isinstance(one, OnCard)
        assert torch.equal(one.held, other)


def test_the_card_knows_which_are_pasted(photos: PhotoCollection) -> None:
    with PretendCard() as card:
        source = CompositeMaker(photos, 5, CARD, Variety(pasted=0.9, own=1.0))
        batch = source.batch(0, 24, (40, 48), Augmentation())
        card.waits.clear()
        pasted = batch.pasted
        assert card.waits == []
    assert isinstance(pasted, OnCard)
    assert pasted.held.tolist() == [family == PASTED for family in batch.families]


def test_the_card_is_waited_for_once_a_batch(photos: PhotoCollection) -> None:
    with PretendCard() as card:
        source = CompositeMaker(photos, 5, CARD)
        source.batch(0, 24, (40, 48), Augmentation())  # the photographs are copied to it
        card.waits.clear()
        source.batch(0, 24, (40, 48), Augmentation())
        # For the masks' shares of the pictures.
        assert card.waits == ["_to_copy"]


def losses(model: str, photos: PhotoCollection, device: torch.device, *, paper: bool) -> list[Tensor]:
    known = recipe_for(model, paper=paper)
    recipe = replace(
        SMALL, batch=3, phases=(SizePhase(0, (32,)),), loss=known.loss, optimizer=known.optimizer, without_instances=0.0
    )
    torch.manual_seed(0)
    stepper = Stepper(
        harmonizers.create(model), recipe, 5, Numerics(device, channels_last=True), ALONE, rarely_used=False
    )
    make = Maker(CompositeMaker(photos, 5, device), recipe.augmentation, segment_for(model), (ALL,))
    return [stepper.take(make(plan_step(recipe, 5, step, 0.5))).cpu() for step in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "paper"),
    [
        ("hdnet-lite", False),
        ("srin-lite", False),
        ("srin-lite", True),
        ("srih-lite", False),
        ("frih-lite", False),
        ("rcl-lite", False),
        ("rcl-lite", True),
    ],
)
def test_networks_learn_on_the_card(
    model: str, paper: bool, photos: PhotoCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Any = torch.autocast
    # Networks leave autocast where digits count, and there is none for this card.
    monkeypatch.setattr(
        torch, "autocast", lambda kind, *a, **k: nullcontext() if kind == "meta" else usual(kind, *a, **k)
    )
    expected = losses(model, photos, CPU, paper=paper)
    with PretendCard():
        found = losses(model, photos, CARD, paper=paper)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-4), (one, other)
