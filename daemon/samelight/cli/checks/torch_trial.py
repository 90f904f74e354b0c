"""Runs as a program of its own: loads torch, computes a little on every device, and prints the doctor's lines as JSON.

A build of torch that does not suit the processor ends its process with a signal, and a driver that does not suit the
card may hang: neither must take the doctor with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from samelight.cli.checks.check import Check, failure, ok
from samelight.cli.checks.configuration import usable_settings
from samelight.cli.checks.machine import describe_memory
from samelight_wire.errors import SamelightError

__all__ = ["main"]

SIZE = 32
WRONG_BUILD = "Run `python3 installer` again: it chooses the build of torch that suits this machine."


def main() -> None:
    """Prints one line for torch and some for each device, each as soon as it is known."""
    import torch

    _tell(ok("torch", torch.__version__))
    from samelight.devices import choose_devices, describe_device

    try:
        devices = choose_devices(usable_settings().device)
    except SamelightError as error:
        _tell(failure("device", error.message, error.hint))
        return
    for device in devices:
        try:
            _compute(device)
        except Exception as error:  # a card's driver may complain in any way
            said = " ".join(str(error).split())[:300]
            _tell(failure("device", f"{describe_device(device)} does not compute: {said}", WRONG_BUILD))
            continue
        _tell(ok("device", describe_device(device)))
        if device.type == "cuda":
            _tell(describe_memory(f"memory {device}", *torch.cuda.mem_get_info(device)))


def _compute(device: object) -> None:
    """A convolution, as all networks are made of them. Raises RuntimeError where its result is not a number."""
    import torch

    picture = torch.ones(1, 3, SIZE, SIZE, device=device)  # type: ignore[call-overload]  # a torch.device
    mean = torch.nn.Conv2d(3, 4, 3).to(picture.device)(picture).mean().item()
    if mean != mean:
        raise RuntimeError("a convolution gave no number")


def _tell(line: Check) -> None:
    print(json.dumps(asdict(line)), flush=True)


if __name__ == "__main__":
    main()
