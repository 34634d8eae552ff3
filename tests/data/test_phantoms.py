import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.phantoms import FORMATS, PhantomSet, PhantomView, draw_patient, write_phantoms
from tflite_mammo.data.phantoms.draw import BOTH_BREASTS_SHARE, CMMD_MALIGNANT_SHARE
from tflite_mammo.data.phantoms.lesions import Label, Lesion, add_lesion
from tflite_mammo.data.phantoms.tissue import Anatomy, breast_plane, power_law
from tflite_mammo.data.phantoms.write import Format
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import find_breast, read_pixels
from tflite_mammo.schema import from_dict

MANY = 300
"""Patients: enough for shares within a few hundredths, at 64 px a second's work."""

READS_BACK: dict[Format, tuple[float, float]] = {
    "png": (4095 / 16, 1 / 255), "jpg": (4095 / 16, 0.12), "png16": (4095 * 16, 1e-9), "dcm": (65535, 1e-5),
}  # fmt: skip
"""Which value the brightest of 12 bits comes back as, and what share of it a pixel may be off."""


@cache
def many_patients() -> tuple[list[PhantomView], ...]:
    return tuple(draw_patient(number, 11, 64, CMMD_MALIGNANT_SHARE) for number in range(1, MANY + 1))


def breasts() -> Iterator[list[PhantomView]]:
    for views in many_patients():
        yield views[:2]
        yield views[2:]


def written(out: Path, workers: int = 1, **settings: Any) -> dict[str, bytes]:
    """Every file that a small set makes, by its name."""
    small = {"patients": 3, "seed": 7, "size_px": 64, "format": "png"}
    write_phantoms(out, PhantomSet(**{**small, **settings}), workers=workers)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def tolerance(share: float, draws: int) -> float:
    """Four standard deviations of a binomial share."""
    return float(4 * np.sqrt(share * (1 - share) / draws))


def spectrum(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of the tissue's field: the power, and the frequencies down and across in cycles per image height."""
    fields = [power_law(rows, columns, np.random.default_rng(seed)) for seed in range(4)]
    power = np.mean([np.abs(np.fft.fft2(field)) ** 2 for field in fields], axis=0)
    down, across = np.meshgrid(np.fft.fftfreq(rows, 1 / rows), np.fft.fftfreq(columns, 1 / rows), indexing="ij")
    return power, down, across


def test_the_same_seed_gives_the_same_bytes_with_one_and_with_two_workers(tmp_path: Path) -> None:
    assert written(tmp_path / "one", workers=1) == written(tmp_path / "two", workers=2)


def test_another_seed_gives_other_pixels_under_the_same_names(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other", seed=8)
    assert list(one) == list(other)
    assert all(one[name] != other[name] for name in one)


def test_a_patient_looks_the_same_however_many_are_drawn(tmp_path: Path) -> None:
    few, more = written(tmp_path / "few", patients=1), written(tmp_path / "more", patients=2)
    assert all(more[name] == content for name, content in few.items() if name.startswith("images/"))


def test_dicom_files_are_the_same_bytes_again(tmp_path: Path) -> None:
    one, again = (written(tmp_path / name, patients=1, format="dcm") for name in ("one", "again"))
    assert one == again


def test_every_patient_has_two_views_of_each_breast() -> None:
    for number, views in enumerate(many_patients(), start=1):
        assert {view.patient for view in views} == {f"P{number:05d}"}
        expected = [("left", "CC"), ("left", "MLO"), ("right", "CC"), ("right", "MLO")]
        assert [(view.side, view.view) for view in views] == expected


def test_a_lesion_is_in_both_views_of_a_breast_or_in_neither() -> None:
    for cc, mlo in breasts():
        assert (cc.label, cc.kind) == (mlo.label, mlo.kind)
        assert (cc.box is None) == (mlo.box is None) == (cc.label == "normal") == (cc.kind == "")


def test_no_patient_is_without_a_lesion_and_some_have_two() -> None:
    lesions = [sum(view.box is not None for view in views) // 2 for views in many_patients()]
    assert set(lesions) == {1, 2}
    assert lesions.count(2) / MANY == pytest.approx(BOTH_BREASTS_SHARE, abs=tolerance(BOTH_BREASTS_SHARE, MANY))


def test_as_many_lesions_are_malignant_as_in_cmmd() -> None:
    labels = [cc.label for cc, _ in breasts() if cc.label != "normal"]
    share = labels.count("malignant") / len(labels)
    assert share == pytest.approx(4174 / 5590, abs=tolerance(4174 / 5590, len(labels)))


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_share_of_malignant_lesions_can_be_chosen(share: float) -> None:
    labels = [view.label for number in range(40) for view in draw_patient(number, 3, 64, share)[::2] if view.box]
    assert labels.count("malignant") / len(labels) == pytest.approx(share, abs=tolerance(share, len(labels)))


def test_pixels_have_12_bits_and_the_aspect_of_a_detector() -> None:
    for views in many_patients()[:20]:
        for view in views:
            assert (view.pixels.dtype, view.pixels.shape) == (np.uint16, (64, 51))
            assert view.pixels.max() <= 4095


def test_boxes_lie_within_the_image() -> None:
    for view in (view for views in many_patients() for view in views if view.box):
        left, top, right, bottom = view.box or (0, 0, 0, 0)
        assert 0 <= left < right <= view.pixels.shape[1]
        assert 0 <= top < bottom <= view.pixels.shape[0]


@pytest.mark.parametrize("label", ["benign", "malignant"])
@pytest.mark.parametrize("seed", range(12))
def test_the_box_holds_the_whole_lesion_and_is_no_larger(label: Label, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane, inside = breast_plane(Anatomy.draw(rng), "MLO", 128, rng)
    before = plane.copy()
    left, top, right, bottom = add_lesion(plane, inside, Lesion.draw(label, rng), rng)
    rows, columns = np.nonzero(plane - before > 0.0201)
    assert (columns.min(), rows.min()) >= (left, top)
    assert abs(int(columns.max()) + 1 - right) <= 1
    assert abs(int(rows.max()) + 1 - bottom) <= 1
    assert abs(int(columns.min()) - left) <= 1
    assert abs(int(rows.min()) - top) <= 1


def test_lesions_are_brighter_than_what_they_are_drawn_on() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        plane, inside = breast_plane(Anatomy.draw(rng), "CC", 128, rng)
        before = plane.copy()
        left, top, right, bottom = add_lesion(plane, inside, Lesion.draw("malignant", rng), rng)
        assert (plane >= before).all()
        assert plane[top:bottom, left:right].mean() > before[top:bottom, left:right].mean() + 0.005


def test_the_box_is_turned_together_with_a_right_breast(monkeypatch: pytest.MonkeyPatch) -> None:
    def white_square(plane: NDArray[np.float32], *_: Any) -> tuple[int, int, int, int]:
        plane[28:34, 10:15] = 2.0
        return 10, 28, 15, 34

    monkeypatch.setattr("tflite_mammo.data.phantoms.draw.add_lesion", white_square)
    for view in (view for number in range(10) for view in draw_patient(number, 1, 64, 0.5) if view.box):
        left, top, right, bottom = view.box or (0, 0, 0, 0)
        pixels = 4095 - view.pixels if view.inverted else view.pixels
        assert (left, right) == ((10, 15) if view.side == "left" else (51 - 15, 51 - 10))
        assert pixels[top:bottom, left:right].min() == 4095


def test_the_breast_is_found_on_its_side() -> None:
    for view in (view for number in range(1, 13) for view in draw_patient(number, 2, 256, 0.5)):
        found = find_breast((view.pixels >> 4).astype(np.uint8))
        assert (found.side, found.bright_background) == (view.side, view.inverted)


def test_some_views_are_inverted_and_most_are_not() -> None:
    inverted = [view.inverted for views in many_patients() for view in views]
    assert np.mean(inverted) == pytest.approx(0.1, abs=tolerance(0.1, len(inverted)))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_reads_back_as_it_was_drawn(form: Format, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "p", PhantomSet(2, 7, 64, form), workers=1)
    examples = read_collection(tmp_path / "p", "phantoms", AdapterOptions()).examples
    drawn = [view for number in (1, 2) for view in draw_patient(number, 7, 64, CMMD_MALIGNANT_SHARE)]
    for example, view in zip(examples, drawn, strict=True):
        pixels = read_pixels(tmp_path / "p" / example.file)
        upright = 4095 - view.pixels if form == "dcm" and view.inverted else view.pixels
        white, tolerated = READS_BACK[form]
        assert pixels.dtype == (np.uint8 if white < 256 else np.uint16)
        np.testing.assert_allclose(pixels / white, upright / 4095, atol=tolerated)


def test_inverted_dicom_views_are_monochrome1_and_read_back_with_a_dark_background(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "p", PhantomSet(8, 7, 64, "dcm"), workers=1)
    examples = read_collection(tmp_path / "p", "phantoms", AdapterOptions()).examples
    inverted = [tmp_path / "p" / example.file for example in examples if example.more["inverted"] == "1"]
    assert inverted
    for path in inverted:
        assert pydicom.dcmread(path).PhotometricInterpretation == "MONOCHROME1"
        assert np.median(read_pixels(path)) < 65535 / 3


def test_upright_dicom_views_are_monochrome2_and_say_that_no_person_was_imaged(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "p", PhantomSet(1, 7, 64, "dcm"), workers=1)
    dataset = pydicom.dcmread(tmp_path / "p" / "images" / "P00001_L_CC.dcm")
    assert dataset.PhotometricInterpretation == "MONOCHROME2"
    assert (dataset.PatientID, dataset.ImageLaterality, dataset.ViewPosition) == ("P00001", "L", "CC")
    assert "no person was imaged" in dataset.ImageComments


@pytest.mark.parametrize("shape", [(256, 256), (256, 205)])
def test_the_power_of_the_tissue_falls_with_the_cube_of_the_frequency(shape: tuple[int, int]) -> None:
    power, down, across = spectrum(*shape)
    rings = np.arange(4, 80)
    radial = [power[np.abs(np.hypot(down, across) - ring) < 0.5].mean() for ring in rings]
    slope = np.polyfit(np.log(rings), np.log(radial), 1)[0]
    assert slope == pytest.approx(-3, abs=0.3)


def test_the_tissue_has_no_direction_though_the_image_is_taller_than_wide() -> None:
    power, down, across = spectrum(256, 205)
    frequency = np.hypot(down, across)
    flattened = np.where((frequency > 6) & (frequency < 80), power * frequency**3, np.nan)
    steep, flat = np.abs(down) > 2 * np.abs(across), np.abs(across) > 2 * np.abs(down)
    assert np.nanmean(flattened[steep]) == pytest.approx(np.nanmean(flattened[flat]), rel=0.15)


def test_the_field_of_the_tissue_has_mean_0_and_deviation_1() -> None:
    field = power_law(64, 51, np.random.default_rng(0))
    assert (float(field.mean()), float(field.std())) == pytest.approx((0, 1), abs=1e-4)


def test_phantoms_json_says_synthetic_and_how_to_draw_the_set_again(tmp_path: Path) -> None:
    settings = json.loads(written(tmp_path / "p")["phantoms.json"])
    assert settings["synthetic"] is True
    assert from_dict(PhantomSet, settings, "phantoms.json") == PhantomSet(3, 7, 64, "png")


def test_an_existing_folder_is_not_written_into(phantom_folder: Path) -> None:
    with pytest.raises(MammoError, match="phantoms exists already"):
        write_phantoms(phantom_folder, PhantomSet(1, 0, 64, "png"), workers=1)


def test_progress_is_told_patient_by_patient(tmp_path: Path) -> None:
    told: list[int] = []
    write_phantoms(tmp_path / "p", PhantomSet(3, 0, 64, "png"), workers=1, advance=told.append)
    assert told == [1, 1, 1]


def test_dicom_without_pydicom_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MammoError, match=r"pydicom is not installed; .*tflite-mammo\[dicom\]"):
        write_phantoms(tmp_path / "p", PhantomSet(1, 0, 64, "dcm"), workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patients": 0}, "0 patients; expected 1 to 99999"),
        ({"patients": 100_000}, "100000 patients; expected 1 to 99999"),
        ({"size_px": 63}, "63 px; expected 64 to 4096"),
        ({"size_px": 4097}, "4097 px; expected 64 to 4096"),
        ({"malignant_share": 0.0}, "a malignant share of 0.0; expected more than 0 and less than 1"),
        ({"malignant_share": 1}, "a malignant share of 1.0; expected more than 0"),
        ({"format": "jpeg"}, r"format: found 'jpeg'; did you mean 'jpg'\?"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    known = {"patients": 1, "seed": 0, "size_px": 64, "format": "png"}
    with pytest.raises(MammoError, match=f"phantoms: {message}"):
        from_dict(PhantomSet, {**known, **settings}, "phantoms")
