"""The weights and their hashes, and what finds a backdrop's instances."""

from __future__ import annotations

from collections.abc import Iterator

from samelight.cli.checks.check import REINSTALL, Check, failure, ok, warning
from samelight.cli.checks.computing import torch_works
from samelight.cli.checks.configuration import usable_settings

__all__ = ["check_segmentation", "check_weights"]

BETTER = "`samelight weights install sam-vit-b` (optional, 375 MB) lets it find whole objects."


def check_weights() -> Iterator[Check]:
    """Weights of networks that are no default may be missing; damaged ones always are a failure."""
    if not torch_works():
        yield _not_tried("weights")
        return
    from samelight import harmonizers, weights

    default = usable_settings().default_model
    states = {name: weights.state_of(name) for name in harmonizers.names()}
    lacking = [name for name, state in states.items() if state == "missing" and name != default]
    for name in [name for name in states if name not in lacking]:
        if states[name] == "ok":
            folder, entry = weights.entry(name)
            yield ok(f"weights {name}", f"{folder / entry.file}, sha256 {entry.sha256[:12]}…")
        else:
            yield failure(f"weights {name}", states[name], REINSTALL)
    if lacking:
        detail = f"not installed: {', '.join(lacking)}; requests for them will be refused"
        yield warning("other weights", detail, f"`samelight train {lacking[0]}` makes some, if you want them.")


def check_segmentation() -> Iterator[Check]:
    """Which segmenter works, and its weights: none need be installed, but a damaged file is passed over in silence."""
    if not torch_works():
        yield _not_tried("segmentation")
        return
    import torch

    from samelight.segmentation import choose_segmenter

    yield from _checkpoints()
    choice = choose_segmenter(usable_settings().segmenter, torch.device("cpu"))
    if choice is None:
        yield ok("segmentation", "none, as the settings say")
    else:
        yield ok("segmentation", choice.name, BETTER if choice.name == "regions" else "")


def _checkpoints() -> Iterator[Check]:
    """What is there of the checkpoints of segmentation."""
    from samelight import weights

    for known in weights.CHECKPOINTS.values():
        state = weights.checkpoint_state(known)
        command = f"`samelight weights install {known.name}`"
        if state == "ok":
            yield ok(f"weights {known.name}", f"{weights.path_of(known)}, sha256 {known.sha256[:12]}…")
        elif state == "partial":
            yield warning(f"weights {known.name}", "the download was begun only", f"{command} goes on.")
        elif state == "corrupt":
            yield failure(f"weights {known.name}", "not the published file", f"Run {command}.")


def _not_tried(name: str) -> Check:
    return warning(name, "not looked at, because that takes a torch that works", "Mend torch first, see above.")
