"""A Comparison as lines for a terminal."""

from tflite_mammo.evaluation.compare import Compared, Comparison
from tflite_mammo.evaluation.differences import COMPARED
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.reporting.text import FIGURE_NAMES, UNIT_NAMES, threshold_words


def comparison_lines(comparison: Comparison) -> list[str]:
    """Every difference of every unit, in columns."""
    lines = [
        f"{comparison.split}: {comparison.images} images of {comparison.patients} patients; "
        "B - A with 95 % intervals by patient; p by DeLong and McNemar"
    ]
    for level in comparison.levels:
        lines += _of_level(level, comparison.classes[-1])
    for name, threshold in zip("AB", comparison.thresholds, strict=True):
        lines.append(f"  threshold of {name} {threshold_words(threshold)}")
    return [*lines, *(f"  NOTE: {remark}" for remark in comparison.remarks)]


def _of_level(level: Compared, finding: str) -> list[str]:
    of_what = f"{level.count} {UNIT_NAMES[level.unit]}, {level.positives} {finding}"
    lines = [f"  {of_what}: {len(level.changed)} called otherwise"]
    for name in COMPARED:
        found = level.figures[name]
        if found.a is None or found.b is None:
            lines.append(f"    {FIGURE_NAMES[name]:<12} not computable")
            continue
        values = f"A {found.a:.3f}  B {found.b:.3f}  {_signed(found.difference):<26}"
        lines.append(f"    {FIGURE_NAMES[name]:<12} {values} {_tested(level, name)}".rstrip())
    return lines


def _signed(figure: Figure) -> str:
    interval = f" ({figure.low:+.3f} to {figure.high:+.3f})" if figure.low is not None else ""
    return f"{figure.value:+.3f}{interval}"


def _tested(level: Compared, name: str) -> str:
    if name not in level.mcnemar:
        return _chance(level.figures[name].p)
    test = level.mcnemar[name]
    return f"{_chance(test.p):<9}  right alone: A {test.only_a}, B {test.only_b}"


def _chance(p: float | None) -> str:
    if p is None:
        return "no p"
    return f"p {p:.3f}" if p >= 0.001 else "p < 0.001"
