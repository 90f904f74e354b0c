"""The backdrop's instances and how much each looks like the foreground: "who looks like me"."""

from samelight.segmentation.base import Foreground, Place, Segmentation, Segmenter
from samelight.segmentation.choice import SEGMENTERS, Choice, check_segmenter, choose_segmenter
from samelight.segmentation.finder import Found, InstanceFinder, Scenery, find_in_batch
from samelight.segmentation.parts import draw_parts
from samelight.segmentation.portrait import draw_similarity

__all__ = [
    "SEGMENTERS",
    "Choice",
    "Foreground",
    "Found",
    "InstanceFinder",
    "Place",
    "Scenery",
    "Segmentation",
    "Segmenter",
    "check_segmenter",
    "choose_segmenter",
    "draw_parts",
    "draw_similarity",
    "find_in_batch",
]
