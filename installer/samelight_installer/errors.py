"""What goes wrong during an installation, in a sentence and a hint."""

from __future__ import annotations

__all__ = ["InstallError"]


class InstallError(Exception):
    """The installation cannot go on; the next run takes it up where it stopped.

    message: what is wrong, one sentence.
    hint: what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
