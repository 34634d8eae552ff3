"""Two evaluations of other patients to how far each figure falls from the first to the second."""

from typing import TYPE_CHECKING

import numpy as np

from tflite_mammo.evaluation.figure import NO_FIGURE, Figure, Figures

if TYPE_CHECKING:
    from tflite_mammo.evaluation.evaluate import Evaluation


def falls(internal: "Evaluation", external: "Evaluation") -> dict[str, Figures]:
    """Per unit of the external data; where each internal patient has one image, all units are that one."""
    here = {level.unit: level.figures for level in internal.levels}
    return {
        level.unit: {
            name: _fall(figure, level.figures[name])
            for name, figure in here.get(level.unit, internal.levels[0].figures).items()
        }
        for level in external.levels
        if level.unit in here or len(here) == 1
    }


def _fall(before: Figure, after: Figure) -> Figure:
    """From both intervals, since other patients were drawn (Newcombe's square-and-add, also called MOVER)."""
    if before.value is None or after.value is None:
        return NO_FIGURE
    value = before.value - after.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Figure(value)
    down = np.hypot(before.value - before.low, after.high - after.value)
    up = np.hypot(before.high - before.value, after.value - after.low)
    return Figure(value, value - float(down), value + float(up), "both intervals")
