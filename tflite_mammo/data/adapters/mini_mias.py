"""mini-MIAS: 322 films of 161 women, digitised in the United Kingdom, each 1024 x 1024 pixels.

    ROOT/Info.txt       the owners' table, with its prose or as a bare list
    ROOT/mdb001.pgm     at any depth; PNG and JPEG copies are read as well

To be had from the archive of the Pilot European Image Processing Archive (http://peipa.essex.ac.uk/info/mias.html).
Its licence is for research only, and asks that Suckling et al. 1994 be cited.

A film may have several rows, one for each lesion. The owners count y from the bottom of the film. Of four films they
tell no place (the calcifications are spread widely, or none was noted): those lesions are known but have no box.
"""

import re
from pathlib import Path

from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, expect_file, one_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.imaging import Box, image_files

LAYOUT = "mini-MIAS: Info.txt and mdb001.pgm, mdb002.pgm and so on"
SIZE_PX = 1024
FILM = re.compile(r"mdb\d{3}")
ROW = re.compile(
    r"mdb\d{3}\s+(?P<tissue>[FGD])\s+"
    r"(?:NORM|(?P<finding>CALC|CIRC|SPIC|MISC|ARCH|ASYM)\s+(?P<label>[BM])(?:\s+(?P<circle>\d+\s+\d+\s+\d+))?)"
    r"(?:\s+\*NOTE 3\*)?"
)
TISSUES = {"F": "fatty", "G": "fatty-glandular", "D": "dense-glandular"}
FINDINGS = {
    "CALC": "calcification",
    "CIRC": "circumscribed mass",
    "SPIC": "spiculated mass",
    "MISC": "ill-defined mass",
    "ARCH": "architectural distortion",
    "ASYM": "asymmetry",
}


def read(root: Path, options: AdapterOptions) -> Manifest:
    table = expect_file(root, "Info.txt", "info.txt")
    rows, problems = _rows(table)
    films, copies = one_each(root, image_files(root), lambda path: path.stem.lower())
    problems += copies + absent([film for film in rows if film not in films], table.name)
    examples: list[Example] = []
    for film, file in films.items():
        if film not in rows:
            problems.append(Problem(file, "row", f"no row of {table.name} names it; expected one for each film"))
            continue
        drawn = _examples(film, file, rows[film])
        if any(example.box for example in drawn) and (fault := _wrong_size(root / file)):
            problems.append(Problem(file, "left out", fault))
            drawn = _examples(film, file, rows[film], boxes=False)
        examples += drawn
    return gather(
        root,
        examples,
        problems,
        classes=("normal", "benign", "malignant"),
        source="mini-MIAS (Suckling et al. 1994)",
        licence="research only, cite Suckling et al. 1994 (the owners' Licence.txt)",
    )


def _rows(table: Path) -> tuple[dict[str, list[re.Match[str]]], list[Problem]]:
    """The rows of each film. A film with a row that cannot be read is left out: its label would not be certain."""
    rows: dict[str, list[re.Match[str]]] = {}
    problems: dict[str, Problem] = {}
    for line in table.read_text(encoding="latin-1").splitlines():
        line = line.strip()
        name = FILM.match(line)
        if not name:
            continue
        film = name.group()
        found = rows.setdefault(film, [])
        if match := ROW.fullmatch(line):
            found.append(match)
        else:
            reason = f"{table.name}: {line!r}; expected tissue, finding, B or M, and x, y, radius; the film is left out"
            problems[film] = Problem(film, "row", reason)
    return {film: [] if film in problems else found for film, found in rows.items()}, list(problems.values())


def _examples(film: str, file: str, rows: list[re.Match[str]], *, boxes: bool = True) -> list[Example]:
    number = int(film.removeprefix("mdb"))
    lesions = [row for row in rows if row["finding"]]
    return [
        Example(
            file=file,
            label={"B": "benign", "M": "malignant", None: "normal"}[row["label"]],
            patient=f"mias-{number + number % 2:03d}",  # films come in pairs: the odd one right, the next one left
            side="right" if number % 2 else "left",
            view="MLO",
            lesion=str(count) if lesions else "",
            box=_box(row["circle"]) if boxes and row["circle"] else None,
            more={"tissue": TISSUES[row["tissue"]], "finding": FINDINGS.get(row["finding"], "")},
        )
        for count, row in enumerate(lesions or rows[:1], start=1)
    ]


def _box(circle: str) -> Box:
    x, up, radius = (int(number) for number in circle.split())
    y = SIZE_PX - up
    return max(x - radius, 0), max(y - radius, 0), min(x + radius, SIZE_PX), min(y + radius, SIZE_PX)


def _wrong_size(path: Path) -> str:
    """Why the owners' coordinates do not fit this copy of a film; empty where they do or where it is no image."""
    try:
        with Image.open(path) as image:
            width, height = image.size
    except Exception:  # Pillow raises OSError, ValueError and more on broken headers: the reading tells which
        return ""
    if (width, height) == (SIZE_PX, SIZE_PX):
        return ""
    return f"{width}x{height} pixels; the lesions are told for {SIZE_PX}x{SIZE_PX}: the film is used, their boxes not"
