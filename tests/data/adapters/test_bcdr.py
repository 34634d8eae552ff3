from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.adapters.bcdr import read
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.draw import PhantomView, draw_patient
from tflite_mammo.errors import MammoError

OUTLINES = (
    "patient_id,study_id,series,lesion_id,segmentation_id,image_view,image_filename,lw_x_points,lw_y_points,"
    "mammography_type,mammography_nodule,mammography_calcification,mammography_microcalcification,"
    "mammography_axillary_adenopathy,mammography_architectural_distortion,mammography_stroma_distortion,age,density,"
    "classification"
)
IMAGES = "patient_id,study_id,series,image_filename,image_type_name,image_type_id,age,density"
RCC, LO, RO = (
    "patient_3/study_3/img_3_3_1_RCC.tif", "patient_5/study_8/img_5_8_1_LO.tif", "patient_3/study_3/img_3_3_1_RO.tif",
)  # fmt: skip


def outline(file: str, view: int, points: tuple[str, str] = ("10 20 15", "30 31 44"), label: str = "Benign") -> str:
    patient, study = (part.split("_")[1] for part in file.split("/")[:2])
    x, y = points
    return f"{patient},{study},1,1,2,{view}, {file}, {x}, {y},1,1,0,1,0,0,0,61,NaN, {label} "


MALIGN, BENIGN = outline(RCC, 1, label="Malign"), outline(LO, 4)


def write_image(path: Path, view: PhantomView) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((view.pixels >> 4).astype(np.uint8)).save(path)


def write_set(
    root: Path, *outlines: str, name: str = "f03", files: tuple[str, ...] = (RCC, LO), images: str = ""
) -> Path:
    root.mkdir(exist_ok=True)
    if outlines:
        (root / f"bcdr_{name}_outlines.csv").write_text("\n".join([OUTLINES, *outlines]) + "\n")
    if images:
        (root / f"bcdr_{name}_img.csv").write_text(f"{IMAGES}\n{images}\n")
    for file in files:
        write_image(root / file, draw_patient(1, 1, 96, 0.5)[0])
    return root


def read_outlines(root: Path, *outlines: str) -> Manifest:
    return read(write_set(root, *outlines), AdapterOptions())


def test_an_outline_is_a_lesion(tmp_path: Path) -> None:
    found = read_outlines(tmp_path, MALIGN, BENIGN)
    assert (found.classes, found.problems) == (("benign", "malignant"), ())
    more = {
        "set": "f03", "findings": "nodule microcalcification", "study_id": "3", "series": "1", "lesion_id": "1",
        "segmentation_id": "2", "age": "61",
    }  # fmt: skip
    assert found.examples[0] == Example(RCC, "malignant", "3", "right", "CC", "1", (10, 30, 21, 45), more=more)
    assert (found.examples[1].label, found.examples[1].side, found.examples[1].view) == ("benign", "left", "MLO")


def test_the_box_holds_the_outline_and_no_more(tmp_path: Path) -> None:
    view = next(view for view in draw_patient(2, 7, 96, 1.0) if view.box)
    left, top, right, bottom = view.box or (0, 0, 0, 0)
    drawn = np.zeros_like(view.pixels, dtype=bool)
    drawn[top:bottom, left:right] = True
    rows, columns = np.nonzero(drawn)
    points = " ".join(map(str, columns)), " ".join(map(str, rows))
    found = read_outlines(tmp_path, outline(RCC, 1, points, "Malign"), BENIGN)
    assert found.examples[0].box == view.box


@pytest.mark.parametrize(
    ("written", "label"), [("Malign", "malignant"), ("  malignant ", "malignant"), ("BENIGN", "benign")]
)
def test_the_classification_is_read_however_it_is_written(written: str, label: str, tmp_path: Path) -> None:
    found = read_outlines(tmp_path, outline(RCC, 1, label=written), outline(LO, 4), outline(LO, 4, label="malign"))
    assert found.examples[0].label == label


def test_several_outlines_of_one_image_are_several_lesions(tmp_path: Path) -> None:
    write_set(tmp_path, BENIGN, outline(LO, 4, ("50 60 70", "1 2 3"), "Malign"), outline(RCC, 1))
    names = [e.name for e in read(tmp_path, AdapterOptions()).examples]
    assert names == [f"{LO}#1", f"{LO}#2", f"{RCC}#1"]
    whole = read_collection(tmp_path, "bcdr", AdapterOptions())
    assert [(e.name, e.label) for e in whole.examples] == [(LO, "malignant"), (RCC, "benign")]
    assert len(read_collection(tmp_path, "bcdr", AdapterOptions(), lesions=True).examples) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (outline(RO, 3, label="Suspect"), "classification 'Suspect'; expected BENIGN, MALIGN, MALIGNANT"),
        (outline(RO, 3, ("1 2 3", "1 2")), "3 x and 2 y points; expected as many of both, three or more"),
        (outline(RO, 3, ("1 2", "1 2")), "2 x and 2 y points; expected as many of both, three or more"),
        (outline(RO, 3, ("1 two 3", "1 2 3")), "points '1 two 3' and '1 2 3'; expected numbers between blanks"),
        (outline(RO, 3).replace("3,", ",", 1), "no patient_id; expected one in every row"),
    ],
)
def test_an_image_with_an_outline_that_cannot_be_read_is_left_out(row: str, reason: str, tmp_path: Path) -> None:
    write_set(tmp_path, MALIGN, BENIGN, outline(RO, 3), row, files=(RCC, LO, RO))
    found = read(tmp_path, AdapterOptions())
    assert {e.file for e in found.examples} == {RCC, LO}
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (RO, "row", f"bcdr_f03_outlines.csv, line 5: {reason}; the image is left out")
    ]


def test_an_image_without_an_outline_is_left_out(tmp_path: Path) -> None:
    write_set(tmp_path, MALIGN, BENIGN, files=(RCC, LO, RO))
    found = read(tmp_path, AdapterOptions())
    assert {e.file for e in found.examples} == {RCC, LO}
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (RO, "left out", "no lesion is outlined in it, and whether the breast is normal is not told")
    ]


def test_masks_and_other_images_that_no_outline_names_are_left_out(tmp_path: Path) -> None:
    masks = tuple(RCC.replace(".tif", f"_mask_{number}.tif") for number in range(12))
    found = read(write_set(tmp_path, MALIGN, BENIGN, files=(RCC, LO, *masks)), AdapterOptions())
    assert sorted(problem.file for problem in found.problems) == sorted(masks)
    assert {problem.kind for problem in found.problems} == {"left out"}


def test_images_that_are_not_here_are_told_once(tmp_path: Path) -> None:
    found = read_outlines(
        tmp_path, MALIGN, BENIGN, outline(RO, 3), outline(RO, 3), outline("patient_9/study_1/a.tif", 1)
    )
    assert [(p.file, p.reason) for p in found.problems] == [
        (file, "stands in the table of bcdr_f03, but is not there") for file in (RO, "patient_9/study_1/a.tif")
    ]


def test_an_image_outlined_for_two_women_is_used_for_neither(tmp_path: Path) -> None:
    other = outline(RO, 3).replace("3,", "4,", 1)
    write_set(tmp_path, MALIGN, BENIGN, outline(RO, 3), other, files=(RCC, LO, RO))
    found = read(tmp_path, AdapterOptions())
    assert {e.file for e in found.examples} == {RCC, LO}
    reason = "stands 2 times with the patients 3, 4; none of them is used"
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (f"{RO}#{number}", "duplicate", reason) for number in (1, 2)
    ]


def test_two_sets_in_one_folder_do_not_miss_each_others_images(tmp_path: Path) -> None:
    write_set(tmp_path, MALIGN, name="f01", files=(RCC,))
    found = read(write_set(tmp_path, BENIGN, name="f03", files=(LO,)), AdapterOptions())
    assert [e.file for e in found.examples] == [RCC, LO]
    assert found.problems == ()


def test_sets_side_by_side_are_read_together_and_normal_women_are_normal(tmp_path: Path) -> None:
    write_set(tmp_path / "BCDR-D01_dataset", MALIGN, BENIGN, name="d01")
    normal = "patient_7/study_1/img_7_1_1_LCC.tif"
    images = f"7,1,1, {normal},LCC,1,50, 3"
    write_set(tmp_path / "BCDR-DN01_dataset", name="dn01", files=(normal,), images=images)
    found = read(tmp_path, AdapterOptions())
    assert found.classes == ("normal", "benign", "malignant")
    assert found.examples[2] == Example(
        f"BCDR-DN01_dataset/{normal}", "normal", "7", "left", "CC",
        more={"set": "dn01", "findings": "", "study_id": "1", "series": "1", "age": "50", "density": "3"},
    )  # fmt: skip
    assert found.examples[0].file == f"BCDR-D01_dataset/{RCC}"


def test_a_normal_woman_without_a_number_is_a_problem(tmp_path: Path) -> None:
    write_set(tmp_path / "D01", MALIGN, BENIGN, name="d01")
    write_set(tmp_path / "DN01", name="dn01", files=(), images=",1,1, a.tif,LCC,1,50, 3")
    assert [(p.file, p.reason) for p in read(tmp_path, AdapterOptions()).problems] == [
        ("DN01/a.tif", "bcdr_dn01_img.csv, line 2: no patient_id; expected one in every row")
    ]


def test_a_view_of_another_kind_keeps_its_name_and_tells_no_side(tmp_path: Path) -> None:
    found = read_outlines(tmp_path, MALIGN, outline(LO, 9))
    assert (found.examples[1].side, found.examples[1].view) == ("", "9")


def test_a_set_without_its_outlines_is_told_which_file_is_missing(tmp_path: Path) -> None:
    write_set(tmp_path, images=f"3,3,1, {RCC},RCC,0,61,2")
    with pytest.raises(MammoError, match=r"bcdr_f03_outlines.csv is missing; is this the folder that holds the collec"):
        read(tmp_path, AdapterOptions())


def test_a_folder_of_something_else_is_told_which_file_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"bcdr_f03_outlines.csv is missing; is this the folder that holds the collec"):
        read(tmp_path, AdapterOptions())


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bcdr_f03_outlines.csv").write_text("patient_id, image_filename,lw_x_points\n")
    with pytest.raises(MammoError, match=r"column 'lw_y_points' is missing; found patient_id, image_filename, lw_x_p"):
        read(tmp_path, AdapterOptions())
