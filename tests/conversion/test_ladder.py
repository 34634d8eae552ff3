"""What a search for more precision leaves."""

import pytest

from tflite_mammo.conversion.ladder import Ladder, Rung
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import from_dict, to_dict

RUNG = Rung("as the preset says", 0.008, 0.01, 0.0141, (), 4_000_000, 4.0)


def test_the_flips_expected_decide_and_not_those_found() -> None:
    assert RUNG.within(0.009)
    assert not RUNG.within(0.007)


@pytest.mark.parametrize("chosen", [-1, 1])
def test_a_rung_that_is_not_there_cannot_be_chosen(chosen: int) -> None:
    told = {**to_dict(Ladder((RUNG,), 0, good_enough=True)), "chosen": chosen}
    with pytest.raises(MammoError, match=f"card: rung {chosen} of 1 was chosen"):
        from_dict(Ladder, told, "card")
