"""Random numbers of training data: a stream for each composite, so that none depends on how its batch is made."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stream", "between_logarithms", "bounded_normal", "stream", "unit"]

Stream = np.random.Generator
"""Always on the CPU: a seed gives the same composites on every device."""


def stream(*numbers: int) -> Stream:
    """The stream of these numbers (a seed, a step, a place in the batch); other numbers give one independent of it."""
    # Hashed, because numpy's own seeding takes (7, 0) and (7, 0, 0) for the same.
    words = np.array([number % 2**64 for number in numbers], np.uint64).astype("<u8")
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(words.tobytes(), digest_size=16).digest(), "little"))


def unit(random: Stream, probability: float) -> bool:
    """True with this probability."""
    return bool(random.random() < probability)


def between_logarithms(random: Stream, low: float, high: float) -> float:
    """A value in low..high, each doubling as likely as any other."""
    return math.exp(random.uniform(math.log(low), math.log(high)))


def bounded_normal(random: Stream, deviation: float, *shape: int) -> NDArray[np.float64]:
    """Normal values of mean 0, cut at two deviations so that no composite is absurd."""
    return np.clip(random.standard_normal(shape), -2, 2) * deviation
