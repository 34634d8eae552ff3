"""What is Known of a run and its test, to facts: a sentence each, by the names that the checklists' items ask for."""

from dataclasses import dataclass, field

from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.data.dataset import DatasetInfo
from tflite_mammo.evaluation.figure import FEW
from tflite_mammo.reporting.data_facts import SYNTHETIC, audit_fact, data_facts
from tflite_mammo.reporting.text import FIGURE_NAMES
from tflite_mammo.reporting.training_facts import environment_facts, model_fact, recipe_facts
from tflite_mammo.scores import Threshold
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.run import Environment

OF_THE_OWN_TEST_PART = ("split", "disjoint", "same", "counts", "patients", "audit")
"""What is known of how a network's own data was split says nothing of other images that were judged."""


@dataclass(frozen=True)
class Known:
    """Nothing, 0 and '' mean that it is not known, or that there is none; no fact follows from them alone."""

    info: DatasetInfo | None = None
    recipe: Recipe | None = None
    environment: Environment | None = None
    audit: AuditRecord | None = None
    threshold: Threshold | None = None
    scaling: str = ""
    """How scores were calibrated."""
    split: str = "test"
    """Which part was judged."""
    own_data: bool = True
    """Whether it is of the data that the network was trained on."""
    test_images: int = 0
    test_patients: int = 0
    positives: int = 0
    """Test images with the finding."""
    finding: str = ""
    levels: tuple[str, ...] = ()
    """At which figures are given: image, side, patient."""
    pooling: str = ""
    """How scores of images become one of a side or patient."""
    draws: int = 0
    """Of the bootstrap by patient."""
    intervals: tuple[str, ...] = ()
    """Computed otherwise than by the bootstrap, such as 'AUC by DeLong, clustered by patient'."""
    externals: tuple[str, ...] = ()
    """Names of external test sets."""
    subgroups: tuple[str, ...] = ()
    """The columns by which figures are given apart."""
    maps: str = ""
    mistakes_shown: int = 0
    """As pictures."""
    by_part: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Images and patients of each part."""
    quantisation: str = ""
    intended_use: str = ""


def facts_of(known: Known) -> dict[str, str]:
    """Only what is known is there."""
    info, recipe, environment = known.info, known.recipe, known.environment
    facts = {
        **(data_facts(info, environment.fold if environment else 0) if info else {}),
        **(recipe_facts(recipe) if recipe else {}),
        **(environment_facts(environment) if environment else {}),
        "model": model_fact(recipe, environment.parameters) if recipe and environment else "",
        "audit": audit_fact(known.audit) if known.audit else "",
        **_output_facts(known),
        **(_test_facts(known) if known.test_images else {}),
        **_page_facts(known),
        "limits": "; ".join(_limits(known)),
    }
    unsaid = () if known.own_data and known.split == "test" else OF_THE_OWN_TEST_PART
    return {name: fact for name, fact in facts.items() if fact and name not in unsaid}


def _output_facts(known: Known) -> dict[str, str]:
    scores = f"A score from 0 to 1 for each of {', '.join(known.info.classes)}" if known.info else ""
    return {
        "output": scores,
        "threshold": _threshold(known.threshold, known.finding or "the finding") if known.threshold else "",
        "scaling": f"Scores were calibrated: {known.scaling}" if known.scaling else "",
        "quantisation": f"Kept as a TF Lite file, quantisation {known.quantisation}" if known.quantisation else "",
        "use": f"Intended use: {known.intended_use.rstrip('.')}" if known.intended_use else "",
    }


def _threshold(threshold: Threshold, finding: str) -> str:
    return (
        f"An image is called {finding} from {threshold.value:.4g} on: {threshold.rule}, locked on {threshold.locked_on}"
    )


def _test_facts(known: Known) -> dict[str, str]:
    names = ", ".join(FIGURE_NAMES.values())
    levels = ", ".join(known.levels)
    pooled = f"; scores of several images as one: {known.pooling}" if known.pooling else ""
    outside = f"Tested on external data: {', '.join(known.externals)}" if known.externals else ""
    return {
        "tested": _tested(known),
        "metrics": f"Per {levels}: {names}{pooled}" if levels else "",
        "results": f"This report gives all figures per {levels}, with 95 % intervals" if levels and known.draws else "",
        "external": outside or "This report holds no test on external data",
    }


def _tested(known: Known) -> str:
    patients = f" of {known.test_patients} patients" if known.test_patients else ""
    finding = f"the label {known.finding}" if known.finding else "the finding"
    cases = f", {known.positives} with {finding}" if known.positives else ""
    where = "" if known.own_data else ", of other data than the network was trained on"
    return f"{known.split.capitalize()} part: {known.test_images} images{patients}{cases}{where}"


def _page_facts(known: Known) -> dict[str, str]:
    """What the report's page shows beside the figures."""
    bootstrap = f"95 % intervals by a bootstrap that draws patients, {known.draws} draws" if known.draws else ""
    parts = [f"{part} {patients} ({images} images)" for part, (images, patients) in known.by_part.items()]
    return {
        "uncertainty": "; ".join([bootstrap, *known.intervals] if bootstrap else known.intervals),
        "patients": f"Patients per part: {', '.join(parts)}" if parts else "",
        "subgroups": f"Figures are given apart by {', '.join(known.subgroups)}" if known.subgroups else "",
        "maps": f"Shown: {known.maps}" if known.maps else "",
        "mistakes": f"{known.mistakes_shown} wrongly called images are shown" if known.mistakes_shown else "",
    }


def _limits(known: Known) -> list[str]:
    synthetic = known.info and known.info.synthetic
    leak = known.audit and known.audit.leaks
    alone = known.test_images and not known.externals
    few = known.test_images and min(known.positives, known.test_images - known.positives) < FEW
    return [
        *([SYNTHETIC] if synthetic else []),
        *(["Different parts hold the same images (a leak), so figures may be too good"] if leak else []),
        *(["No external test: figures hold for data like these alone"] if alone else []),
        *(["Few images with the finding, or without it"] if few else []),
    ]
