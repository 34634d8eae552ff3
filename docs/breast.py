"""Draws where the breast is found: images with outline, box and chest wall marked, and below each what is made of it.

python docs/breast.py                                        # phantoms, into docs/breast.png
python docs/breast.py FOLDER --out breast.png --count 24     # your own images; look at them before you train
"""

from pathlib import Path

import click
import numpy as np
from panels import Panel, below, beside, panel
from PIL import Image, ImageDraw

from tflite_mammo.data.phantoms import draw_patient
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import find_breast, image_files, read_pixels
from tflite_mammo.imaging.read import Pixels
from tflite_mammo.preprocess import PreprocessSpec, preprocess

SEED, PATIENTS = 1, (1, 2, 7)
"""Phantoms on both sides, with stickers, frames and inverted images among them."""
PX = 144
COLUMNS = 6
GAP = 128
OUTLINE, BOX, WALL = (60, 200, 90), (240, 140, 30), (80, 150, 255)


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", default=Path(__file__).with_suffix(".png"), type=click.Path(path_type=Path), show_default=True)
@click.option("--count", default=12, type=click.IntRange(1, 600), show_default=True)
def main(folder: Path | None, out: Path, count: int) -> None:
    """Draw a sheet of FOLDER's images, or of phantoms, with the breast that is found in each."""
    try:
        images = _chosen(folder, count) if folder else _phantoms()[:count]
    except MammoError as error:
        raise click.ClickException(str(error)) from None
    columns = [below([_marked(image), _seen(image)], GAP) for image in images]
    columns += [np.full_like(columns[0], GAP)] * (-len(columns) % min(COLUMNS, len(columns)))
    rows = [beside(columns[i : i + COLUMNS], GAP) for i in range(0, len(columns), COLUMNS)]
    Image.fromarray(below(rows, GAP)).quantize(128).save(out, optimize=True)


def _chosen(folder: Path, count: int) -> list[Pixels]:
    """So many, at even distances through the folder."""
    files = image_files(folder)
    if not files:
        raise MammoError(f"{folder}: no images")
    places = np.unique(np.linspace(0, len(files) - 1, count).round().astype(int))
    return [read_pixels(files[place]) for place in places]


def _phantoms() -> list[Pixels]:
    return [view.pixels * np.uint16(16) for number in PATIENTS for view in draw_patient(number, SEED, 512, 0.75)]


def _marked(pixels: Pixels) -> Panel:
    if pixels.dtype == np.uint16:
        low = int(pixels.min())
        pixels = ((pixels.astype(np.int64) - low) * 255 // max(int(pixels.max()) - low, 1)).astype(np.uint8)
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    scale = PX / max(grey.shape)
    small = Image.fromarray(grey).resize((max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))))
    mask = np.asarray(Image.fromarray(find_breast(grey).mask).resize(small.size))
    inner = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    colour = np.array(small.convert("RGB"))
    colour[mask & ~np.pad(inner, 1)] = OUTLINE
    marked, found = Image.fromarray(colour), find_breast(grey)
    left, top, right, bottom = (edge * scale for edge in found.box)
    ImageDraw.Draw(marked).rectangle((left, top, right - 1, bottom - 1), outline=BOX)
    wall, middle = (left if found.side == "left" else right - 4), (top + bottom) / 2
    ImageDraw.Draw(marked).rectangle((wall, middle - 14, wall + 3, middle + 14), fill=WALL)
    return panel(np.asarray(marked), PX)


def _seen(pixels: Pixels) -> Panel:
    return preprocess(pixels, PreprocessSpec(height=PX, width=PX, channels=3))


if __name__ == "__main__":
    main()
