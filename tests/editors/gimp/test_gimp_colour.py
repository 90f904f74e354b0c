"""All of GIMP's precisions and profiles: the daemon sees the layer's own bytes and says back the same kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gimp_scene import DTYPES, Lab, ground, object_at_night, raster
from numpy.typing import NDArray

from samelight_wire import Encoding, Raster

pytestmark = pytest.mark.editor

PLACE = (60, 40)

TYPES = {"U8": "u8", "U16": "u16", "U32": "u32", "HALF": "half", "FLOAT": "float", "DOUBLE": "double"}
CURVES = {"LINEAR": "RGB", "NON_LINEAR": "R'G'B'", "PERCEPTUAL": "R~G~B~"}
REC2020 = "/usr/share/color/icc/krita/Rec2020-elle-V4-g10.icc"
PROFILES = {"none": None, "adobe": "adobe", "rec2020": REC2020}

# Where colours are floats, GIMP shows the backdrop to the plug-in with the rounding of its own blending.
TOLERANCES = {"u8": 0, "u16": 1, "half": 1e-3, "float": 1e-5, "u32": 1e-5, "double": 1e-5}

# What the wire carries of samples it has no type for: 24 bits.
AS_FLOAT = {"uint32": 2**32 - 1, "float64": 1.0}


def pixels_of(kind: str, wide: bool) -> NDArray[Any]:
    """An object; in float types with light above 1 and colours outside of the space."""
    pixels = object_at_night(dtype=DTYPES[kind])
    if wide and pixels.dtype.kind == "f":
        colour = pixels[..., :3].astype(np.float64) * 2.2 - 0.25
        pixels[..., :3] = colour.astype(pixels.dtype)
    return pixels


def travelling(pixels: NDArray[Any], scale: float | None = None) -> NDArray[Any]:
    """The samples as they go over the wire."""
    scale = scale or AS_FLOAT.get(pixels.dtype.name)
    return pixels if scale is None else (pixels.astype(np.float64) / scale).astype(np.float32)


def encoded(lab: Lab, image: int, pixels: NDArray[Any], curve: str, profile: str) -> Raster:
    """The samples with what they mean, as the test sees it."""
    if PROFILES[profile] is None:
        return raster(pixels, Encoding.LINEAR_SRGB if curve == "LINEAR" else Encoding.SRGB)
    path = lab.gimp.new_path()
    how = {"linear": curve == "LINEAR", "srgb_curve": curve == "PERCEPTUAL"}
    lab.gimp.call("save_profile", image=image, path=path, **how)
    return raster(pixels, Encoding.ICC, Path(path).read_bytes())


CASES = [
    (kind, curve, profile)
    for kind, curve, profile in [
        *((kind, curve, "none") for kind in TYPES for curve in CURVES),
        *((kind, curve, "adobe") for kind in ("U8", "U16", "FLOAT") for curve in CURVES),
        *((kind, "NON_LINEAR", "rec2020") for kind in ("U16", "HALF", "U32", "DOUBLE")),
        ("FLOAT", "LINEAR", "rec2020"),
        ("FLOAT", "PERCEPTUAL", "rec2020"),
    ]
]


@pytest.mark.parametrize(("kind", "curve", "profile"), CASES, ids=["-".join(case) for case in CASES])
def test_precisions_and_profiles(lab: Lab, kind: str, curve: str, profile: str) -> None:
    own = TYPES[kind]
    image = lab.image(precision=f"{kind}_{curve}", profile=PROFILES[profile])
    stored = f"{CURVES[curve]}A {own}"
    below = lab.layer(image, "ground", ground(dtype=DTYPES[own]), encoding=stored)
    pixels = pixels_of(own, wide=True)
    above = lab.layer(image, "object", pixels, PLACE, encoding=stored)
    assert np.array_equal(lab.pixels(above, own), pixels), "the layer holds these very bytes"
    new = lab.pixels(lab.harmonize(image, above)[0]["id"], own)
    deep = "u8" if own == "u8" else "float"
    backdrop = lab.pixels(below, deep, encoding=f"R'G'B'A {deep}")
    expected = lab.expected(
        encoded(lab, image, travelling(pixels), curve, profile),
        PLACE,
        encoded(lab, image, backdrop, "NON_LINEAR", profile),
    )
    difference = np.abs(travelling(new).astype(np.float64) - expected)
    assert difference.max() <= TOLERANCES[own]
    assert np.abs(travelling(new)[..., :3].astype(float) - travelling(pixels)[..., :3]).mean() > 0
    assert np.array_equal(lab.pixels(above, own), pixels)
    if own not in ("u8", "half"):
        assert np.unique(new[..., :3]).size > 1000, "no banding"


@pytest.mark.parametrize("kind", ["U8", "U16", "HALF", "FLOAT"])
def test_strength_zero_gives_back_the_very_bytes(lab: Lab, kind: str) -> None:
    """A wide-gamut image with light above 1: nothing is clipped and nothing rounded on the way there and back."""
    own = TYPES[kind]
    image = lab.image(precision=f"{kind}_LINEAR", profile=REC2020)
    lab.layer(image, "ground", ground(dtype=DTYPES[own]))
    pixels = pixels_of(own, wide=True)
    above = lab.layer(image, "object", pixels, PLACE)
    new = lab.pixels(lab.harmonize(image, above, strength=0.0)[0]["id"], own)
    assert new.tobytes() == pixels.tobytes()
    if own in ("half", "float"):
        assert new[..., :3].max() > 1.0
        assert new[..., :3].min() < 0.0


@pytest.mark.parametrize("kind", ["U16", "HALF", "FLOAT"])
def test_a_share_of_colour_in_deep_pictures(lab: Lab, kind: str) -> None:
    own = TYPES[kind]
    image = lab.image(precision=f"{kind}_LINEAR", profile=REC2020)
    below = lab.layer(image, "ground", ground(dtype=DTYPES[own]))
    pixels = pixels_of(own, wide=True)
    above = lab.layer(image, "object", pixels, PLACE)
    new = lab.pixels(lab.harmonize(image, above, colour=0.3)[0]["id"], own)
    backdrop = lab.pixels(below, "float", encoding="R'G'B'A float")
    sent = (
        encoded(lab, image, pixels, "LINEAR", "rec2020"),
        PLACE,
        encoded(lab, image, backdrop, "NON_LINEAR", "rec2020"),
    )
    expected, whole = lab.expected(*sent, colour=0.3), lab.expected(*sent)
    assert np.abs(new.astype(np.float64) - expected).max() <= TOLERANCES[own]
    assert np.abs(whole.astype(np.float64) - expected).max() > 10 * TOLERANCES[own], "there is a colour to be lessened"


def test_masks_and_selections_keep_their_depth(lab: Lab) -> None:
    image = lab.image(precision="U16_NON_LINEAR")
    lab.layer(image, "ground", ground(dtype="uint16"))
    pixels = object_at_night(dtype="uint16")
    above = lab.layer(image, "object", pixels, PLACE)
    mask = np.tile(np.linspace(0, 65535, 90).astype(np.uint16), (70, 1))
    lab.gimp.call("add_mask", layer=above, path=lab.gimp.give(mask))
    lab.gimp.call("select", image=image, rectangle=[70, 50, 60, 40], feather=25.0)
    selection = lab.gimp.take("save_selection", "uint16", 1, image=image, encoding="Y u16")
    assert np.unique(selection).size > 256
    new = lab.harmonize(image, above)[0]
    expected = lab.expected(
        raster(pixels), PLACE, raster(travelling(ground(dtype="uint16"), 65535)), selection=selection, mask=mask
    )
    difference = lab.pixels(new["id"], "u16").astype(int) - expected
    assert np.abs(difference).max() <= 1
    assert np.array_equal(lab.pixels(new["mask"], "u16", channels=1), mask)


def test_an_image_whose_profile_is_srgb_by_another_name(lab: Lab) -> None:
    image = lab.image(profile="/usr/share/color/icc/krita/sRGB-elle-V2-srgbtrc.icc")
    lab.layer(image, "ground", ground())
    above = lab.layer(image, "object", object_at_night(), PLACE)
    new = lab.pixels(lab.harmonize(image, above)[0]["id"])
    assert np.array_equal(new, lab.expected(raster(object_at_night()), PLACE, raster(ground())))
