"""Where a training stands, in numbers, and what an epoch makes of it: better or not, enough waited, a lower rate."""

from dataclasses import dataclass, replace

from tflite_mammo.training.history import Epoch
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.watch import Sign

PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.1, 3


@dataclass(frozen=True)
class Standing:
    fold: int = 0
    """Of the data; it stays the same."""
    stage: int = 1
    stage_epochs: int = 0
    """Done of this stage."""
    best_epoch: int = 0
    """With the best monitored figure so far; 0 before the first."""
    stage_best: float | None = None
    waited: int = 0
    """Epochs of this stage without a better figure; the next counts them since the rate was last lowered too."""
    waited_at_rate: int = 0
    lowered: int = 0
    """How often a plateau has lowered this stage's rate."""
    history: tuple[Epoch, ...] = ()
    signs: tuple[Sign, ...] = ()
    """Of a collapse, seen after the last epoch."""

    def next_stage(self) -> "Standing":
        return Standing(self.fold, self.stage + 1, best_epoch=self.best_epoch, history=self.history, signs=self.signs)

    def after(self, epoch: Epoch, recipe: Recipe) -> "Standing":
        figure = monitored(epoch, recipe)
        best = not self.best_epoch or figure > monitored(self.history[self.best_epoch - 1], recipe)
        better = self.stage_best is None or figure > self.stage_best
        standing = replace(
            self,
            stage_epochs=self.stage_epochs + 1,
            best_epoch=epoch.epoch if best else self.best_epoch,
            stage_best=figure if better else self.stage_best,
            waited=0 if better else self.waited + 1,
            waited_at_rate=0 if better else self.waited_at_rate + 1,
            history=(*self.history, epoch),
        )
        schedule = recipe.stages[self.stage - 1].schedule
        if schedule.kind == "plateau" and standing.waited_at_rate >= (schedule.patience or PLATEAU_PATIENCE):
            return replace(standing, waited_at_rate=0, lowered=self.lowered + 1)
        return standing

    def done(self, recipe: Recipe) -> bool:
        """Whether this stage is."""
        out_of_patience = recipe.patience is not None and self.waited >= recipe.patience
        return out_of_patience or self.stage_epochs >= recipe.stages[self.stage - 1].epochs

    def plateau_rate(self, recipe: Recipe) -> float:
        stage = recipe.stages[self.stage - 1]
        return float(stage.learning_rate * (stage.schedule.factor or PLATEAU_FACTOR) ** self.lowered)


def monitored(epoch: Epoch, recipe: Recipe) -> float:
    """Larger is better, whatever is monitored."""
    value = float(getattr(epoch, recipe.monitor))
    return -value if recipe.monitor == "val_loss" else value
