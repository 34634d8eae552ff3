"""What `compare` prints."""

from dataclasses import replace

from tflite_mammo.evaluation.compare import Compared, Comparison
from tflite_mammo.evaluation.differences import Difference
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.mcnemar import McNemar
from tflite_mammo.reporting.comparison import comparison_lines
from tflite_mammo.scores import Threshold

LEVEL = Compared(
    unit="image",
    count=120,
    positives=52,
    figures={
        "auc": Difference(0.75, 0.8412, Figure(0.0912, 0.04, 0.144, "DeLong"), 0.0004),
        "sensitivity": Difference(0.654, 0.635, Figure(-0.019, -0.13, 0.093)),
        "specificity": Difference(),
        "accuracy": Difference(0.692, 0.792, Figure(0.1)),
    },
    mcnemar={
        "sensitivity": McNemar(5, 4, 0.739),
        "specificity": McNemar(0, 0),
        "accuracy": McNemar(5, 17, 0.0107),
    },
    changed=(),
)
THRESHOLDS = Threshold(0.5, "given by hand", ""), Threshold(0.61234, "youden", "validation")
COMPARISON = Comparison("test", ("benign", "malignant"), 120, 60, THRESHOLDS, "max", (LEVEL,), ("small",))


def test_a_comparison_is_printed_in_columns() -> None:
    assert comparison_lines(COMPARISON) == [
        "test: 120 images of 60 patients; B - A with 95 % intervals by patient; p by DeLong and McNemar",
        "  120 images, 52 malignant: 0 called otherwise",
        "    AUC          A 0.750  B 0.841  +0.091 (+0.040 to +0.144)  p < 0.001",
        "    sensitivity  A 0.654  B 0.635  -0.019 (-0.130 to +0.093)  p 0.739    right alone: A 5, B 4",
        "    specificity  not computable",
        "    accuracy     A 0.692  B 0.792  +0.100                     p 0.011    right alone: A 5, B 17",
        "  threshold of A 0.5000: given by hand",
        "  threshold of B 0.6123: youden, locked on the validation",
        "  NOTE: small",
    ]


def test_a_difference_without_a_p_says_so() -> None:
    level = replace(LEVEL, figures={**LEVEL.figures, "auc": Difference(0.5, 1.0, Figure(0.5, by="DeLong"))})
    assert comparison_lines(replace(COMPARISON, levels=(level,)))[2].split()[-3:] == ["+0.500", "no", "p"]
