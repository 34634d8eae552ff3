"""Two reporting checklists: whole, filled from what is known and from nothing else."""

import re
import subprocess
import sys
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.reporting.checklist_facts import Known, facts_of
from tflite_mammo.reporting.checklists import CLAIM, TRIPOD, Answer, Checklist, filled, still_open
from tflite_mammo.reporting.data_facts import SYNTHETIC
from tflite_mammo.training.tables import Augment, Balance, Head, Loss, Schedule, Stage

if TYPE_CHECKING:
    from tflite_mammo.training.run import Run

both = pytest.mark.parametrize("checklist", [CLAIM, TRIPOD], ids=lambda checklist: checklist.name)
TRIPOD_NUMBERS = (
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 16 17 18a 18b 18c "
    "18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)
NEVER = {
    "CLAIM 2024": "2 4 5 6 11 13 14 15 16 17 18 30 34 42 44",
    "TRIPOD+AI": "2 3a 3c 4 5b 6a 6c 8b 8c 9c 12d 12f 17 18a 18b 18c 18d 19 23b 24 25 27b 27c",
}
"""Ethics, funding, registration, annotators, acquisition and the author's own reasons: no run can know them."""


@pytest.fixture(scope="session")
def known(run: "Run") -> Known:
    """Everything that a run and its report know."""
    return Known(
        info=run.data,
        recipe=run.recipe,
        environment=run.environment,
        audit=run.audit,
        threshold=run.evaluation.threshold,
        scaling="by temperature on the validation part",
        test_images=run.evaluation.images,
        test_patients=run.evaluation.patients,
        positives=run.evaluation.positives,
        finding=run.evaluation.finding,
        levels=("image", "side", "patient"),
        pooling="the mean",
        draws=run.evaluation.draws,
        intervals=("AUC by DeLong, clustered by patient",),
        externals=("INbreast",),
        subgroups=("view", "density"),
        maps="exact class-activation maps",
        mistakes_shown=7,
        by_part={"train": (60, 14), "test": (20, 5)},
        quantisation="int8",
        intended_use="Research only.",
    )


def _said(checklist: Checklist, known: Known) -> dict[str, str | None]:
    return {answer.number: answer.answer for answer in filled(checklist, known)}


def test_claim_has_its_44_items_in_order() -> None:
    assert [item.number for item in CLAIM.items] == [str(number) for number in range(1, 45)]


def test_tripod_has_its_52_items_in_order() -> None:
    assert [item.number for item in TRIPOD.items] == TRIPOD_NUMBERS.split()
    assert len(TRIPOD.items) == 52


@both
def test_each_item_tells_its_topic_in_few_words(checklist: Checklist) -> None:
    for item in checklist.items:
        assert item.section
        assert 3 <= len(item.topic.split()) <= 12, item
        assert item.facts or not item.adds, item


@both
def test_each_list_says_where_it_was_published(checklist: Checklist) -> None:
    assert "2024" in checklist.citation
    assert checklist.doi.startswith("10.")


def test_items_ask_for_the_facts_that_there_are(known: Known) -> None:
    asked = {name for checklist in (CLAIM, TRIPOD) for item in checklist.items for name in item.facts}
    assert asked == set(facts_of(known))


@both
def test_nothing_known_leaves_every_item_open(checklist: Checklist) -> None:
    answers = filled(checklist, Known())
    assert facts_of(Known()) == {}
    assert still_open(answers) == answers
    assert len(answers) == len(checklist.items)


@both
def test_a_run_fills_all_but_what_no_run_can_know(checklist: Checklist, known: Known) -> None:
    answers = filled(checklist, known)
    assert [answer.number for answer in still_open(answers)] == NEVER[checklist.name].split()


@both
@pytest.mark.parametrize("name", [field.name for field in fields(Known)])
def test_what_is_missing_takes_answers_away_and_leaves_no_hole(checklist: Checklist, known: Known, name: str) -> None:
    for some in (replace(known, **{name: getattr(Known(), name)}), replace(Known(), **{name: getattr(known, name)})):
        for answer in filter(None, _said(checklist, some).values()):
            assert not re.search(r"None|\(\)|: [;.]|  |\.\.|, [;.]| of 0 |, 0 of |Per :", answer), answer
            assert answer.endswith(".")


def test_a_fact_that_only_adds_fills_no_item(known: Known) -> None:
    only_audit = Known(audit=known.audit)
    assert "audit" in facts_of(only_audit)
    assert [answer for answer in filled(CLAIM, only_audit) if answer.answer] == []


def test_an_answer_joins_its_facts_and_what_the_author_adds(known: Known) -> None:
    facts = facts_of(known)
    expected = Answer(
        "19",
        "Data partitions",
        "how data came into their parts",
        f"{facts['split']}. {facts['counts']}; the author adds: the shares, and whether the split is the "
        "collection's own.",
    )
    assert filled(CLAIM, known)[18] == expected


def test_facts_hold_the_runs_own_values(run: "Run", known: Known) -> None:
    facts = facts_of(known)
    train = run.data.counts["train"]
    assert f"train {sum(train.values())} (benign {train['benign']}, malignant {train['malignant']})" in facts["counts"]
    assert run.data.source in facts["source"]
    assert f"seed {run.data.seed}" in facts["split"]
    assert "64x64" in facts["preprocessing"]
    assert f"{run.environment.parameters:,} parameters" in facts["model"]
    assert f"Keras {run.environment.keras} on {run.environment.backend}" in facts["software"]
    assert f"{run.evaluation.threshold.value:.4g}" in facts["threshold"]
    assert run.evaluation.threshold.locked_on in facts["threshold"]
    images, patients, cases = run.evaluation.images, run.evaluation.patients, run.evaluation.positives
    assert facts["tested"] == f"Test part: {images} images of {patients} patients, {cases} with the label malignant"
    assert "2000 draws; AUC by DeLong, clustered by patient" in facts["uncertainty"]
    assert facts["metrics"].startswith("Per image, side, patient: AUC, average precision")
    assert facts["patients"] == "Patients per part: train 14 (60 images), test 5 (20 images)"
    assert "drawn again" in facts["balance"]
    assert "came last" in facts["selection"]
    assert "random weights" in facts["initial"]


@both
def test_drawn_images_are_said_to_be_drawn_at_source_and_limits(checklist: Checklist, known: Known) -> None:
    numbers = {"CLAIM 2024": ("1", "7", "37", "40"), "TRIPOD+AI": ("1", "5a", "23a", "26")}[checklist.name]
    assert known.info
    real = _said(checklist, replace(known, info=replace(known.info, synthetic=False)))
    drawn = _said(checklist, known)
    assert all(SYNTHETIC in (drawn[number] or "") for number in numbers)
    assert not any(SYNTHETIC in (answer or "") for answer in real.values())


def test_folds_are_said_with_the_one_that_was_trained_on(known: Known) -> None:
    assert known.info
    assert known.environment
    counts = {f"fold_{n} {part}": {"benign": n, "malignant": 9} for n in (1, 2, 3) for part in ("train", "test")}
    folded = replace(
        known,
        info=replace(known.info, folds=3, counts=counts),
        environment=replace(known.environment, fold=2),
    )
    facts = facts_of(folded)
    assert "into 3 folds, of which this is fold 2 with seed" in facts["split"]
    assert facts["counts"] == "Images per part: train 11 (benign 2, malignant 9), test 11 (benign 2, malignant 9)"
    without = facts_of(replace(folded, environment=None))
    assert "into 3 folds with seed" in without["split"]
    assert "counts" not in without


@pytest.mark.parametrize("path", ["/home/somebody/secret/cnn.h5", r"C:\Users\somebody\secret\cnn.h5", "secret/cnn.h5"])
@both
def test_of_a_weights_file_only_its_name_is_told(checklist: Checklist, known: Known, path: str) -> None:
    assert known.recipe
    said = " ".join(filter(None, _said(checklist, replace(known, recipe=replace(known.recipe, weights=path))).values()))
    assert "the file cnn.h5" in said
    assert "secret" not in said


@both
def test_the_folder_of_the_data_is_not_told(checklist: Checklist, known: Known) -> None:
    assert known.environment
    said = " ".join(filter(None, _said(checklist, known).values()))
    assert known.environment.data_folder not in said


def test_images_that_were_not_used_are_counted_apart_from_those_noted(known: Known) -> None:
    assert known.info
    facts = facts_of(replace(known, info=replace(known.info, images=90, problems={"two labels": 4, "unreadable": 2})))
    assert facts["excluded"] == "90 images are used; not used, by reason: unreadable 2; used though noted: two labels 4"
    assert facts["missing"].endswith("(absent 0, unreadable 2)")


def test_a_leak_that_was_accepted_is_said_and_is_a_limit(known: Known) -> None:
    found = AuditRecord(leaks=3, two_labels=1, duplicates=5, shortcuts={"border": 0.9}, accepted=True)
    facts = facts_of(replace(known, audit=found))
    assert (
        "3 pairs show the same in different parts, A LEAK, and it was trained all the same; 5 pairs in all"
        in facts["audit"]
    )
    assert "border (AUC 0.900)" in facts["audit"]
    assert "a leak" in facts["limits"]
    clean = facts_of(replace(known, audit=replace(found, leaks=0, shortcuts={})))
    assert "LEAK" not in clean["audit"]
    assert "none flagged" in clean["audit"]
    assert "a leak" not in clean["limits"]


def test_the_lack_of_an_external_test_is_said_and_is_a_limit(known: Known) -> None:
    assert facts_of(known)["external"] == "Tested on external data: INbreast"
    assert "external" not in facts_of(known)["limits"]
    alone = facts_of(replace(known, externals=()))
    assert alone["external"] == "This report holds no test on external data"
    assert "No external test" in alone["limits"]


def test_figures_without_a_bootstrap_are_not_said_to_have_intervals(known: Known) -> None:
    assert facts_of(known)["results"].endswith("with 95 % intervals")
    assert "results" not in facts_of(replace(known, draws=0))


@pytest.mark.parametrize(("normalise", "words"), [("published", "fixed numbers"), ("training", "mean and deviation")])
def test_the_scaling_of_pixels_in_the_network_is_told(known: Known, normalise: str, words: str) -> None:
    assert known.recipe
    recipe = replace(known.recipe, normalise=normalise)  # type: ignore[arg-type]
    assert words in facts_of(replace(known, recipe=recipe))["normalised"]


def test_a_training_is_told_with_its_settings(known: Known) -> None:
    assert known.recipe
    stages = (
        Stage(epochs=5, unfreeze="none", learning_rate=1e-3),
        Stage(9, "last:30", "sgd", 1e-5, 0.9, schedule=Schedule("plateau", 0.1, 3)),
    )
    recipe = replace(
        known.recipe,
        backbone="resnet50",
        weights="imagenet",
        stages=stages,
        keep="best",
        monitor="val_auc",
        patience=4,
        head=Head(dense=(64, 32), dropout=0.5),
        loss=Loss(label_smoothing=0.1),
        augment=Augment(flip="horizontal", rotation_degrees=15.0),
        balance=Balance(class_weights=True),
        seed=11,
    )
    facts = facts_of(replace(known, recipe=recipe))
    assert (
        "stage 1: at most 5 epochs of the head alone, optimizer adam, learning rate 0.001; stage 2" in facts["training"]
    )
    assert "stage 2: at most 9 epochs of last:30 of the backbone, optimizer sgd" in facts["training"]
    assert "momentum 0.9, schedule (kind plateau, factor 0.1, patience 3)" in facts["training"]
    assert "label smoothing 0.1, augmentation: flip horizontal, rotation degrees 15.0; seed 11" in facts["training"]
    assert "dense 64+32, dropout 0.5" in facts["model"]
    assert "the best val_auc on the validation part; a stage ends after 4 epochs" in facts["selection"]
    assert "weighs each class" in facts["balance"]
    assert "ImageNet" in facts["initial"]
    plain = facts_of(replace(known, recipe=replace(recipe, balance=Balance(), augment=Augment())))
    assert plain["balance"].startswith("Nothing was done")
    assert "augmentation: none" in plain["training"]


def test_the_preprocessing_is_told_in_words(known: Known) -> None:
    assert known.info
    spec = PreprocessSpec(
        100, 80, 3, "roi", 30, orient="keep", polarity="keep", window="full", contrast="standardise", fit="stretch"
    )
    facts = facts_of(replace(known, info=replace(known.info, spec=spec)))
    assert facts["crop"] == (
        "Each image is cropped to a square about its outlined lesion with 30 % of context at each side"
    )
    assert facts["preprocessing"].endswith("standardised in contrast, stretched to 80x100 pixels")
    assert "colour" in facts["preprocessing"]
    assert "the full range" in facts["preprocessing"]
    assert not re.search("mirrored|inverted", facts["preprocessing"])
    assert re.search("inverted.* cropped to the breast.* mirrored", facts_of(known)["preprocessing"])
    whole = replace(known.info, spec=PreprocessSpec(crop="none"))
    assert facts_of(replace(known, info=whole))["crop"] == "Each image is used whole"


def test_checklists_import_neither_keras_nor_what_it_computes_with() -> None:
    code = (
        "import sys, tflite_mammo.reporting.checklists\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch', 'sklearn', 'cv2', 'jinja2'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
