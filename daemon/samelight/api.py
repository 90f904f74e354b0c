"""Samelight as a function: arrays in, an array out, in this process and without a daemon."""

from __future__ import annotations

import warnings
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samelight.devices import choose_devices
from samelight.labels import describe_faint_mask, refuse_labels
from samelight.pipeline import Pipeline
from samelight.pool import ModelPool
from samelight.segmentation import InstanceFinder, choose_segmenter
from samelight_wire.errors import InvalidOptionError, SizeMismatchError, UnsupportedFormatError
from samelight_wire.formats import Alpha, Depth, Layout, Raster, RasterFormat, Rect
from samelight_wire.messages import USUAL_COLOUR, HarmonizeRequest, Options, new_job

__all__ = ["harmonize", "request_for"]

_DEPTHS = {"uint8": Depth.U8, "uint16": Depth.U16, "float16": Depth.F16, "float32": Depth.F32}
_LAYOUTS = {3: Layout.RGB, 4: Layout.RGBA}
IDLE_SECONDS = 900.0
BRIGHTEST = 10.0
"""Single lights in float pictures are brighter than 1; a picture that is so bright nearly everywhere, and somewhere
above this, is one of 0..255 that nobody divided."""


def harmonize(
    composite: NDArray[Any],
    mask: NDArray[Any],
    *,
    model: str | None = None,
    strength: float = 1.0,
    colour: float = USUAL_COLOUR,
    backdrop: NDArray[Any] | None = None,
    device: str | None = None,
) -> NDArray[Any]:
    """Give the masked part of a picture the light of the rest.

    Args:
        composite: H x W x 3 (RGB) or H x W x 4 (RGB and straight alpha) in sRGB; uint8, uint16, float16, float32 or
            float64 (changes are computed in float32), floats in 0..1: lights beyond 1 pass through the change, but a
            picture in 0..255 is refused.
        mask: H x W; bool or of the types above. The type's full value (true, 255, 65535, 1.0) is foreground, values
            between are soft edges; a UserWarning tells of a mask that is gray all over.
        model: a network's name; None is the default one.
        strength: 0..1, a blend from the picture as it was to the harmonized one.
        colour: 0..1, how much of the shift of colour is applied; at 0 the foreground only gets lighter or darker, 1 is
            as far as the network goes. What is usual was chosen on real pastings.
        backdrop: H x W x 3 or 4, what lies below; then `composite` is the layer above it and its alpha counts too.
        device: "cpu", "cuda", "cuda:1", "mps"; None takes what is there.

    Returns: an array of composite's shape and type. Outside of the mask every bit is the same, and so is all alpha.

    Raises:
        InputError: (its subclasses) wrong shapes or types, float pictures in 0..255, an empty mask, one that covers
            everything, NaN.
        WeightsError: the network's weights are missing or damaged.
    """
    request = request_for(composite, mask, model=model, strength=strength, colour=colour, backdrop=backdrop)
    if faint := describe_faint_mask(mask):
        warnings.warn(faint, stacklevel=2)
    outcome = _pipeline(device or "auto").run(request)
    return _like(composite, outcome.layer)


def request_for(
    composite: NDArray[Any],
    mask: NDArray[Any],
    *,
    model: str | None = None,
    strength: float = 1.0,
    colour: float = USUAL_COLOUR,
    backdrop: NDArray[Any] | None = None,
) -> HarmonizeRequest:
    """What a pipeline is asked for these arrays; see `harmonize`.

    Raises:
        InputError: (its subclasses) wrong shapes or types.
    """
    for name, share in (("strength", strength), ("share of colour", colour)):
        if not 0.0 <= share <= 1.0:
            raise InvalidOptionError(
                f"The {name} is {share}, but it has to lie between 0 and 1.", "1 is the full effect."
            )
    for name, array in (("composite", composite), ("mask", mask), ("backdrop", backdrop)):
        if array is not None or name != "backdrop":
            _check_array(name, array)
    layer = _picture("composite", composite)
    size = layer.format
    if mask.shape != (size.height, size.width):
        shape = " x ".join(map(str, mask.shape))
        raise SizeMismatchError(f"The mask has {shape} samples, but the picture has {size.height} x {size.width}.")
    frame = Rect(0, 0, size.width, size.height)
    return HarmonizeRequest(
        job=new_job(),
        layer=layer,
        layer_rect=frame,
        backdrop=None if backdrop is None else _picture("backdrop", backdrop),
        backdrop_rect=None if backdrop is None else Rect(0, 0, backdrop.shape[1], backdrop.shape[0]),
        selection=_mask(mask),
        selection_rect=frame,
        options=Options(model=model, strength=float(strength), colour=float(colour)),
    )


@lru_cache(maxsize=4)
def _pipeline(device: str) -> Pipeline:
    """The pipeline of a device; networks stay loaded for the next call."""
    chosen = choose_devices(device)[0]
    finder = InstanceFinder(partial(choose_segmenter, "auto", chosen), idle_seconds=IDLE_SECONDS)
    return Pipeline(ModelPool(chosen, IDLE_SECONDS).get, finder=finder)


def _like(array: NDArray[Any], result: Raster) -> NDArray[Any]:
    """A result in the shape and type of the array that it was made from."""
    computed = np.dtype(np.float32) if array.dtype == np.float64 else array.dtype
    samples = np.frombuffer(result.data, dtype=computed.newbyteorder("<")).reshape(array.shape)  # as rasters have them
    if array.dtype == np.float64:  # what did not change keeps the bits that float32 has no room for
        samples = np.where(samples == array.astype(np.float32), array, samples)
    return samples.astype(array.dtype)


def _check_array(name: str, array: object) -> None:
    """Sees that it is an array, and no float one in 0..255.

    Raises:
        UnsupportedFormatError: it is something else.
    """
    if not isinstance(array, np.ndarray):
        raise UnsupportedFormatError(
            f"The {name} is of the type {type(array).__name__}, but a numpy array is needed.",
            f"numpy.asarray({name}) makes one of most things; of a torch tensor tensor.permute(1, 2, 0).cpu().numpy().",
        )
    if array.dtype.kind == "f" and _is_out_of_range(array):
        raise UnsupportedFormatError(
            f"The {name} holds floats up to {array.max():g}, but floats lie in 0..1.",
            f"Divide it by 255 (or 65535), or give it as {name}.astype(numpy.uint8).",
        )


def _is_out_of_range(array: NDArray[Any]) -> bool:
    """Whether most of what is not black is brighter than white, and something is much brighter."""
    values = array[..., :3] if array.ndim == 3 else array
    if not values.size or not values.max() > BRIGHTEST:
        return False
    return bool(2 * np.count_nonzero(values > 1) > np.count_nonzero(values > 0))


def _picture(name: str, array: NDArray[Any]) -> Raster:
    """A raster on an array's own memory, where its type is one of rasters'."""
    if array.ndim != 3 or array.shape[2] not in _LAYOUTS or 0 in array.shape:
        raise UnsupportedFormatError(
            f"The {name} has the shape {array.shape}, but H x W x 3 or H x W x 4 is needed.", "Repeat gray three times."
        )
    return _raster(name, array, _LAYOUTS[array.shape[2]])


def _mask(array: NDArray[Any]) -> Raster:
    """A mask's raster; true is 255."""
    refuse_labels(array)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    return _raster("mask", array, Layout.MASK)


def _raster(name: str, array: NDArray[Any], layout: Layout) -> Raster:
    if array.dtype == np.float64:
        array = array.astype(np.float32)  # float64 is what numpy makes unasked
    if array.dtype.name not in _DEPTHS:
        raise UnsupportedFormatError(
            f"The {name} holds {array.dtype.name}, which is not supported.",
            "Convert it to uint8, uint16 or a float type up to float64.",
        )
    alpha = Alpha.STRAIGHT if layout.has_alpha else Alpha.NONE
    form = RasterFormat(array.shape[1], array.shape[0], layout, _DEPTHS[array.dtype.name], alpha=alpha)
    samples = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return Raster(form, samples.reshape(-1).data)
