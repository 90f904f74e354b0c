"""Scenes in GIMP, and what the daemon makes of the same input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gimp_harness import Gimp
from numpy.typing import NDArray

from samelight_wire import (
    USUAL_COLOUR,
    Client,
    Depth,
    Encoding,
    HarmonizeRequest,
    Layout,
    Options,
    Raster,
    RasterFormat,
    Rect,
    new_job,
)

__all__ = ["CANVAS", "DTYPES", "Lab", "ground", "object_at_night", "raster", "walk"]

Array = NDArray[Any]

CANVAS = (220, 160)
"""Width and height of most scenes: small enough that a backdrop is sent as it is."""

DTYPES = {"u8": "uint8", "u16": "uint16", "half": "float16", "float": "float32", "u32": "uint32", "double": "float64"}
DEPTHS = {"uint8": Depth.U8, "uint16": Depth.U16, "float16": Depth.F16, "float32": Depth.F32}


def _shade(width: int, height: int, colour: tuple[float, float, float], seed: int) -> Array:
    """A surface of this colour, lit from one side, with some texture: H x W x 3 in 0..1."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    noise = np.random.default_rng(seed).random((height, width, 3))
    light = 0.55 + 0.35 * x + 0.1 * np.sin(9 * y)
    return np.clip(np.array(colour) * light[..., None] + 0.12 * (noise - 0.5), 0.0, 1.0)


def ground(width: int = CANVAS[0], height: int = CANVAS[1], dtype: str = "uint8") -> Array:
    """A warm backdrop, opaque: H x W x 4."""
    return _scaled(np.dstack([_shade(width, height, (0.9, 0.55, 0.3), 1), np.ones((height, width))]), dtype)


def object_at_night(width: int = 90, height: int = 70, dtype: str = "uint8") -> Array:
    """A bluish disc with a soft edge: H x W x 4."""
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x - width / 2 + 0.5) / (width / 2), (y - height / 2 + 0.5) / (height / 2))
    alpha = np.clip((1 - distance) * 6, 0.0, 1.0)
    return _scaled(np.dstack([_shade(width, height, (0.35, 0.5, 0.85), 2), alpha]), dtype)


def _scaled(values: Array, dtype: str) -> Array:
    """Values 0..1 in another type."""
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    return np.round(values * np.iinfo(dtype).max).astype(dtype)


def raster(
    pixels: Array, encoding: Encoding = Encoding.SRGB, icc: bytes | None = None, layout: Layout | None = None
) -> Raster:
    """H x W x C samples (or H x W for a mask) as a raster of the wire."""
    layouts = {2: Layout.MASK, 3: {3: Layout.RGB, 4: Layout.RGBA}.get(pixels.shape[-1], Layout.RGBA)}
    height, width = pixels.shape[:2]
    form = RasterFormat(width, height, layout or layouts[pixels.ndim], DEPTHS[pixels.dtype.name], encoding)
    return Raster(form, np.ascontiguousarray(pixels).data.cast("B"), icc)


def walk(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All layers of a state, groups before their children."""
    return [each for layer in layers for each in (layer, *walk(layer["children"] or []))]


@dataclass
class Lab:
    """One test's images in GIMP, and its way to the daemon."""

    gimp: Gimp
    client: Client
    images: list[int] = field(default_factory=list)

    def image(self, size: tuple[int, int] = CANVAS, **properties: Any) -> int:
        """A new, empty image."""
        image: int = self.gimp.call("new_image", width=size[0], height=size[1], **properties)
        self.images.append(image)
        return image

    def layer(self, image: int, name: str, pixels: Array, place: tuple[int, int] = (0, 0), **properties: Any) -> int:
        """A layer with these pixels; in the layer's own encoding, unless `encoding` says another."""
        height, width = pixels.shape[:2]
        path = self.gimp.give(pixels)
        layer: int = self.gimp.call(
            "add_layer", image=image, name=name, path=path, size=[width, height], place=place, **properties
        )
        return layer

    def scene(self, place: tuple[int, int] = (60, 40)) -> tuple[int, int, int]:
        """An 8-bit image with a backdrop and an object above: their numbers; the image is clean."""
        image = self.image()
        below = self.layer(image, "ground", ground())
        above = self.layer(image, "object", object_at_night(), place)
        self.gimp.call("clean", image=image)
        return image, below, above

    def harmonize(self, image: int, *layers: int, **options: Any) -> list[dict[str, Any]]:
        """Calls the plug-in, which has to succeed; the layer list afterwards."""
        answer = self.gimp.call("harmonize", image=image, drawables=layers, **options)
        assert answer["status"] == "SUCCESS", answer["message"]
        return self.layers(image)

    def refused(self, image: int, *drawables: int, **options: Any) -> str:
        """Calls the plug-in, which has to refuse and to leave everything as it is; what it says."""
        before = self.gimp.call("state", image=image)
        answer = self.gimp.call("harmonize", image=image, drawables=drawables, **options)
        assert answer["status"] == "EXECUTION_ERROR", answer
        assert self.gimp.call("state", image=image) == before
        message: str = answer["message"]
        return message

    def layers(self, image: int) -> list[dict[str, Any]]:
        """The layer list, top first."""
        found: list[dict[str, Any]] = self.gimp.call("state", image=image)["layers"]
        return found

    def pixels(self, item: int, kind: str = "u8", channels: int = 4, encoding: str | None = None) -> Array:
        """A drawable's own pixels."""
        return self.gimp.take("save_pixels", DTYPES[kind], channels, item=item, encoding=encoding)

    def visible(self, image: int, kind: str = "u8", encoding: str | None = None) -> Array:
        """What the image shows: H x W x 4."""
        return self.gimp.take("save_visible", DTYPES[kind], 4, image=image, encoding=encoding)

    def expected(
        self,
        layer: Raster,
        place: tuple[int, int],
        backdrop: Raster | None,
        backdrop_place: tuple[int, int] = (0, 0),
        selection: Array | None = None,
        mask: Array | None = None,
        **options: Any,
    ) -> Array:
        """What the daemon makes of the same input: H x W x C. A selection is the canvas's, sent as it is."""
        form = layer.format
        request = HarmonizeRequest(
            job=new_job(),
            layer=layer,
            layer_rect=_rect(layer, place),
            backdrop=backdrop,
            backdrop_rect=None if backdrop is None else _rect(backdrop, backdrop_place),
            selection=None if selection is None else raster(selection),
            selection_rect=None if selection is None else _rect(raster(selection), (0, 0)),
            layer_mask=None if mask is None else raster(mask),
            options=Options(**{"colour": USUAL_COLOUR, **options}),
        )
        result = self.client.harmonize(request)
        dtype = next(name for name, depth in DEPTHS.items() if depth is form.depth)
        return np.frombuffer(bytes(result.layer.octets), dtype).reshape(form.height, form.width, form.layout.channels)


def _rect(of: Raster, place: tuple[int, int]) -> Rect:
    return Rect(*place, of.format.width, of.format.height)
