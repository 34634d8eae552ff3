from pathlib import Path

import pytest

from tflite_mammo.data.manifest import Example, Manifest, order_classes
from tflite_mammo.errors import MammoError

ROOT = Path("collection")


def examples(*labels: str) -> tuple[Example, ...]:
    return tuple(Example(f"{i}.png", label, f"P{i}") for i, label in enumerate(labels))


def test_a_manifest_of_one_class_is_refused() -> None:
    with pytest.raises(MammoError, match=r"collection: classes benign; expected two or more, each once"):
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
    assert kept == Manifest(ROOT, ("malignant", "benign"), whole.examples[1:3], "test", "CC0", synthetic=True)


def test_only_refuses_a_class_that_is_not_there() -> None:
    whole = Manifest(ROOT, ("benign", "malignant"), examples("benign", "malignant"), "test")
    with pytest.raises(MammoError, match="no image of class 'bening'; found 1 malignant"):
        whole.only(("bening", "malignant"))


def test_what_only_leaves_out_is_counted_by_class() -> None:
    labels = ("normal", "malignant", "benign", "normal")
    whole = Manifest(ROOT, ("normal", "benign", "malignant"), examples(*labels), "test")
    assert whole.count_without(("normal", "malignant")) == {"benign": 1}
    assert whole.count_without(("benign", "malignant")) == {"normal": 2}


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
