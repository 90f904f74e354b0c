"""Samelight: a pasted layer takes on the light of the picture around it.

    import samelight
    result = samelight.harmonize(composite, mask)

`harmonize` is found on first use, so that `import samelight` does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samelight.api import harmonize

__all__ = ["__version__", "harmonize"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "harmonize":
        from samelight.api import harmonize

        return harmonize
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
