import json
from types import SimpleNamespace

import numpy as np
import pytest

from tflite_mammo.auditing import shortcuts as module
from tflite_mammo.auditing.shortcuts import TOGETHER, Shortcut, shortcuts
from tflite_mammo.data.manifest import Example
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.schema import to_json

PATIENTS = 60
RNG = np.random.default_rng(0)
LABELS = ["benign", "malignant"] * (PATIENTS // 2)
NOISE = {name: RNG.integers(100, 200, PATIENTS).astype(float) for name in ("width", "height", "file_bytes")}
NOISE |= {name: RNG.random(PATIENTS) for name in ("brightness", "border")}


def told(
    cues: dict[str, np.ndarray] | None = None, each: int = 1, forest: bool = False, **columns: list[str]
) -> dict[str, Shortcut]:
    """The shortcuts of a dataset with `each` images a patient: noise but for what is given."""
    examples = [
        Example(f"{i}_{k}.png", label, f"P{i}", more={name: cells[i] for name, cells in columns.items()})
        for i, label in enumerate(LABELS)
        for k in range(each)
    ]
    known = {name: np.repeat(values, each) for name, values in {**NOISE, **(cues or {})}.items()}
    dataset = SimpleNamespace(
        examples=tuple(examples), info=SimpleNamespace(classes=("benign", "malignant")), cues=known
    )
    with pytest.MonkeyPatch.context() as patch:
        if not forest:  # slow, and of interest to few tests
            patch.setattr(module, "_learned", lambda _, positive, __: np.full(positive.size, 0.5))
        return {shortcut.name: shortcut for shortcut in shortcuts(dataset)}  # type: ignore[arg-type]


def flagged(found: dict[str, Shortcut]) -> set[str]:
    return {name for name, shortcut in found.items() if shortcut.flagged}


def by_class(benign: float, malignant: float) -> np.ndarray:
    return np.array([malignant if label == "malignant" else benign for label in LABELS])


def test_noise_tells_nothing_apart() -> None:
    found = told(device=[f"D{i % 3}" for i in RNG.permutation(PATIENTS)], forest=True)
    assert flagged(found) == set()
    assert set(found) == {
        "image size", "image shape", "file size", "mean brightness", "border pixels", "column device", TOGETHER,
    }  # fmt: skip


def test_clean_phantoms_are_not_flagged(prepared) -> None:
    found = {shortcut.name: shortcut for shortcut in shortcuts(prepared)}
    assert flagged(found) == set()
    assert "column kind" not in found  # malignant phantoms are drawn as calcifications more often
    assert {"column view", "column side"} <= set(found)


@pytest.mark.parametrize(
    ("cues", "name"),
    [
        ({"width": by_class(512, 640), "height": by_class(512, 640)}, "image size"),
        ({"width": by_class(640, 512), "height": by_class(512, 640)}, "image shape"),
        ({"file_bytes": by_class(5e5, 4e5)}, "file size"),
        ({"brightness": by_class(0.3, 0.2)}, "mean brightness"),
        ({"border": by_class(0.0, 0.5)}, "border pixels"),
    ],
)
def test_a_cue_that_tells_the_class_is_flagged_either_way(cues: dict[str, np.ndarray], name: str) -> None:
    found = told(cues)
    assert flagged(found) == {name}
    assert found[name].auc.value in (0.0, 1.0)
    assert next(iter(found)) == name


def test_a_cue_that_tells_the_class_without_growing_with_it_is_flagged() -> None:
    benign = np.where(np.arange(PATIENTS) % 4 == 0, 0.2, 0.6)
    brightness = np.where(by_class(0, 1) == 1, 0.4, benign)
    assert flagged(told({"brightness": brightness}, forest=True)) == {TOGETHER}


def test_a_column_that_tells_the_class_is_flagged() -> None:
    found = told(device=["A" if label == "malignant" else "B" for label in LABELS])
    assert flagged(found) == {"column device"}
    assert found["column device"].auc.value == 1.0


def test_an_empty_cell_is_a_kind_like_any_other() -> None:
    assert "column device" in flagged(told(device=["" if label == "malignant" else "B" for label in LABELS]))


@pytest.mark.parametrize("values", [1, 31])
def test_a_column_with_one_value_or_too_many_is_left_out(values: int) -> None:
    assert "column room" not in told(room=[f"R{i % values}" for i in range(PATIENTS)])


def test_a_column_of_names_tells_nothing() -> None:
    names = [f"N{i % 30}" for i in RNG.permutation(PATIENTS)]
    assert flagged(told(name=names)) == set()


def test_what_was_learned_counts_only_above_a_half() -> None:
    below = Figure(0.2, 0.1, 0.3)
    assert Shortcut("file size", below).flagged
    assert not Shortcut("column name", below, learned=True).flagged
    assert Shortcut("column name", Figure(0.8, 0.7, 0.9), learned=True).flagged


@pytest.mark.parametrize("figure", [Figure(0.9, 0.6, 1.0), Figure(0.1, 0.0, 0.4), Figure(1.0), Figure(None)])
def test_an_interval_that_reaches_the_middle_is_not_flagged(figure: Figure) -> None:
    assert not Shortcut("file size", figure).flagged


def test_more_images_of_the_same_women_make_no_interval_narrower() -> None:
    cues = {"brightness": by_class(0.2, 0.22) + RNG.normal(0, 0.02, PATIENTS)}
    one, four = told(cues)["mean brightness"].auc, told(cues, each=4)["mean brightness"].auc
    assert one.low is not None
    assert (one.value, one.low, one.high) == pytest.approx((four.value, four.low, four.high))


def test_what_is_learned_of_a_patient_comes_from_others() -> None:
    # Each woman has values of her own: a forest that had seen her other images would know her by them.
    assert told(each=4, forest=True)[TOGETHER].auc.value < 0.7


def test_a_single_patient_gives_figures_that_json_can_hold() -> None:
    examples = tuple(
        Example(f"{k}.png", label, "P", side="left", view=["CC", "MLO"][k % 2]) for k, label in enumerate(LABELS)
    )
    dataset = SimpleNamespace(examples=examples, info=SimpleNamespace(classes=("benign", "malignant")), cues=NOISE)
    found = shortcuts(dataset)  # type: ignore[arg-type]
    assert json.loads(to_json(found))[0]["auc"]["value"] <= 1


def test_noise_of_few_patients_lies_about_a_half() -> None:
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        patients = np.repeat(np.arange(24), 2)
        has_it = rng.permutation(24) < 12
        positive = has_it[patients]
        fold = module._folds([f"P{number}" for number in patients], positive)
        cues = rng.random((48, 5))
        said = module._learned(cues, positive, fold)
        found.append(module._auc_within(said, positive, fold, np.ones((1, 48)))[0])
    assert 0.42 < np.mean(found) < 0.58


def test_cues_that_never_vary_are_exactly_a_half() -> None:
    # The more cases a fold has, the fewer its rest: set against other folds, a case would seem the less likely one.
    positive = np.arange(24) < 12
    fold = module._folds([f"P{number}" for number in range(24)], positive)
    said = module._learned(np.ones((24, 5)), positive, fold)
    within, across = (module._auc_within(said, positive, strata, np.ones((1, 24)))[0] for strata in (fold, 0 * fold))
    assert within == pytest.approx(0.5)
    assert across < 0.5


def test_a_constant_within_each_fold_tells_nothing_whatever_the_folds() -> None:
    positive, fold = np.array([True, False, False, True, True, False]), np.array([0, 0, 0, 1, 1, 1])
    said = np.array([0.1, 0.1, 0.1, 0.9, 0.9, 0.9])
    assert module._auc_within(said, positive, fold, np.ones((1, 6))) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["subtlety", "Assessment", "calc type", "mass_shape"])
def test_what_is_part_of_the_finding_is_no_shortcut(name: str) -> None:
    cells = ["A" if label == "malignant" else "B" for label in LABELS]
    assert f"column {name}" not in told(**{name: cells})
    assert flagged(told(**{name: cells})) == set()
