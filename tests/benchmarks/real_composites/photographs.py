"""The source photographs: what each is, who made it, under which licence, and reading it.

Debian's packages are fetched with the system's own `apt-get download` and unpacked without being installed. The
files' names are those of Debian 12; the licences were read in each package's own `debian/copyright` and metadata.
scikit-image's pictures come with the package that Samelight needs anyway; `skimage.data` says their licences.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PHOTOGRAPHS", "Photograph", "read", "table"]

Picture = NDArray[np.uint8]
SKIMAGE = "scikit-image"
LOMIRI = "lomiri-wallpapers-16.04"
PLASMA = "plasma-workspace-wallpapers"
PALAPELI = "palapeli-data"
STAMPS = "tuxpaint-stamps-default"

_FOLDERS = {
    LOMIRI: "usr/share/backgrounds",
    PLASMA: "usr/share/wallpapers",
    PALAPELI: "usr/share/palapeli/collection",
    STAMPS: "usr/share/tuxpaint/stamps",
}


@dataclass(frozen=True)
class Photograph:
    """A photograph of somebody else, free to change and to pass on."""

    title: str
    author: str
    licence: str
    package: str
    """Debian's package, or scikit-image."""
    file: str
    """Below the package's folder of pictures."""


def _wallpaper(title: str, author: str, name: str) -> Photograph:
    return Photograph(title, author, "GPL-2+ (Debian), LGPL-3 (its metadata)", PLASMA, f"{name}/2560x1600.jpg")


def _stamp(title: str, file: str) -> Photograph:
    return Photograph(title, "Bill Kendrick and Tux Paint's contributors", "GPL-2", STAMPS, f"{file}.png")


_BERASATEGI = "Aitzol Berasategi"
_SAUKONPAA = "Risto Saukonpää"

PHOTOGRAPHS = {
    "astronaut": Photograph("Eileen Collins", "NASA", "public domain", SKIMAGE, "astronaut.png"),
    "cat": Photograph("Chelsea", "Stefan van der Walt", "CC0", SKIMAGE, "chelsea.png"),
    "coffee": Photograph("Coffee cup, Pikolo Espresso Bar", "Rachel Michetti", "CC0", SKIMAGE, "coffee.png"),
    "bowl": Photograph("Picture 0B", 'Trevor "Freespace"', "CC-BY-4.0", LOMIRI, "Picture_0B_by_freespace.jpg"),
    "room": Photograph("Wine", "Jakub Mede", "CC-BY-4.0", LOMIRI, "Wine_by_Jakkub_Mede.jpg"),
    "meadow": Photograph("aitzgorri", _BERASATEGI, "CC-BY-4.0", LOMIRI, "aitzgorri_by_Aitzol_Berasategi.jpg"),
    "alps": Photograph("picosdeeuropa", _BERASATEGI, "CC-BY-4.0", LOMIRI, "picosdeeuropa_by_Aitzol_Berasategi.jpg"),
    "sunset": Photograph("sunset", _BERASATEGI, "CC-BY-4.0", LOMIRI, "sunset_by_Aitzol_Berasategi.jpg"),
    "dandelions": Photograph("seeding", "Clemens Engelhardt", "CC0", LOMIRI, "seeding_by_Clements_Engelhardt.jpg"),
    "bird": Photograph("free", "Peter Nerlich", "CC-BY-SA-4.0", LOMIRI, "free_by_Peter_Nerlich.jpg"),
    "bridge": Photograph("Bridge", "Sander Klootwijk", "CC-BY-SA-4.0", LOMIRI, "Bridge_by_Sander_Klootwijk.jpg"),
    "boats": _wallpaper("Evening Glow", "Ian Hex", "EveningGlow/contents/images"),
    "forest": _wallpaper("Path", _SAUKONPAA, "Path/contents/images"),
    "kite": _wallpaper("Kite", _SAUKONPAA, "Kite/contents/images"),
    "moss": _wallpaper("One Stands Out", _SAUKONPAA, "OneStandsOut/contents/images"),
    "leaf": _wallpaper("Fallen Leaf", "Martin Klapetek", "FallenLeaf/contents/images"),
    "jetty": _wallpaper("By the water", "Maciej Wiklo", "BytheWater/contents/images"),
    "night": Photograph(
        "Roebling Suspension Bridge", "Derek Jensen", "public domain", PALAPELI, "cincinnati-bridge.jpg"
    ),
    "bear": _stamp("European bear", "animals/mammals/bears/european-bear"),
    "guineafowl": _stamp("Helmeted guinea fowl", "animals/birds/helmeted_guineafowl"),
    "peahen": _stamp("Albino peahen", "animals/birds/albino_peahen"),
    "balloon": _stamp("Hot air balloon", "vehicles/flight/balloon360"),
    "fireman": _stamp("Fireman", "people/fireman240a"),
    "drum": _stamp("Floor tom drum", "hobbies/music/percussion/drum_tomtom_floor"),
}


def read(name: str, sources: Path) -> Picture:
    """A photograph's pixels, H x W x 3, or H x W x 4 (straight alpha) where its background was cut away already.

    Args:
        name: a key of PHOTOGRAPHS.
        sources: where Debian's packages are unpacked; what is missing there is fetched.
    """
    photograph = PHOTOGRAPHS[name]
    with Image.open(_folder(photograph.package, sources) / photograph.file) as opened:
        cut = opened.mode in ("RGBA", "LA") or "transparency" in opened.info
        return np.asarray(opened.convert("RGBA" if cut else "RGB"))


def _folder(package: str, sources: Path) -> Path:
    if package == SKIMAGE:
        return Path(skimage.__file__).parent / "data"
    unpacked = sources / "debian" / package
    if not unpacked.is_dir():
        _fetch(package, sources / "downloads", unpacked)
    return unpacked / _FOLDERS[package]


def _fetch(package: str, downloads: Path, unpacked: Path) -> None:
    """Download a package and unpack it; the folder appears when it is whole."""
    downloads.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=downloads, check=True)
    archive = max(downloads.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
    half = unpacked.with_name(f"{package}.part")
    half.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg", "-x", archive, half], check=True)
    half.rename(unpacked)


def table() -> str:
    """The sources as a table in Markdown."""
    rows = ["| here | title | author | licence | package | file |", "|---|---|---|---|---|---|"]
    for name, of in PHOTOGRAPHS.items():
        rows.append(f"| {name} | {of.title} | {of.author} | {of.licence} | {of.package} | `{of.file}` |")
    return "\n".join(rows)
