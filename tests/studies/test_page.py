"""The study's page: complete, self-contained, and plain about what is synthetic and what failed."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.evaluation.best import confusion
from tflite_mammo.studies.conduct import Conducted
from tflite_mammo.studies.figures import figures_of
from tflite_mammo.studies.page import study_page
from tflite_mammo.studies.study import Study
from tflite_mammo.studies.summary import Row, summarise

Conduct = Callable[..., tuple[Conducted, Path]]


@pytest.fixture
def conducted(study: Study, tmp_path: Path, copy_run) -> Conduct:
    """Two runs of the small CNN, and as many failures as asked for."""

    def conduct(*failures: str) -> tuple[Conducted, Path]:
        rows = []
        for seed in (0, 1):
            run = copy_run(tmp_path / f"small-cnn-seed{seed}", seed=seed)
            auc = run.evaluation.figures["auc"]
            rows.append(Row(run.folder.name, "small-cnn", seed, 0, "ok", auc=auc, figures=figures_of(run)))
        rows += [
            Row(f"small-cnn-seed{seed}", "small-cnn", seed, 0, words, failed=True, trouble=words)
            for seed, words in enumerate(failures, 2)
        ]
        summary = summarise("small-cnn", rows, study.reported["small-cnn"])
        return Conducted(study, run.data, (summary,), tuple(rows)), tmp_path

    return conduct


def test_the_page_needs_nothing_but_itself(conducted: Conduct) -> None:
    done, folder = conducted()
    page = study_page(done, folder, "tflite-mammo study two")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert str(folder) not in page
    assert page.count("<svg") == 5  # ROC; loss, accuracy, precision, recall


def test_ours_stands_beside_the_sources(conducted: Conduct) -> None:
    done, folder = conducted()
    page = study_page(done, folder, "")
    accuracy = done.recipes[0].figures["accuracy"]
    assert f"{accuracy.mean:.3f} ± 0.000" in page
    assert "0.720 ± 0.020" in page  # accuracy
    assert "0.400" in page  # validation loss, which is a column because the source has it
    assert "best epoch" not in page
    assert "no verdict on either" in page
    assert "on other images" in page


def test_synthetic_data_is_said_loudly_and_only_where_it_is(conducted: Conduct) -> None:
    done, folder = conducted()
    assert "Synthetic data." in study_page(done, folder, "")
    real = replace(done, data=replace(done.data, synthetic=False))
    assert "Synthetic data." not in study_page(real, folder, "")


def test_a_leak_that_was_accepted_is_said_loudly(conducted: Conduct) -> None:
    done, folder = conducted()
    assert "Trained on a leak." not in study_page(done, folder, "")
    path = folder / "small-cnn-seed1" / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"leaks": 1, "accepted": True}))
    assert "Trained on a leak." in study_page(done, folder, "")


def test_a_failure_is_on_the_page_with_its_reason(conducted: Conduct) -> None:
    done, folder = conducted("collapsed <here>")
    page = study_page(done, folder, "")
    assert "1 of 3 runs went wrong" in page
    assert "collapsed &lt;here&gt;" in page
    assert "went wrong" not in study_page(*conducted_without(done, folder), "")


def conducted_without(done: Conducted, folder: Path) -> tuple[Conducted, Path]:
    return replace(done, runs=tuple(row for row in done.runs if not row.failed)), folder


def test_a_study_of_failures_alone_still_has_a_page(study: Study, conducted: Conduct) -> None:
    done, folder = conducted("broken")
    rows = tuple(row for row in done.runs if row.failed)
    page = study_page(replace(done, runs=rows, recipes=(summarise("small-cnn", rows, None),)), folder, "")
    assert "1 of 1 runs went wrong" in page
    assert "<svg" not in page


def test_matrices_are_summed_over_the_runs(conducted: Conduct, run) -> None:
    done, folder = conducted()
    page = study_page(done, folder, "")
    cells = [int(count) for count in re.findall(r'<td style="background:rgba[^"]*">(\d+)<br>', page)]
    np.testing.assert_array_equal(cells, 2 * confusion(run.scores.of_split("test")).ravel())


def test_every_epoch_has_its_row(conducted: Conduct, run) -> None:
    done, folder = conducted()
    page = study_page(done, folder, "")
    for epoch in run.history:
        row = [f"{epoch[name]:.4f}" for name in ("accuracy", "loss", "val_accuracy", "val_loss")]
        assert f"<td>{epoch['epoch']:.0f}</td><td>2</td>" + "".join(f"<td>{cell}</td>" for cell in row) in page


def test_precision_and_recall_are_drawn_where_the_history_holds_them(conducted: Conduct) -> None:
    done, folder = conducted()
    for path in folder.glob("*/history.csv"):
        head, *rows = path.read_text().splitlines()
        more = "precision,recall,val_precision,val_recall"
        path.write_text("\n".join([f"{head},{more}", *(f"{row},0.5,0.6,0.7,0.8" for row in rows)]))
    page = study_page(done, folder, "")
    assert page.count("<svg") == 5
    assert 'aria-label="recall per epoch"' in page
