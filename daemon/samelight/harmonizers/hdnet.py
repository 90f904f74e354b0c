"""Hierarchical Dynamic Image Harmonization (Chen et al., ACM Multimedia 2023)."""

from __future__ import annotations

from samelight.harmonizers.blocks import HarmonizationUNet, LocalDynamics, MaskAwareGlobalDynamics

__all__ = ["HDNet"]


class HDNet(HarmonizationUNet):
    """The base U-Net with local dynamics at the bottleneck and global dynamics on the last three concatenations.

    Size: 10,413,775 parameters at width 32 (the paper's), 652,735 at width 8 (HDNet-lite, its channels / 4). The
    authors' network also carries guide convolutions that nothing reads; they are left out here.
    """

    def __init__(self, width: int = 32) -> None:
        """`width` is w, the channels of the first level."""
        super().__init__(
            width,
            bottleneck=LocalDynamics(8 * width),
            # Levels 2, 1 and 0 read concatenations of 8w, 4w and 2w channels.
            dynamics={level: MaskAwareGlobalDynamics(2 * width * 2**level) for level in (2, 1, 0)},
        )
