"""The documents: commands that run and print what is shown, figures that stand in the files they are quoted from."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from edge_app.cli import main as edge_app
from tflite_mammo.cli import COMMANDS, main
from tflite_mammo.declared import names_of
from tflite_mammo.schema import read_json
from tflite_mammo.studies.study import read_study
from tflite_mammo.training.recipe import read_recipe

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(ROOT / name / "README.md" for name in ("train", "convert", "edge_app", "benchmarks")),
    ]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _session() -> list[tuple[str, str]]:
    """Each command of the README's console block with the output shown below it."""
    (block,) = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _skeleton(text: str) -> str:
    """The text without what differs between machines and moments: measured numbers, hashes, the device's name.

    Whole numbers of images and patients follow from the seed and stay.
    """
    lines = [line for line in text.strip().splitlines() if " cores, " not in line]
    words = re.sub(r"\b[0-9a-f]{12}\b", "#", "\n".join(lines))
    if re.search(r"^(train|\d+ synthetic)", words):
        return words
    return re.sub(r"\s+", " ", re.sub(r"[+-]?\d+(?:\.\d+)*", "#", words))


def test_the_readmes_session_runs_and_prints_what_is_shown(tmp_path: Path) -> None:
    """Three dots stand for lines that are left out."""
    programs = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for command, shown in _session():
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        whole = ".*".join(re.escape(part) for part in _skeleton(shown).split("..."))
        assert re.fullmatch(whole, _skeleton(done.stdout), flags=re.DOTALL), command


def _commands_in(page: Path) -> list[list[str]]:
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines if line.startswith(("$ ", "tflite-mammo", "edge_app"))]
    return [line for line in words if line and line[0] in ("tflite-mammo", "edge_app")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_in_a_document_parses(page: Path) -> None:
    for program, *arguments in _commands_in(page):
        if program == "edge_app":
            edge_app.make_context(program, arguments)
            continue
        command = main.get_command(click.Context(main), arguments[0])
        assert command is not None, arguments
        command.make_context(arguments[0], arguments[1:])


def test_every_command_stands_in_the_readme() -> None:
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", README), name


def test_the_readme_quotes_the_demos_own_figures() -> None:
    demo = json.loads((ROOT / "benchmarks/results/demo.json").read_text(encoding="utf-8"))
    auc = demo["evaluation"]["levels"][0]["figures"]["auc"]
    wanted = [f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"]
    for name in ("float16", "int8"):
        drift = demo["drift"][name]
        wanted += [
            f"{drift['auc_after']:.3f}",
            f"{drift['label_flips']} of {drift['images']}",
            f"{drift['file_mb']:.2f}",
        ]
    wanted += [f"{row['p50_ms']:.2f}" for row in demo["latency"] if row["threads"] == 1]
    # Written as .888 rather than 0.888, as statistics are.
    missing = [figure for figure in wanted if re.sub(r"\b0\.", ".", figure) not in README and figure not in README]
    assert not missing


def test_the_table_of_grey_stems_is_the_measured_one() -> None:
    page = (ROOT / "convert/README.md").read_text(encoding="utf-8")
    for row in json.loads((ROOT / "benchmarks/results/grey_stem.json").read_text(encoding="utf-8")):
        (ours, theirs), (fast, slow) = row["operators"], row["ms"]
        figures = f"{ours} / {theirs} | {fast:.2f} / {slow:.2f} ({row['ratio']:.2f} x)"
        assert f"| {row['network']} | {row['preset']} | {figures} |" in page


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= 130


def test_every_recipe_study_and_preset_is_documented() -> None:
    trained, converted = ((ROOT / name / "README.md").read_text(encoding="utf-8") for name in ("train", "convert"))
    for name in [*names_of("recipes"), *names_of("studies")]:
        assert f"`{name}`" in trained, name
    for name in names_of("presets"):
        assert f"`{name}`" in converted, name


@pytest.mark.parametrize("name", names_of("recipes"))
def test_the_table_of_recipes_tells_their_epochs_and_batches(name: str) -> None:
    page = (ROOT / "train/README.md").read_text(encoding="utf-8")
    recipe = read_recipe(name)
    epochs = " + ".join(str(stage.epochs) for stage in recipe.stages)
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    assert [cell.strip() for cell in row.split("|")[3:5]] == [epochs, str(recipe.batch_size)]


@pytest.mark.parametrize("name", names_of("studies"))
def test_the_table_of_studies_counts_their_recipes(name: str) -> None:
    page = (ROOT / "train/README.md").read_text(encoding="utf-8")
    study = read_study(name)
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    counted = f"{len(study.recipes)} x {len(study.seeds)}"
    assert row.split("|")[3].strip() == counted


def test_the_page_on_data_quotes_its_own_figures() -> None:
    page = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    results = ROOT / "benchmarks/results"
    prepared = json.loads((results / "prepare.json").read_text(encoding="utf-8"))
    wanted = [f"{value:.2f}" for value in prepared.values()]
    for name in ("audit", "audit-rsna-subset", "audit-busi"):
        found = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
        wanted += [f"{found[figure]:.3f}" for figure in ("recall", "precision")]
        wanted += [f"{value:.3f}" for value in found["recall_by_kind"].values()]
        wanted += [f"{found['many']['seconds']:.0f} s"] if "many" in found else []
    assert not [figure for figure in wanted if re.sub(r"\b0\.", ".", figure) not in page and figure not in page]


def test_the_benchmarks_page_tells_what_was_measured_of_training() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    measured = json.loads((ROOT / "benchmarks/results/training.json").read_text(encoding="utf-8"))
    rows = {name: f"{value:.0f}" if value >= 10 else f"{value:.2f}" for name, value in measured.items()}
    lines = [f"| {name} | {re.sub(r'^0[.]', '.', figure)} |" for name, figure in rows.items()]
    assert not [line for line in lines if line not in page]


@pytest.mark.parametrize("name", ["arm64", "arm64-busi"])
def test_the_benchmarks_page_tells_how_far_a_board_is_from_here(name: str) -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for row in json.loads((ROOT / f"benchmarks/results/{name}.json").read_text(encoding="utf-8")):
        where = f"{row['network']} | {row['preset']} | {row['images']} | {row['cpu']}"
        figures = f"{row['score difference max']:.7f} | {row['labels that differ']} |"
        assert f"| {where} | {row['tensor bytes that differ']} | {figures}" in page


def test_the_benchmarks_page_tells_which_operators_boards_compute_as_here() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "benchmarks/results/operators.json").read_text(encoding="utf-8"))
    for row in found["operators"]:
        differ = " | ".join(f"{share:.1%}" if share else "none" for share in row["values_that_differ"].values())
        assert f"| {row['operator']} | {differ} | {'yes' if row['may_stay_in_float'] else 'no'} |" in page


def test_the_page_on_training_quotes_its_own_figures() -> None:
    page = (ROOT / "train/README.md").read_text(encoding="utf-8")
    for run in json.loads((ROOT / "benchmarks/results/busi.json").read_text(encoding="utf-8")):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{run['recipe']}` |"))
        figures = [f"{run[name]:.3f}".removeprefix("0") for name in ("auc", "low", "high")]
        assert "BUSI: AUC {} ({} to {})".format(*figures) in row


def test_the_page_on_evaluation_quotes_how_often_intervals_hold_the_truth() -> None:
    page = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    for study, shares in json.loads((ROOT / "benchmarks/results/coverage.json").read_text(encoding="utf-8")).items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {study} |"))
        wanted = [f"{100 * share:.1f}" for share in shares.values()]
        assert [cell.strip() for cell in row.split("|")[2:-1]] == wanted, study


def test_the_page_on_evaluation_quotes_how_long_it_takes() -> None:
    page = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    for size, told in json.loads((ROOT / "benchmarks/results/evaluation.json").read_text(encoding="utf-8")).items():
        assert f"| {size} | {told['seconds']:.1f} | {told['times as fast as scikit-learn']} |" in page


def test_the_tables_of_converting_are_the_measured_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from fidelity import Fidelity
    from tally import by_network, tables

    page = (ROOT / "convert/README.md").read_text(encoding="utf-8")
    found = read_json(Fidelity, ROOT / "benchmarks/results/fidelity.json")
    zoo = read_json(Fidelity, ROOT / "benchmarks/results/zoo.json")
    assert not [line for line in (*tables(found.networks), *by_network(zoo.networks)) if line not in page]


def test_the_table_of_calibration_images_is_the_measured_one() -> None:
    page = (ROOT / "convert/README.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "benchmarks/results/calibration_size.json").read_text(encoding="utf-8"))
    for one in found["networks"]:
        spread = f"{one['mean_difference']:.4f} ({one['low']:.4f} to {one['high']:.4f})"
        assert f"| {one['network']} | {one['calibration_images']} | {one['flips_percent']:.1f} % | {spread} |" in page


def test_the_benchmarks_page_tells_what_quantising_costs() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "benchmarks/results/quantising.json").read_text(encoding="utf-8"))
    spread = {
        name: "{median:.2f} ({low:.2f} to {high:.2f})".format(**found[f"times_their_{name}"])
        for name in ("seconds", "ms")
    }
    assert f"| seconds, {found['calibration_images']} calibration images | {spread['seconds']} |" in page
    assert f"| ms of an answer, one thread | {spread['ms']} |" in page
    assert f"| bytes of the file | {found['times_their_size']:.3f} |" in page
    tried, seconds = found["search"]["rungs"], found["search"]["seconds"]
    assert f"| seconds of the search to its last rung, {tried} tried | {seconds:.0f} s |" in page
