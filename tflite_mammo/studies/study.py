"""What is compared, declared: train/studies/NAME.toml to a frozen Study."""

from dataclasses import dataclass, field

from tflite_mammo.declared import find
from tflite_mammo.schema import read_toml


@dataclass(frozen=True)
class Reported:
    """What the source published of one recipe; nothing where it is silent. Shares rather than per cent.

    Of the test part where no name says otherwise; `positive` is the finding, such as malignant.
    """

    accuracy: float | None = None
    accuracy_sd: float | None = None
    auc: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None
    precision_positive: float | None = None
    precision_negative: float | None = None
    f1_positive: float | None = None
    f1_negative: float | None = None
    f1_weighted: float | None = None
    train_accuracy: float | None = None
    """After the last epoch, as the next two."""
    val_accuracy: float | None = None
    val_loss: float | None = None
    best_val_accuracy: float | None = None
    best_epoch: int | None = None
    minutes: float | None = None
    note: str = ""
    """What the figures do not say: another test set, another reading."""


@dataclass(frozen=True)
class Study:
    name: str
    title: str
    source: str
    """Whose figures are published beside ours, and on which data they were made."""
    prepare: str
    """The command that prepares the data as the source had it."""
    recipes: tuple[str, ...]
    """By name, or by a path from where the command is called."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Every recipe is trained once for each."""
    reported: dict[str, Reported] = field(default_factory=dict)
    teaches: str = ""
    """What the source's story teaches, for the report."""
    folds: tuple[int, ...] = ()
    """Which of the data's folds, at every seed; where none is named, data in folds takes all, at the first seed."""

    def __post_init__(self) -> None:
        if not self.recipes or not self.seeds:
            raise ValueError("no recipes or no seeds; a study needs one of each at least")
        for what, given in (("recipe", self.recipes), ("seed", self.seeds), ("fold", self.folds)):
            if len(set(given)) < len(given):
                raise ValueError(f"a {what} stands twice; take one out")
        for name in self.reported:
            if name not in self.recipes:
                raise ValueError(f"reported figures for '{name}', which is none of its recipes")


def read_study(name: str) -> Study:
    """By name or by path; the name in the study is the file's."""
    path = find("studies", name)
    return read_toml(Study, path, name=path.stem)
