"""From an editor's bytes to the small picture that a network sees."""

from samelight.compositing.composite import Composition, colour_pairs, compose
from samelight.compositing.ground import Ground, ground
from samelight.compositing.scene import Scene, decode

__all__ = ["Composition", "Ground", "Scene", "colour_pairs", "compose", "decode", "ground"]
