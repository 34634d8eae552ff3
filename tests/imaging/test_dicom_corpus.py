"""Every file that lies in pydicom's wheel, many of them odd on purpose: pixels, or one line that says why not."""

import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pydicom.data
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.dicom import DicomFacts, read_dicom, read_facts

CORPUS = Path(pydicom.data.__file__).parent
FILES = sorted(
    path.relative_to(CORPUS).as_posix()
    for path in CORPUS.rglob("*")
    if path.is_file() and path.suffix not in (".py", ".pyc", ".json")
)
REFUSED = {
    r"holds no image \(Modality (CR|CT)\)": "charset_files/chrJap* charset_files/chrKor* "
    "test_files/dicomdirtests/TINY_ALPHA/PT*",
    r"holds no image \(Modality (SR|RTPLAN|ECG)\)": "test_files/reportsi* test_files/test-SR.dcm "
    "test_files/rtplan.dcm test_files/rtplan_truncated.dcm test_files/waveform_ecg.dcm",
    r"holds no image \(Color Palette Storage\)": "palettes/*.dcm",
    r"holds no image \(Media Storage Directory Storage\)": "test_files/dicomdirtests/*DICOMDIR*",
    r"holds no image \((MR|CT|RT) Image Storage\)": "charset_files/chrSQEncoding* test_files/priv_SQ.dcm "
    "test_files/UN_sequence.dcm test_files/no_meta_group_length.dcm",
    r"holds no image \(it does not say what it is\)": "test_files/empty_charset_LEI.dcm",
    r"\d+ frames; expected a single image": "test_files/*2frame.dcm test_files/examples_ybr_color.dcm "
    "test_files/rtdose.dcm test_files/rtdose_expb.dcm test_files/rtdose_rle.dcm",
    r"photometric interpretation (RGB|YBR_\w+); expected": "test_files/SC_* test_files/examples_rgb_color.dcm "
    "test_files/ExplVR_BigEnd.dcm test_files/GDCMJ2K_TextGBR.dcm test_files/examples_jpeg2k.dcm",
    r"photometric interpretation PALETTE COLOR; expected": "test_files/examples_palette.dcm",
    r"photometric interpretation absent; expected": "test_files/meta_missing_tsyntax.dcm test_files/nested_priv_SQ.dcm",
    r"(1|32) bits a pixel; expected 8 to 16": "test_files/liver*_1frame.dcm test_files/rtdose*_1frame.dcm",
    r"unreadable DICOM \(Unable to decode .+\); replace it": "test_files/JPEG-lossy.dcm "
    "test_files/JPEG2000-embedded-sequence-delimiter.dcm",
    r"unreadable DICOM \(.+ less than expected .+\); replace it": "test_files/MR_truncated.dcm",
    r"unreadable DICOM \(.+'1A'\); replace it": "test_files/badVR.dcm",
    r"unreadable DICOM \(the mark DICM .+\); replace it": "*.txt *.md *README *.icc *.dump *.gz test_files/no_meta.dcm "
    "test_files/ExplVR_*NoMeta.dcm test_files/rtstruct.dcm",
}
"""Reason and files, as shell patterns; the first that fits counts."""
READ = 60


def reason_for(name: str) -> str | None:
    return next((reason for reason, names in REFUSED.items() if any(fnmatch(name, n) for n in names.split())), None)


@pytest.mark.parametrize("name", FILES)
def test_every_file_gives_pixels_or_one_line(name: str) -> None:
    reason = reason_for(name)
    if reason is None:
        pixels = read_dicom(CORPUS / name)
        assert (pixels.dtype, pixels.ndim) == (np.uint16, 2)
        assert np.ptp(pixels) > 0
        return
    with pytest.raises(MammoError, match=f"^{re.escape(str(CORPUS / name))}: {reason}") as caught:
        read_dicom(CORPUS / name)
    assert "\n" not in str(caught.value)


def test_as_many_are_read_as_were() -> None:
    assert sum(reason_for(name) is None for name in FILES) == READ


@pytest.mark.parametrize("name", [name for name in FILES if "the mark" not in (reason_for(name) or "")])
def test_every_header_is_read_or_refused_in_one_line(name: str) -> None:
    facts = read_facts(CORPUS / name)
    assert isinstance(facts, DicomFacts)
    assert "\n" not in f"{facts.patient}{facts.view}{facts.device}{facts.series}"


@pytest.mark.parametrize("form", ["RLE", "bigendian", "implicit", "expb", "jp2klossless", "jpeg_ls_lossless", "padded"])
def test_the_same_image_in_another_encoding_gives_the_same_pixels(form: str) -> None:
    plain = read_dicom(CORPUS / "test_files" / "MR_small.dcm")
    np.testing.assert_array_equal(read_dicom(CORPUS / "test_files" / f"MR_small_{form}.dcm"), plain)
