from dataclasses import replace

import numpy as np
import pytest

from tflite_mammo.auditing import duplicates
from tflite_mammo.auditing.duplicates import Pair, find_pairs
from tflite_mammo.preprocess import PreprocessSpec

BREAST = PreprocessSpec(height=128, width=128)
TOLD = {
    "identical": "identical",
    "mirrored": "mirrored",
    "upside down": "mirrored, turned 180 degrees",
    "turned 90": "turned 90 degrees",
    "turned -90": "turned -90 degrees",
    "turned 180": "turned 180 degrees",
    "turned 8": "turned 8 degrees",
    "mirrored, turned 8": "mirrored, turned 8 degrees",
    "brightened": "changed in tone or saved anew",
    "CLAHE": "changed in tone or saved anew",
    "JPEG": "changed in tone or saved anew",
}


def found(pairs: list[Pair]) -> list[tuple[int, int]]:
    return [(pair.one, pair.other) for pair in pairs]


@pytest.fixture(scope="module")
def every_kind(originals, copy, stack) -> dict[str, Pair]:
    """The originals and a copy of each kind, every one of another original: the pairs found, by kind."""
    kinds = [*TOLD, "cropped"]
    pairs = find_pairs(stack([*originals, *(copy(originals[number], kind) for number, kind in enumerate(kinds))]))
    assert sorted(found(pairs)) == [(number, 20 + number) for number in range(len(kinds))]
    return {kinds[pair.one]: pair for pair in pairs}


@pytest.mark.parametrize("kind", TOLD)
def test_a_copy_is_found_and_told_by_what_was_done(kind: str, every_kind: dict[str, Pair]) -> None:
    assert every_kind[kind].how == TOLD[kind]


def test_a_cropped_copy_is_told_by_its_scale(every_kind: dict[str, Pair]) -> None:
    pair = every_kind["cropped"]
    assert pair.how == f"scaled {pair.scale:.2f}"
    assert pair.scale == pytest.approx(200 / 170, abs=0.03)


@pytest.mark.parametrize(
    "spec",
    [BREAST, replace(BREAST, channels=3), replace(BREAST, height=160, width=96), replace(BREAST, height=64, width=64)],
    ids=["breast", "colour", "not square", "small"],
)
def test_a_copy_is_found_however_it_was_prepared(spec: PreprocessSpec, originals, copy, stack) -> None:
    kinds = ("turned 8", "cropped", "brightened", "CLAHE", "JPEG")
    copies = [copy(originals[number], kind) for number, kind in enumerate(kinds)]
    pairs = find_pairs(stack([*originals, *copies], spec))
    assert sorted(found(pairs)) == [(number, 20 + number) for number in range(len(kinds))]


def test_other_views_and_other_patients_are_no_copies(originals, stack) -> None:
    assert find_pairs(stack(originals)) == []
    assert find_pairs(stack(originals, BREAST)) == []


def test_a_copy_prepared_at_another_size_is_found(originals, copy, stack) -> None:
    large = stack(originals)
    small = stack([copy(originals[5], "turned 8")], replace(BREAST, height=96, width=96))
    assert found(find_pairs([*large, *small])) == [(5, 20)]


def test_of_identical_tensors_each_is_paired_with_the_first(originals, stack) -> None:
    pairs = find_pairs(stack([originals[0], originals[1], originals[0], originals[0]]))
    assert pairs == [Pair(0, 2, 1.0), Pair(0, 3, 1.0)]


def test_images_without_marks_are_copies_only_of_the_same_bytes(originals, stack) -> None:
    black, grey = np.zeros((128, 128), np.uint8), np.full((128, 128), 90, np.uint8)
    assert found(find_pairs(stack([black, *originals, grey, black]))) == [(0, 22)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images_have_no_pairs(count: int, originals, stack) -> None:
    assert find_pairs(stack(originals)[:count]) == []


def test_two_images_are_enough_to_be_a_pair(originals, copy, stack) -> None:
    assert found(find_pairs(stack([originals[0], copy(originals[0], "turned 90")]))) == [(0, 1)]


def test_the_most_alike_come_first(originals, copy, stack) -> None:
    copies = [copy(originals[number], kind) for number, kind in ((3, "turned 8"), (9, "identical"), (1, "JPEG"))]
    pairs = find_pairs(stack([*originals, *copies]))
    assert found(pairs) == [(9, 21), (1, 22), (3, 20)]
    assert [pair.likeness for pair in pairs] == sorted((pair.likeness for pair in pairs), reverse=True)


def test_only_identical_tensors_have_a_likeness_of_1(originals, copy, stack, monkeypatch) -> None:
    monkeypatch.setattr(duplicates, "_likeness", lambda *_: 0.99999)
    (pair,) = find_pairs(stack([*originals, copy(originals[5], "JPEG")]))
    assert pair.likeness == 0.999


@pytest.mark.parametrize(("likeness", "expected"), [(0.5, [(5, 20)]), (0.49, [])])
def test_marks_that_meet_are_not_enough(likeness: float, expected, originals, copy, stack, monkeypatch) -> None:
    monkeypatch.setattr(duplicates, "_likeness", lambda *_: likeness)
    assert found(find_pairs(stack([*originals, copy(originals[5], "JPEG")]))) == expected


def test_two_workers_find_what_one_finds_in_processes_of_their_own(originals, copy, stack, monkeypatch) -> None:
    rows = stack([*originals, *(copy(originals[5], kind) for kind in ("mirrored", "turned 8", "CLAHE"))])
    alone = find_pairs(rows, workers=1)
    monkeypatch.setattr(duplicates, "CHUNK", 2)  # or so few images would be read in this process
    monkeypatch.setattr(duplicates, "fingerprint", None)
    assert find_pairs(rows, workers=2) == alone
    assert {(5, 20), (5, 21), (5, 22)} <= set(found(alone))


def test_progress_is_told_of_every_image(originals, stack) -> None:
    seen: list[int] = []
    find_pairs(stack(originals), advance=seen.append)
    assert sum(seen) == 20


def test_other_tensors_in_the_same_place_are_read_anew(originals, copy, stack) -> None:
    rows = stack([*originals, copy(originals[5], "turned 8")])
    assert found(find_pairs(rows)) == [(5, 20)]
    tensors = np.load(rows[0][0])
    rows[0][0].unlink()  # and not written into, as a map of it would show that too
    np.save(rows[0][0], np.concatenate([tensors[:20], tensors[:1]]))
    assert found(find_pairs(rows)) == [(0, 20)]


@pytest.mark.parametrize(
    ("pair", "how"),
    [
        (Pair(0, 1, 1.0), "identical"),
        (Pair(0, 1, 0.9, turned_degrees=1, scale=1.01), "changed in tone or saved anew"),
        (Pair(0, 1, 0.9, mirrored=True, turned_degrees=-8, scale=0.9), "mirrored, turned -8 degrees, scaled 0.90"),
    ],
)
def test_a_pair_says_what_was_done_in_words(pair: Pair, how: str) -> None:
    assert pair.how == how
