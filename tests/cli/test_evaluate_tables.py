"""Tables of scores as anybody makes them, with what goes wrong in them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest


def table(path: Path, changes: dict[str, str] | None = None, patients: int = 80) -> Path:
    """A scores.csv as anybody might make it: four images a patient, every third with the finding; 20 validate."""
    rng = np.random.default_rng(4)
    lines = ["file,patient,side,view,split,label,score_benign,score_malignant,density"]
    for i in range(4 * patients):
        has_it = i // 4 % 3 == 0
        score = round(float(rng.uniform(0.2, 0.8) + (0.2 if has_it else -0.2)), 3)
        cells = {
            "file": f"{i}.png", "patient": f"P{i // 4}", "side": ("left", "right")[i // 2 % 2],
            "view": ("CC", "MLO")[i % 2], "split": "validation" if i < 80 else "test",
            "label": "malignant" if has_it else "benign", "score_benign": f"{1 - score:.3f}",
            "score_malignant": f"{score:.3f}", "density": "abcd"[i // 4 % 4], **(changes or {}),
        }  # fmt: skip
        lines.append(",".join(cells.values()))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_anybodys_table_is_judged_at_the_rule_on_its_validation_rows(call, tmp_path: Path) -> None:
    verdict = json.loads(call("evaluate", table(tmp_path / "a.csv"), "--threshold", "cost:5", "--json").stdout)
    assert verdict["threshold"]["rule"] == "least cost, a miss counting as 5 false alarms"
    assert verdict["threshold"]["locked_on"] == "validation part of the table"
    assert [level["unit"] for level in verdict["levels"]] == ["image", "side", "patient"]
    assert [level["count"] for level in verdict["levels"]] == [240, 120, 60]
    assert {group["column"] for group in verdict["subgroups"]} == {"side", "view", "density"}


def test_a_table_without_validation_rows_needs_a_threshold(call, tmp_path: Path) -> None:
    scores = table(tmp_path / "a.csv", {"split": "test"})
    call("evaluate", scores).assert_clean_error("no row of split 'validation'", "--threshold")
    done = call("evaluate", scores, "--threshold", "0.5")
    assert (done.status, "threshold 0.5000: given by hand\n" in done.stdout) == (0, True)


@pytest.mark.parametrize("wrong", ["nan", "inf", "high", "sensitivity:2"])
def test_a_threshold_that_is_none_is_refused(call, tmp_path: Path, wrong: str) -> None:
    call("evaluate", table(tmp_path / "a.csv"), "--threshold", wrong).assert_clean_error("--threshold", wrong)


def test_other_data_has_a_name_of_its_own(call, tmp_path: Path) -> None:
    one = table(tmp_path / "a.csv")
    call("evaluate", one, "--external", f"x={one}", "--external", f"x={one}").assert_clean_error("x: named twice")


def test_a_table_is_judged_beside_tables_of_the_same_classes(call, tmp_path: Path) -> None:
    one, other = table(tmp_path / "a.csv"), tmp_path / "b.csv"
    text = one.read_text(encoding="utf-8")
    other.write_text(text.replace("benign", "normal"), encoding="utf-8")
    call("evaluate", one, "--external", f"x={other}").assert_clean_error("scores of normal, malignant", "benign")
    call("evaluate", one, "--external", f"x={tmp_path}").assert_clean_error("expected a scores.csv")
    call("evaluate", one, "--external", f"x={one}").assert_clean_error("240 of its images are of the data", "elsewhere")
    other.write_text(re.sub(r"^(\d+).png,", r"\1.jpg,", text, flags=re.M), encoding="utf-8")
    assert "per patient: AUC" in call("evaluate", one, "--external", f"x={other}").stdout


def test_groups_that_are_asked_for_are_told(call, tmp_path: Path) -> None:
    done = call("evaluate", table(tmp_path / "a.csv"), "--by", "density", "--by", "view")
    lines = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("  density", "  view"))]
    assert lines == [["density", "a"], ["density", "b"], ["density", "c"], ["density", "d"], ["view", "CC"],
                     ["view", "MLO"]]  # fmt: skip
    call("evaluate", tmp_path / "a.csv", "--by", "age").assert_clean_error("'age'", "there are: density, side, view")


def test_means_are_another_pooling_and_prevalences_are_asked_for(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    highest, mean = (json.loads(call("evaluate", path, "--pool", how, "--json").stdout) for how in ("max", "mean"))
    assert (highest["pooling"], mean["pooling"]) == ("max", "mean")
    assert highest["levels"][0]["figures"] == mean["levels"][0]["figures"]
    assert highest["levels"][2]["figures"]["brier"] != mean["levels"][2]["figures"]["brier"]
    done = call("evaluate", path, "--prevalence", "0.1")
    assert re.findall(r"PPV at .*? %", done.stdout) == ["PPV at 10 %"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": "benign"}, "NOTE: no malignant among the 240 images"),
        ({"score_malignant": "0.5", "score_benign": "0.5"}, "NOTE: every image has the same score"),
        ({"score_malignant": "3.5"}, "NOTE: scores lie outside 0 to 1"),
        ({"patient": ""}, "NOTE: 240 images name no patient; each counts as a patient of its own"),
    ],
)
def test_what_cannot_be_computed_is_said_in_a_line_and_the_page_is_made(
    call, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    done = call("evaluate", table(tmp_path / "a.csv", changes), "--threshold", "0.5", "--out", tmp_path / "out")
    assert (done.status, words in done.stdout) == (0, True), done
    note = words.removeprefix("NOTE: ")
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert note[1:] in page


def test_ten_images_are_judged_and_said_to_be_few(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *lines[82:92]]) + "\n", encoding="utf-8")
    done = call("evaluate", path, "--threshold", "0.5", "--out", tmp_path / "out")
    assert "fewer than 20 of either" in done.stdout
    assert "3 patients: of fewer than 30 the intervals may be too narrow" in done.stdout
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("<td class=grey>") > 30


def test_a_score_that_is_no_number_is_refused(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", {"score_malignant": "nan"})
    call("evaluate", path, "--out", tmp_path / "out").assert_clean_error(
        "a.csv: 320 rows hold a score that is no number, the first is of 0.png"
    )
    assert not (tmp_path / "out").exists()


def test_names_with_signs_stand_in_the_page_as_they_are(call, tmp_path: Path) -> None:
    path = table(tmp_path / "<b>&.csv", {"density": "<i>x</i>"})
    call("evaluate", path, "--by", "density", "--out", tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;.csv" in page
    assert "<i>x</i>" not in page


def test_a_table_that_shares_patients_between_its_parts_is_said_to_leak(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    assert "A LEAK" not in call("evaluate", path).stdout
    path.write_text(path.read_text(encoding="utf-8").replace(",P20,", ",P0,"), encoding="utf-8")
    assert "NOTE: A LEAK: 1 patients of this part are in another part of the table too" in call("evaluate", path).stdout


def test_a_finding_that_is_not_the_last_column_is_said(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    text = path.read_text(encoding="utf-8").replace("score_benign,score_malignant", "score_malignant,score_benign")
    path.write_text(text, encoding="utf-8")
    assert "NOTE: the finding is taken to be 'benign', the last score column" in call("evaluate", path).stdout


def test_a_score_that_equals_a_given_threshold_is_called(call, tmp_path: Path) -> None:
    for score in (0.1, 0.3, 0.7, 0.9):
        path = table(tmp_path / "a.csv", {"score_malignant": str(score), "label": "malignant"})
        verdict = json.loads(call("evaluate", path, "--threshold", score, "--json").stdout)
        assert verdict["levels"][0]["figures"]["sensitivity"]["value"] == 1


def test_units_that_the_own_test_part_lacks_fall_from_its_images(call, tmp_path: Path) -> None:
    own, other = table(tmp_path / "a.csv"), table(tmp_path / "b.csv")
    lines = own.read_text(encoding="utf-8").splitlines()
    own.write_text("\n".join([lines[0], *lines[1::4]]) + "\n", encoding="utf-8")
    other.write_text(other.read_text(encoding="utf-8").replace(".png,", ".jpg,"), encoding="utf-8")
    done = call("evaluate", own, "--external", f"x={other}", "--out", tmp_path / "out")
    falls = re.findall(r"per (image|side|patient): AUC .*; fall (.)", done.stdout)
    assert [unit for unit, _ in falls] == ["image", "side", "patient"]
    assert "n" not in {first for _, first in falls}  # of "not computable"
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("<strong>fall</strong>") == 3


def test_classes_with_signs_of_formulas_are_drawn(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    text = path.read_text(encoding="utf-8").replace("malignant", r"$\foo$").replace("benign", "良性")
    path.write_text(text, encoding="utf-8")
    done = call("evaluate", path, "--out", tmp_path / "out")
    assert (done.status, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (("file,patient", "File,patient"), "column 'file' is missing; found File, patient, side"),
        ((",", ";"), "its cells lie between semicolons; expected commas"),
        (("score_benign", "score_malignant"), "column 'score_malignant'; expected once"),
        ((",score_benign", ",score_"), "column 'score_'; expected once, with a class's name"),
        ((",score_benign", ",other"), "'score_<class>, two or more' is missing"),
        ((",side,", ",breast,"), "column 'side' is missing"),
    ],
)
def test_a_table_of_another_layout_is_told_what_to_change(
    call, tmp_path: Path, changed: tuple[str, str], words: str
) -> None:
    path = table(tmp_path / "a.csv")
    path.write_text(path.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    call("evaluate", path, "--threshold", "0.5").assert_clean_error("a.csv: ", words)


def test_a_row_with_more_cells_than_columns_is_named(call, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv")
    path.write_text(path.read_text(encoding="utf-8").replace("0.png,P0", "0.png,P0,again"), encoding="utf-8")
    call("evaluate", path).assert_clean_error("line 2: more cells than columns; expected 9")
    call("evaluate", tmp_path / "a.xlsx").assert_clean_error("save the table as .csv")
