"""A wide network that begins by answering as a narrow one does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from network_helpers import relative_error, seeded, some_instances
from safetensors.torch import save_file
from torch import nn

from samelight import harmonizers
from samelight.harmonizers.hdnet import HDNet
from samelight.harmonizers.rcl import RCL
from samelight.harmonizers.srih import SRIH
from samelight.harmonizers.srin import SRIN
from samelight.training.choosing import load_weights
from samelight.training.widening import widened
from samelight_wire.errors import InvalidOptionError

NARROW_AND_WIDE: dict[str, tuple[Callable[[], nn.Module], Callable[[], nn.Module]]] = {
    "hdnet": (lambda: HDNet(4), lambda: HDNet(8)),
    "srin": (lambda: SRIN(4), lambda: SRIN(8)),
    "srih": (lambda: SRIH(8, (1, 1, 1)), lambda: SRIH(16, (1, 1, 1))),
    "rcl": (lambda: RCL(4), lambda: RCL(8)),
    "hdnet, half as wide again": (lambda: HDNet(4), lambda: HDNet(6)),
    "srin, half as wide again": (lambda: SRIN(4), lambda: SRIN(6)),
    "srih, half as wide again": (lambda: SRIH(8, (1, 1, 1)), lambda: SRIH(12, (1, 1, 1))),
    "rcl, half as wide again": (lambda: RCL(4), lambda: RCL(6)),
}
NEARLY = {"hdnet, half as wide again", "srin, half as wide again", "srih, half as wide again"}
"""What sums or compares over channels counts those that are doubled twice."""


@pytest.mark.parametrize("paper", NARROW_AND_WIDE)
def test_it_answers_as_the_narrow_one_and_its_copies_can_part(paper: str) -> None:
    torch.manual_seed(3)
    narrow, wide = (seeded(make(), spread=0.1) for make in NARROW_AND_WIDE[paper])
    fitted = widened(wide, narrow.state_dict())
    assert fitted.keys() == wide.state_dict().keys()
    wide.load_state_dict(fitted)
    composite = torch.rand(2, 3, 32, 48, dtype=torch.float64) * 2 - 1
    mask = torch.zeros(2, 1, 32, 48, dtype=torch.float64)
    mask[:, :, 8:24, 12:30] = 1
    instances = some_instances(2, 32, 48)
    expected = narrow(composite, mask, instances)
    change = relative_error(expected, composite)
    assert change > 0.01, "a network that changes nothing shows nothing"
    result = wide(composite, mask, instances)
    allowed = change / 5 if paper in NEARLY else 1e-5  # the weights went through float32
    assert relative_error(result, expected) < allowed
    (result - composite).square().sum().backward()
    deep = max((each for each in wide.parameters() if each.ndim == 4), key=torch.numel).grad
    assert deep is not None
    # Channels 0 and 1 are copies in either proportion.
    apart = (deep[0] - deep[1]).norm() + (deep[:, 0] - deep[:, 1]).norm()
    assert apart > 0.05 * (deep[0].norm() + deep[:, 0].norm()), "copies with equal gradients stay copies"


def test_a_wider_network_does_not_fit() -> None:
    assert widened(SRIN(4), SRIN(8).state_dict()).keys() == {"to_rgb.bias"}


def test_what_grows_in_several_proportions_is_left_out_but_for_whole_multiples() -> None:
    narrow, wide = (
        nn.Sequential(nn.Conv2d(4, 8, 1), nn.Conv2d(8, 8, 1)),
        nn.Sequential(nn.Conv2d(4, 12, 1), nn.Conv2d(12, 16, 1)),
    )
    assert widened(wide, narrow.state_dict()).keys() == {"1.bias"}


def test_what_cannot_be_widened_starts_at_random_and_is_told(tmp_path: Path) -> None:
    torch.manual_seed(6)
    narrow, wide = (harmonizers.create(name).train() for name in ("frih-lite", "frih"))
    save_file(narrow.state_dict(), tmp_path / "frih-lite.safetensors")
    assert load_weights(wide, tmp_path / "frih-lite.safetensors").endswith("the others start at random.")
    narrow.refines = wide.refines = False  # type: ignore[assignment]
    composite, mask = torch.rand(1, 3, 128, 128) * 2 - 1, torch.ones(1, 1, 128, 128)
    with torch.no_grad():
        answer = narrow(composite, mask)
        assert not torch.allclose(answer, composite, atol=1e-4)
        assert torch.allclose(wide(composite, mask), answer, atol=1e-4), "all of the base network fits"


def test_fewer_blocks_are_no_narrower_network(tmp_path: Path) -> None:
    save_file(harmonizers.create("srih-lite").state_dict(), tmp_path / "srih-lite.safetensors")
    with pytest.raises(InvalidOptionError, match="holds 56% of this network's weights"):
        load_weights(harmonizers.create("srih"), tmp_path / "srih-lite.safetensors")


def test_a_training_can_begin_from_a_narrower_networks_file(tmp_path: Path) -> None:
    torch.manual_seed(5)
    narrow, wide = harmonizers.create("hdnet-lite").eval(), harmonizers.create("hdnet").eval()
    save_file(narrow.state_dict(), tmp_path / "hdnet-lite.safetensors")
    said = load_weights(wide, tmp_path / "hdnet-lite.safetensors")
    assert said == "hdnet-lite.safetensors is of a narrower network: each of its channels became several."
    composite = torch.rand(1, 3, 32, 32) * 2 - 1
    mask = torch.ones(1, 1, 32, 32)
    mask[..., :16] = 0
    with torch.no_grad():
        assert torch.allclose(wide(composite, mask), narrow(composite, mask), atol=1e-4)
