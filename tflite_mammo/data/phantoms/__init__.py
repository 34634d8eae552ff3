"""Procedurally drawn mammograms: synthetic, said to be so everywhere, and worth learning from.

In: a seed and a number of patients. Out: a folder of images with their truth. No picture of a person went into them.
"""

from tflite_mammo.data.phantoms.draw import PhantomView, draw_patient
from tflite_mammo.data.phantoms.write import FORMATS, PhantomSet, write_phantoms

__all__ = ["FORMATS", "PhantomSet", "PhantomView", "draw_patient", "write_phantoms"]
