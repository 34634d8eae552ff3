"""The worst pairs as one picture: each pair side by side, with what was done and where the two lie."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tflite_mammo.auditing.report import Duplicate
from tflite_mammo.preprocess import Bytes

SHOWN = 24
PX, GAP_PX, TEXT_PX, COLUMNS = 160, 8, 64, 4
PAPER, INK, WARNING = (250, 250, 248), (30, 30, 30), (190, 30, 30)


def write_sheet(path: Path, duplicates: Sequence[Duplicate], tensors: Sequence[tuple[Bytes, Bytes]]) -> None:
    """`tensors` are the images of the first SHOWN of `duplicates`, or of fewer."""
    columns = min(COLUMNS, len(tensors))
    cell = (2 * PX + 3 * GAP_PX, PX + TEXT_PX + GAP_PX)
    rows = -(-len(tensors) // columns)
    sheet = Image.new("RGB", (columns * cell[0], rows * cell[1]), PAPER)
    for number, (duplicate, pair) in enumerate(zip(duplicates, tensors, strict=False)):
        place = (number % columns * cell[0] + GAP_PX, number // columns * cell[1] + GAP_PX)
        for side, tensor in enumerate(pair):
            sheet.paste(_picture(tensor), (place[0] + side * (PX + GAP_PX), place[1]))
        _write(sheet, (place[0], place[1] + PX + 2), duplicate)
    sheet.save(path, optimize=True)


def _picture(tensor: Bytes) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(tensor[:, :, 0] if tensor.shape[2] == 1 else tensor)).convert("RGB")
    image.thumbnail((PX, PX))
    framed = Image.new("RGB", (PX, PX), (0, 0, 0))
    framed.paste(image, ((PX - image.width) // 2, (PX - image.height) // 2))
    return framed


def _write(sheet: Image.Image, place: tuple[int, int], duplicate: Duplicate) -> None:
    font, draw = ImageFont.load_default(11), ImageDraw.Draw(sheet)
    lines = [
        (_short(f"{duplicate.file}  {duplicate.label}"), INK),
        (_short(f"{duplicate.other}  {duplicate.other_label}"), INK),
        (f"{duplicate.part} | {duplicate.other_part}", WARNING if duplicate.leak else INK),
        (f"{duplicate.how}, likeness {duplicate.likeness:.2f}", INK),
    ]
    for number, (text, colour) in enumerate(lines):
        draw.text((place[0], place[1] + 14 * number), text, font=font, fill=colour)


def _short(text: str, most: int = 56) -> str:
    return text if len(text) <= most else "…" + text[-most + 1 :]
