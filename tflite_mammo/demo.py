"""The whole road once, on synthetic phantoms, each step as a user would take it. Out: report.html and demo.json."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo import __version__
from tflite_mammo.benchmarking.latency import ROUNDS, LatencyReport, measure_latency
from tflite_mammo.console import Advance
from tflite_mammo.conversion.convert import Converted, conversion_steps, convert
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table, write_text
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.reporting.drift_plots import agreement_plot
from tflite_mammo.reporting.page import picture, render
from tflite_mammo.reporting.plots import history_plot, latency_plot, roc_plot
from tflite_mammo.reporting.text import FIGURE_NAMES, HEADLINE
from tflite_mammo.schema import to_dict, to_json
from tflite_mammo.training.fit import steps_in
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.run import Run
from tflite_mammo.training.train import train

MARKER = "made-by-tflite-mammo-demo"
CLASSES = ("benign", "malignant")
QUANTS = ("float16", "int8")
SHARES = (0.6, 0.2, 0.2)
THREADS = (1, 2)
PICTURES = 12

Progress = Callable[[str, int], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class DemoPlan:
    recipe: Recipe
    patients: int
    seed: int
    size_px: int


@dataclass(frozen=True)
class DeviceRow:
    file: str
    verdict: str
    score: float
    ms: float


def run_demo(out: Path, plan: DemoPlan, progress: Progress) -> tuple[Path, bool]:
    """Return the report's path, and whether every converted file is within its budget."""
    _clear(out)
    with progress("1/6 drawing phantom patients", plan.patients) as advance:
        drawn = PhantomSet(plan.patients, plan.seed, 512, "png")
        write_phantoms(out / "phantoms", drawn, advance=advance)
    every = read_collection(out / "phantoms", "phantoms", AdapterOptions())
    manifest = every.only(CLASSES)
    with progress("2/6 preparing images by patient", len(manifest.examples)) as advance:
        spec = PreprocessSpec(height=plan.size_px, width=plan.size_px)
        prepared = PreparePlan("phantoms", spec, SHARES, seed=plan.seed)
        dataset = prepare(manifest, out / "data", prepared, advance=advance)
    with progress(f"3/6 training {plan.recipe.name}", steps_in(plan.recipe, dataset)) as advance:
        run = train(plan.recipe, dataset, out / "run", advance=advance)
    presets = [read_preset(name) for name in QUANTS]
    with progress("4/6 converting and measuring drift", conversion_steps(presets, fallback=True)) as advance:
        targets = [(preset, out / "models" / f"{plan.recipe.name}-{preset.name}.tflite") for preset in presets]
        converted = convert(run, dataset, targets, fallback=True, advance=advance)
    with progress("5/6 running edge_app on the test images", 1) as advance:
        rows = _on_the_device(out, dataset, converted[-1])
        advance(1)
    files = [done.bundle.path for done in converted]
    with progress("6/6 measuring latency", ROUNDS * len(files) * len(THREADS)) as advance:
        latencies = measure_latency(files, THREADS, advance=advance)
    report = out / "report.html"
    write_text(report, _page(run, dataset, converted, rows, latencies))
    write_text(out / "demo.json", to_json(_figures(run, converted, rows, latencies)))
    return report, all(done.drift.within for done in converted)


def _clear(out: Path) -> None:
    """An earlier demo is replaced; anything else that lies there is not ours to remove."""
    out = out.resolve()
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).is_file():
            raise MammoError(f"{out} holds other things than an earlier demo; choose another folder with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / MARKER, "This folder was made by `tflite-mammo demo`, which replaces it when it runs again.\n")


def _on_the_device(out: Path, dataset: Dataset, int8: Converted) -> list[DeviceRow]:
    """Run the real program in a process of its own, as on a Pi, over files that it has to read itself."""
    images = out / "device" / "images"
    images.mkdir(parents=True)
    for example in dataset.part("test").examples:
        shutil.copyfile(out / "phantoms" / example.file, images / Path(example.file).name)
    results = out / "device" / "results.csv"
    command = [sys.executable, "-m", "edge_app", str(int8.bundle.path), str(images), "--out", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MammoError(f"edge_app ended with status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    _, lines = read_table(results)
    return [
        DeviceRow(Path(row["file"]).name, row["verdict"], float(row["score"]), float(row["ms"])) for _, row in lines
    ]


def _page(
    run: Run, dataset: Dataset, converted: list[Converted], rows: list[DeviceRow], latencies: list[LatencyReport]
) -> str:
    threshold = run.evaluation.threshold.value
    before = run.scores.of_split("test")
    after = {done.bundle.card.quantisation: done.scores for done in converted}
    verdicts = [row.verdict for row in rows]
    return render(
        "demo.html.j2",
        {
            "recipe": run.environment.recipe,
            "run": run.folder.name,
            "source": run.data.source,
            "images": run.data.images,
            "minutes": run.environment.minutes,
            "device": latencies[0].device,
            "synthetic": run.data.synthetic,
            "intended_use": converted[0].bundle.card.intended_use,
            "evaluation": run.evaluation,
            "figures": [(FIGURE_NAMES[name], run.evaluation.figures[name]) for name in HEADLINE],
            "drifts": [
                {
                    "name": done.bundle.card.quantisation,
                    "megabytes": _megabytes(done),
                    "drift": done.drift,
                }
                for done in converted
            ],
            "history_plots": [history_plot([run.history], "loss"), history_plot([run.history], "accuracy")],
            "roc_plot": roc_plot({"trained network": before, **after}, threshold),
            "agreement_plot": agreement_plot(before, after, threshold),
            "latency_plot": latency_plot(latencies),
            "device_rows": len(rows),
            "device_verdicts": ", ".join(f"{verdicts.count(name)} {name}" for name in sorted(set(verdicts))),
            "device_same": _same(rows, converted[-1]),
            "device_ms": sorted(row.ms for row in rows)[len(rows) // 2],
            "shots": _shots(dataset, rows),
            "latencies": latencies,
            "version": __version__,
            "keras": run.environment.keras,
            "backend": f"{run.environment.backend} {run.environment.backend_version}",
            "seed": run.environment.seed,
            "data": run.data.fingerprint[:12],
        },
    )


def _figures(
    run: Run, converted: list[Converted], rows: list[DeviceRow], latencies: list[LatencyReport]
) -> dict[str, object]:
    """What the report says, for programs and for documents that quote it; without every sample and every name."""
    return {
        "recipe": run.environment.recipe,
        "data": run.data.source,
        "synthetic": run.data.synthetic,
        "counts": run.data.counts,
        "minutes_of_training": run.environment.minutes,
        "evaluation": run.evaluation,
        "drift": {
            done.bundle.card.quantisation: {**done.bundle.card.drift, "file_mb": _megabytes(done)} for done in converted
        },
        "device_scores_equal": [_same(rows, converted[-1]), len(rows)],
        "latency": [
            {key: value for key, value in to_dict(report).items() if key not in ("invoke_ms", "device", "model_sha256")}
            for report in latencies
        ],
        "device": latencies[0].device,
        "tflite_mammo": __version__,
    }


def _megabytes(done: Converted) -> float:
    return round(done.bundle.path.stat().st_size / 1e6, 2)


def _same(rows: list[DeviceRow], int8: Converted) -> int:
    """How many scores of the device equal those of the same file at conversion, to the table's six digits."""
    known = {Path(r.file).name: float(v) for r, v in zip(int8.scores.rows, int8.scores.finding, strict=True)}
    return sum(abs(known[row.file] - row.score) < 1e-6 for row in rows)


def _shots(dataset: Dataset, rows: list[DeviceRow]) -> list[dict[str, object]]:
    """Test images spread evenly over the range of scores."""
    part = dataset.part("test")
    place = {Path(example.file).name: i for i, example in enumerate(part.examples)}
    ranked = sorted(rows, key=lambda row: row.score)
    chosen = [ranked[i * (len(ranked) - 1) // (PICTURES - 1)] for i in range(PICTURES)]
    shots = []
    for row in chosen:
        i = place[row.file]
        example = part.examples[i]
        shots.append(
            {
                "picture": picture(dataset.images[part.rows[i]]),
                "score": row.score,
                "verdict": row.verdict,
                "truth": example.label,
                "kind": example.more["kind"],
                "view": example.view,
                "right": row.verdict == example.label,
            }
        )
    return shots
