"""Trained weights: what is known of each file, where it lies, and loading it only if it is what it should be."""

from samelight.weights.checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    InstalledCheckpoint,
    checkpoint,
    checkpoint_state,
    path_of,
    sam_checkpoint,
)
from samelight.weights.manifest import MANIFEST, WeightsEntry, read_manifest, write_entry
from samelight.weights.store import calibration, calibration_of, entry, folders, installed, load, state_of

__all__ = [
    "CHECKPOINTS",
    "MANIFEST",
    "Checkpoint",
    "InstalledCheckpoint",
    "WeightsEntry",
    "calibration",
    "calibration_of",
    "checkpoint",
    "checkpoint_state",
    "entry",
    "folders",
    "installed",
    "load",
    "path_of",
    "read_manifest",
    "sam_checkpoint",
    "state_of",
    "write_entry",
]
