"""The wheel: what it carries, what it needs, and that names resolve in it as they do in a checkout."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tflite_mammo.declared import names_of

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend itself, so that nothing has to be fetched for an isolated build."""
    pytest.importorskip("hatchling", reason="the extra `dev` is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build; print(hatchling.build.build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def _from_the_wheel(wheel: Path, tmp_path: Path, code: str) -> str:
    """Run `code` in an interpreter that sees the unpacked wheel and not this checkout."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    start = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); "
    done = subprocess.run(
        [sys.executable, "-c", start + code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_wheel_holds_two_packages_and_no_other_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"tflite_mammo", "edge_app"}


@pytest.mark.parametrize("kind", ["recipes", "studies", "presets"])
def test_names_resolve_from_a_wheel_as_from_a_checkout(wheel: Path, tmp_path: Path, kind: str) -> None:
    code = f"from tflite_mammo.declared import *; print(folder_of({kind!r})); print(','.join(names_of({kind!r})))"
    folder, names = _from_the_wheel(wheel, tmp_path, code).splitlines()
    assert Path(folder) == tmp_path / "site/tflite_mammo/shipped" / kind
    assert names.split(",") == names_of(kind)  # type: ignore[arg-type]


def test_a_recipe_read_from_the_wheel_is_the_checkouts(wheel: Path, tmp_path: Path) -> None:
    code = "from tflite_mammo.training.recipe import read_recipe; print(read_recipe('resnet50-u60'))"
    from tflite_mammo.training.recipe import read_recipe

    assert _from_the_wheel(wheel, tmp_path, code) == str(read_recipe("resnet50-u60"))


def test_the_wheel_carries_the_pages_template_and_the_type_marker(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"tflite_mammo/py.typed", "edge_app/py.typed", "tflite_mammo/reporting/templates/demo.html.j2"} <= set(names)


def test_a_plain_install_needs_three_packages_only() -> None:
    assert sorted(line.split(">")[0] for line in PROJECT["dependencies"]) == ["click", "numpy", "pillow"]


def test_constraints_pin_by_name_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in pins)
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in pins}
    assert {"numpy", "pillow", "click", "keras", "ai-edge-litert", "litert-quantizer", "pytest", "ruff"} <= pinned
