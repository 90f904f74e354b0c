"""Five published harmonization networks, one file each, and their registry.

Every network is called as `network(composite, mask, instances=None)`: composite B x 3 x H x W in -1..1, mask
B x 1 x H x W in 0..1; it returns the harmonized picture at the same size and range.
"""

from samelight.harmonizers.registry import DEFAULT, HarmonizerInfo, create, describe, names

__all__ = ["DEFAULT", "HarmonizerInfo", "create", "describe", "names"]
