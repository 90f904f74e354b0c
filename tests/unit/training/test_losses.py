"""The papers' losses against literal float64 transcriptions, and where pictures have nothing to compare."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from samelight.harmonizers.stages import Stages
from samelight.training.losses import L1, LOSSES, ForegroundMSE, RCLLoss, foreground_mse
from samelight.training.losses.rcl import RegionContrast, draw_positions, patches_at, sampling_map


def pictures(height: int = 24, width: int = 20) -> tuple[Tensor, Tensor, Tensor]:
    """A result, the real picture, a soft mask: a batch of 2 in float64."""
    generator = torch.Generator().manual_seed(4)
    result, real = (torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64) * 2 - 1 for _ in range(2))
    mask = (torch.rand(2, 1, height, width, generator=generator, dtype=torch.float64) * 3 - 1).clamp(0, 1)
    mask[:, :, :, : width // 3] = 0
    return result, real, mask


def test_foreground_mse_is_hdnets_equation_1() -> None:
    result, real = torch.zeros(2, 3, 10, 20), torch.zeros(2, 3, 10, 20)
    result[0, :, 0, 0] = 0.5  # 3 * 0.25, over an area of 150
    result[1, 0, 0, 0] = 1.0  # 1, over A_min = 100, since the mask has 2 pixels
    mask = torch.zeros(2, 1, 10, 20)
    mask[0].view(-1)[:150], mask[1].view(-1)[:2] = 1, 1
    expected = (0.75 / 150 + 1 / 100) / 2
    assert float(foreground_mse(result, real, mask)) == pytest.approx(expected)
    assert float(ForegroundMSE()(Stages(result), real, mask)) == pytest.approx(expected)


def test_foreground_mse_of_soft_masks_pixel_by_pixel() -> None:
    result, real, mask = pictures()
    mask[1, :, 10:] = 0  # an area below A_min
    total = 0.0
    for picture in range(2):
        error = sum(float(a - b) ** 2 for a, b in zip(result[picture].flatten(), real[picture].flatten(), strict=True))
        total += error / max(100.0, sum(float(share) for share in mask[picture].flatten()))
    assert float(foreground_mse(result, real, mask)) == pytest.approx(total / 2, rel=1e-9)


def test_l1_is_srins_equation_1() -> None:
    result, real, mask = pictures()
    differences = [abs(float(a) - float(b)) for a, b in zip(result.flatten(), real.flatten(), strict=True)]
    assert float(L1()(Stages(result), real, mask)) == pytest.approx(sum(differences) / len(differences), rel=1e-9)


def literal_foreground_l1(result: Tensor, real: Tensor, mask: Tensor) -> float:
    errors = []
    for picture in range(len(result)):
        total = area = 0.0
        for y in range(mask.shape[2]):
            for x in range(mask.shape[3]):
                share = float(mask[picture, 0, y, x])
                pixel = [abs(float(result[picture, c, y, x] - real[picture, c, y, x])) for c in range(3)]
                total, area = total + share * sum(pixel) / 3, area + share
        errors.append(total / area)
    return sum(errors) / len(errors)


def literal_patch(region: Tensor, position: int) -> list[float]:
    """8 x 8 around a pixel of the sampling map of a masked picture (3 x H x W): channel, row, column."""
    height, width = region.shape[1] // 4, region.shape[2] // 4
    top, left = position // width - 3, position % width - 3
    values = []
    for channel in range(3):
        for y in range(top, top + 8):
            for x in range(left, left + 8):
                inside = 0 <= y < height and 0 <= x < width
                cell = region[channel, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4] if inside else torch.zeros(1)
                values.append(float(cell.sum()) / 16 if inside else 0.0)
    return values


def literal_embedding(mlp: nn.Sequential, patch: list[float]) -> Tensor:
    hidden = (mlp[0].weight @ torch.tensor(patch, dtype=torch.float64) + mlp[0].bias).clamp(min=0)
    embedded = mlp[2].weight @ hidden + mlp[2].bias
    return embedded / embedded.square().sum().sqrt()


def literal_contrast(
    module: RegionContrast, result: Tensor, real: Tensor, mask: Tensor, inside: Tensor, outside: Tensor
) -> float:
    """Equations 8 to 12 with the notes' v^bg and v^fg."""
    losses = []
    for picture in range(len(result)):

        def embedded(region: Tensor, positions: Tensor) -> list[Tensor]:
            return [literal_embedding(module.mlp, literal_patch(region, int(position))) for position in positions]

        weight = mask[picture]
        negatives = embedded(result[picture] * weight, inside[picture])
        positives = embedded(real[picture] * (1 - weight), outside[picture])
        v_fg = torch.stack(negatives).mean(0)
        v_bg = torch.stack(embedded(result[picture] * (1 - weight), outside[picture])).mean(0)
        v_fg, v_bg = v_fg / v_fg.norm(), v_bg / v_bg.norm()
        against = sum(math.exp(float(v_fg @ negative) / 0.07) for negative in negatives)
        each = []
        for positive in positives:
            towards = math.exp(float(v_bg @ positive) / 0.07)
            each.append(-math.log(towards / (towards + against)))
        losses.append(sum(each) / len(each))
    return sum(losses) / len(losses)


def seeded_positions(mask: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """What the contrastive loss draws first after this seed."""
    torch.manual_seed(9)
    return draw_positions(mask, count), draw_positions(1 - mask, count)


def test_contrastive_loss_is_equations_8_to_12() -> None:
    torch.manual_seed(3)
    module = RegionContrast(patches=12).double()
    result, real, mask = pictures()
    positions = seeded_positions(mask, 12)
    torch.manual_seed(9)
    found = float(module(result, real, mask).detach())
    with torch.no_grad():
        assert found == pytest.approx(literal_contrast(module, result, real, mask, *positions), rel=1e-5)


def test_rcls_loss_is_equation_13() -> None:
    torch.manual_seed(3)
    loss = RCLLoss().double()
    assert loss.contrast.patches == 256
    loss.contrast.patches = 24  # the transcription takes its time
    result, real, mask = pictures()
    positions = seeded_positions(mask, 24)
    torch.manual_seed(9)
    found = float(loss(Stages(result), real, mask).detach())
    with torch.no_grad():
        contrast = literal_contrast(loss.contrast, result, real, mask, *positions)
    whole = float((result - real).abs().sum()) / result.numel()
    expected = 0.4 * whole + 0.5 * literal_foreground_l1(result, real, mask) + 0.1 * contrast
    assert found == pytest.approx(expected, rel=1e-5)


def test_patches_come_from_their_own_region() -> None:
    mask = torch.zeros(2, 1, 64, 48)
    mask[0, :, 8:20, 8:30], mask[1, :, 40:44, 40:44] = 1, 1
    torch.manual_seed(0)
    positions = draw_positions(mask, 256)
    shares = sampling_map(mask).flatten(1).gather(1, positions)
    assert float(shares.min()) > 0
    assert len(positions[0].unique()) == int((sampling_map(mask[:1]) > 0).sum())  # every cell has its turn
    assert positions[1].unique().tolist() == [10 * 12 + 10]


def test_a_patch_lies_around_its_position() -> None:
    sampled = torch.arange(2 * 3 * 10 * 9, dtype=torch.float32).view(2, 3, 10, 9)
    patches = patches_at(sampled, torch.tensor([[4 * 9 + 4, 0], [9 * 9 + 8, 40]]))
    assert patches.shape == (2, 2, 3, 8, 8)
    assert torch.equal(patches[0, 0], sampled[0, :, 1:9, 1:9])
    assert torch.equal(patches[0, 1, :, 3:, 3:], sampled[0, :, :5, :5])
    assert float(patches[0, 1, :, :3].abs().max()) == 0


def test_the_perceptron_learns_too() -> None:
    torch.manual_seed(0)
    loss, (result, real, mask) = RCLLoss().double(), pictures()
    loss(Stages(result), real, mask).backward()
    assert all(float(parameter.grad.abs().max()) > 0 for parameter in loss.contrast.mlp.parameters())


@pytest.mark.parametrize("name", ["foreground-mse", "l1", "rcl"])
@pytest.mark.parametrize("size", [(64, 64), (37, 50), (8, 8), (3, 2)])
@pytest.mark.parametrize("foreground", ["none", "everything", "one pixel"])
def test_finite_in_value_and_gradient(name: str, size: tuple[int, int], foreground: str) -> None:
    torch.manual_seed(0)
    loss = LOSSES[name]()
    result = (torch.rand(2, 3, *size) * 2 - 1).requires_grad_()
    mask = torch.full((2, 1, *size), float(foreground == "everything"))
    mask[0, 0, 1, 1] = foreground != "none"
    value = loss(Stages(result), torch.rand(2, 3, *size) * 2 - 1, mask)
    value.backward()
    gradients = [result.grad, *(parameter.grad for parameter in loss.parameters())]
    assert math.isfinite(float(value.detach()))
    assert all(torch.isfinite(gradient).all() for gradient in gradients if gradient is not None)


def test_pictures_of_one_region_have_no_say_in_the_contrast() -> None:
    torch.manual_seed(0)
    contrast = RegionContrast()
    result, real, mask = (tensor.float() for tensor in pictures())
    alone = float(contrast(result[:1], real[:1], mask[:1]).detach())
    mask[1] = 0
    together = float(contrast(result, real, mask).detach())
    assert together == pytest.approx(alone, rel=0.05)  # not half of it; other patches are drawn
    assert float(contrast(result, real, torch.zeros_like(mask)).detach()) == 0
