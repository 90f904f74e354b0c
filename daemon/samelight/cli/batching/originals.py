"""The pictures of a folder are never overwritten by results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from samelight_wire.errors import OutputError

__all__ = ["Originals", "check_apart"]


class Originals:
    """Files that no result may replace, also those that are only linked into the folder."""

    def __init__(self, files: Iterable[Path]) -> None:
        from samelight.pictures import file_identity

        self._identities = frozenset(found for path in files if (found := file_identity(path)) is not None)

    def check(self, target: Path) -> None:
        """Finds out before the work whether a name leads to one of them.

        Raises:
            OutputError: it does.
        """
        from samelight.pictures import file_identity

        if file_identity(target) in self._identities:
            raise OutputError(
                f'The result would overwrite one of the pictures: "{target}" leads to it.',
                "Remove that link, or name another folder for the results.",
            )


def check_apart(output: Path, folder: Path) -> None:
    """Finds out whether the results would lie where the pictures are that they are made of.

    Raises:
        OutputError: they would.
    """
    from samelight.pictures import is_same_file

    if any(is_same_file(output, folder / name) for name in ("composite", "mask")):
        raise OutputError(
            f'The results would overwrite the pictures in "{output}".', "Name another folder for the results."
        )
