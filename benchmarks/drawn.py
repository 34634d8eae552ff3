"""Collections of mammogram size: twelve phantoms are drawn; the others are copies, which cost as much to read."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from tflite_mammo.data.phantoms.draw import draw_patient

HEIGHT, WIDTH = 2294, 1914
DRAWN = 12


def collection(root: Path, suffix: str, count: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """`count` images in two classes, each of another patient."""
    drawn = []
    for number in range(DRAWN // 4):
        for view in draw_patient(number, 1, max(size), 0.5):
            image = Image.fromarray((view.pixels >> 4).astype(np.uint8)).resize(size)
            path = root / f"drawn{len(drawn)}.{suffix}"
            root.mkdir(parents=True, exist_ok=True)
            image.save(path, **({"quality": 90} if suffix == "jpg" else {}))
            drawn.append(path)
    for number in range(count):
        path = root / "images" / ("benign" if number % 2 else "malignant") / f"P{number:05d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(drawn[number % DRAWN], path)
    return root / "images"
