"""Draws docs/phantoms.png: phantom mammograms as they are written, and below each what the network sees.

python docs/picture.py
"""

from pathlib import Path

import numpy as np
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
        written = Image.fromarray((pixels >> 4).astype(np.uint8))
        seen = preprocess(pixels * np.uint16(16), PreprocessSpec(height=PX, width=PX, window="full"))[:, :, 0]
        width = round(PX * written.width / written.height)
        top = np.full((PX, PX), 64, np.uint8)
        top[:, (PX - width) // 2 : (PX - width) // 2 + width] = np.asarray(written.resize((width, PX)))
        columns.append(np.vstack([top, np.full((8, PX), 255, np.uint8), seen]))
        columns.append(np.full((2 * PX + 8, 8), 255, np.uint8))
    Image.fromarray(np.hstack(columns[:-1])).save(Path(__file__).with_name("phantoms.png"), optimize=True)


if __name__ == "__main__":
    main()
