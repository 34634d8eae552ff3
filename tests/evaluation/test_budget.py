"""A budget on so many images: what is allowed, what was found, which of it decides."""

import pytest

from tflite_mammo.evaluation.budget import Budget, Limit, limits_of

USUAL = Budget(0.005, 0.01, 0.01)


def limits(auc: float = 0.0, lost: int = 0, flips: int = 0, positives: int = 28, images: int = 168) -> list[Limit]:
    return limits_of(USUAL, auc, lost, flips, positives, images)


def test_a_budget_is_counted_in_pairs_findings_and_images() -> None:
    assert [(limit.of, limit.at_most) for limit in limits()] == [(28 * 140, 19), (28, 0), (168, 1)]


def test_a_share_of_whole_images_is_so_many() -> None:
    """.29 of 100 is less than 29 in floats."""
    assert limits_of(Budget(0, 0, 0.29), 0, 0, 0, 50, 100)[2].at_most == 29


def test_one_finding_of_few_is_more_than_is_allowed() -> None:
    _, loss, _ = limits(lost=1)
    assert not loss.within
    assert str(loss) == "sensitivity fell by 3.6 points (1 of 28 findings), allowed 1"


def test_a_sensitivity_that_rose_is_no_loss() -> None:
    _, loss, _ = limits(lost=-3)
    assert (loss.within, loss.count) == (True, -3)


@pytest.mark.parametrize(("lost", "within"), [(1, True), (2, False)])
def test_just_what_is_allowed_is_within(lost: int, within: bool) -> None:
    """1 - .99 is more than .01 in floats; counts decide."""
    assert limits(lost=lost, positives=100, images=200)[1].within is within


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_auc_may_move_either_way(sign: int) -> None:
    inside, outside = limits(sign * 19 / 3920)[0], limits(sign * 20 / 3920)[0]
    assert (inside.within, outside.within) == (True, False)
    assert str(outside) == f"AUC moved by {sign * 0.00510:+.5f}, allowed 0.005"


def test_a_tie_that_was_broken_is_half_a_pair() -> None:
    assert limits(0.5 / 3920)[0].count == 0.5


def test_flips_are_told_as_a_count_and_a_share() -> None:
    assert str(limits(flips=4)[2]) == "4 of 168 labels flipped (2.4 %), allowed 1 %"


@pytest.mark.parametrize(
    ("values", "key"),
    [((-0.1, 0, 0), "auc_difference -0.1"), ((0, 1.1, 0), "sensitivity_loss 1.1"), ((0, 0, 2), "label_flips 2")],
)
def test_a_budget_is_shares(values: tuple[float, float, float], key: str) -> None:
    with pytest.raises(ValueError, match=f"{key}; expected a share between 0 and 1"):
        Budget(*values)
