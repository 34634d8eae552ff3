"""A search for more precision, as pages and terminals are told of it."""

import pytest

from tflite_mammo.conversion.ladder import Ladder, Rung


@pytest.fixture
def ladder() -> Ladder:
    """Three rungs, of which the last was good enough where one label of a hundred may flip."""
    return Ladder(
        rungs=(
            Rung("as the preset says", 0.021, 0.018, 0.0141, (), 4_000_000, 4.0),
            Rung("weights rounded", 0.012, 0.018, 0.0092, (), 4_000_000, 3.9),
            Rung("weights rounded, 3 % in float", 0.006, 0.0, 0.0061, ("stem", "<i>block1</i>"), 4_200_000, 5.0),
        ),
        chosen=2,
        good_enough=True,
    )
