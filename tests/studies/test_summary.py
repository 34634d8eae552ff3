import csv
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.studies.study import Reported
from tflite_mammo.studies.summary import Row, spread_of, summarise, write_rows

VALUES = [0.71, 0.74, 0.69, 0.8]


def rows() -> list[Row]:
    done = [
        Row(f"a-seed{seed}", "a", seed, 0, "ok", auc=Figure(value, 0.5, 0.9), figures={"auc": value, "accuracy": 0.5})
        for seed, value in enumerate(VALUES)
    ]
    return [*done, Row("a-seed4", "a", 4, 0, "it broke", failed=True, trouble="it broke")]


def test_mean_and_deviation_are_numpys_over_n_minus_1() -> None:
    spread = spread_of(VALUES)
    assert spread.mean == pytest.approx(np.mean(VALUES))
    assert spread.sd == pytest.approx(np.std(VALUES, ddof=1))
    assert spread.n == 4


def test_a_single_run_has_no_deviation() -> None:
    assert (spread_of([0.7]).mean, spread_of([0.7]).sd) == (0.7, None)


def test_failed_runs_are_counted_and_left_out_of_the_mean() -> None:
    summary = summarise("a", rows(), Reported(auc=0.7))
    assert (summary.runs, summary.failed) == (4, 1)
    assert summary.figures["auc"].mean == pytest.approx(np.mean(VALUES))
    assert summary.reported == Reported(auc=0.7)


def test_a_figure_that_some_runs_lack_says_of_how_many_it_is() -> None:
    some = [*rows(), Row("a-seed5", "a", 5, 0, "ok", figures={"auc": 0.7, "precision_negative": 0.4})]
    summary = summarise("a", some, None)
    assert (summary.figures["auc"].n, summary.figures["precision_negative"].n) == (5, 1)
    assert "f1_weighted" not in summary.figures


def test_a_row_a_run_with_empty_cells_for_what_is_not_there(tmp_path: Path) -> None:
    write_rows(rows(), tmp_path / "study.csv")
    with (tmp_path / "study.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["run"] for row in table] == [f"a-seed{seed}" for seed in range(5)]
    assert (table[1]["auc"], table[1]["auc_low"], table[1]["fold"], table[1]["f1_weighted"]) == ("0.74", "0.5", "", "")
    assert (table[4]["state"], table[4]["auc"]) == ("it broke", "")
    assert not [name for name in table[0] if name.startswith("external_")]


def test_figures_on_other_data_are_columns_of_their_own(tmp_path: Path) -> None:
    write_rows([Row("a", "a", 0, 2, "ok", figures={"external_auc": 0.49})], tmp_path / "study.csv")
    (row,) = csv.DictReader((tmp_path / "study.csv").read_text().splitlines())
    assert (row["external_auc"], row["fold"]) == ("0.49", "2")
