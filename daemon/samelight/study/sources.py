"""The pictures of a study: several methods' results of the same composites, from folders or a kept report."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from samelight.pictures import SUFFIXES, Picture, read_mask, read_picture
from samelight.study.key import read_json
from samelight_wire.errors import InputError, InvalidOptionError, SizeMismatchError

__all__ = ["COMPOSITE", "Item", "check_sizes", "from_folders", "from_report", "shown", "shown_mask"]

COMPOSITE = "composite"
"""The name under which the untouched composite takes part, as it does in SRIH's study."""


@dataclass(frozen=True)
class Item:
    """One composite and what became of it."""

    name: str
    """The pictures' common name."""
    files: Mapping[str, Path]
    """By method."""
    mask: Path | None
    """Of the pasted object, where it is known."""


def from_folders(
    results: Mapping[str, Path], composites: Path | None = None, masks: Path | None = None
) -> tuple[list[str], list[Item]]:
    """Methods and items from folders in which a composite's results have the same name.

    Raises:
        InputError: a folder has no picture, two pictures of the same name, or not the same names as the others.
        InvalidOptionError: one of the results has the composites' name.
    """
    if composites is not None and COMPOSITE in results:
        raise InvalidOptionError(
            f'Two methods are named "{COMPOSITE}": that is what the untouched composites are called.',
            "Give the method another name, or leave --composites out.",
        )
    folders = dict(results) if composites is None else {COMPOSITE: composites, **results}
    found = {method: _pictures(folder) for method, folder in folders.items()}
    names = sorted(next(iter(found.values())))
    for method, files in found.items():
        _check_same(names, sorted(files), folders[next(iter(folders))], folders[method])
    known_masks = _pictures(masks) if masks else {}
    missing = [name for name in names if name not in known_masks]
    if masks and missing:
        raise InputError(f'"{masks}" has no mask named {_some(missing)}.', "Add it, or leave --masks out.")
    items = [Item(name, {method: found[method][name] for method in found}, known_masks.get(name)) for name in names]
    return list(found), items


def from_report(folder: Path, at: str | None = None) -> tuple[list[str], list[Item]]:
    """Methods and items from the pictures that `samelight evaluate --report` kept, the composite among the methods.

    Args:
        folder: the report's.
        at: which of its sizes; the first one by default.

    Raises:
        InputError: it is no report, or kept no picture at this size.
        InvalidOptionError: it has no such size.
    """
    try:
        content = read_json(folder / "report.json")
        methods = [COMPOSITE, *content["methods"]]
        sizes = {
            str(size["at"]): [_reported(folder, entry, methods) for entry in size["pictures"]]
            for size in content["sizes"]
        }
        chosen = at if at is not None else next(iter(sizes))
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(
            f'"{folder}" holds no report that a study can be made of ({type(error).__name__}: {error}).',
            "Name the folder that `samelight evaluate --report` wrote.",
        ) from error
    if chosen not in sizes:
        raise InvalidOptionError(f'The report in "{folder}" has no size {at}.', f"It has {', '.join(sizes)}.")
    items = _named_apart(sizes[chosen])
    if not items:
        raise InputError(f'The report in "{folder}" kept no picture.', "Evaluate again with more pictures.")
    return methods, items


def shown(path: Path, largest_side: int) -> Image.Image:
    """A picture file as people see it: opaque 8-bit sRGB without metadata, no side longer than `largest_side`.

    Raises:
        What `read_picture` raises.
    """
    picture = read_picture(path)
    image = _in_srgb(picture)
    image.thumbnail((largest_side, largest_side), Image.Resampling.LANCZOS)
    return image


def shown_mask(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask file at this width and height: H x W, 255 is foreground.

    Raises:
        What `read_mask` raises.
    """
    mask = Image.fromarray(Picture(read_mask(path)[..., np.newaxis]).to_8_bit()[..., 0])
    return np.asarray(mask.resize(size, Image.Resampling.BILINEAR))


def check_sizes(item: Item, images: Mapping[str, Image.Image]) -> None:
    """Results of different sizes would tell methods apart.

    Raises:
        SizeMismatchError: they have.
    """
    sizes = {method: image.size for method, image in images.items()}
    if len(set(sizes.values())) > 1:
        words = ", ".join(f"{width} x {height} by {method}" for method, (width, height) in sizes.items())
        raise SizeMismatchError(
            f'The results of "{item.name}" have different sizes: {words}.',
            "Make all results at the size of the composite.",
        )


def _reported(folder: Path, entry: Mapping[str, object], methods: Sequence[str]) -> Item:
    """One of a report's pictures; raises KeyError where a method has none of it."""
    files = {COMPOSITE: entry["composite"], **_mapping(entry["results"])}
    return Item(str(entry["name"]), {name: folder / str(files[name]) for name in methods}, folder / str(entry["mask"]))


def _named_apart(items: Sequence[Item]) -> list[Item]:
    """The same items; of those with one name (of two subsets, say) all but the first get a number."""
    found: dict[str, Item] = {}
    for item in items:
        names = chain([item.name], (f"{item.name} ({number})" for number in count(2)))
        name = next(name for name in names if name not in found)
        found[name] = replace(item, name=name)
    return list(found.values())


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("its results are no table")
    return value


def _in_srgb(picture: Picture) -> Image.Image:
    """RGB over white; a profile is applied, where it can be read, and left behind."""
    pixels = picture.to_8_bit()
    image = Image.fromarray(pixels[..., 0] if picture.channels == 1 else pixels).convert("RGBA")
    if picture.icc is not None and picture.channels > 2:
        with contextlib.suppress(OSError, ImageCms.PyCMSError):
            profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.icc))
            colours = ImageCms.profileToProfile(image.convert("RGB"), profile, ImageCms.createProfile("sRGB"))
            if colours is not None:
                colours.putalpha(image.getchannel("A"))
                image = colours
    opaque = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return Image.fromarray(np.asarray(opaque))  # through an array, so that no metadata comes along


def _pictures(folder: Path) -> dict[str, Path]:
    """The picture files of a folder and the folders in it, by their places below it without their endings."""
    if not folder.is_dir():
        raise InputError(f'There is no folder "{folder}".', "Check its name.")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if path.suffix.lower() not in SUFFIXES or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if name in found:
            raise InputError(f'"{folder}" has several pictures named "{name}".', "Leave one of them there.")
        found[name] = path
    if not found:
        raise InputError(f'There is no picture in "{folder}".', "Name a folder of PNG, JPEG, TIFF or WebP files.")
    return found


def _check_same(names: Sequence[str], others: Sequence[str], folder: Path, other: Path) -> None:
    for lacking, having, difference in (
        (other, folder, sorted(set(names) - set(others))),
        (folder, other, sorted(set(others) - set(names))),
    ):
        if difference:
            raise InputError(
                f'"{lacking}" has no picture named {_some(difference)}, but "{having}" has.',
                "All folders must hold results of the same composites under the same names, capitals alike.",
            )


def _some(names: Sequence[str]) -> str:
    """The first names in quotes, and how many more there are."""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f'"{name}"' for name in names[:3]) + rest
