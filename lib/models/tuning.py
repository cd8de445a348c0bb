"""Search of a model's settings on the rolling-origin folds of the past, by Optuna.

A trial fits the fold models with its settings and scores what they say of the folds. The test is
never looked at. Suggestions follow from the seed and the trials before them alone (Bergstra et al.,
NeurIPS 24, 2011: tree-structured Parzen estimators), so a search that was stopped and taken up
again ends as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from lib.common import params
from lib.common.params import Section

if TYPE_CHECKING:
    from lib.common.artifacts import LevelSettings
    from lib.models.variants.training.estimators.base import Estimator

SHARED = "boosting"  # the key of ranges that hold for every boosted model


class SearchRange(Section):
    """The values to try of one setting, both ends included."""

    low: int | float = Field(allow_inf_nan=False)
    high: int | float = Field(allow_inf_nan=False)
    log: bool = False  # equal steps are equal ratios

    @model_validator(mode="after")
    def _in_order(self) -> SearchRange:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must lie below high, and above 0 where log is true")
        return self


def score_settings(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: LevelSettings | None,
    metric: Literal["mape", "mdape"],
) -> float:
    """The error of some settings on the folds, as `evaluate` reports it.

    Parameters
    ----------
    table : DataFrame
        What `lib.models.variants.training.out_of_fold` takes.
    inputs : list of str
        The columns that the models see.
    edges : list of Timestamp
        The edges of the folds.
    make : callable
        Gives a fresh model with the settings.
    spec : LevelSettings or None
        Settings of the level correction, which takes the errors of earlier folds.
    metric : str
        mape or mdape.

    Returns
    -------
    float
        The error (share).
    """
    # slow to import, and a search is off as a rule
    from lib.evaluation.metrics.accuracy import accuracy_metrics
    from lib.models.variants.training.out_of_fold import refit_on_folds

    estimate = refit_on_folds(table, inputs, edges, make, spec)
    price = table.loc[table["fold"] > 0, "close_price"].to_numpy(float)
    return float(accuracy_metrics(estimate, price)[metric])


def model_ranges(ranges: dict[str, Any], model: str) -> dict[str, Any]:
    """The ranges by setting of a model: its own, else those that boosted models share."""
    # slow to import, and a search is off as a rule
    from lib.models.variants.training.estimators.registry import BOOSTED

    shared = ranges.get(SHARED, {}) if model in BOOSTED else {}
    return ranges.get(model, shared)


def round_settings(params: dict[str, Any]) -> dict[str, Any]:
    """Settings as people type them: three significant digits are as many as the folds can tell."""
    return {
        name: one if isinstance(one, int) else float(f"{one:.3g}") for name, one in params.items()
    }


# parameters: knobs of params.yaml, the store of the search and the two questions that it asks
def search_settings(
    storage: Path,
    present: dict[str, Any],
    ranges: dict[str, SearchRange],
    objective: Callable[[dict[str, Any]], float],
    seed: int,
    startup: int,
    going_on: Callable[[int], bool],
) -> Iterable[dict[str, Any]]:
    """Finished trials, `{"trial", "value", "params"}`, in order; those that `storage` (an SQLite
    file) already has come first. The first ever is `present`, and what is whole in it is tried in
    whole numbers; `startup` are drawn at random before the suggestions begin. Ends as soon as
    `going_on(finished trials)` is false."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{storage.absolute()}", study_name="tune", load_if_exists=True
    )
    state = optuna.trial.TrialState
    for left in study.get_trials(states=[state.RUNNING]):  # of a run that was killed
        study.tell(left.number, state=state.FAIL)
    done: list[dict[str, Any]] = []
    for old in study.get_trials(states=[state.COMPLETE]):
        done.append({"trial": len(done), "value": old.value, "params": round_settings(old.params)})
        yield done[-1]
    while going_on(len(done)):
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(done), n_startup_trials=startup)
        if not done and not study.get_trials(states=[state.WAITING]):
            study.enqueue_trial(present)
        trial = study.ask()
        params = {
            name: trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
            if isinstance(present[name], int)
            else trial.suggest_float(name, one.low, one.high, log=one.log)
            for name, one in ranges.items()
        }
        tried = round_settings(params)
        value = float(objective(tried))
        study.tell(trial, value)
        done.append({"trial": len(done), "value": value, "params": tried})
        yield done[-1]


def best_trial(trials: list[dict[str, Any]]) -> dict[str, Any]:
    """The trial of the least error, the earliest of equals."""
    return min(trials, key=lambda one: (one["value"], one["trial"]))


def param_changes(model: str, trial: dict[str, Any]) -> list[str]:
    """A trial's settings in the form that `dvc exp run -S` takes."""
    return [f"train.{model}.{name}={value}" for name, value in trial["params"].items()]


class TuneParams(params.Section):
    """The `tune` section of params.yaml."""

    variant: str
    trials: int = Field(ge=0)
    seconds: int = Field(ge=0)
    startup: int = Field(ge=1)
    metric: Literal["mape", "mdape"]
    ranges: dict[str, dict[str, SearchRange]]
