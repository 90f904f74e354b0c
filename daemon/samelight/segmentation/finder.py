"""Finding instances for requests: each picture is segmented once, for every layer over it and every network."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight.instances import Instances
from samelight.segmentation.base import Foreground, OnPart, Segmentation, Segmenter
from samelight.segmentation.cache import Cache
from samelight.segmentation.choice import Choice
from samelight.segmentation.similarity import cosine, instances_in_view, stack

__all__ = ["Found", "InstanceFinder", "Scenery", "find_in_batch"]

Array = NDArray[np.float32]

logger = logging.getLogger(__name__)


class Scenery(Protocol):
    """The picture whose instances are looked for, as far as it has to be known here."""

    @property
    def key(self) -> str:
        """The same for the same content, and for nothing else."""

    @property
    def contains_foreground(self) -> bool:
        """Whether the foreground is in the picture: true of flattened pictures."""

    def picture(self, side: int) -> tuple[Array, Array]:
        """About side x side pixels: H x W x 3 in sRGB code values, and H x W in 0..1, how much of it is known."""

    def with_layer(self) -> Scenery:
        """The same with the foreground's layer laid over it."""


@dataclass(frozen=True)
class Found:
    """The instances around a foreground."""

    instances: Instances
    """A batch of 1, in the pixels of the working picture."""
    segmenter: str
    """Who found them."""
    cached: bool
    """Whether the picture had been segmented before."""

    def facts(self) -> dict[str, object]:
        """In plain values: segmenter, number of instances, the most similar one's similarity."""
        similarity = self.instances.similarity[self.instances.present]
        return {
            "segmenter": self.segmenter,
            "segmentation_cached": self.cached,
            "instances": len(similarity),
            "greatest_similarity": round(float(similarity.max()), 3) if len(similarity) else None,
        }


class InstanceFinder:
    """Segments pictures and keeps what came of it. Any thread may call it; one after the other gets an answer.

    Args:
        choose: the segmenter to use at this moment; None for none.
        max_bytes: how many bytes of segmented pictures are kept, and a quarter as many of encoded composites.
        encode_foreground: whether, for a pasted layer, SAM encodes the composite too; see ``sam.py``.
        idle_seconds: after how long without use segmenter and pictures are forgotten.
    """

    def __init__(
        self,
        choose: Callable[[], Choice | None],
        *,
        max_bytes: int = 256 << 20,
        encode_foreground: bool = False,
        idle_seconds: float = 900.0,
    ) -> None:
        self._choose = choose
        self._encode_foreground = encode_foreground
        self._idle_seconds = idle_seconds
        self._one_at_a_time = threading.Lock()  # neither caches nor a segmenter at work may be shared
        self._segmenter: Segmenter | None = None
        self._last_used = 0.0
        self._segmentations: Cache[Segmentation] = Cache(max_bytes, lambda kept: kept.byte_length)
        self._composites: Cache[Tensor] = Cache(max_bytes // 4, lambda kept: kept.numel() * kept.element_size())

    @property
    def loaded(self) -> str | None:
        """The name of the segmenter in memory."""
        return None if self._segmenter is None else self._segmenter.name

    @property
    def byte_length(self) -> int:
        """Bytes of everything that is kept, the segmenter itself not counted."""
        return self._segmentations.byte_length + self._composites.byte_length

    def find(self, scenery: Scenery, foreground: Foreground, on_part: OnPart = lambda part: None) -> Found | None:
        """The instances around a foreground.

        Args:
            scenery: the picture to be segmented.
            foreground: what is compared with its instances.
            on_part: called now and then while the picture is segmented, with the fraction done; may raise.

        Returns: None where no segmenter is wanted.

        Raises:
            WeightsError: (its subclasses) the segmenter's weights are missing or damaged.
        """
        with self._one_at_a_time:
            return self._find(scenery, foreground, on_part)

    def unload_idle(self, now: float) -> bool:
        """Forgets everything if it was idle for long; ``now`` as ``time.monotonic()`` counts. Tells whether it did."""
        with self._one_at_a_time:
            if self._segmenter is None or now - self._last_used < self._idle_seconds:
                return False
            logger.info("Unloaded the segmenter %s, unused for %.0f s", self._segmenter.name, self._idle_seconds)
            self._forget()
            return True

    def _find(self, scenery: Scenery, foreground: Foreground, on_part: OnPart) -> Found | None:
        """See ``find``."""
        segmenter = self._open()
        if segmenter is None:
            return None
        key = f"{segmenter.name} {scenery.key}"
        segmentation = self._segmentations.get(key)
        cached = segmentation is not None
        if segmentation is None:
            segmentation = segmenter.segment(*_tensors(*scenery.picture(segmenter.side)), on_part)
            self._segmentations.put(key, segmentation)
        features = self._composite_features(segmenter, scenery)
        similarity = cosine(*segmenter.embed(segmentation, foreground, features))
        self._last_used = time.monotonic()
        return Found(instances_in_view(segmentation, similarity, foreground), segmenter.name, cached)

    def _open(self) -> Segmenter | None:
        """The segmenter to use now, loaded if it is not in memory."""
        choice = self._choose()
        if choice is None:
            return None
        if self._segmenter is None or self._segmenter.name != choice.name:
            self._forget()
            began = time.monotonic()
            self._segmenter = choice.open()
            logger.info("Loaded the segmenter %s in %.2f s", choice.name, time.monotonic() - began)
        return self._segmenter

    def _forget(self) -> None:
        self._segmenter = None
        self._segmentations.clear()
        self._composites.clear()

    def _composite_features(self, segmenter: Segmenter, scenery: Scenery) -> Tensor | None:
        """The encoded composite of a pasted layer, where that is wanted."""
        if not self._encode_foreground or scenery.contains_foreground:
            return None
        composite = scenery.with_layer()
        features = self._composites.get(composite.key)
        if features is None:
            features = segmenter.encode(_tensors(*composite.picture(segmenter.side))[0])
            self._composites.put(composite.key, features)
        return features


def find_in_batch(segmenter: Segmenter, pictures: Tensor, masks: Tensor) -> Instances:
    """The instances of whole composites, for training and evaluation.

    Args:
        segmenter: who finds them.
        pictures: B x 3 x H x W, composites in sRGB code values 0..1.
        masks: B x 1 x H x W in 0..1.

    Returns: on the CPU.
    """
    found = []
    for picture, mask in zip(pictures.cpu(), masks[:, 0].cpu(), strict=True):
        segmentation = segmenter.segment(picture, torch.ones_like(mask), lambda part: None)
        foreground = Foreground(picture, mask)
        found.append(instances_in_view(segmentation, cosine(*segmenter.embed(segmentation, foreground)), foreground))
    return stack(found)


def _tensors(picture: Array, known: Array) -> tuple[Tensor, Tensor]:
    """H x W x 3 and H x W arrays as 3 x H x W and H x W tensors."""
    return torch.from_numpy(picture).permute(2, 0, 1).contiguous(), torch.from_numpy(known)
