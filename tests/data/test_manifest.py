from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.manifest import Example, Manifest, Problem, order_classes
from tflite_mammo.errors import MammoError

ROOT = Path("collection")
THREE = ("normal", "benign", "malignant")


def examples(*labels: str) -> tuple[Example, ...]:
    return tuple(Example(f"{i}.png", label, f"P{i}") for i, label in enumerate(labels))


def test_a_manifest_of_one_class_is_refused() -> None:
    with pytest.raises(MammoError, match=r"collection: classes benign; expected two classes or more, each once"):
        Manifest(ROOT, ("benign",), examples("benign"), "test")


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(MammoError, match="label 'normal' is none of the classes benign, malignant"):
        Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant", "normal"), "test")


def test_a_class_without_an_image_is_refused_with_what_was_found() -> None:
    with pytest.raises(MammoError, match="no image of class 'normal'; found 2 benign, 1 malignant"):
        Manifest(ROOT, ("normal", "benign", "malignant"), examples("benign", "malignant", "benign"), "test")


def test_a_manifest_without_images_is_refused() -> None:
    with pytest.raises(MammoError, match="no image of class 'benign'; found none at all"):
        Manifest(ROOT, ("benign", "malignant"), (), "test")


def test_only_keeps_the_classes_asked_for_in_the_order_asked_for() -> None:
    labels = ("normal", "malignant", "benign", "normal")
    whole = Manifest(ROOT, ("normal", "benign", "malignant"), examples(*labels), "test", "CC0", synthetic=True)
    kept = whole.only(("malignant", "benign"))
    out = tuple(Problem(f"{i}.png", "left out", "label 'normal' is none of malignant, benign") for i in (0, 3))
    assert kept == Manifest(ROOT, ("malignant", "benign"), whole.examples[1:3], "test", "CC0", True, out)


def test_only_refuses_a_class_that_is_not_there() -> None:
    whole = Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant"), "test")
    with pytest.raises(MammoError, match="no image of class 'bening'; found 1 malignant"):
        whole.only(("bening", "malignant"))


def test_what_an_adapter_found_wrong_stays_told_when_classes_are_left_out() -> None:
    broken = Problem("x.png", "row", "no patient")
    whole = Manifest(ROOT, THREE, examples(*THREE), "test", problems=(broken,))
    assert whole.only(("benign", "malignant")).problems[0] == broken


def test_where_keeps_what_a_column_says_this_of() -> None:
    views = ("CC", "MLO", "CC", "CC")
    known = [
        replace(e, view=v) for e, v in zip(examples("benign", "benign", "malignant", "normal"), views, strict=True)
    ]
    kept = Manifest(ROOT, THREE, tuple(known), "test").where("view", "CC")
    assert [example.file for example in kept.examples] == ["0.png", "2.png", "3.png"]
    assert kept.problems == (Problem("1.png", "left out", "view is 'MLO'"),)


def test_where_looks_into_what_an_adapter_alone_knows() -> None:
    one, *others = examples("benign", "malignant", "benign")
    known = (replace(one, more={"device": "new"}), *(replace(e, more={"device": "old"}) for e in others))
    kept = Manifest(ROOT, ("benign", "malignant"), known, "test").where("device", "old")
    assert [example.file for example in kept.examples] == ["1.png", "2.png"]


def test_where_knows_the_owners_split_as_tables_call_it() -> None:
    known = [replace(e, part="test" if i else "train") for i, e in enumerate(examples("benign", "malignant", "benign"))]
    kept = Manifest(ROOT, ("benign", "malignant"), tuple(known), "test").where("split", "test")
    assert [example.file for example in kept.examples] == ["1.png", "2.png"]
    assert kept.problems == (Problem("0.png", "left out", "split is 'train'"),)


def test_what_a_split_may_not_part_is_the_group_or_the_patient() -> None:
    example = Example("a.png", "benign", "P1")
    assert (example.unit, replace(example, group="P0").unit) == ("P1", "P0")


def test_a_class_that_where_leaves_no_image_of_is_no_class_any_more() -> None:
    known = tuple(replace(e, view="MLO" if e.label == "normal" else "CC") for e in examples(*THREE))
    assert Manifest(ROOT, THREE, known, "test").where("view", "CC").classes == ("benign", "malignant")


def test_where_names_the_columns_there_are() -> None:
    whole = Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant"), "test")
    with pytest.raises(
        MammoError, match="no column is called 'veiw'; there are: label, lesion, patient, side, split, v"
    ):
        whole.where("veiw", "CC")


def test_where_names_the_values_there_are() -> None:
    whole = Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant"), "test")
    with pytest.raises(MammoError, match="patient is never 'P7'; found P0, P1"):
        whole.where("patient", "P7")


def test_outlined_keeps_what_has_a_box_or_a_mask() -> None:
    one, two, three, four = examples("benign", "malignant", "benign", "malignant")
    known = (replace(one, box=(1, 2, 3, 4)), two, three, replace(four, mask="m.png"))
    kept = Manifest(ROOT, ("benign", "malignant"), known, "test").outlined()
    assert [example.file for example in kept.examples] == ["0.png", "3.png"]
    assert [(problem.file, problem.kind) for problem in kept.problems] == [("1.png", "left out"), ("2.png", "left out")]


def test_a_collection_without_outlines_is_refused_where_they_are_needed() -> None:
    with pytest.raises(MammoError, match="no lesion is outlined in it; crop 'roi' needs boxes"):
        Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant"), "test").outlined()


def lesions(*labels: str) -> list[Example]:
    return [
        Example("a.png", label, "P0", lesion=str(i), box=(0, 0, 10 + i, 10)) for i, label in enumerate(labels, start=1)
    ]


def test_by_image_gives_the_gravest_lesion_of_each_file() -> None:
    several = (*lesions("benign", "malignant", "benign"), *examples("benign", "malignant"))
    found = Manifest(ROOT, ("benign", "malignant"), several, "test").by_image().examples
    assert [(example.name, example.label) for example in found] == [
        ("a.png", "malignant"), ("0.png", "benign"), ("1.png", "malignant"),
    ]  # fmt: skip
    assert found[0].box == (0, 0, 12, 10)


def test_a_lesion_has_a_name_of_its_own() -> None:
    assert [example.name for example in (*lesions("benign"), *examples("benign"))] == ["a.png#1", "0.png"]


def test_a_class_that_is_empty_is_told_with_the_first_problem() -> None:
    broken = Problem("x.png", "row", "no patient")
    with pytest.raises(
        MammoError, match=r"no image of class 'benign'; found 1 malignant; the first problem: x\.png: no"
    ):
        Manifest(ROOT, ("benign", "malignant"), examples("malignant"), "test", problems=(broken,))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"malignant", "benign"}, ("benign", "malignant")),
        ({"malignant", "normal", "benign"}, ("normal", "benign", "malignant")),
        ({"Normal", "Cancer"}, ("Normal", "Cancer")),
        ({"1", "0"}, ("0", "1")),
        ({"malignant", "suspicious", "benign"}, ("benign", "suspicious", "malignant")),
    ],
)
def test_the_finding_comes_last(labels: set[str], expected: tuple[str, ...]) -> None:
    assert order_classes(labels) == expected


@pytest.mark.parametrize("name", ["error", "refused", "two\nlines", " benign"])
def test_a_class_that_would_be_mistaken_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(MammoError, match="a class may not be called"):
        Manifest(ROOT, (name, "malignant"), examples(name, "malignant"), "test")


def test_the_same_image_twice_is_refused() -> None:
    twice = (*examples("benign", "malignant"), Example("0.png", "malignant", "another patient"))
    with pytest.raises(MammoError, match=r"0\.png stands 2 times"):
        Manifest(ROOT, ("benign", "malignant"), twice, "test")
