"""Which fold of which data a command looks at."""

from pathlib import Path

import pytest

from tflite_mammo.cli._shared import data_for
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError

MODEL = Path("model.tflite")


@pytest.fixture(scope="module")
def folded(prepared: Dataset, phantom_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(prepared.info.classes)
    plan = PreparePlan("phantoms", prepared.info.spec, (0.6, 0.2, 0.2), folds=3)
    return prepare(manifest, tmp_path_factory.mktemp("folded") / "data", plan, workers=1)


@pytest.mark.parametrize("asked", [None, 2])
def test_a_model_meets_its_own_data_at_its_own_fold(asked: int | None, folded: Dataset) -> None:
    assert data_for(MODEL, folded.info.fingerprint, 2, folded.folder, asked).fold == 2


def test_another_fold_of_its_own_data_is_refused(folded: Dataset) -> None:
    with pytest.raises(MammoError, match=r"--fold 1: model\.tflite was trained on fold 2; leave --fold away"):
        data_for(MODEL, folded.info.fingerprint, 2, folded.folder, 1)


def test_other_data_is_opened_at_the_fold_that_was_asked_for(folded: Dataset, prepared: Dataset) -> None:
    assert data_for(MODEL, "of other data", 2, folded.folder, 3).fold == 3
    assert data_for(MODEL, "of other data", 2, prepared.folder, None).fold is None
    with pytest.raises(MammoError, match="say which with --fold 1 to 3"):
        data_for(MODEL, "of other data", 2, folded.folder, None)


def test_a_model_of_one_split_has_no_fold_of_its_own(prepared: Dataset) -> None:
    assert data_for(MODEL, prepared.info.fingerprint, 0, prepared.folder, None).fold is None
    with pytest.raises(MammoError, match="no fold 1; there are: none, it has one split"):
        data_for(MODEL, prepared.info.fingerprint, 0, prepared.folder, 1)


def test_a_folder_that_was_not_prepared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"no dataset\.json; expected a folder that"):
        data_for(MODEL, "of other data", 2, tmp_path, None)
