"""Picture files: PNG, JPEG, TIFF and WebP in and out, with their own depth, alpha, ICC profile and resolution."""

from samelight.pictures.comparison import before_and_after
from samelight.pictures.identity import check_apart, file_identity, is_same_file
from samelight.pictures.picture import Picture
from samelight.pictures.rasters import mask_to_raster, picture_from_raster, picture_of, picture_to_raster
from samelight.pictures.reading import SUFFIXES, read_mask, read_picture
from samelight.pictures.writing import check_holds, check_output, make_folder, write_picture

__all__ = [
    "SUFFIXES",
    "Picture",
    "before_and_after",
    "check_apart",
    "check_holds",
    "check_output",
    "file_identity",
    "is_same_file",
    "make_folder",
    "mask_to_raster",
    "picture_from_raster",
    "picture_of",
    "picture_to_raster",
    "read_mask",
    "read_picture",
    "write_picture",
]
