"""Where networks run: the devices that are there, chosen by what the settings ask for."""

from __future__ import annotations

import os

import torch

from samelight_wire.errors import InvalidOptionError

__all__ = ["available_cores", "choose_devices", "describe_device", "release_cached", "use_all_cores"]


def choose_devices(wanted: str) -> list[torch.device]:
    """The devices for a value of the ``device`` setting; each gets a worker of its own.

    Args:
        wanted: "auto" (every CUDA card, else MPS, else the CPU), "cpu", "mps", "cuda" (every card) or "cuda:N".

    Raises:
        InvalidOptionError: this machine does not have it.
    """
    cards = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if wanted == "cpu":
        return [torch.device("cpu")]
    if cards and wanted in ("auto", "cuda"):
        return cards
    if wanted in ("auto", "mps") and torch.backends.mps.is_available():
        return [torch.device("mps")]
    if wanted == "auto":
        return [torch.device("cpu")]
    named = [card for card in cards if str(card) == wanted]
    if not named:
        there = ", ".join(["cpu", *map(str, cards)])
        raise InvalidOptionError(
            f'The device "{wanted}" is asked for, which this machine does not have.',
            f'Set device to "auto", or to one of: {there}.',
        )
    return named


def describe_device(device: torch.device) -> str:
    """A device in words, such as "cpu (8 threads)" or "cuda:0 (its name)"."""
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"cpu ({threads} thread{'s' * (threads != 1)})"
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)


def available_cores() -> int:
    """How many processor cores this process may use, which in a container is often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_all_cores() -> None:
    """Lets torch compute on every core this process may use; to be called in the thread that computes."""
    torch.set_num_threads(available_cores())


def release_cached(device: torch.device) -> None:
    """Gives a card's memory that torch keeps for later back to other programs."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
