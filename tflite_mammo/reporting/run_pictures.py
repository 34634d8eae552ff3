"""Pictures that lie in a run folder: the curves of a training, and what augmentation makes of its images."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Canvas
from PIL import Image, ImageDraw, ImageFont

from tflite_mammo.preprocess import Bytes
from tflite_mammo.reporting.canvas import on_paper
from tflite_mammo.reporting.plots import PLOTTED, History, draw_history

TILE, GAP, BAND = 112, 4, 18


def draw_run_history(history: History, path: Path) -> None:
    """The stages' borders as thin lines."""
    with on_paper():
        canvas = Canvas(figsize=(10, 7), layout="constrained")
        for axes, what in zip(canvas.subplots(2, 2).flat, PLOTTED, strict=True):
            draw_history(axes, [history], what)
            for row, following in pairwise(history):
                if row["stage"] != following["stage"]:
                    axes.axvline(row["epoch"] + 0.5, color="grey", linewidth=0.6)
        canvas.savefig(path, dpi=110)


def draw_sheet(rows: Sequence[tuple[str, Sequence[Bytes]]], path: Path) -> None:
    """A row per image: what it is above, the image as it was prepared first, then as the network is shown it."""
    columns = max(len(images) for _, images in rows)
    size = (GAP + columns * (TILE + GAP), len(rows) * (BAND + TILE + GAP))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for number, (label, images) in enumerate(rows):
        top = number * (BAND + TILE + GAP)
        pen.text((GAP, top + 2), label, fill="black", font=font)
        for place, pixels in enumerate(images):
            tile = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
            sheet.paste(tile.resize((TILE, TILE)), (GAP + place * (TILE + GAP), top + BAND))
    sheet.save(path)
