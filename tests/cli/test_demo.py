import re
from pathlib import Path

import pytest

ARGUMENTS = ("--recipe", "small-cnn", "--patients", 60, "--size", 64)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    """The whole road with the smallest network, walked once."""
    from click.testing import CliRunner

    from tflite_mammo.cli import main

    out = tmp_path_factory.mktemp("demo") / "out"
    return out, CliRunner().invoke(main, [str(a) for a in ("demo", "--out", out, *ARGUMENTS)])


def test_the_last_line_is_the_reports_path(demo) -> None:
    out, done = demo
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == str(out / "report.html")
    # A network of one epoch may say anything, and int8 may say otherwise.
    assert ("BEYOND" in done.stderr) == bool(list((out / "models").glob("*.rejected.tflite")))


def test_every_step_left_its_files(demo) -> None:
    out, _ = demo
    for name in ("phantoms/manifest.csv", "data/dataset.json", "run/model.keras", "device/results.csv"):
        assert (out / name).is_file(), name
    assert len(list((out / "models").glob("*.tflite"))) == 2


def test_the_device_agreed_with_the_conversion_on_every_image(demo) -> None:
    out, _ = demo
    page = (out / "report.html").read_text()
    said, of = re.search(r"(\d+) of (\d+) scores equal those measured", page).groups()  # type: ignore[union-attr]
    assert said == of
    assert int(of) > 10


def test_the_report_needs_nothing_but_itself_and_says_that_it_is_synthetic(demo) -> None:
    out, _ = demo
    page = (out / "report.html").read_text()
    assert "Synthetic data." in page
    assert "No medical device" in page
    assert page.count("<svg") == 5
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert str(out) not in page


def test_a_folder_with_other_things_is_left_alone(call, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    call("demo", "--out", tmp_path, *ARGUMENTS).assert_clean_error("holds other things than an earlier demo")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
