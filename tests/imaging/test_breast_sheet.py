import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "docs" / "breast.py"


def sheet(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_a_sheet_of_any_folder_shows_each_image_and_what_is_made_of_it(tmp_path: Path) -> None:
    y, x = np.indices((90, 70))
    breast = np.where((3 * x) ** 2 + (4 * (y - 40)) ** 2 < 120**2, 150, 0)
    for number in range(3):
        Image.fromarray(breast.astype(np.uint8)).save(tmp_path / f"{number}.png")
    done = sheet(tmp_path, "--out", tmp_path / "sheet.bmp", "--count", "2")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "sheet.bmp") as drawn:
        assert drawn.size == (2 * 144 + 8, 2 * 144 + 8)
        colours = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 16)}
    assert {(60, 200, 90), (240, 140, 30), (80, 150, 255)} <= colours


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    done = sheet(tmp_path)
    assert (done.returncode, done.stderr) == (1, f"Error: {tmp_path}: no images\n")
