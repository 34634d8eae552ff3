"""Files to pixels: `read_pixels` gives what was stored, `find_breast` says where the breast lies and to which side."""

from tflite_mammo.imaging.breast import Breast, find_breast
from tflite_mammo.imaging.read import IMAGE_SUFFIXES, Box, Picture, image_files, read_picture, read_pixels

__all__ = [
    "IMAGE_SUFFIXES",
    "Box",
    "Breast",
    "Picture",
    "find_breast",
    "image_files",
    "read_picture",
    "read_pixels",
]
