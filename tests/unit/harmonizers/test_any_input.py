"""Every network, in the paper's size and lite, on every odd input: any size, any mask, any number of instances."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from samelight import harmonizers
from samelight.instances import Instances

from .network_helpers import network, stripes

LITE = [name for name in harmonizers.names() if name.endswith("-lite")]
PAPER = [name for name in harmonizers.names() if not name.endswith("-lite")]
READERS = [name for name in LITE if harmonizers.describe(name).needs_instances]
HEIGHT, WIDTH = 70, 90


def masks() -> dict[str, Tensor]:
    pixel, spot, box = (torch.zeros(1, 1, HEIGHT, WIDTH) for _ in range(3))
    pixel[..., 40, 50] = 1
    spot[..., 30:33, 60:62] = 0.01
    box[..., 20:55, 31:70] = 1
    return {
        "an object": box,
        "no foreground": torch.zeros(1, 1, HEIGHT, WIDTH),
        "everything": torch.ones(1, 1, HEIGHT, WIDTH),
        "nearly everything": 1 - pixel,
        "one pixel": pixel,
        "a faint spot": spot,
        "evenly soft": torch.full((1, 1, HEIGHT, WIDTH), 0.3),
        "soft": torch.linspace(0, 1, WIDTH).expand(1, 1, HEIGHT, WIDTH),
    }


def found() -> dict[str, Instances | None]:
    unused = Instances(
        torch.zeros(1, HEIGHT, WIDTH, dtype=torch.int64), torch.zeros(1, 5), torch.zeros(1, 5, dtype=torch.bool)
    )
    return {
        "not segmented": None,
        "no instance": Instances.none_found(1, HEIGHT, WIDTH),
        "unused columns": unused,
        "one instance": stripes(1, HEIGHT, WIDTH, 1),
        "many instances": stripes(1, HEIGHT, WIDTH, 37),
    }


def pictures() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    flat = {f"all {value}": torch.full((1, 3, HEIGHT, WIDTH), value) for value in (-1.0, 0.4, 1.0)}
    return {"noise": torch.rand(1, 3, HEIGHT, WIDTH, generator=generator) * 2 - 1, **flat}


def check(result: Tensor, composite: Tensor, mask: Tensor) -> None:
    """A picture of numbers in range, and the composite itself where there is no foreground."""
    assert result.shape == composite.shape
    assert torch.isfinite(result).all()
    assert float(result.detach().abs().max()) <= 1 + 1e-6
    untouched = (mask == 0).expand_as(result)
    assert torch.equal(result[untouched], composite[untouched])


def run(name: str, height: int, width: int) -> None:
    generator = torch.Generator().manual_seed(1)
    composite = torch.rand(1, 3, height, width, generator=generator) * 2 - 1
    mask = (torch.rand(1, 1, height, width, generator=generator) > 0.5).float()
    with torch.inference_mode():
        check(network(name)(composite, mask, stripes(1, height, width, 3)), composite, mask)


@pytest.mark.parametrize("name", LITE)
@pytest.mark.parametrize(
    "size", [(1, 1), (3, 50), (32, 33), (33, 32), (37, 61), (131, 17), (250, 333), (32, 1023), (255, 257)]
)
def test_takes_any_size(name: str, size: tuple[int, int]) -> None:
    run(name, *size)


@pytest.mark.parametrize("name", PAPER)
@pytest.mark.parametrize("size", [(1, 1), (33, 45), (101, 130)])
def test_the_papers_size_takes_any_size(name: str, size: tuple[int, int]) -> None:
    run(name, *size)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width"), [(name, 1024) for name in LITE] + [(name, 200) for name in PAPER])
def test_takes_a_side_of_more_than_1000_pixels(name: str, width: int) -> None:
    composite, mask = torch.rand(1, 3, 1021, width) * 2 - 1, torch.zeros(1, 1, 1021, width)
    mask[..., 200:700, width // 3 : width // 2] = 1
    with torch.inference_mode():
        check(network(name)(composite, mask, stripes(1, 1021, width, 20)), composite, mask)


@pytest.mark.parametrize("name", LITE)
@pytest.mark.parametrize(
    ("kind", "picture"),
    [(kind, "noise") for kind in masks()]
    + [(kind, picture) for kind in ("an object", "everything") for picture in pictures() if picture != "noise"],
)
def test_any_foreground_gives_sensible_values_and_gradients(name: str, kind: str, picture: str) -> None:
    composite, mask, model = pictures()[picture], masks()[kind], network(name).train()
    result = model(composite, mask, found()["many instances"])
    check(result, composite, mask)
    result.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", list(masks()))
@pytest.mark.parametrize("instances", [kind for kind in found() if kind != "many instances"])
def test_any_instances_give_sensible_values_and_gradients(name: str, kind: str, instances: str) -> None:
    composite, mask, model = pictures()["noise"], masks()[kind], network(name).train()
    result = model(composite, mask, found()[instances])
    check(result, composite, mask)
    result.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_size_takes_any_foreground(name: str) -> None:
    composite, model = pictures()["noise"], network(name)
    with torch.inference_mode():
        for mask in masks().values():
            check(model(composite, mask, found()["many instances"]), composite, mask)


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_size_takes_any_instances(name: str) -> None:
    composite, mask, model = pictures()["noise"], masks()["soft"], network(name)
    reads = harmonizers.describe(name).needs_instances
    with torch.inference_mode():
        results = [model(composite, mask, instances) for instances in found().values()]
    for result in results:
        check(result, composite, mask)
        assert reads or torch.equal(result, results[0]), "it looks at no instances"


@pytest.mark.parametrize("name", LITE)
def test_a_soft_mask_blends(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    composite = torch.rand(1, 3, 48, 64, generator=generator) * 2 - 1
    with torch.inference_mode():
        result = network(name)(composite, torch.full((1, 1, 48, 64), 1e-4))
    assert 0 < float((result - composite).abs().max()) <= 2.1e-4


@pytest.mark.parametrize("name", LITE)
def test_a_batch_is_its_pictures_one_by_one(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    composite = torch.rand(3, 3, 45, 52, generator=generator, dtype=torch.float64) * 2 - 1
    mask = torch.rand(3, 1, 45, 52, generator=generator, dtype=torch.float64)
    mask[1], mask[2] = (mask[1] > 0.7).double(), 0
    many, few = stripes(1, 45, 52, 6), stripes(1, 45, 52, 2)
    labels = torch.cat([many.labels, few.labels, many.labels * 0])
    similarity, present = torch.zeros(3, 6), torch.zeros(3, 6, dtype=torch.bool)
    similarity[0], present[0] = many.similarity[0], True
    similarity[1, :2], present[1, :2] = few.similarity[0], True
    model = network(name).double()
    with torch.inference_mode():
        together = model(composite, mask, Instances(labels, similarity, present))
        alone = [many, few, Instances.none_found(1, 45, 52)]
        apart = torch.cat([model(composite[i : i + 1], mask[i : i + 1], alone[i]) for i in range(3)])
    assert torch.allclose(together, apart, atol=1e-9)


@pytest.mark.parametrize("name", LITE)
def test_bfloat16_stays_near_float32(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    composite, mask = torch.rand(2, 3, 48, 64, generator=generator) * 2 - 1, torch.zeros(2, 1, 48, 64)
    mask[0, :, 10:40, 10:50], mask[1, :, 20:23, 30:34] = 1, 1
    instances, model = stripes(2, 48, 64, 4), network(name)
    with torch.inference_mode():
        exact = model(composite, mask, instances)
        with torch.autocast("cpu", torch.bfloat16):
            near = model(composite, mask, instances).float()
    assert torch.isfinite(near).all()
    assert float((near - exact).abs().mean()) < 0.02


@pytest.mark.parametrize("name", LITE)
def test_every_weight_learns_in_bfloat16(name: str) -> None:
    composite, mask, model = pictures()["noise"], masks()["an object"], network(name).train()
    with torch.autocast("cpu", torch.bfloat16):
        result = model(composite, mask, found()["many instances"])
    result.float().square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(float(p.grad.abs().max()) > 0 for p in model.parameters() if p.dim() > 1)
