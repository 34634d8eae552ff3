import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    BreastTomosynthesisImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    RLELossless,
)

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels

RAMP = np.arange(16, dtype=np.uint16).reshape(4, 4) * np.uint16(273)
"""The whole range of 12 bits; a step of 273 of 4095 is one of 4369 of 65535."""


def write(path: Path, values: NDArray[Any] = RAMP, syntax: UID = ExplicitVRLittleEndian, **elements: Any) -> Path:
    """A 12-bit MONOCHROME2 image, but for the `elements` given."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = values.astype("<u2").tobytes()
    for name, value in elements.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def row(*values: int) -> NDArray[np.int64]:
    return np.array([values])


def lut(values: NDArray[np.int64], bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [len(values), 0, bits], values.astype("<u2").tobytes()
    return item


def test_the_stored_bits_are_spread_over_16(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm"))
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, np.arange(16).reshape(4, 4) * 4369)


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm", PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(pixels, 65535 - np.arange(16).reshape(4, 4) * 4369)


def test_a_window_cuts_what_lies_beyond_it(tmp_path: Path) -> None:
    # Width 1001 about 2000.5: from 1500 to 2500, where the standard's LINEAR function is (x - 1500) / 1000.
    path = write(tmp_path / "a.dcm", row(0, 1500, 1700, 2500, 4095), WindowCenter=2000.5, WindowWidth=1001)
    np.testing.assert_array_equal(read_pixels(path), row(0, 0, 13107, 65535, 65535))


def test_a_window_is_applied_before_the_inversion(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm", row(0, 200, 800, 1000, 4095),
        PhotometricInterpretation="MONOCHROME1", WindowCenter=500.5, WindowWidth=1001,
    )  # fmt: skip
    np.testing.assert_array_equal(read_pixels(path), 65535 - row(0, 13107, 52428, 65535, 65535))


def test_the_first_of_several_windows_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", row(0, 200, 1000), WindowCenter=[500.5, 100], WindowWidth=[1001, 10])
    np.testing.assert_array_equal(read_pixels(path), row(0, 13107, 65535))


def test_a_window_is_read_in_rescaled_values(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm", row(50, 150, 550), RescaleSlope=2, RescaleIntercept=-100,
        WindowCenter=500.5, WindowWidth=1001,
    )  # fmt: skip
    np.testing.assert_array_equal(read_pixels(path), row(0, 13107, 65535))


def test_a_negative_slope_turns_the_values_round(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm", RescaleSlope=-1, RescaleIntercept=4095))
    np.testing.assert_array_equal(pixels, 65535 - np.arange(16).reshape(4, 4) * 4369)


def test_signed_values_begin_at_the_lowest(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", row(-2048, -2048 + 273, 2047), PixelRepresentation=1)
    np.testing.assert_array_equal(read_pixels(path), row(0, 4369, 65535))


def test_a_voi_table_comes_before_a_window(tmp_path: Path) -> None:
    table = lut(np.arange(4096)[::-1], 12)
    path = write(tmp_path / "a.dcm", VOILUTSequence=[table], WindowCenter=1, WindowWidth=1)
    np.testing.assert_array_equal(read_pixels(path), 65535 - np.arange(16).reshape(4, 4) * 4369)


def test_a_voi_table_is_read_in_its_own_bits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", VOILUTSequence=[lut(np.arange(4096) // 4, 10)])
    np.testing.assert_allclose(read_pixels(path), np.arange(16).reshape(4, 4) * 4369, atol=64)


def test_several_frames_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", np.stack([RAMP, RAMP, RAMP]), NumberOfFrames=3)
    with pytest.raises(MammoError, match=r"a.dcm: 3 frames; expected a single image$"):
        read_pixels(path)


def test_one_frame_that_is_counted_is_read(tmp_path: Path) -> None:
    assert read_pixels(write(tmp_path / "a.dcm", NumberOfFrames=1)).shape == (4, 4)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", Rows=10_000, Columns=10_000)
    with pytest.raises(MammoError, match="10000x10000 pixels; the limit is 89 million, scale it down"):
        read_pixels(path)


def test_colour_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    with pytest.raises(MammoError, match=r"a.dcm: photometric interpretation RGB; expected MONOCHROME1 or MONOCHROME2"):
        read_pixels(path)


def test_a_file_without_a_suffix_is_known_by_its_mark(tmp_path: Path) -> None:
    assert read_pixels(write(tmp_path / "IM0001")).max() == 65535


@pytest.mark.parametrize("content", [b"", b"not a DICOM file"])
def test_what_is_no_dicom_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(content)
    with pytest.raises(MammoError, match=r"a.dcm: unreadable DICOM \(.+\); replace it or leave it out$"):
        read_pixels(tmp_path / "a.dcm")


def test_a_mark_with_nothing_behind_it_holds_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(MammoError, match=r"a.dcm: holds no image \(it does not say what it is\)$"):
        read_pixels(tmp_path / "a.dcm")


def test_truncated_pixels_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(MammoError, match=r"a.dcm: unreadable DICOM \(.*less than expected.*\); replace it"):
        read_pixels(path)


def test_without_pydicom_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.dcm")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MammoError, match=r"pydicom is not installed; .*pip install 'tflite-mammo\[dicom\]'"):
        read_pixels(path)


@pytest.mark.parametrize(
    "empty",
    [
        {"WindowCenter": None, "WindowWidth": None},
        {"RescaleSlope": None, "RescaleIntercept": None},
        {"VOILUTSequence": []},
    ],
)
def test_elements_that_an_anonymiser_emptied_count_as_absent(tmp_path: Path, empty: dict[str, Any]) -> None:
    plain = read_pixels(write(tmp_path / "plain.dcm"))
    np.testing.assert_array_equal(read_pixels(write(tmp_path / "emptied.dcm", **empty)), plain)


def test_a_rescale_slope_of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="RescaleSlope 0"):
        read_pixels(write(tmp_path / "a.dcm", RescaleSlope=0, RescaleIntercept=0))


def test_a_table_of_8_bits_may_have_more_than_256_entries(tmp_path: Path) -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [512, 0, 8], (np.arange(512) // 2).astype(np.uint8).tobytes()
    pixels = read_pixels(write(tmp_path / "a.dcm", row(0, 100, 300, 511, 4000), VOILUTSequence=[item]))
    np.testing.assert_array_equal(pixels, np.rint(np.array([[0, 50, 150, 255, 255]]) / 255 * 65535))


@pytest.mark.parametrize(("function", "middle"), [("LINEAR_EXACT", 0.5), ("SIGMOID", 0.5), ("LINEAR", 0.5005)])
def test_the_windows_function_is_the_one_the_file_names(tmp_path: Path, function: str, middle: float) -> None:
    elements = {"WindowCenter": 2000, "WindowWidth": 1001, "VOILUTFunction": function}
    pixels = read_pixels(write(tmp_path / "a.dcm", row(1000, 2000, 3000), **elements))[0] / 65535
    assert pixels[1] == pytest.approx(middle, abs=1e-4)
    assert (0 < pixels[0] < 0.05) == (function == "SIGMOID")  # a sigmoid never quite ends


def test_a_window_function_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="VOI LUT function CUBIC"):
        read_pixels(write(tmp_path / "a.dcm", WindowCenter=1, WindowWidth=2, VOILUTFunction="CUBIC"))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("value", [0, 4095])
def test_padding_becomes_background_whatever_its_number(tmp_path: Path, photometric: str, value: int) -> None:
    plain = read_pixels(write(tmp_path / "a.dcm", row(1000, 2000, 3000), PhotometricInterpretation=photometric))
    path = write(
        tmp_path / "b.dcm", row(1000, 2000, 3000, value), PhotometricInterpretation=photometric, PixelPaddingValue=value
    )
    np.testing.assert_array_equal(read_pixels(path), np.append(plain, plain.min())[None])


def test_padding_may_be_a_range(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", row(0, 50, 100, 819, 4095), PixelPaddingValue=100, PixelPaddingRangeLimit=0)
    np.testing.assert_array_equal(read_pixels(path), row(13107, 13107, 13107, 13107, 65535))


def test_padding_of_signed_pixels_may_be_written_without_a_sign(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", row(-2000, -2048, 2047), PixelRepresentation=1)
    dataset = pydicom.dcmread(path)
    dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
    dataset.save_as(path)
    np.testing.assert_array_equal(read_pixels(path), row(0, 0, 65535))


def test_an_image_of_padding_alone_is_read_as_it_is(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_pixels(write(tmp_path / "a.dcm", row(0, 0), PixelPaddingValue=0)), row(0, 0))


def test_bits_above_the_stored_ones_are_no_part_of_the_image(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm", RAMP | np.uint16(0x8000)))  # an overlay, as it was once kept
    np.testing.assert_array_equal(pixels, np.arange(16).reshape(4, 4) * 4369)


@pytest.mark.parametrize(("bits", "signed"), [(8, 0), (10, 0), (10, 1), (14, 0), (16, 0), (16, 1)])
def test_every_depth_is_spread_over_16_bits(tmp_path: Path, bits: int, signed: int) -> None:
    low = -(2 ** (bits - 1)) * signed
    values = row(low, low + 2**bits - 1)
    path = write(tmp_path / "a.dcm", values, BitsStored=bits, HighBit=bits - 1, PixelRepresentation=signed)
    np.testing.assert_array_equal(read_pixels(path), row(0, 65535))


def test_bytes_are_read_as_they_are(tmp_path: Path) -> None:
    values = np.array([[0, 51, 102, 255]], np.uint8)
    path = write(tmp_path / "a.dcm", values, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=values.tobytes())
    np.testing.assert_array_equal(read_pixels(path), row(0, 13107, 26214, 65535))


def test_a_negative_intercept_alone_moves_nothing(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm", RescaleSlope=1, RescaleIntercept=-1024))
    np.testing.assert_array_equal(pixels, np.arange(16).reshape(4, 4) * 4369)


def test_a_modality_table_takes_the_place_of_slope_and_intercept(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm", row(0, 1000, 4095), ModalityLUTSequence=[lut(np.arange(4096)[::-1], 16)],
        WindowCenter=2048, WindowWidth=4096,
    )  # fmt: skip
    np.testing.assert_array_equal(read_pixels(path), 65535 - np.rint(row(0, 1000, 4095) / 4095 * 65535))


def test_a_table_in_big_endian_words_is_read_like_any_other(tmp_path: Path) -> None:
    little, big = lut(np.arange(4096)[::-1], 12), lut(np.arange(4096)[::-1].astype(np.uint16).byteswap(), 12)
    path = write(tmp_path / "a.dcm", VOILUTSequence=[little])
    other = write(tmp_path / "b.dcm", RAMP.byteswap(), ExplicitVRBigEndian, VOILUTSequence=[big])
    np.testing.assert_array_equal(read_pixels(other), read_pixels(path))


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 40_000, "WindowWidth": 400},  # of other values than these
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": 2000, "WindowWidth": 0, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": [], "WindowWidth": 100},
        {"VOILUTSequence": [lut(np.full(16, 9), 12)]},
    ],
)
def test_a_window_that_shows_nothing_counts_as_absent(tmp_path: Path, window: dict[str, Any]) -> None:
    np.testing.assert_array_equal(read_pixels(write(tmp_path / "a.dcm", **window)), np.arange(16).reshape(4, 4) * 4369)


def test_a_window_over_all_that_is_stored_says_no_more_than_none(tmp_path: Path) -> None:
    # Files FOR PRESENTATION often carry this one, and their readers leave it out: the result is the same to a step.
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    eight = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": values.tobytes()}
    plain = read_pixels(write(tmp_path / "a.dcm", values, **eight))
    windowed = read_pixels(write(tmp_path / "b.dcm", values, **eight, WindowCenter=128, WindowWidth=256))
    np.testing.assert_array_equal(windowed, plain)


def test_tomosynthesis_is_named_as_such(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm", np.stack([RAMP, RAMP]), NumberOfFrames=2, SOPClassUID=BreastTomosynthesisImageStorage
    )
    with pytest.raises(MammoError, match=r"a.dcm: 2 frames of tomosynthesis; expected a single image$"):
        read_pixels(path)


def test_what_holds_no_pixels_says_what_it_holds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", Modality="PR")
    dataset = pydicom.dcmread(path)
    del dataset["PixelData"]
    dataset.save_as(path)
    with pytest.raises(MammoError, match=r"a.dcm: holds no image \(Modality PR\)$"):
        read_pixels(path)


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", FloatPixelData=np.zeros((4, 4), np.float32).tobytes())
    with pytest.raises(MammoError, match=r"a.dcm: floating-point pixels; expected 8 to 16 bits$"):
        read_pixels(path)


def test_32_bits_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", BitsAllocated=32, BitsStored=32, HighBit=31, PixelData=bytes(64))
    with pytest.raises(MammoError, match=r"a.dcm: 32 bits a pixel; expected 8 to 16$"):
        read_pixels(path)


def test_without_the_decoders_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import RLELosslessDecoder

    dataset = pydicom.dcmread(write(tmp_path / "a.dcm"))
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "a.dcm")
    monkeypatch.setattr(RLELosslessDecoder, "_available", {})
    with pytest.raises(MammoError, match=r"missing dependencies.*; install the decoders with: pip install 'tflite-mam"):
        read_pixels(tmp_path / "a.dcm")


def test_bytes_behind_the_pixels_are_no_further_frames(tmp_path: Path) -> None:
    pixels = read_pixels(write(tmp_path / "a.dcm", PixelData=RAMP.tobytes() + bytes(64)))
    np.testing.assert_array_equal(pixels, np.arange(16).reshape(4, 4) * 4369)


def test_grey_pixels_of_several_samples_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", SamplesPerPixel=3, PlanarConfiguration=0, PixelData=bytes(96))
    with pytest.raises(MammoError, match=r"a.dcm: 3 samples a pixel; expected 1$"):
        read_pixels(path)


def test_what_pydicom_warns_of_is_not_said_and_the_filters_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", PixelData=RAMP.tobytes() + bytes(64))  # it warns of bytes left over
    before = list(warnings.filters)
    assert read_pixels(path).shape == (4, 4)
    assert list(warnings.filters) == before
