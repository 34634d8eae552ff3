"""The same model on data from elsewhere: `--external NAME=DATA`, any number of times."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tflite_mammo.cli._judged import Judged, JudgedFile, JudgedRun, JudgedTable
from tflite_mammo.errors import MammoError
from tflite_mammo.files import is_table

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.scores import Scores

    Found = tuple[str, Scores]

PART = "test"
A_TABLE = "the table"


def named(externals: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in externals:
        name, _, path = text.partition("=")
        if not (name and path):
            raise MammoError(f"--external {text}: expected NAME=DATA, such as MIAS=mias/")
        if name in found:
            raise MammoError(f"--external {name}: named twice; give each its own name")
        found[name] = Path(path)
    return found


def scores_elsewhere(judged: Judged, path: Path) -> "Found":
    """What the data is, and the scores of it."""
    if not isinstance(judged, JudgedTable):
        return _of_a_model(judged, path)
    if not is_table(path):
        raise MammoError(f"{path}: a table is judged beside tables; expected a scores.csv")
    return _of_a_table(path, judged.table.classes)


def _of_a_model(judged: JudgedRun | JudgedFile, path: Path) -> "Found":
    if is_table(path):
        return _of_a_table(path, judged.classes)
    from tflite_mammo.data.dataset import read_info

    if read_info(path).fingerprint == judged.trained_on:
        raise MammoError(f"--external {path} is the data that the model was trained on; name data from elsewhere")
    dataset, scores, _ = judged.on(path, PART, None)
    return dataset.info.source if dataset else "", scores


def _of_a_table(path: Path, classes: tuple[str, ...]) -> "Found":
    from tflite_mammo.scores import read_scores

    table = read_scores(path).of_split(PART)
    if table.classes != classes:
        raise MammoError(f"{path}: scores of {', '.join(table.classes)}; expected {', '.join(classes)}")
    return f"{A_TABLE} {path.name}, taken for scores of the same model", table


def expect_others(name: str, external: "Found", own: "Scores", dataset: "Dataset | None") -> None:
    """The same file of the same patient, in tables or in one collection, is the same image: no test on other data."""
    known = {(row.file, row.patient) for row in own.rows}
    source, table = external
    if dataset:
        if source != dataset.info.source and not source.startswith(A_TABLE):
            return  # other collections may use the same names
        known |= {(example.name, example.patient) for example in dataset.examples}
    shared = [row.file for row in table.rows if (row.file, row.patient) in known]
    if shared:
        raise MammoError(
            f"--external {name}: {len(shared)} of its images are of the data that is judged, the first is {shared[0]}; "
            "name data from elsewhere"
        )
