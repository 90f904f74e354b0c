"""How torch's threads wait for each other; to be settled before torch is imported, so nothing here imports it."""

from __future__ import annotations

import os

__all__ = ["wait_without_spinning"]


def wait_without_spinning() -> None:
    """Let waiting threads sleep, unless the environment says otherwise.

    By default they spin. On a machine that does something else as well (an editor paints) a network run took ten times
    as long with spinning.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
