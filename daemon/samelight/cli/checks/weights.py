"""The weights and their hashes, and what finds a backdrop's instances."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from samelight.cli.checks.check import REINSTALL, Check, failure, ok, warning
from samelight.cli.checks.computing import torch_works
from samelight.cli.checks.configuration import usable_settings
from samelight.settings import settings_path
from samelight_wire.errors import WeightsCorruptError, WeightsMissingError

__all__ = ["check_segmentation", "check_weights"]

BETTER = "`samelight weights install sam-vit-b` (optional, 375 MB) lets it find whole objects."

SHIPPED = "-lite"
"""How the names of the networks end whose weights come with Samelight."""

TRAIN = "`samelight train {} --photos FOLDER` makes some (see docs/training.md)"
"""How weights come up that nobody gives away."""

REPLACE = "Delete {} and run `python3 installer` again."
"""How a file of the package is had anew: the installer sees by itself what is missing, not what has other bytes."""


def check_weights() -> Iterator[Check]:
    """Weights of the papers' sizes come with no installation; all others should be there, and none be damaged."""
    if not torch_works():
        yield _not_tried("weights")
        return
    from samelight import harmonizers, weights

    unreadable = list(_unreadable_lists())
    yield from unreadable
    if unreadable:  # what they list cannot be told
        return
    default = usable_settings().default_model
    if default not in harmonizers.names():
        yield _no_such_network(default)
    states = {name: weights.state_of(name) for name in harmonizers.names()}
    missing = [name for name, state in states.items() if state == "missing" and name != default]
    lacking = [name for name in missing if not name.endswith(SHIPPED)]
    yield from (_describe(name, state) for name, state in states.items() if name not in lacking)
    if lacking:
        detail = f"nobody ships those of {', '.join(lacking)}; requests for them will be refused"
        yield ok("other weights", detail, f"{TRAIN.format(lacking[0])}, if you want them.")


def _no_such_network(default: str) -> Check:
    """A default model whose name is none; editors, which name no other, could not work."""
    from samelight import harmonizers

    known = ", ".join(harmonizers.names())
    mend = f"Write one of these into {settings_path()}: {known}."
    return failure("default model", f'the settings name "{default}", but there is no such network', mend)


def _unreadable_lists() -> Iterator[Check]:
    """The lists of weights that are damaged."""
    from samelight import weights

    for folder in weights.folders():
        try:
            weights.read_manifest(folder)
        except WeightsCorruptError as error:
            path = folder / weights.MANIFEST
            own = f"Delete {path}: then the weights that you trained are not known any more, and all others are."
            yield failure("weights", error.message, own if _is_own(folder) else REPLACE.format(path))


def _describe(name: str, state: str) -> Check:
    """A network's weights that are there, or should be."""
    from samelight import weights

    line = f"weights {name}"
    try:
        folder, entry = weights.entry(name)
    except WeightsMissingError:
        if name.endswith(SHIPPED):
            return failure(line, "not listed, though they come with Samelight", REINSTALL)
        other = f"or choose another default_model in {settings_path()}."
        return failure(line, "not installed, and it is the default model", f"{TRAIN.format(name)}, {other}")
    path = folder / entry.file
    if state == "ok":
        return ok(line, f"{path}, sha256 {entry.sha256[:12]}…")
    if _is_own(folder):
        mend = f"`samelight weights remove {name} --yes` removes them; those that came with Samelight are used then."
        return failure(line, f"your own, {path}: {state}", mend)
    return failure(line, f"{path}: {state}", REINSTALL if state == "missing" else REPLACE.format(path))


def _is_own(folder: Path) -> bool:
    """Whether it is the person's folder of weights, which no installation touches."""
    from samelight import weights

    return folder == weights.folders()[0]


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
