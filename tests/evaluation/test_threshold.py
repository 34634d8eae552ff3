"""Every rule against all thresholds tried one after another."""

from typing import Any

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.threshold import Rule, lock_threshold, rule_of
from tflite_mammo.scores import Scores, called

RULES = [
    Rule("youden"),
    *(Rule("sensitivity", v) for v in (0.5, 0.8, 0.95, 1)),
    *(Rule("cost", v) for v in (1, 5, 100)),
]


def worth(scores: Scores, rule: Rule, threshold: float) -> tuple[float, ...]:
    """What the rule asks for, the more the better."""
    calls, positive = called(scores.values, threshold) == 1, scores.positive
    sensitivity, specificity = calls[positive].mean(), (~calls)[~positive].mean()
    if rule.kind == "youden":
        return (round(sensitivity + specificity, 9),)
    if rule.kind == "sensitivity":
        return sensitivity >= rule.value - 1e-12, specificity
    return (-rule.value * (~calls & positive).sum() - (calls & ~positive).sum(),)


@pytest.mark.parametrize("levels", [6, 25, 1000])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_no_threshold_that_calls_somebody_does_better_than_the_locked_one(
    rule: Rule, seed: int, levels: int, tables: Any
) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.3
    scores = tables.of(np.clip(rng.integers(0, levels, 60) / levels + 0.2 * positive, 0, 1), positive)
    locked = worth(scores, rule, lock_threshold(scores, rule, "").value)
    assert locked == max(worth(scores, rule, value) for value in np.unique(scores.finding))


def test_of_equal_thresholds_the_lowest_is_locked(tables: Any) -> None:
    # From .5 on 1 - 1/3 of it, from .9 on 2/3 - 0: in floats the second is a little more. And 1 false alarm or 1 miss.
    scores = tables.of([0.1, 0.1, 0.5, 0.5, 0.9, 0.9], [False, False, False, True, True, True])
    assert lock_threshold(scores, Rule("youden"), "").value == pytest.approx(0.3)
    assert lock_threshold(scores, Rule("cost", 1), "").value == pytest.approx(0.3)
    assert lock_threshold(scores, Rule("cost", 0.9), "").value == pytest.approx(0.7)


def test_the_sensitivity_asked_for_is_held_at_the_highest_threshold(tables: Any) -> None:
    scores = tables.of(np.arange(1, 11) / 20, [True] * 10)
    both = tables.of([*scores.finding, 0.9], [True] * 10 + [False])
    assert lock_threshold(both, Rule("sensitivity", 0.9), "").value == pytest.approx(0.075)
    assert lock_threshold(both, Rule("sensitivity", 0.7), "").value == pytest.approx(0.175)  # .7 of ten is seven
    five = tables.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.0], [True] * 5 + [False])
    assert lock_threshold(five, Rule("sensitivity", 0.2), "").value == pytest.approx(0.45)  # in floats 1 - 4/5 is less


def test_a_threshold_from_the_lowest_score_on_is_that_score(tables: Any) -> None:
    scores = tables.of([0.2, 0.8, 0.9], [True, False, True])
    assert lock_threshold(scores, Rule("sensitivity", 1), "").value == pytest.approx(0.2)
    assert lock_threshold(scores, Rule("cost", 5), "").value == pytest.approx(0.2)


def test_youden_never_calls_every_image(tables: Any) -> None:
    scores = tables.of([0.2, 0.8], [True, False])  # the wrong way round
    assert lock_threshold(scores, Rule("youden"), "").value == pytest.approx(0.5)


def test_the_threshold_lies_half_way_between_two_scores(tables: Any) -> None:
    locked = lock_threshold(tables.of([0.2, 0.8, 0.9], [False, True, True]), Rule("youden"), "validation of abc")
    assert locked.value == pytest.approx(0.5)
    assert (locked.rule, locked.locked_on) == ("largest sensitivity + specificity (Youden)", "validation of abc")


def test_a_threshold_between_two_neighbouring_scores_still_parts_them(tables: Any) -> None:
    low = np.float32(0.9999999)
    scores = tables.of([0.0, float(low), float(np.nextafter(low, np.float32(2)))], [False, False, True])
    locked = lock_threshold(scores, Rule("youden"), "")
    assert called(scores.values, locked.value).tolist() == [0, 0, 1]


@pytest.mark.parametrize("label", [True, False])
def test_a_validation_part_of_one_class_locks_no_threshold(label: bool, tables: Any) -> None:
    with pytest.raises(MammoError, match="the validation part holds one class only; a threshold needs both"):
        lock_threshold(tables.of([0.1, 0.9], [label, label]), Rule("youden"), "")


def test_constant_scores_lock_no_threshold(tables: Any) -> None:
    with pytest.raises(MammoError, match="every validation image has the same score; the model tells nothing apart"):
        lock_threshold(tables.of([0.4, 0.4, 0.4], [True, False, True]), Rule("youden"), "")


@pytest.mark.parametrize(
    ("text", "rule"),
    [("youden", Rule("youden")), ("sensitivity:0.9", Rule("sensitivity", 0.9)), ("cost:5", Rule("cost", 5)),
     ("sensitivity:1", Rule("sensitivity", 1)), ("cost:.5", Rule("cost", 0.5))],
)  # fmt: skip
def test_a_rule_is_read_from_its_text(text: str, rule: Rule) -> None:
    assert rule_of(text) == rule


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("", "best", "youden:1", "Youden", "sens:0.9"), "expected youden, sensitivity:0.9 .* or cost:5"),
        (("sensitivity", "sensitivity:", "sensitivity:0", "sensitivity:1.01", "sensitivity:nan", "sensitivity:-1",
          "sensitivity:95"), "a sensitivity lies between 0 and 1, such as sensitivity:0.9"),
        (("cost", "cost:0", "cost:-2", "cost:inf", "cost:nan", "cost:five", "cost:1:2"), "above 0, such as cost:5"),
    ],
)  # fmt: skip
def test_a_rule_of_no_sense_is_refused(texts: tuple[str, ...], words: str) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=f"threshold rule '{text}'; .*{words}"):
            rule_of(text)


def test_rules_are_told_in_words() -> None:
    assert str(Rule("sensitivity", 0.9)) == "highest that holds a sensitivity of 0.9"
    assert str(Rule("cost", 5)) == "least cost, a miss counting as 5 false alarms"
