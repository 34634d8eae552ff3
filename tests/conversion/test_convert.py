"""Conversion: every preset's ends, size and drift; calibration from training patients; rejection beyond the budget."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.conversion.convert import Converted, calibration_tensors, convert
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.declared import names_of
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import to_dict
from tflite_mammo.scores import Scores
from tflite_mammo.training.run import Run


def _operators(path: Path) -> list[str]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    return [op["op_name"] for op in interpreter._get_ops_details()]


def test_every_preset_takes_bytes_and_gives_named_scores(converted: dict[str, Converted]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    assert set(converted) == set(names_of("presets"))
    for done in converted.values():
        interpreter = Interpreter(model_path=str(done.bundle.path))
        (pixels,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
        assert (pixels["name"], pixels["dtype"], pixels["shape"].tolist()) == ("pixels", np.uint8, [1, 64, 64, 1])
        answers_in = np.uint8 if done.bundle.card.quantisation == "coral" else np.float32
        assert (scores["name"], scores["dtype"], scores["shape"].tolist()) == ("scores", answers_in, [1, 2])
        signature = interpreter.get_signature_list()["serving_default"]
        assert signature == {"inputs": ["pixels"], "outputs": ["scores"]}


def test_float32_decides_exactly_as_the_network(converted: dict[str, Converted]) -> None:
    drift = converted["float32"].drift
    assert drift.label_flips == 0
    assert drift.score_difference.max < 1e-5


def test_the_file_as_exported_stands_between_the_network_and_the_file(converted: dict[str, Converted]) -> None:
    done, exported = converted["int8"], converted["float32"]
    assert [stage.name for stage in done.proof.stages] == ["network", "float32", "int8"]
    np.testing.assert_array_equal(done.forms[1].scores.values, exported.scores.values)
    assert [stage.name for stage in exported.proof.stages] == ["network", "float32"]
    assert [len(step.flips) for step in done.proof.steps] == [0, done.drift.label_flips]


def test_every_file_has_been_glanced_at(converted: dict[str, Converted]) -> None:
    for done in converted.values():
        first, *files = done.proof.stages
        assert (first.file, first.speeds) == ("model.keras", ())
        assert all([speed.threads for speed in stage.speeds] == [1, 2] for stage in files)
        assert files[-1].sha256 == done.bundle.sha256


def test_int8_never_leaves_the_integers_before_the_last_layer(converted: dict[str, Converted]) -> None:
    operators = _operators(converted["int8"].bundle.path)
    assert operators[0] == "QUANTIZE"  # uint8 to int8, with no float between
    assert "CAST" not in operators
    assert operators[operators.index("DEQUANTIZE") :] == ["DEQUANTIZE", "FULLY_CONNECTED", "SOFTMAX"]


@pytest.mark.parametrize("preset", ["float32", "int8", "coral"])
def test_a_grey_image_is_one_channel_in_the_file_of_a_saved_run(preset: str, converted: dict[str, Converted]) -> None:
    assert "CONCATENATION" not in _operators(converted[preset].bundle.path)


def test_int8_pixels_keep_a_step_of_one(converted: dict[str, Converted]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(converted["int8"].bundle.path))
    interpreter.allocate_tensors()
    assert interpreter.get_input_details()[0]["quantization"] == (1.0, 0)
    first = interpreter._get_ops_details()[0]
    quantised = interpreter._get_tensor_details(first["outputs"][0], 0)
    assert quantised["quantization"] == (1.0, -128)


def test_the_softmax_stays_in_float(converted: dict[str, Converted]) -> None:
    """An int8 one could only give multiples of 1/256."""
    values = converted["int8"].scores.finding.astype(np.float64) * 256
    assert np.abs(values - np.rint(values)).max() > 1e-3


def test_the_card_remembers_the_run_and_the_verdict(converted: dict[str, Converted], run: Run) -> None:
    card = converted["int8"].bundle.card
    assert (card.name, card.quantisation, card.classes) == ("small-cnn", "int8", ("benign", "malignant"))
    assert card.threshold == run.evaluation.threshold
    assert card.data == run.environment.data
    assert card.synthetic
    assert not card.has_map
    assert card.drift["label_flips"] == converted["int8"].drift.label_flips
    assert card.calibration_images == min(
        100, run.data.counts["train"]["benign"] + run.data.counts["train"]["malignant"]
    )


def test_the_card_names_no_image_and_no_place(converted: dict[str, Converted], run: Run) -> None:
    from tflite_mammo.schema import to_json

    text = to_json(converted["int8"].bundle.card)
    assert not any(row.file in text or row.patient in text for row in run.scores.rows)
    assert run.environment.data_folder not in text


def test_the_card_names_its_calibration_images_by_digests_alone(
    converted: dict[str, Converted], run: Run, prepared: Dataset
) -> None:
    card = converted["int8"].bundle.card
    tensors = calibration_tensors(prepared, 100, run.recipe.seed)
    assert card.calibration == tuple(hashlib.sha256(tensor.tobytes()).hexdigest()[:16] for tensor in tensors)
    assert converted["float32"].bundle.card.calibration == ()


def test_the_card_carries_what_the_audit_of_its_data_found(converted: dict[str, Converted], run: Run) -> None:
    assert converted["int8"].bundle.card.audit == to_dict(run.audit)


def test_calibration_images_are_balanced_and_from_training_patients(prepared: Dataset) -> None:
    part = prepared.part("train")
    of_image = {prepared.images[row].tobytes(): label for row, label in zip(part.rows, part.labels, strict=True)}
    chosen = [of_image[tensor.tobytes()] for tensor in calibration_tensors(prepared, 10, seed=0)]
    assert sorted(chosen) == [0] * 5 + [1] * 5


def test_more_calibration_images_than_there_are_means_all_of_them(prepared: Dataset) -> None:
    assert len(calibration_tensors(prepared, 10_000, seed=0)) == prepared.part("train").rows.size


def test_a_model_beyond_its_budget_is_kept_under_another_name(run: Run, prepared: Dataset, tmp_path: Path) -> None:
    other = Run(run.folder)
    scores = run.scores
    # As if the network had said the opposite: whatever the file says now, it is far from that.
    other.__dict__["scores"] = Scores(scores.classes, scores.rows, scores.values[:, ::-1])
    path = tmp_path / "model.tflite"
    (done,) = convert(other, prepared, [(read_preset("int8"), path)])
    assert not done.drift.within
    assert not path.exists()
    assert done.bundle.path == tmp_path / "model.rejected.tflite"
    assert done.bundle.card.drift["beyond"]


def test_other_data_than_the_run_was_trained_on_is_refused(run: Run, prepared: Dataset, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(prepared.folder, other)
    info = (other / "dataset.json").read_text().replace(prepared.info.fingerprint, "f" * 64)
    (other / "dataset.json").write_text(info)
    with pytest.raises(MammoError, match=r"holds other data \(ffffffffffff\)"):
        convert(run, Dataset(other), [(read_preset("float32"), tmp_path / "m.tflite")])
    assert not (tmp_path / "m.tflite").exists()


def test_converting_twice_gives_the_same_file(run: Run, prepared: Dataset, tmp_path: Path) -> None:
    preset = read_preset("int8")
    targets = [(preset, tmp_path / "one.tflite"), (preset, tmp_path / "two.tflite")]
    one, two = convert(run, prepared, targets)
    assert one.bundle.sha256 == two.bundle.sha256
