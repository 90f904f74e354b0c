"""FRIH against the paper: its size, and its blocks against a literal float64 transcription of equations 3 to 8."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from samelight.harmonizers.blocks.cascade import Cascade, CascadeDecoderLevel, FeatureTransfer, FusionPrediction
from samelight.harmonizers.frih import FRIH, FrihStages, submask_labels
from samelight.harmonizers.registry import create
from samelight.harmonizers.stages import Stages
from samelight.training.losses import LOSSES
from samelight.training.losses.foreground_mse import foreground_mse
from samelight.training.losses.frih import FrihLoss, submask_mse

from .network_helpers import drawn, relative_error, seeded


def seeded_cascade(base_widths: Sequence[int], widths: Sequence[int]) -> Cascade:
    """With a head of 8 channels, and so small a change that most of what it refines stays within -1..1."""
    module = Cascade(base_widths, widths, head=8)
    seeded(module)
    module.prediction.to_rgb.weight.data *= 0.01
    return module


def scene(height: int, width: int, batch: int = 1, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A composite of smooth colours and a mask with a soft edge."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(batch, 3, 4, 4, generator=generator) * 2 - 1
    composite = functional.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return composite, (3 * (0.8 - x.square() - y.square())).clamp(0, 1).expand(batch, 1, height, width)


# ---- literal transcriptions, one picture at a time: C x H x W ----


def at(picture: Tensor, y: int, x: int) -> Tensor:
    """The column of a position; zero outside."""
    inside = 0 <= y < picture.shape[1] and 0 <= x < picture.shape[2]
    return picture[:, y, x] if inside else torch.zeros_like(picture[:, 0, 0])


def convolution(picture: Tensor, layer: nn.Conv2d) -> Tensor:
    """k x k convolution with padding and stride, written out."""
    weight, side, step, pad = layer.weight, layer.kernel_size[0], layer.stride[0], layer.padding[0]
    height, width = ((extent + 2 * pad - side) // step + 1 for extent in picture.shape[1:])
    result = torch.zeros(len(weight), height, width, dtype=picture.dtype)
    for y in range(height):
        for x in range(width):
            result[:, y, x] = layer.bias
            for v in range(side):
                for u in range(side):
                    result[:, y, x] += weight[:, :, v, u] @ at(picture, y * step + v - pad, x * step + u - pad)
    return result


def transposed_convolution(picture: Tensor, layer: nn.ConvTranspose2d) -> Tensor:
    """4 x 4 of stride 2: every input position paints its kernel; one pixel is cut off at each side."""
    _, height, width = picture.shape
    canvas = torch.zeros(layer.out_channels, 2 * height + 2, 2 * width + 2, dtype=picture.dtype)
    for y in range(height):
        for x in range(width):
            painted = torch.einsum("i,iovu->ovu", picture[:, y, x], layer.weight)
            canvas[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += painted
    return canvas[:, 1:-1, 1:-1] + layer.bias[:, None, None]


def leaky(picture: Tensor) -> Tensor:
    return torch.where(picture > 0, picture, 0.2 * picture)


def bilinear(picture: Tensor, height: int, width: int) -> Tensor:
    """Pixel centres at (i + 0.5) / n, the edge continued."""
    result = torch.zeros(len(picture), height, width, dtype=picture.dtype)
    for y in range(height):
        for x in range(width):
            row = min(max((y + 0.5) * picture.shape[1] / height - 0.5, 0), picture.shape[1] - 1)
            column = min(max((x + 0.5) * picture.shape[2] / width - 0.5, 0), picture.shape[2] - 1)
            top, left = int(row), int(column)
            bottom, right = min(top + 1, picture.shape[1] - 1), min(left + 1, picture.shape[2] - 1)
            upper = picture[:, top, left] * (1 - column + left) + picture[:, top, right] * (column - left)
            lower = picture[:, bottom, left] * (1 - column + left) + picture[:, bottom, right] * (column - left)
            result[:, y, x] = upper * (1 - row + top) + lower * (row - top)
    return result


def decoder_level(level: CascadeDecoderLevel, sources: Sequence[Tensor]) -> Tensor:
    fused = leaky(convolution(torch.cat(list(sources)), level.fuse))  # equation 4
    return leaky(transposed_convolution(fused, level.up.conv))  # equation 5


def transferred(module: FeatureTransfer, encoded: Tensor) -> Tensor:
    return leaky(convolution(leaky(convolution(encoded, module.first)), module.second))  # equation 3


def predicted(module: FusionPrediction, decoded: Sequence[Tensor]) -> Tensor:
    height, width = decoded[-1].shape[1:]
    hidden = leaky(convolution(torch.cat([bilinear(each, height, width) for each in decoded]), module.first))
    return convolution(leaky(convolution(hidden, module.second)), module.to_rgb)  # figure 4


# ---- size ----


def test_has_the_size_of_the_paper() -> None:
    network = create("frih")
    total = sum(p.numel() for p in network.parameters())
    assert total == 12_136_054
    assert total == pytest.approx(11.98e6, rel=0.05)
    assert sum(p.numel() for p in network.cascade.parameters()) == pytest.approx(2.68e6, rel=0.10)
    assert len(network.base.encoder) == len(network.base.decoder) + 1 == len(network.cascade.decoder) == 7


def test_the_lite_size_is_at_most_8_megabytes_in_half_precision() -> None:
    assert 2 * sum(p.numel() for p in create("frih-lite").parameters()) <= 8e6


# ---- equations ----


def test_transfer_is_equation_3() -> None:
    module, encoded = seeded(FeatureTransfer(5, 3)), drawn(2, 5, 4, 6)
    expected = torch.stack([transferred(module, each) for each in encoded])
    assert relative_error(module(encoded), expected) < 1e-5


def test_cascade_decoder_is_equations_4_and_5() -> None:
    level = seeded(CascadeDecoderLevel(decoded=3, channels=8, out_channels=16))
    previous, base, own = drawn(2, 3, 3, 5), drawn(2, 8, 3, 5, seed=2), drawn(2, 8, 3, 5, seed=3)
    expected = torch.stack([decoder_level(level, each) for each in zip(previous, base, own, strict=True)])
    assert relative_error(level(previous, base, own), expected) < 1e-5


def test_fusion_prediction_is_figure_4() -> None:
    module = seeded(FusionPrediction(9, 4))
    decoded = [drawn(1, 4, 2, 3), drawn(1, 3, 4, 6, seed=2), drawn(1, 2, 8, 12, seed=3)]
    expected = predicted(module, [each[0] for each in decoded])
    assert relative_error(module(decoded)[0], expected) < 1e-5


def test_cascade_runs_every_level_with_its_three_sources() -> None:
    module = seeded_cascade(base_widths=[6, 7, 9], widths=[8, 16, 16])
    pairs = drawn(1, 4, 16, 8) / 2
    base = [drawn(1, 6, 8, 4), drawn(1, 7, 4, 2, seed=2), drawn(1, 9, 2, 1, seed=3)]
    own, features = [], pairs[0]
    for level in module.encoder:
        features = leaky(convolution(features, level.conv))
        own.append(features)
    et = [transferred(transfer, each[0]) for transfer, each in zip(module.transfers, base, strict=True)]
    dc3 = decoder_level(module.decoder[0], [et[2], own[2]])
    dc2 = decoder_level(module.decoder[1], [dc3, et[1], own[1]])
    dc1 = decoder_level(module.decoder[2], [dc2, et[0], own[0]])
    expected = (pairs[0, :3] + predicted(module.prediction, [dc3, dc2, dc1])).clamp(-1, 1)
    assert float((expected.abs() < 1).double().mean()) > 0.5
    assert relative_error(module(pairs, module.transfer(base), 16, 8)[0], expected) < 1e-5


@pytest.mark.parametrize("wanted", [(1, 1), (5, 64), (32, 33), (61, 17), (64, 64)])
def test_what_is_not_wanted_changes_nothing(wanted: tuple[int, int]) -> None:
    module = seeded_cascade(base_widths=[6, 7, 9, 5], widths=[8, 16, 16, 16])
    base = [drawn(1, channels, 32 >> i, 32 >> i, seed=i) for i, channels in enumerate((6, 7, 9, 5))]
    pairs, transfer = drawn(1, 4, 64, 64) / 2, module.transfer(base)
    whole = module(pairs, transfer, 64, 64)
    assert relative_error(module(pairs, transfer, *wanted), whole[..., : wanted[0], : wanted[1]]) < 1e-9


def test_refined_pictures_are_combined_by_their_submasks() -> None:
    """One cascade run a submask, one after the other, each result in its submask's place."""
    torch.manual_seed(0)
    network = FRIH(width=8, head=8).double().eval()
    composite, mask = (each.double() for each in scene(128, 128, batch=2))
    with torch.no_grad():
        stages = network.stages(composite, mask)
        generated, encoded = network.base(torch.cat([composite, mask], dim=1))
        coarse = generated * mask + composite * (1 - mask)
        labels = submask_labels(composite, mask)
        transfer = network.cascade.transfer(encoded)
        expected = composite * (1 - mask)
        for picture in range(2):
            base = [each[picture : picture + 1] for each in transfer]
            assert int(labels[picture].amax()) > 1
            for number in range(1, int(labels[picture].amax()) + 1):
                submask = mask[picture : picture + 1] * (labels[picture] == number)
                pair = torch.cat([coarse[picture : picture + 1], submask], dim=1)
                expected[picture] += (network.cascade(pair, base, 128, 128) * submask)[0]
    assert relative_error(stages.result, expected) < 1e-5
    assert relative_error(stages.coarse, coarse) < 1e-5
    assert torch.allclose(stages.submasks.sum(dim=1, keepdim=True), mask)


def test_refining_in_portions_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = FRIH(width=8, head=8).double().eval()
    composite, mask = (each.double() for each in scene(60, 90, batch=2))
    with torch.inference_mode():
        whole = network(composite, mask)
        monkeypatch.setattr("samelight.harmonizers.frih.PIXELS_AT_ONCE", 3 * 128 * 128)
        assert torch.allclose(network(composite, mask), whole, atol=1e-12)


# ---- losses ----


def loss_inputs() -> tuple[FrihStages, Tensor, Tensor]:
    result, coarse, real = (torch.tanh(drawn(2, 3, 24, 24, seed=seed)) for seed in (1, 2, 3))
    mask = drawn(2, 1, 24, 24, seed=4).clamp(0, 1)
    owner = torch.randint(0, 4, (2, 1, 24, 24), generator=torch.Generator().manual_seed(5))
    owner[:, :, :3] = 4  # a small one
    submasks = torch.cat([mask * (owner == number) for number in range(10)], dim=1)
    return FrihStages(result, coarse, submasks), real, mask


def test_loss_is_equations_6_to_8() -> None:
    stages, real, mask = loss_inputs()
    total = 0.0
    for picture in range(2):
        coarse, refine = 0.0, 0.0
        area = max(float(mask[picture].sum()), 100.0)
        areas = [max(float(submask.sum()), 100.0) for submask in stages.submasks[picture]]
        for h in range(24):
            for w in range(24):
                error = float((real - stages.coarse)[picture, :, h, w].square().sum())
                coarse += error / area  # equation 7
                error = float((real - stages.result)[picture, :, h, w].square().sum())
                for submask, own in zip(stages.submasks[picture], areas, strict=True):
                    refine += error * float(submask[h, w]) / own  # equation 8
        total += coarse + refine  # equation 6
    assert float(submask_mse(stages.result, real, stages.submasks)) > 0
    assert float(foreground_mse(stages.coarse, real, mask)) > 0
    assert float(FrihLoss()(stages, real, mask)) == pytest.approx(total / 2, rel=1e-9)


def test_training_finds_the_loss_by_name() -> None:
    stages, real, mask = loss_inputs()
    assert isinstance(LOSSES["frih"](), FrihLoss)
    with pytest.raises(TypeError, match="FrihStages"):
        FrihLoss()(Stages(stages.result), real, mask)


# ---- robustness ----


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("flat", [True, False])
def test_one_region_only_stays_finite(share: float, flat: bool) -> None:
    torch.manual_seed(0)
    composite, mask = scene(40, 56)[0], torch.full((1, 1, 40, 56), share)
    composite = torch.full_like(composite, 0.2) if flat else composite
    with torch.inference_mode():
        stages = create("frih-lite").eval().stages(composite, mask)
    assert torch.isfinite(stages.result).all()
    assert bool(torch.equal(stages.result, composite)) == (share == 0)
    number = int((stages.submasks.amax(dim=(2, 3)) > 0).sum())
    assert number == 0 if share == 0 else (number == 1) == flat


def test_a_foreground_of_one_pixel_stays_finite_and_changes_that_pixel_alone() -> None:
    torch.manual_seed(0)
    composite, mask = scene(64, 64)[0], torch.zeros(1, 1, 64, 64)
    mask[0, 0, 20, 30] = 1
    with torch.inference_mode():
        result = create("frih-lite").eval()(composite, mask)
    changed = (result != composite).any(dim=1)[0]
    assert torch.isfinite(result).all()
    assert changed.nonzero().tolist() == [[20, 30]]


def test_trains_in_bfloat16_on_difficult_pictures() -> None:
    """No foreground, everything foreground, one colour, a soft mask: the loss falls and nothing becomes NaN."""
    torch.manual_seed(0)
    composite, mask = (each.clone() for each in scene(64, 64, batch=4))
    mask[0], mask[1], composite[2] = 0, 1, -0.4
    real = composite + mask * 0.3
    network, loss_of = create("frih-lite").train(), FrihLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        with torch.autocast("cpu", torch.bfloat16):
            stages = network.stages(composite, mask)
        loss = loss_of(stages, real, mask)
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert all(p.grad is not None for p in network.parameters()), "every parameter is used"
