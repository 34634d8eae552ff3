"""Draws docs/phantoms.png: phantom mammograms as they are written, and below each what the network sees.

python docs/picture.py
"""

from pathlib import Path

import numpy as np
from panels import below, beside, panel
from PIL import Image

from tflite_mammo.data.phantoms import draw_patient
from tflite_mammo.preprocess import PreprocessSpec, preprocess

SEED = 1
CHOSEN = ((3, 0), (3, 1), (6, 0), (7, 3), (1, 2), (2, 2))
"""Patient and view: both classes, both sides, a sticker, a border, an inverted image."""
PX = 224


def main() -> None:
    columns = []
    for patient, view in CHOSEN:
        pixels = draw_patient(patient, SEED, 512, 0.75)[view].pixels
        seen = preprocess(pixels * np.uint16(16), PreprocessSpec(height=PX, width=PX, window="full"))[:, :, 0]
        columns.append(below([panel((pixels >> 4).astype(np.uint8), PX), seen]))
    Image.fromarray(beside(columns)).save(Path(__file__).with_name("phantoms.png"), optimize=True)


if __name__ == "__main__":
    main()
