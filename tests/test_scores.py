from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.scores import (
    AS_TRAINED,
    Scaling,
    ScoreRow,
    Scores,
    Threshold,
    called,
    read_scores,
    write_scores,
)

CLASSES = ("benign", "malignant")
HEADER = "file,patient,side,view,split,label,score_benign,score_malignant"


def table(*findings: float, classes: tuple[str, ...] = CLASSES) -> Scores:
    """Image i is of patient i // 2, benign where i is even, in the test part where i is above 1."""
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // 2}", "left", "CC", "test" if i > 1 else "validation", classes[-1 if i % 2 else 0])
        for i in range(len(findings))
    )
    finding = np.array(findings, np.float32)
    return Scores(classes, rows, np.stack([1 - finding] * (len(classes) - 1) + [finding], axis=1))


def turned(scores: Scores) -> Scores:
    return Scores(scores.classes, scores.rows[::-1], scores.values[::-1])


def read_text(path: Path, text: str) -> Scores:
    path.write_text(text, encoding="utf-8")
    return read_scores(path)


def test_scores_come_back_from_their_file_bit_for_bit(tmp_path: Path) -> None:
    values = np.array([[1 / 3, 2 / 3], [1e-45, 1.0], [3.4e38, -0.0], [np.nextafter(np.float32(0.5), 1), 0.1]])
    scores = Scores(CLASSES, table(*range(4)).rows, values.astype(np.float32))
    write_scores(scores, tmp_path / "scores.csv")
    back = read_scores(tmp_path / "scores.csv")
    assert (back.classes, back.rows) == (scores.classes, scores.rows)
    assert back.values.tobytes() == scores.values.tobytes()


def test_the_file_has_a_column_per_key_and_class(tmp_path: Path) -> None:
    write_scores(table(0.25), tmp_path / "scores.csv")
    lines = (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [HEADER, "0.png,P0,left,CC,validation,benign,0.75,0.25"]


def test_names_with_commas_and_letters_come_back(tmp_path: Path) -> None:
    row = ScoreRow('é, "1".png', "P,1", "", "", "", "benign")
    write_scores(Scores(CLASSES, (row,), np.zeros((1, 2), np.float32)), tmp_path / "scores.csv")
    assert read_scores(tmp_path / "scores.csv").rows == (row,)


def test_columns_may_stand_in_any_order_among_others(tmp_path: Path) -> None:
    text = "note,score_a,label,split,view,side,patient,file,score_b\nx,0.5,b,test,CC,left,P,f,0.25\n"
    scores = read_text(tmp_path / "a.csv", text)
    assert scores.classes == ("a", "b")
    assert scores.rows == (ScoreRow("f", "P", "left", "CC", "test", "b", {"note": "x"}),)
    assert scores.values.tolist() == [[0.5, 0.25]]


def test_what_else_is_known_of_an_image_comes_back(tmp_path: Path) -> None:
    scores = table(0.1, 0.2)
    rows = (
        replace(scores.rows[0], more={"density": "b", "age": "50"}),
        replace(scores.rows[1], more={"device": "x,y"}),
    )
    write_scores(Scores(CLASSES, rows, scores.values), tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[0] == f"{HEADER},age,density,device"
    assert [row.more for row in read_scores(tmp_path / "scores.csv").rows] == [
        {"age": "50", "density": "b", "device": ""},
        {"age": "", "density": "", "device": "x,y"},
    ]


def test_labels_are_the_numbers_of_the_classes() -> None:
    assert table(0.1, 0.9, 0.3, classes=("normal", "benign", "malignant")).labels.tolist() == [0, 2, 0]


def test_a_threshold_is_compared_in_float64() -> None:
    values = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    finding = table(0.1, 0.7).finding
    assert finding.dtype == np.float64
    assert called(values, float(np.float32(0.7))).tolist() == [0, 1]
    assert called(values, 0.7).tolist() == [0, 0]  # the float32 beside .7 lies below it


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_threshold_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"threshold {value}; expected a number"):
        Threshold(value, "by hand", "nothing")


@pytest.mark.parametrize(
    ("slope", "shift"), [(0, 0), (-1, 0), (float("inf"), 0), (float("nan"), 0), (1, float("nan")), (1, float("inf"))]
)
def test_a_scaling_that_turns_scores_round_or_is_no_number_is_refused(slope: float, shift: float) -> None:
    with pytest.raises(ValueError, match=f"a slope of {slope} and a shift of {shift}; expected a slope above 0"):
        Scaling("platt", slope, shift)


def test_a_scaling_is_told_in_words() -> None:
    assert str(AS_TRAINED) == "scores as the network was trained to give them"
    assert str(Scaling("temperature", 0.5)) == "temperature scaling, temperature 2.000"
    assert str(Scaling("platt", 0.5, -0.25)) == "Platt scaling, slope 0.500, shift -0.250"


def test_the_finding_is_the_last_class() -> None:
    scores = table(0.1, 0.9, 0.3, classes=("normal", "benign", "malignant"))
    assert scores.positive.tolist() == [False, True, False]
    assert scores.finding.tolist() == pytest.approx([0.1, 0.9, 0.3])
    assert scores.patients == ["P0", "P0", "P1"]


def test_of_split_keeps_rows_with_their_values() -> None:
    kept = table(0.1, 0.2, 0.3, 0.4).of_split("test")
    assert [row.file for row in kept.rows] == ["2.png", "3.png"]
    assert kept.finding.tolist() == pytest.approx([0.3, 0.4])


def test_of_split_names_the_parts_that_are_there() -> None:
    with pytest.raises(MammoError, match="no image of split 'train'; found test, validation"):
        table(0.1, 0.2, 0.3).of_split("train")


def test_aligned_scores_follow_the_order_of_the_other_table() -> None:
    before, after = table(0.1, 0.2, 0.3), table(0.4, 0.5, 0.6)
    aligned = turned(after).aligned_to(before)
    assert aligned.rows == before.rows
    np.testing.assert_array_equal(aligned.values, after.values)


def test_tables_of_other_images_do_not_align() -> None:
    with pytest.raises(MammoError, match=r"2 against 3 rows, 1 without a partner of the same file, such as 2.png"):
        table(0.1, 0.2).aligned_to(table(0.1, 0.2, 0.3))
    with pytest.raises(MammoError, match=r"3 against 2 rows, 0 without a partner of the same file$"):
        table(0.1, 0.2, 0.3).aligned_to(table(0.1, 0.2))


def test_tables_of_other_classes_do_not_align() -> None:
    with pytest.raises(MammoError, match="scores of classes benign, malignant against 0, 1"):
        table(0.1).aligned_to(table(0.1, classes=("0", "1")))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(MammoError, match=r"scores: a score is no number, the first is of 1.png"):
        Scores(CLASSES, table(0.1, 0.2).rows, np.array([[0.9, 0.1], [0.5, bad]], np.float32))


def test_a_label_that_is_no_class_is_refused() -> None:
    row = ScoreRow("a.png", "P1", "", "", "test", "normal")
    with pytest.raises(MammoError, match="scores: label 'normal' is none of the classes benign, malignant"):
        Scores(CLASSES, (row,), np.zeros((1, 2), np.float32))


@pytest.mark.parametrize("shape", [(1, 2), (2, 3), (2,)])
def test_scores_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MammoError, match=r"scores of shape \(.*\); expected 2 rows for 2 classes"):
        Scores(CLASSES, table(0.1, 0.2).rows, np.zeros(shape, np.float32))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"none.csv: no such file"):
        read_scores(tmp_path / "none.csv")


@pytest.mark.parametrize("missing", ["file", "patient", "side", "view", "split", "label"])
def test_a_missing_column_is_named(missing: str, tmp_path: Path) -> None:
    columns = [name for name in HEADER.split(",") if name != missing]
    with pytest.raises(MammoError, match=rf"a.csv: column '{missing}' is missing; found {', '.join(columns)}"):
        read_text(tmp_path / "a.csv", ",".join(columns) + "\n")


def test_one_score_column_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"a.csv: column 'score_<class>, two or more' is missing"):
        read_text(tmp_path / "a.csv", HEADER.removesuffix(",score_malignant") + "\n")


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"column 'file' is missing; found an empty file"):
        read_text(tmp_path / "a.csv", "")


@pytest.mark.parametrize("cells", ["high,0.5", ",0.5", "0.5"])
def test_a_bad_number_is_named_with_its_line(cells: str, tmp_path: Path) -> None:
    good = "a.png,P1,left,CC,test,benign,0.5,0.5"
    with pytest.raises(MammoError, match=r"a.csv, line 3: a score is no number"):
        read_text(tmp_path / "a.csv", f"{HEADER}\n{good}\nb.png,P2,left,CC,test,benign,{cells}\n")


def test_a_table_without_rows_is_read_as_empty(tmp_path: Path) -> None:
    scores: Any = read_text(tmp_path / "a.csv", HEADER + "\n")
    assert scores.values.shape == (0, 2)
    with pytest.raises(MammoError, match="no image of split 'test'; found no row at all"):
        scores.of_split("test")


def test_two_rows_for_one_image_are_refused() -> None:
    scores = table(0.1, 0.9)
    with pytest.raises(MammoError, match=r"2 rows for 0\.png; expected one row per image"):
        Scores(CLASSES, (scores.rows[0], scores.rows[0]), scores.values)


def test_tables_that_disagree_on_a_label_are_refused() -> None:
    scores = table(0.1, 0.9)
    other = Scores(CLASSES, (scores.rows[0], replace(scores.rows[1], label="benign")), scores.values)
    with pytest.raises(MammoError, match=r"1\.png is malignant in one table and benign in the other"):
        scores.aligned_to(other)


def test_a_change_among_the_other_classes_changes_what_an_image_is_called() -> None:
    values = np.array([[0.5, 0.3, 0.2], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8]], np.float32)
    assert called(values, 0.5).tolist() == [0, 1, 2]
    assert called(values[:, [1, 0, 2]], 0.5).tolist() == [1, 0, 2]
    assert called(values, 0.1).tolist() == [2, 2, 2]


def test_what_is_known_by_the_name_of_a_score_comes_back_as_no_class(tmp_path: Path) -> None:
    row = ScoreRow("a.png", "P1", "", "", "test", "benign", {"score_reader": "3", "age": "61"})
    write_scores(Scores(CLASSES, (row,), np.array([[0.25, 0.75]], np.float32)), tmp_path / "a.csv")
    back = read_scores(tmp_path / "a.csv")
    assert back.classes == CLASSES
    assert back.rows[0].more == {"of_score_reader": "3", "age": "61"}


def test_tables_that_disagree_on_a_patient_are_refused() -> None:
    scores = table(0.1, 0.9)
    other = Scores(CLASSES, (scores.rows[0], replace(scores.rows[1], patient="P7")), scores.values)
    with pytest.raises(MammoError, match=r"1\.png is of patient 'P0' in one table and of 'P7' in the other"):
        scores.aligned_to(other)
