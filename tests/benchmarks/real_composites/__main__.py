"""Composites of openly licensed photographs, harmonized by every network: the pictures of docs/real-composites.md.

    python tests/benchmarks/real_composites --sources FOLDER -o docs/real-composites [--weights FOLDER] [--only NAME]

What FOLDER lacks is fetched (Debian's packages, on Debian) and kept for the next time. Each composite gives two
pictures: NAME.jpg, the composite beside the default network's result, and NAME-all.jpg, the results of all networks
that have weights, where that is more than one. Printed: how much of the picture the subject is, and its mean change.
`--table` prints the sources' table of the page instead.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from catalogue import RECIPES
from numpy.typing import NDArray
from pasting import Composite, Recipe, make
from photographs import table
from PIL import Image
from strips import SHEET_QUALITY, sheet, strip, write

import samelight
from samelight import harmonizers
from samelight.weights import store


def main() -> None:
    arguments = _arguments()
    if arguments.table:
        print(table())
        return
    if arguments.weights:
        os.environ[store.WEIGHTS_VARIABLE] = str(arguments.weights)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    chosen = [recipe for recipe in RECIPES if arguments.only in (None, recipe.name)]
    if not chosen:
        raise SystemExit(f"There is no composite {arguments.only}; there are {', '.join(r.name for r in RECIPES)}.")
    models = [name for name in harmonizers.names() if store.state_of(name) == "ok"]
    if harmonizers.DEFAULT not in models:
        raise SystemExit(f"The default network, {harmonizers.DEFAULT}, has no weights.")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for recipe in chosen:
        composite = make(recipe, arguments.sources)
        if arguments.originals:
            _keep(recipe, composite, arguments.originals)
        if not arguments.dry:
            _harmonize(recipe, composite, models, arguments.output)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=Path("build/photographs"), help="the packages' folder")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/real-composites"))
    parser.add_argument("--weights", type=Path, help="a folder of weights to use before the shipped ones")
    parser.add_argument("--only", metavar="NAME", help="one composite")
    parser.add_argument("--originals", type=Path, help="keep composites and masks here as PNG too")
    parser.add_argument("--dry", action="store_true", help="make the composites and harmonize nothing")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--table", action="store_true", help="print the sources' table and stop")
    return parser.parse_args()


def _keep(recipe: Recipe, composite: Composite, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(composite.picture).save(folder / f"{recipe.name}.png")
    Image.fromarray(np.rint(composite.mask * 255).astype(np.uint8)).save(folder / f"{recipe.name}-mask.png")


def _harmonize(recipe: Recipe, composite: Composite, models: list[str], folder: Path) -> None:
    """Every network's result, written, with what it changed on average."""
    results: dict[str, NDArray[np.uint8]] = {}
    for model in models:
        results[model] = samelight.harmonize(composite.picture, composite.mask, model=model)
        print(f"{recipe.name:20} {model:12} {_changes(composite, results[model])}", flush=True)
    write(strip(composite.picture, results[harmonizers.DEFAULT]), folder / f"{recipe.name}.jpg")
    if len(results) > 1:
        write(sheet({"composite": composite.picture, **results}), folder / f"{recipe.name}-all.jpg", SHEET_QUALITY)


def _changes(composite: Composite, result: NDArray[np.uint8]) -> str:
    """Mean change of red, green and blue over the subject, in code values."""
    inside = composite.mask > 0.5
    difference = (result.astype(np.float32) - composite.picture)[inside].mean(axis=0)
    part = 100 * float(composite.mask.mean())
    return f"subject {part:4.1f} %  " + "  ".join(f"{c} {v:+6.1f}" for c, v in zip("RGB", difference, strict=True))


if __name__ == "__main__":
    main()
