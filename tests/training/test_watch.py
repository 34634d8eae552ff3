"""The collapse watch: each sign seen in scores that show it, none in scores of a network that learns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflite_mammo.scores import ScoreRow, Scores
from tflite_mammo.training.watch import Seen, Sign, better_than_chance, no_number, signs_of

COUNT = 100
TRUTH = np.arange(COUNT) % 2
RNG = np.random.default_rng(0)


def _scores(finding: object) -> Scores:
    values = np.broadcast_to(np.asarray(finding, np.float32), COUNT)
    rows = [
        ScoreRow(f"{i}.png", f"P{i}", "L", "CC", "validation", ("benign", "malignant")[t]) for i, t in enumerate(TRUTH)
    ]
    return Scores(("benign", "malignant"), tuple(rows), np.stack([1 - values, values], axis=1))


GOOD = _scores(np.where(TRUTH, 0.8, 0.2) + RNG.normal(0, 0.05, COUNT))
GUESSED = _scores(RNG.uniform(0.6, 0.9, COUNT))


def _seen(sample: Scores, validation: Scores, **told: Any) -> list[Sign]:
    known = {"epoch": 1, "training_accuracy": 0.5, "shares": np.array([0.5, 0.5]), "loss_before": 1.0, "adapts": True}
    return signs_of(Seen(sample=sample, validation=validation, **{**known, **told}))


def _signs(sample: Scores, validation: Scores, **told: Any) -> list[str]:
    return [sign.sign for sign in _seen(sample, validation, **told)]


def test_a_network_that_learns_shows_no_sign() -> None:
    assert _signs(GOOD, GOOD, training_accuracy=0.99) == []


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_one_score_for_every_image_is_a_collapse_and_final(score: float) -> None:
    (sign,) = _seen(_scores(score), _scores(score), epoch=3)
    assert (sign.sign, sign.epoch, sign.final) == ("constant", 3, True)
    assert "every image has the score" in sign.words
    assert "learning_rate" in sign.words


def test_one_class_for_every_image_is_named_where_the_ranking_is_chance() -> None:
    (sign,) = _seen(GUESSED, GUESSED)
    assert (sign.sign, sign.final) == ("one class", False)
    assert "every image is called malignant" in sign.words


def test_one_class_by_half_that_still_ranks_well_is_no_collapse() -> None:
    ranked = _scores(np.where(TRUTH, 0.8, 0.7) + RNG.normal(0, 0.01, COUNT))
    assert _signs(ranked, ranked) == []


def test_a_network_that_ranks_its_training_images_alone_has_learned_something() -> None:
    ranked = _scores(np.where(TRUTH, 0.8, 0.7))
    assert _signs(ranked, GUESSED) == []


def test_both_classes_called_is_no_sign_however_bad_the_ranking() -> None:
    assert _signs(_scores(RNG.uniform(0, 1, COUNT)), _scores(RNG.uniform(0, 1, COUNT))) == []


def test_a_loss_that_stands_still_at_guessing_is_named() -> None:
    sample = _scores(np.tile([0.49, 0.49, 0.51, 0.51], COUNT // 4))
    loss = float(-np.log(sample.values[np.arange(COUNT), TRUTH]).mean())
    assert _signs(sample, sample, loss_before=loss * 1.00001) == ["flat"]
    assert _signs(sample, sample, loss_before=loss * 1.01) == []
    assert _signs(sample, sample, loss_before=None) == []


def test_a_loss_that_stands_still_at_something_good_is_no_sign() -> None:
    loss = float(-np.log(GOOD.values[np.arange(COUNT), TRUTH]).mean())
    assert _signs(GOOD, GOOD, training_accuracy=0.99, loss_before=loss) == []


def test_a_gap_between_training_and_inference_on_the_same_images_is_named() -> None:
    (sign,) = _seen(_scores(RNG.uniform(0, 1, COUNT)), GOOD, training_accuracy=0.95)
    assert sign.sign == "gap"
    assert "batch norm's moving averages lag" in sign.words


def test_training_that_is_harder_than_inference_is_no_gap() -> None:
    assert _signs(GOOD, GOOD, training_accuracy=0.6) == []


def test_a_loss_that_is_no_number_is_final_and_says_what_to_do() -> None:
    sign = no_number(2, float("nan"))
    assert sign.final
    assert sign.words.startswith("epoch 2: the loss is nan: the learning_rate is too high")
    assert "a score is no number" in no_number(2, 0.4).words


def test_chance_is_judged_by_how_many_images_there_are() -> None:
    assert better_than_chance(GOOD.finding, GOOD.positive)
    assert not better_than_chance(GUESSED.finding[:10], np.arange(10) % 2 == (GUESSED.finding[:10] < 0.75))
    assert not better_than_chance(GOOD.finding, np.zeros(COUNT, bool))
    assert not better_than_chance(GOOD.finding, np.ones(COUNT, bool))


def test_a_gap_needs_batch_norm_that_adapts() -> None:
    assert _signs(_scores(RNG.uniform(0, 1, COUNT)), GOOD, training_accuracy=0.95, adapts=False) == []


def test_a_gap_is_told_at_the_epochs_own_mix_of_classes() -> None:
    """Nine in ten images of an epoch benign, and everything called so: right in training and afterwards alike."""
    ranked = _scores(np.where(TRUTH, 0.4, 0.1))
    assert _signs(ranked, ranked, training_accuracy=0.9, shares=np.array([0.9, 0.1])) == []
    assert _signs(ranked, ranked, training_accuracy=0.9, shares=np.array([0.5, 0.5])) == ["gap"]


def test_a_validation_part_that_is_told_with_one_score_is_no_collapse_alone() -> None:
    assert _signs(GOOD, _scores(0.9999999)) == []


def test_a_loss_that_class_weights_hold_above_guessing_is_no_sign_while_it_ranks() -> None:
    """Scores pulled to the middle on a set of nine to one: worse than guessing by cross-entropy, and well ranked."""
    few = np.arange(COUNT) % 10 == 0
    rows = tuple(replace(row, label=("benign", "malignant")[int(t)]) for row, t in zip(GOOD.rows, few, strict=True))
    finding = np.where(few, 0.6, 0.5).astype(np.float32)
    sample = Scores(GOOD.classes, rows, np.stack([1 - finding, finding], axis=1))
    loss = float(-np.log(np.where(few, finding, 1 - finding)).mean())
    assert _signs(sample, sample, loss_before=loss) == []
