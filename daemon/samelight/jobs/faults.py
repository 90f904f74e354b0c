"""Whatever was thrown, in words for a person: the one place where a foreign exception becomes an error of ours."""

from __future__ import annotations

import logging
import sys

from samelight_wire.errors import InternalError, OutOfMemoryError, SamelightError

__all__ = ["explain"]

logger = logging.getLogger(__name__)


def explain(error: Exception) -> SamelightError:
    """The error that the client gets for an exception.

    Errors of ours pass unchanged. Anything unforeseen goes to the log with its traceback, because the client learns
    only that it happened.
    """
    if isinstance(error, SamelightError):
        return error
    if isinstance(error, MemoryError) or _is_torch_out_of_memory(error):
        logger.error("Out of memory: %s", error)
        return OutOfMemoryError()
    logger.error("An unforeseen error", exc_info=error)
    return InternalError()


def _is_torch_out_of_memory(error: Exception) -> bool:
    """Whether torch ran out of memory, on a card (an exception of its own) or on the CPU (a plain RuntimeError)."""
    torch = sys.modules.get("torch")  # not imported here: without torch loaded, nothing can have come from it
    if torch is None or not isinstance(error, RuntimeError):
        return False
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
