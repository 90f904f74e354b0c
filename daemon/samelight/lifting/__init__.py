"""From a small before/after pair to a colour change, and from there to the layer's own pixels."""

from samelight.lifting.apply import apply_change
from samelight.lifting.blend import Blend
from samelight.lifting.change import Change
from samelight.lifting.fit import fit_change

__all__ = ["Blend", "Change", "apply_change", "fit_change"]
