"""Trained weights: what is known of each file, where it lies, and loading it only if it is what it should be."""

from samelight.weights.manifest import MANIFEST, WeightsEntry, read_manifest, write_entry
from samelight.weights.store import entry, folders, installed, load, state_of

__all__ = [
    "MANIFEST",
    "WeightsEntry",
    "entry",
    "folders",
    "installed",
    "load",
    "read_manifest",
    "state_of",
    "write_entry",
]
