"""Pages: the HTML page of an evaluation, and what all pages are made with.

`write_report` is found on first use, because a study's page needs no more than `rendering` and `outlines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samelight.evaluation.pages.writing import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    if name == "write_report":
        from samelight.evaluation.pages.writing import write_report

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
