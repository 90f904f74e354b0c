"""The whole of a request, read from top to bottom: decode, compose, segment, harmonize, lift, encode.

    editor's bytes -> scene -> working picture, mask -> network -> calibration, restraint -> colour change ->
                                 instances of the backdrop ---^                      the layer's own pixels

The network only ever sees the small working picture. What calibration and restraint make of its answer becomes a
colour change that varies smoothly over the picture, and the layer's full-resolution pixels go through that change in
their own depth and encoding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from samelight import compositing, harmonizers, lifting, weights
from samelight.calibration import Calibration, calibrated
from samelight.compositing import Composition, Scene
from samelight.explaining import explain
from samelight.instances import Instances
from samelight.lifting import Blend, Change
from samelight.reasons import Shift, shift_of
from samelight.segmentation import Foreground, Found, InstanceFinder, Place
from samelight_wire.formats import Raster, Rect
from samelight_wire.messages import HarmonizeRequest

__all__ = ["Harmonizer", "HarmonizerSource", "OnStage", "Outcome", "Pipeline"]


class Harmonizer(Protocol):
    """A network."""

    def __call__(self, picture: Tensor, mask: Tensor, instances: Instances | None = None, /) -> Tensor:
        """Picture 1 x 3 x H x W and mask 1 x 1 x H x W, both in 0..1 (sRGB), to the harmonized picture in 0..1.

        With a soft mask M the answer is the papers' blend I_h = G M + I_c (1 - M), so it equals the picture where M is
        0. Instances are only given to networks that need them (see the registry).
        """


HarmonizerSource = Callable[[str], Harmonizer]
"""A network by its name; raises what loading it raises."""

OnStage = Callable[[str, float], None]
"""Called before each stage with its name and the fraction (0..1) of the work done; may raise to stop the request."""

STAGES = {"decode": 0.0, "compose": 0.2, "segment": 0.22, "harmonize": 0.3, "lift": 0.5, "encode": 0.9, "explain": 0.95}
"""Each stage and the part of a request's time that usually lies before it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a request, with all that another blend needs."""

    layer: Raster
    """The harmonized layer in the format, and with the profile, that was sent."""
    layer_rect: Rect
    """Where the layer lies on the canvas, as sent."""
    model: str
    """The network that was used."""
    seconds: dict[str, float]
    """How long each stage took."""
    reasons: dict[str, Any]
    """What was done, in plain values: working size, window, mean colour shift."""
    scene: Scene
    """The request as it was decoded: the layer's original pixels and where they may change."""
    change: Change
    """The whole colour change, of which the layer shows what was asked for."""
    shift: Shift
    """What that change does to the foreground as a whole, for the reasons of another blend."""
    explanations: dict[str, Raster] = field(default_factory=dict)
    """Pictures that show why, by name, where they were asked for; see `explaining.py`."""

    @property
    def byte_length(self) -> int:
        """Bytes that this outcome keeps in memory: the result, the original, masks and the change."""
        kept = self.scene.byte_length + self.change.byte_length + self.shift.byte_length
        return self.layer.octets.nbytes + kept


class Pipeline:
    """Runs requests.

    Args:
        harmonizer_source: gives a network by name.
        working_side: the working picture has about this many pixels squared, whatever its aspect ratio.
        threads: how many row tiles are worked on at once; None takes every core that torch may use.
        finder: finds the backdrop's instances, for the networks that need them and for explanations; None finds none.
        calibration: how much of a change is kept; None is what the manifest says of the network's weights.
    """

    def __init__(
        self,
        harmonizer_source: HarmonizerSource,
        *,
        working_side: int = 256,
        threads: int | None = None,
        finder: InstanceFinder | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._harmonizer_source = harmonizer_source
        self._finder = finder
        self._calibration = calibration
        self._working_side = working_side
        self._threads = threads

    def run(self, request: HarmonizeRequest, on_stage: OnStage | None = None) -> Outcome:
        """Harmonize a layer.

        Raises:
            InputError: (its subclasses) the pictures cannot be worked on; no backdrop, empty mask and so on.
            SamelightError: what the harmonizer source or `on_stage` raises.
        """
        clock = _Clock(on_stage)
        threads = self._threads or torch.get_num_threads()
        clock.begin("decode")
        scene = compositing.decode(request)
        clock.begin("compose")
        composition = compositing.compose(scene, self._working_side, threads)
        model = request.options.model or harmonizers.DEFAULT  # the daemon fills in its configured one before
        needed = harmonizers.describe(model).needs_instances
        found = self._find(scene, composition, clock, threads) if needed or request.options.explain else None
        clock.begin("harmonize")
        instances = found.instances if found is not None and needed else None
        network = self._harmonizer_source(model)
        # Read before the network runs: weights that are installed meanwhile have figures of their own.
        calibration = self._calibration or weights.calibration(model)
        proposed = _run_network(network, composition, instances)
        harmonized = calibrated(composition.picture, proposed, composition.mask, calibration)
        clock.begin("lift")
        change = lifting.fit_change(
            *compositing.colour_pairs(scene, composition, harmonized.picture), composition.window
        )
        blend = Blend(request.options.strength, request.options.colour)
        pixels = _apply(change, scene, blend, threads)
        clock.begin("encode")
        layer = _encode(pixels, request.layer)
        gray = composition.colours.shape[2] == 1
        shift = shift_of(composition.picture, harmonized, composition.mask, gray)
        facts = composition.facts() | (found.facts() if found is not None else {})
        reasons = {"model": model, **facts, **shift.reasons(blend)}
        explanations: dict[str, Raster] = {}
        if request.options.explain:
            clock.begin("explain")
            explanations = explain(scene, composition, found, threads)
        kept = scene.without_backdrop()
        return Outcome(layer, request.layer_rect, model, clock.end(), reasons, kept, change, shift, explanations)

    def reblend(self, outcome: Outcome, blend: Blend) -> Outcome:
        """The same outcome with another share of the change, without a network run; the reasons tell of that share."""
        clock = _Clock(None)
        clock.begin("lift")
        pixels = _apply(outcome.change, outcome.scene, blend, self._threads or torch.get_num_threads())
        clock.begin("encode")
        layer = _encode(pixels, outcome.scene.layer)
        reasons = outcome.reasons | outcome.shift.reasons(blend)
        return replace(outcome, layer=layer, seconds=clock.end(), reasons=reasons, explanations={})

    def _find(self, scene: Scene, composition: Composition, clock: _Clock, threads: int) -> Found | None:
        """The instances around the foreground; the pixels come from the whole backdrop, not from the window alone."""
        if self._finder is None:
            return None
        clock.begin("segment")
        ground = compositing.ground(scene, composition.window, threads)
        foreground = Foreground(
            *_tensors(composition), Place(*ground.fractions(composition.window)), ground.contains_foreground
        )
        return self._finder.find(ground, foreground, clock.proceed)


class _Clock:
    """Announces each stage and takes its time."""

    def __init__(self, on_stage: OnStage | None) -> None:
        self._on_stage = on_stage
        self._marks: list[tuple[str, float]] = []

    def begin(self, stage: str) -> None:
        """The stage before is over, this one begins."""
        if self._on_stage is not None:
            self._on_stage(stage, STAGES[stage])
        self._marks.append((stage, time.perf_counter()))

    def proceed(self, part: float) -> None:
        """A part (0..1) of a long stage is done."""
        if self._on_stage is not None:
            stage = self._marks[-1][0]
            begins = STAGES[stage]
            self._on_stage(stage, begins + part * (min(end for end in STAGES.values() if end > begins) - begins))

    def end(self) -> dict[str, float]:
        """The last stage is over: seconds by stage."""
        ends = [mark for _, mark in self._marks[1:]] + [time.perf_counter()]
        return {stage: end - began for (stage, began), end in zip(self._marks, ends, strict=True)}


def _tensors(composition: Composition) -> tuple[Tensor, Tensor]:
    """The working picture, 3 x H x W, and its mask, H x W."""
    return torch.from_numpy(composition.picture).permute(2, 0, 1).contiguous(), torch.from_numpy(composition.mask)


def _run_network(harmonizer: Harmonizer, composition: Composition, instances: Instances | None) -> NDArray[np.float32]:
    """The network's answer, H x W x 3 in 0..1."""
    picture, mask = _tensors(composition)
    inputs = picture[None], mask[None, None]
    with torch.inference_mode():
        harmonized = harmonizer(*inputs) if instances is None else harmonizer(*inputs, instances)
    return harmonized[0].permute(1, 2, 0).float().cpu().numpy()


def _apply(change: Change, scene: Scene, blend: Blend, threads: int) -> NDArray[Any]:
    """The layer's pixels after the change, in the layer's own format."""
    return lifting.apply_change(
        change,
        scene.pixels,
        scene.layer.format,
        origin=(scene.layer_rect.x, scene.layer_rect.y),
        linear=scene.space.linear,
        blend=blend,
        weights=scene.effect,
        threads=threads,
    )


def _encode(pixels: NDArray[Any], original: Raster) -> Raster:
    """The pixels as the raster that came in: same format, same profile."""
    return Raster(original.format, pixels.reshape(-1).data, original.icc)
