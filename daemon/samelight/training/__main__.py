"""`python -m samelight.training MODEL ...`: training on machines that have no more than torch and a few packages.

    torchrun --nproc-per-node 8 -m samelight.training hdnet --iharmony4 /data/iHarmony4 -o hdnet

The options are those of `samelight train`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import MISSING

from samelight.openmp import wait_without_spinning
from samelight.training.options import TrainingOptions, declared
from samelight_wire.errors import SamelightError

__all__ = ["main"]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser("python -m samelight.training", description="Train a network.")
    for option in declared():
        if option.default is MISSING:
            made.add_argument(option.field, help=option.about)
        elif option.kind is bool:
            made.add_argument(*option.names, dest=option.field, action="store_true", help=option.about)
        else:
            about = option.about if option.default is None else f"{option.about} [default: {option.default}]"
            made.add_argument(
                *option.names,
                dest=option.field,
                type=option.kind,
                choices=option.choices or None,
                default=option.default,
                metavar=None if option.choices else option.kind.__name__.upper(),
                help=about.replace("%", "%%"),
            )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; returns the exit code: 0, 1 for a training that failed, 2 for what has to be put right first, or 128 and
    the signal that stopped it.
    """
    options = TrainingOptions(**vars(parser().parse_args(arguments)))
    wait_without_spinning()
    from samelight.training.command import Interrupted, in_words, train

    try:
        report = train(options)
    except Interrupted as stop:
        if os.environ.get("RANK", "0") == "0":
            print(stop, file=sys.stderr)
        return 128 + stop.signal
    except SamelightError as error:
        if options.as_json:
            print(json.dumps({"error": {"code": error.code, "message": error.message, "hint": error.hint}}))
        else:
            print(f"Error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return 1 if error.code in ("training", "internal") else 2
    if report is not None:
        print(json.dumps(report) if options.as_json else in_words(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
