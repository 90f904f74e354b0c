"""What of a trainer goes into a checkpoint, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from samelight.training.checkpoint import FORMAT

if TYPE_CHECKING:
    from samelight.training.trainer import Trainer

__all__ = ["circumstances_of", "identity_of", "state_of", "take_on"]


def identity_of(trainer: Trainer) -> dict[str, Any]:
    """What a training cannot go on without; a checkpoint with another one is refused."""
    return {"model": trainer.model, "seed": trainer.seed, "recipe": asdict(trainer.recipe)}


def circumstances_of(trainer: Trainer) -> dict[str, Any]:
    """What may change on the way; then the course is not the very same."""
    return {
        "budget": asdict(trainer.budget),
        "pictures": len(trainer.source),
        "processes": trainer.team.size,
        "portions": trainer.portions,
        "precision": trainer.numerics.name,
        "device": trainer.source.device.type,
        "teacher": trainer.teacher and trainer.teacher.name,
        "teacher's share": trainer.teacher and trainer.teacher.share,
        "share of pastings": (trainer.teacher and trainer.teacher.pasted) or None,
        "torch": str(torch.__version__),
    }


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Tensors and plain values; random generators are not among them, because steps and seed decide everything."""
    stepper = trainer.stepper
    return {
        "format": FORMAT,
        "identity": identity_of(trainer),
        "circumstances": circumstances_of(trainer),
        "network": stepper.network.state_dict(),
        "average": stepper.average.network.state_dict(),
        "loss": stepper.loss.state_dict(),
        "optimizer": stepper.optimizer.state_dict(),
        "scaler": stepper.scaler.state_dict(),
        "step": trainer.step,
        "seconds": trainer.seconds,
        "best": trainer.best.state,
    }


def take_on(trainer: Trainer, state: Mapping[str, Any]) -> None:
    """Go on from a checkpoint's state.

    Raises: RuntimeError, KeyError, TypeError or ValueError where it is not what `state_of` gave.
    """
    stepper = trainer.stepper
    stepper.network.load_state_dict(state["network"])
    stepper.average.network.load_state_dict(state["average"])
    stepper.loss.load_state_dict(state["loss"])
    stepper.optimizer.load_state_dict(state["optimizer"])
    if state["scaler"] and stepper.scaler.is_enabled():
        stepper.scaler.load_state_dict(state["scaler"])
    trainer.step, trainer.seconds = state["step"], state["seconds"]
    trainer.best.state = state["best"]
    trainer.history.resume(trainer.step)
