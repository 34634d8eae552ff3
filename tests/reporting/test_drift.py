"""What `convert` and `drift` print, and the sentences that the page shares."""

from dataclasses import replace

import pytest

from tflite_mammo.benchmarking.glance import Speed
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.conversion.proof import Proof, Stage
from tflite_mammo.evaluation.budget import Budget, limits_of
from tflite_mammo.evaluation.differences import Difference
from tflite_mammo.evaluation.drift import DriftReport, ScoreDifference
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.flips import Flip
from tflite_mammo.evaluation.grid import ScoreGrid
from tflite_mammo.reporting.drift import NAMED_FLIPS, beside_words, grid_words, meaning, proof_lines, shown
from tflite_mammo.scores import Threshold

FLIP = Flip("images/a.png", "P1", "malignant", 0.83, 0.81, "malignant", "benign", "missed finding")
STEP = DriftReport(
    images=168,
    patients=60,
    positives=28,
    finding="malignant",
    threshold=0.8231,
    figures={
        "auc": Difference(0.8944, 0.8944, Figure(0.0, None, None, "DeLong"), 1.0),
        "sensitivity": Difference(0.806, 0.806, Figure(0.0)),
        "specificity": Difference(0.932, 0.932, Figure(0.0)),
        "accuracy": Difference(0.839, 0.839, Figure(0.0)),
    },
    flips=(),
    flip_share=Figure(0.0, 0.0, 0.06, "Wilson"),
    missed_share=Figure(0.0, 0.0, 0.12, "Wilson"),
    score_difference=ScoreDifference(0.0, 0.0, 0.0, -0.00001, -0.0, 0.0),
    grid=ScoreGrid(168, "none", 1, 1, 0.81, 0.83, 0.001),
    budget=Budget(0.005, 0.01, 0.01),
    limits=tuple(limits_of(Budget(0.005, 0.01, 0.01), 0.0, 0, 0, 28, 168)),
    beyond=(),
    calibration_error=(0.146, 0.146),
)
WHOLE = replace(
    STEP,
    figures={
        **STEP.figures,
        "auc": Difference(0.8944, 0.8948, Figure(0.0004, -0.0087, 0.0095, "DeLong"), 0.9),
        "sensitivity": Difference(0.806, 0.770, Figure(-0.036, -0.1, 0.0)),
    },
    flips=(FLIP,),
    flip_share=Figure(1 / 168, 0.001, 0.03, "Wilson"),
    missed_share=Figure(1 / 28, 0.01, 0.18, "Wilson"),
    score_difference=ScoreDifference(0.0131, 0.12, 0.1531, 0.009, -0.04, 0.06),
    limits=tuple(limits_of(STEP.budget, 0.0004, 1, 1, 28, 168)),
    beyond=("sensitivity fell by 3.6 points (1 of 28 findings), allowed 1",),
    calibration_error=(0.146, 0.136),
)
STAGES = (
    Stage("network", "model.keras", "a" * 64, 14_000_000),
    Stage("float32", "float32.tflite", "b" * 64, 13_000_000, (Speed(1, 9.5, 11.0), Speed(2, 5.25, 6.0))),
    Stage("int8", "m.tflite", "c" * 64, 4_000_000, (Speed(1, 5.0, 6.0), Speed(2, 3.0, 4.0))),
)
PROOF = Proof(
    "test", Threshold(0.8231, "youden", "validation"), "int8", STAGES, WHOLE, (STEP, WHOLE), ("B: of elsewhere",)
)


def test_a_proof_is_printed_with_its_verdict_first() -> None:
    assert proof_lines(PROOF, "m.rejected.tflite, 4.00 MB") == [
        "BEYOND the budget of int8: m.rejected.tflite, 4.00 MB",
        "  sensitivity fell by 3.6 points (1 of 28 findings), allowed 1",
        "  test: 168 images of 60 patients, 28 malignant; threshold 0.8231",
        "                     network  float32    int8                 change (95 %)            allowed",
        "  AUC                 0.8944   0.8944  0.8948  +0.0004 (-0.0087 to +0.0095)              0.005",
        "  sensitivity          0.806    0.806   0.770     -0.036 (-0.100 to +0.000)  1 % lost: 0 of 28",
        "  specificity          0.932    0.932   0.932                        +0.000                  -",
        "  calibration error    0.146    0.146   0.136                        -0.010",
        "  labels flipped           -        0       1            0.6 % (0.1 to 3.0)      1 %: 1 of 168",
        "  score difference         -   0.0000  0.0131      max 0.1531, bias +0.0090",
        "  ms on 1 / 2 threads: float32 9.50 / 5.25, int8 5.00 / 3.00; a glance, `benchmark` measures",
        "  NOTE: B: of elsewhere",
        "  missed finding: images/a.png (malignant) 0.8300 -> 0.8100",
    ]


def test_a_search_for_more_precision_is_told_in_two_lines_behind_the_speeds(ladder: Ladder) -> None:
    lines = proof_lines(replace(PROOF, ladder=ladder), "m.tflite")
    assert lines[11:13] == [
        "  precision: weights rounded, 3 % in float (2 layers), number 3 of 3 tried: expected to be within",
        "    the budget; 1.25 x the ms, 1.05 x the size of the first",
    ]


def test_every_line_fits_a_terminal() -> None:
    long = replace(STAGES[2], name="int8-by-somebody-who-likes-long-names")
    coarse = replace(WHOLE, grid=ScoreGrid(99, "even", 12, 14, 210 / 256, 211 / 256, 1 / 256, 1 / 256, 1 / 256))
    proof = replace(PROOF, stages=(*STAGES[:2], long), drift=coarse)
    assert max(map(len, proof_lines(proof, "m.tflite, 4.00 MB")[:13])) <= 100


def test_within_the_budget_is_said_so() -> None:
    proof = replace(PROOF, drift=STEP, steps=(), stages=STAGES[:2])
    lines = proof_lines(proof, "m.tflite")
    assert lines[0] == "within the budget of int8: m.tflite"
    assert lines[2].split() == ["network", "float32", "change", "(95", "%)", "allowed"]
    assert "  labels flipped           -        0" in "\n".join(lines)


def test_many_flips_are_cut_to_what_a_person_reads() -> None:
    lines = proof_lines(replace(PROOF, drift=replace(WHOLE, flips=(FLIP,) * (NAMED_FLIPS + 5))), "m")
    assert sum("missed finding: " in line for line in lines) == NAMED_FLIPS
    assert lines[-1] == "  and 5 more labels that flipped"


def test_scores_that_are_no_chances_leave_no_gap() -> None:
    proof = replace(
        PROOF, drift=replace(WHOLE, calibration_error=None), steps=(STEP, replace(WHOLE, calibration_error=None))
    )
    assert not [line for line in proof_lines(proof, "m") if "calibration" in line]


@pytest.mark.parametrize(
    ("images", "positives", "words"),
    [
        (168, 28, ["19 of 3,920 pairs of a finding and another image may change order",
                   "1 of 28 findings is 3.6 points: at this size no loss is allowed",
                   "at most 1 of 168 images may be called otherwise"]),
        (20, 8, ["1 of 96 pairs is 0.0104: at this size no pair may change order",
                 "1 of 8 findings is 12.5 points: at this size no loss is allowed",
                 "1 of 20 images is 5.0 %: at this size none may be called otherwise"]),
        (4000, 400, ["7,200 of 1,440,000 pairs of a finding and another image may change order",
                     "at most 4 of 400 findings may be lost; 1 is 0.2 points",
                     "at most 40 of 4,000 images may be called otherwise"]),
    ],
)  # fmt: skip
def test_a_budget_is_told_in_what_it_means_at_this_size(images: int, positives: int, words: list[str]) -> None:
    assert [meaning(limit) for limit in limits_of(STEP.budget, 0, 0, 0, positives, images)] == words


def test_a_test_part_is_told_what_it_cannot_show() -> None:
    auc, findings, labels = shown(WHOLE)
    assert auc.endswith("rule out that it moves by 0.0095, where 0.005 is allowed (95 %: -0.0087 to +0.0095).")
    assert "1 of 28 were called before and are called no more" in findings
    assert findings.endswith("up to 18.0 % of others.")
    assert labels.endswith("Images of 60 patients cannot rule out that it is up to 3.0 % of others.")


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Figure(0.0004, -0.003, 0.005), "show that it moves by no more than the 0.005 allowed (95 %: -0.0030"),
        (Figure(0.0), "has no interval here, so nothing shows how far it may move"),
        (Figure(-0.001, -0.0051, 0.002), "cannot rule out that it moves by 0.0051"),
    ],
)
def test_what_the_interval_of_the_auc_shows_is_said(difference: Figure, words: str) -> None:
    figures = {**STEP.figures, "auc": Difference(0.8, 0.8, difference)}
    assert words in shown(replace(STEP, figures=figures))[0]


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (ScoreGrid(9, "even", 1, 2, 210 / 256, 211 / 256, 1 / 256, 1 / 256, 1 / 256),
         "scores are multiples of 1/256: the threshold 0.8231 cannot be expressed and acts as 0.8242"),
        (ScoreGrid(9, "even", 1, 2, 0.5, 0.8231, 1 / 256, 1 / 256, 1 / 256),
         "scores are multiples of 1/256: the threshold 0.8231 is one of them"),
        (ScoreGrid(9, "logit", 1, 2, 0.81, 0.83, 0.001, 0.0134, 0.002),
         "scores come in steps, 0.0020 wide around the threshold 0.8231"),
        (STEP.grid, "scores come in no steps that these images show"),
    ],
)  # fmt: skip
def test_the_grid_of_the_scores_is_put_in_words(grid: ScoreGrid, words: str) -> None:
    assert grid_words(grid, 0.8231) == words


def test_the_images_next_to_the_threshold_are_counted() -> None:
    assert beside_words(STEP.grid) == "images next to it: 1 on 0.8100, 1 on 0.8300"
    assert beside_words(replace(STEP.grid, above=None, on_above=0)) == "images next to it: 1 on 0.8100"


def test_a_coarse_grid_is_noted_and_a_fine_one_is_not() -> None:
    coarse = replace(WHOLE, grid=ScoreGrid(9, "even", 1, 2, 210 / 256, 211 / 256, 1 / 256, 1 / 256, 1 / 256))
    assert "NOTE: scores are multiples of 1/256" in "\n".join(proof_lines(replace(PROOF, drift=coarse), "m"))
    assert "NOTE: scores" not in "\n".join(proof_lines(PROOF, "m"))
