from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.dicom import DicomFacts, read_facts


def facts(tmp_path: Path, **elements: Any) -> DicomFacts:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = DigitalMammographyXRayImageStorageForPresentation, "1.2.3"
    with pytest.MonkeyPatch.context() as patch:  # odd values may be written
        patch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)
        patch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.IGNORE)
        for name, value in elements.items():
            setattr(dataset, name, value)
        dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    return read_facts(tmp_path / "a.dcm")


def code(meaning: str) -> list[Dataset]:
    item = Dataset()
    item.CodeMeaning = meaning
    return [item]


def test_a_header_that_says_nothing_gives_nothing(tmp_path: Path) -> None:
    assert facts(tmp_path) == DicomFacts()


def test_a_full_header_is_read(tmp_path: Path) -> None:
    read = facts(
        tmp_path, PatientID="D1-0001", ImageLaterality="R", ViewPosition="MLO", ImagerPixelSpacing=[0.094, 0.094],
        PresentationIntentType="FOR PRESENTATION", Manufacturer="GE", ManufacturerModelName="Senographe",
        SeriesDescription="R MLO",
    )  # fmt: skip
    assert read == DicomFacts(
        "D1-0001", "right", "MLO", 0.094, "FOR PRESENTATION", device="GE Senographe", series="R MLO"
    )


@pytest.mark.parametrize(
    ("elements", "side"),
    [
        ({"ImageLaterality": "L"}, "left"),
        ({"Laterality": "R"}, "right"),
        ({"ImageLaterality": "", "Laterality": "l"}, "left"),
        ({"ImageLaterality": "RIGHT"}, "right"),
        ({"ImageLaterality": ["R", "L"]}, "right"),
        ({"ImageLaterality": "B"}, ""),
        ({"ImageLaterality": "?"}, ""),
    ],
)
def test_the_side_is_left_or_right_or_not_known(tmp_path: Path, elements: dict[str, Any], side: str) -> None:
    assert facts(tmp_path, **elements).side == side


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewPosition": "cc"}, "CC"),
        ({"ViewCodeSequence": code("cranio-caudal ")}, "CC"),
        ({"ViewCodeSequence": code("Medio-Lateral Oblique")}, "MLO"),
        ({"ViewCodeSequence": code("medio lateral")}, "ML"),
        ({"ViewPosition": "", "ViewCodeSequence": code("tangential")}, "TANGENTIAL"),
        ({"ViewCodeSequence": []}, ""),
        ({"ViewCodeSequence": [Dataset()]}, ""),
    ],
)
def test_the_view_is_that_of_the_position_or_of_its_code(tmp_path: Path, elements: dict[str, Any], view: str) -> None:
    assert facts(tmp_path, **elements).view == view


@pytest.mark.parametrize(
    ("elements", "spacing_mm"),
    [
        ({"PixelSpacing": [0.1, 0.1]}, 0.1),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.07, 0.07]}, 0.07),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0, 0]}, 0.1),
        ({"NominalScannedPixelSpacing": [0.05, 0.05]}, 0.05),
        ({"PixelSpacing": None}, None),
        ({"PixelSpacing": 0.2}, 0.2),
        ({"PixelSpacing": [-1, -1]}, None),
    ],
)
def test_the_spacing_is_the_detectors_before_the_objects(
    tmp_path: Path, elements: dict[str, Any], spacing_mm: float | None
) -> None:
    assert facts(tmp_path, **elements).spacing_mm == spacing_mm


@pytest.mark.parametrize("text", [b"abc\\0.1 ", b"0,07\\0,07 ", b"nan\\nan ", b"inf ", b"\\ "])
def test_a_spacing_that_is_no_number_is_not_known(tmp_path: Path, text: bytes) -> None:
    facts(tmp_path, PixelSpacing=["0" * (len(text) // 2 - 1), "0" * (len(text) - len(text) // 2)])
    path = tmp_path / "a.dcm"
    content = path.read_bytes()
    start = content.index(b"\x28\x00\x30\x00DS") + 8
    path.write_bytes(content[:start] + text + content[start + len(text) :])
    assert read_facts(path).spacing_mm is None


def test_text_of_several_lines_or_values_becomes_one(tmp_path: Path) -> None:
    read = facts(
        tmp_path, PatientID="A\r\n B ", SeriesDescription=["", "second"], PresentationIntentType="for processing"
    )
    assert (read.patient, read.series, read.intent) == ("A B", "second", "FOR PROCESSING")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"a.dcm: no such file$"):
        read_facts(tmp_path / "a.dcm")
