"""Who may import whom, held in fresh interpreters and in the source's own import statements."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import edge_app
import tflite_mammo

PACKAGE = Path(tflite_mammo.__file__).parent
DEVICE = Path(edge_app.__file__).parent
HEAVY = ("tensorflow", "keras", "jax", "sklearn", "cv2", "matplotlib", "jinja2", "litert_quantizer", "scipy", "pydicom")
CORE = (
    "errors",
    "schema",
    "files",
    "console",
    "declared",
    "placing",
    "preprocess",
    "bundle",
    "runtime",
    "scores",
    "predict",
    "golden",
    "parallel",
    "quiet",
)
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {heavy}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", [f"tflite_mammo.{name}" for name in (*CORE, "imaging", "cli")] + ["edge_app.cli"])
def test_the_core_and_the_device_import_without_anything_heavy(module: str) -> None:
    done = _run(BLOCK.format(heavy=HEAVY) + f"import {module}")
    assert done.returncode == 0, done.stderr


def test_the_device_program_classifies_with_everything_heavy_blocked(
    converted: dict[str, object], phantom_folder: Path, tmp_path: Path
) -> None:
    model = converted["int8"].bundle.path  # type: ignore[attr-defined]
    arguments = [str(model), str(phantom_folder / "images"), "--out", str(tmp_path / "results.csv")]
    code = BLOCK.format(heavy=HEAVY) + f"from edge_app.cli import main\nmain({arguments!r})"
    done = _run(code)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results.csv").read_text().count("\n") == 1 + 24 * 4


def test_a_board_inspects_a_model_with_everything_heavy_blocked(converted: dict[str, object]) -> None:
    model = str(converted["int8"].bundle.path)  # type: ignore[attr-defined]
    done = _run(BLOCK.format(heavy=HEAVY) + f"from tflite_mammo.cli import main\nmain(['inspect', {model!r}])")
    assert done.returncode == 0, done.stderr
    assert "answers alike" in done.stdout


@pytest.mark.parametrize("module", ["tflite_mammo.cli", "edge_app.cli"])
def test_help_imports_no_numpy(module: str) -> None:
    code = f"import sys\nfrom {module} import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    done = _run(code + "assert not {'numpy', 'PIL'} & set(sys.modules), 'imported'")
    assert done.returncode == 0, done.stderr


def test_every_command_shows_its_help_without_the_training_side() -> None:
    from tflite_mammo.cli import COMMANDS

    for name in COMMANDS:
        code = BLOCK.format(heavy=HEAVY) + f"from tflite_mammo.cli import main\nmain(['{name}', '--help'])"
        done = _run(code)
        assert done.returncode == 0, done.stderr


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _of(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


def _roots(paths: list[Path]) -> set[str]:
    return {name.split(".")[0] for path in paths for name in _imports(path)}


def test_training_imports_keras_and_no_tensorflow() -> None:
    assert "keras" in _roots(_of("training"))
    assert not {"tensorflow", "jax", "torch"} & _roots(_of("training"))


def test_studies_import_neither_keras_nor_what_it_computes_with() -> None:
    assert not {"keras", "tensorflow", "jax", "torch"} & _roots(_of("studies"))


def test_runs_are_listed_without_anything_that_made_them(run: object, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "mine")  # type: ignore[attr-defined]
    done = _run(BLOCK.format(heavy=HEAVY) + f"from tflite_mammo.cli import main\nmain(['runs', {str(tmp_path)!r}])")
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout


def test_only_the_exporter_imports_tensorflow() -> None:
    importers = [path.relative_to(PACKAGE).as_posix() for path in _of(".") if "tensorflow" in _roots([path])]
    assert importers == ["conversion/export.py"]


def test_evaluation_stays_with_numpy_and_scikit_learn() -> None:
    assert not (set(HEAVY) - {"sklearn", "scipy"}) & _roots(_of("evaluation"))


def test_the_audit_stays_with_opencv_and_scikit_learn() -> None:
    assert not (set(HEAVY) - {"sklearn", "cv2"}) & _roots(_of("auditing"))


@pytest.mark.parametrize("module", ["report", "gate"])
def test_a_machine_that_only_trains_reads_the_report_without_what_makes_one(module: str) -> None:
    done = _run(BLOCK.format(heavy=HEAVY) + f"import tflite_mammo.auditing.{module}")
    assert done.returncode == 0, done.stderr


def test_boards_need_the_core_numpy_and_the_runtimes_schema_only() -> None:
    ours = {name for path in _of("boards") for name in _imports(path) if name.startswith("tflite_mammo.")}
    assert {name.split(".")[1] for name in ours} <= {"boards", *CORE}
    assert not (_roots(_of("boards")) - {"tflite_mammo", "ai_edge_litert", "numpy"} - set(sys.stdlib_module_names))


def test_boards_are_looked_at_from_outside_by_three_rooms_only() -> None:
    others = [path for path in _of(".") if any(name.startswith("tflite_mammo.boards") for name in _imports(path))]
    assert {path.relative_to(PACKAGE).parts[0] for path in others} <= {"boards", "cli", "conversion", "reporting"}


def test_a_file_is_inspected_for_a_board_with_everything_heavy_blocked(converted: dict[str, object]) -> None:
    model = converted["int8"].bundle.path  # type: ignore[attr-defined]
    done = _run(
        BLOCK.format(heavy=HEAVY) + f"from tflite_mammo.cli import main\n"
        f"main(['inspect', {str(model)!r}, '--target', 'coral', '--json'])"
    )
    assert done.returncode == 0, done.stderr


def test_nothing_in_the_library_imports_the_device_or_the_benchmarks() -> None:
    assert not {"edge_app", "benchmarks"} & _roots(_of("."))


def test_the_device_imports_the_core_only() -> None:
    allowed = {f"tflite_mammo.{name}" for name in (*CORE, "imaging")} | {"tflite_mammo"}
    for path in sorted(DEVICE.rglob("*.py")):
        ours = {name for name in _imports(path) if name.startswith("tflite_mammo")}
        assert ours <= allowed, path


def test_the_core_imports_no_other_room() -> None:
    rooms = {
        "auditing",
        "data",
        "training",
        "studies",
        "evaluation",
        "conversion",
        "benchmarking",
        "boards",
        "reporting",
    }
    rooms |= {"cli"}
    for path in [PACKAGE / f"{name}.py" for name in CORE] + _of("imaging"):
        entered = {name.split(".")[1] for name in _imports(path) if name.startswith("tflite_mammo.")}
        assert not entered & rooms, path
