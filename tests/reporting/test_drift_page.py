"""The page of a drift: complete, self-contained, safe for odd names."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.benchmarking.device import Device
from tflite_mammo.benchmarking.glance import Speed
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.conversion.proof import Form, Proof, prove
from tflite_mammo.evaluation.budget import Budget
from tflite_mammo.evaluation.drift import measure_drift
from tflite_mammo.reporting.drift_page import LISTED_FLIPS, drift_page
from tflite_mammo.reporting.evaluation_page import Subject
from tflite_mammo.scores import ScoreRow, Scores, Threshold

SUBJECT = Subject("u60", "A TF Lite file, int8")
HALF = Threshold(0.5, "given by hand", "")
BOARD = Device("a board", "aarch64", 4, 4000, "Debian", "", "3.11")


def table(findings: np.ndarray, name: str = "<i>{}.png") -> Scores:
    labels = ("benign", "malignant")
    rows = tuple(ScoreRow(name.format(i), f"P{i}", "", "", "test", labels[i % 2]) for i in range(findings.size))
    return Scores(labels, rows, np.stack([1 - findings, findings], axis=1).astype(np.float32))


def proved(folder: Path, *tables: np.ndarray, budget: Budget | None = None) -> tuple[Proof, list[Form]]:
    forms = []
    for name, scores in zip(("network", "float32", "int8")[-len(tables) :], tables, strict=True):
        (folder / f"{name}.tflite").write_bytes(b"x" * 2_000_000)
        forms.append(Form(name, table(scores), folder / f"{name}.tflite"))
    first, last = forms[0].scores, forms[-1].scores
    drift = measure_drift(first, last, 0.5, budget or Budget(0.1, 0.1, 0.1), draws=20)
    return prove(forms, drift, HALF, "int8", notes=("judged elsewhere",)), forms


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(5).random(60)


def page_of(folder: Path, *tables: np.ndarray, ladder: Ladder | None = None, budget: Budget | None = None) -> str:
    proof, forms = proved(folder, *tables, budget=budget)
    return drift_page(replace(proof, ladder=ladder), forms, SUBJECT, "tflite-mammo drift a b")


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<body>")[1]).split())


def test_a_page_needs_nothing_but_itself_and_tells_no_place(scores: np.ndarray, tmp_path: Path) -> None:
    page = page_of(tmp_path, scores, scores, scores)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert str(tmp_path) not in page
    assert page.count("<svg") == 2


def test_the_verdict_and_each_limit_are_told(scores: np.ndarray, tmp_path: Path) -> None:
    good, bad = (words(page_of(tmp_path, scores, other)) for other in (scores, 1 - scores))
    assert "Within the budget of int8" in good
    assert "BEYOND the budget of int8" in bad
    assert "labels flipped 10 % 100.0 % beyond at most 6 of 60 images may be called otherwise" in bad
    assert "sensitivity lost 10 % 0.0 % within at most 3 of 30 findings may be lost; 1 is 3.3 points" in good


def test_three_forms_are_three_columns_and_three_comparisons(scores: np.ndarray, tmp_path: Path) -> None:
    text = words(page_of(tmp_path, scores, scores, scores))
    assert "per image network float32 int8 change" in text
    assert "from, to network to float32 float32 to int8 network to int8" in text


def test_two_forms_are_one_comparison(scores: np.ndarray, tmp_path: Path) -> None:
    assert "from, to float32 to int8 mean difference" in words(page_of(tmp_path, scores, scores))


def test_flips_are_named_and_odd_names_do_no_harm(scores: np.ndarray, tmp_path: Path) -> None:
    page = page_of(tmp_path, scores, 1 - scores)
    assert "<i>" not in page
    assert "&lt;i&gt;7.png" in page
    assert re.search(
        r"(missed finding|new alarm|found now|alarm gone) (benign|malignant) 0\.\d{4} 0\.\d{4} P7 ", words(page)
    )


def test_flips_beyond_what_a_page_lists_are_counted(tmp_path: Path) -> None:
    many = np.random.default_rng(6).random(LISTED_FLIPS + 11)
    assert "And 11 more, in the .json file" in words(page_of(tmp_path, many, 1 - many))


def test_notes_and_coarse_scores_are_told_at_the_top(scores: np.ndarray, tmp_path: Path) -> None:
    text = words(page_of(tmp_path, scores, np.floor(scores * 64) / 64))
    assert "Coarse scores. Scores are multiples of 1/64" in text
    assert text.index("Judged elsewhere.") < text.index("The budget")


def test_sizes_and_speeds_are_told_with_what_they_are_worth(scores: np.ndarray, tmp_path: Path) -> None:
    proof, forms = proved(tmp_path, scores, scores)
    seen = replace(proof.stages[1], speeds=(Speed(1, 5.25, 6.5),))
    proof = replace(proof, stages=(proof.stages[0], seen), device=BOARD)
    text = words(drift_page(proof, forms, SUBJECT, "a command"))
    assert "MB 2.00 2.00 ms, 1 thread 95 % are below - 5.25 6.50" in text
    assert "A glance, no benchmark" in text
    assert "on a board with 4 cores" in text


def test_tables_of_scores_have_neither_size_nor_speed(scores: np.ndarray, tmp_path: Path) -> None:
    proof, forms = proved(tmp_path, scores, scores)
    stages = tuple(replace(stage, size_bytes=0) for stage in proof.stages)
    assert "How large" not in drift_page(replace(proof, stages=stages), forms, SUBJECT, "a command")


def test_what_a_search_tried_is_told_rung_by_rung(scores: np.ndarray, tmp_path: Path, ladder: Ladder) -> None:
    page = page_of(tmp_path, scores, scores, ladder=ladder, budget=Budget(0.1, 0.1, 0.01))
    text = words(page)
    assert "allows 1 % of labels to flip; the climb ends where 0.3 % or fewer are expected to" in text
    assert "the best is taken. Number 3 is expected to be within the budget." in text
    assert "1. as the preset says 1.8 % 2.1 % 0.0141 none 4.00 4.00 1.00 x beyond 2. weights rounded 1.8 %" in text
    assert "3. as 2, 3 % in float chosen 0.0 % 0.6 % 0.0061 2 4.20 5.00 1.25 x within" in text
    assert page.count("<svg") == 4


def test_layers_in_float_are_folded_away_by_rung(scores: np.ndarray, tmp_path: Path, ladder: Ladder) -> None:
    page = page_of(tmp_path, scores, scores, ladder=ladder)
    assert re.findall(r"<li>(.*)</li>", page.split("<details>")[1].split("</details>")[0]) == [
        "3. as 2, 3 % in float: stem, &lt;i&gt;block1&lt;/i&gt;"
    ]


def test_a_search_that_found_nothing_good_enough_says_so(scores: np.ndarray, tmp_path: Path, ladder: Ladder) -> None:
    text = words(page_of(tmp_path, scores, scores, ladder=replace(ladder, chosen=1, good_enough=False)))
    assert "None is expected to be within the budget ; number 2 comes nearest." in text


def test_a_single_rung_needs_neither_plots_nor_layers(scores: np.ndarray, tmp_path: Path, ladder: Ladder) -> None:
    page = page_of(tmp_path, scores, scores, ladder=Ladder(ladder.rungs[:1], 0, good_enough=True))
    assert page.count("<svg") == 2
    assert "<details>" not in page


def test_a_page_without_a_search_does_not_speak_of_one(scores: np.ndarray, tmp_path: Path) -> None:
    assert "How the precision was found" not in page_of(tmp_path, scores, scores)


def test_synthetic_data_and_a_leak_are_told(scores: np.ndarray, tmp_path: Path) -> None:
    proof, forms = proved(tmp_path, scores, scores)
    text = words(drift_page(proof, forms, replace(SUBJECT, synthetic=True, leak=True), "a command"))
    assert "Synthetic data." in text
    assert "Trained on a leak." in text
    assert "No medical device" in text
