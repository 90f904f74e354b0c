"""Building blocks that the harmonization networks share: one published idea a file."""

from samelight.harmonizers.blocks.global_dynamics import MaskAwareGlobalDynamics
from samelight.harmonizers.blocks.local_dynamics import LocalDynamics
from samelight.harmonizers.blocks.rain import RegionAwareInstanceNorm
from samelight.harmonizers.blocks.unet import HarmonizationUNet

__all__ = ["HarmonizationUNet", "LocalDynamics", "MaskAwareGlobalDynamics", "RegionAwareInstanceNorm"]
