"""The files of `samelight harmonize --explain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from samelight.pictures import Picture, check_apart, check_output, make_folder, write_picture

__all__ = ["prefix_for", "write_explanations"]


def prefix_for(folder: Path, composite: Path, names: Iterable[str], others: Iterable[Path | None]) -> Path:
    """How the files' names begin: with the composite's stem, in the folder that was named.

    Args:
        folder: what was named; it is made where there is none.
        composite: the picture that is explained.
        names: of all explanations that there may be.
        others: files that must not be overwritten; None for none.

    Raises:
        OutputError: nothing can be written there, or a file would overwrite one of the others.
    """
    make_folder(folder)
    path = folder / composite.stem
    taken = [other for other in others if other is not None]
    for file in (_file(path, name) for name in names):
        check_output(file)
        check_apart(file, "explanation", taken)
    return path


def write_explanations(explanations: Mapping[str, Picture], prefix: Path) -> dict[str, str]:
    """Writes `PREFIX-NAME.png` for each picture; gives the files by name.

    Raises:
        OutputError: a file cannot be written.
    """
    files = {name: _file(prefix, name) for name in explanations}
    for name, picture in explanations.items():
        write_picture(picture, files[name])
    return {name: str(file) for name, file in files.items()}


def _file(prefix: Path, name: str) -> Path:
    return prefix.with_name(f"{prefix.name}-{name}.png")
