"""What an evaluation has found: scores at each size, what is known of each method, and what could not be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from samelight.calibration import Calibration
from samelight.evaluation.cases import KeptPicture
from samelight.evaluation.scores import Scores

__all__ = ["Evaluation", "Failure", "Measurement", "MethodFacts"]


@dataclass(frozen=True)
class MethodFacts:
    """What is known of a method beside its figures."""

    kind: Literal["network", "baseline", "results"]
    """A network of ours, a classical method, or pictures that another program made."""
    title: str
    """The paper, or what the method does, in a few words."""
    parameters: int | None = None
    """Numbers that are learned; None where there are none or nobody knows."""
    multiply_adds: int | None = None
    """Multiplications with an addition for one picture of 256 x 256."""
    weights: str | None = None
    """SHA-256 of the weights' file."""
    calibration: Calibration | None = None
    """How much of a network's change the pipeline keeps; None for what does not run in it."""
    calibration_from: str = ""
    """Where these figures stand, or why there are none."""


@dataclass(frozen=True)
class Failure:
    """A picture or a method that could not be measured; the others were."""

    name: str
    """Of the picture or the method."""
    message: str
    """What happened."""
    hint: str = ""
    """What to do."""


@dataclass(frozen=True)
class Measurement:
    """Everything measured at one size."""

    at: str
    """"256", "1024", "native": what the command line was given."""
    about: str
    """The size in words: what was resized and how, and what ran (a network alone, or the whole pipeline)."""
    scores: Scores
    """Of all pictures that could be measured."""
    draw: Callable[[int], KeptPicture]
    """Makes the picture of this index again, with every method's result. May raise SamelightError."""


@dataclass(frozen=True)
class Evaluation:
    """A whole run of `samelight evaluate`."""

    title: str
    """What was measured on, such as "photos version 1 of val.zip, 449 pictures"."""
    measurements: Sequence[Measurement]
    """At least one, in the order of the command line."""
    methods: Mapping[str, MethodFacts]
    """By the names in `Scores.figures`, the composite not among them."""
    failures: Sequence[Failure] = field(default_factory=tuple)
    """What could not be measured."""
    notes: Sequence[str] = field(default_factory=tuple)
    """Sentences that belong under the tables, such as why there is no LPIPS."""
