"""Search on the folds: it finds what was planted, goes on after a kill, and repeats itself."""

import numpy as np
import pytest

from lib.common.artifacts import LevelSettings
from lib.common.errors import RemlError
from lib.common.params import validate
from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.models import tuning
from lib.models.variants.training.estimators.registry import HedonicRidge, HedonicRidgeParams
from lib.models.variants.training.out_of_fold import fit_and_predict
from tests.support.daily_sales import EDGES, INPUTS, daily_sales

RANGES = {
    "leaves": tuning.SearchRange(low=2, high=100, log=True),
    "share": tuning.SearchRange(low=0.0, high=1.0),
}
PRESENT = {"leaves": 50, "share": 0.9}


def bowl(params):
    """Least, 1.0, at 10 leaves and a share of 0.3."""
    return 1 + (np.log(params["leaves"] / 10)) ** 2 + (params["share"] - 0.3) ** 2


def run(folder, until, objective=bowl, seed=5):
    storage = folder / "study.sqlite"
    return list(
        tuning.search_settings(
            storage, PRESENT, RANGES, objective, seed, 5, lambda done: done < until
        )
    )


@pytest.fixture(scope="module")
def unstopped(tmp_path_factory):
    """The trials of a search that nothing stopped."""
    return run(tmp_path_factory.mktemp("unstopped"), 12)


def test_it_starts_from_the_present_settings_and_comes_near_the_best(tmp_path):
    trials = run(tmp_path, 40)
    assert trials[0]["params"] == PRESENT and trials[0]["value"] == bowl(PRESENT)
    assert [one["trial"] for one in trials] == list(range(40))
    best = tuning.best_trial(trials)
    assert best["value"] < 1.1 < trials[0]["value"]
    assert all(one["value"] == bowl(one["params"]) for one in trials)
    assert all(isinstance(one["params"]["leaves"], int) for one in trials)


def test_the_same_seed_gives_the_same_trials_and_another_others(tmp_path, unstopped):
    same, other = (run(tmp_path / str(seed), 12, seed=seed) for seed in (5, 6))
    assert unstopped == same and unstopped[1:] != other[1:]


def test_whole_numbers_are_those_of_the_settings_however_the_ends_are_typed(tmp_path):
    ranges = {
        "leaves": tuning.SearchRange(low=2.0, high=100),
        "share": tuning.SearchRange(low=0, high=1),
    }
    tried = [
        one["params"]
        for one in tuning.search_settings(
            tmp_path / "study.sqlite", PRESENT, ranges, bowl, 5, 5, lambda done: done < 8
        )
    ]
    assert all(isinstance(one["leaves"], int) for one in tried)
    assert all(isinstance(one["share"], float) for one in tried)
    assert sum(0 < one["share"] < 1 for one in tried) >= 7


@pytest.mark.parametrize("stop", [0, 1, 4, 9])
def test_a_search_that_was_killed_goes_on_and_ends_as_one_that_was_not(tmp_path, unstopped, stop):
    """Killed inside a trial: Optuna still calls it running."""
    calls = []

    def killed(params):
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(params)
        return bowl(params)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a", 12, killed)
    fresh = []
    again = run(tmp_path / "a", 12, lambda params: fresh.append(params) or bowl(params))
    assert again == unstopped
    assert len(fresh) == 12 - stop  # what had ended was not worked out again


def test_a_finished_search_is_read_and_not_repeated(tmp_path):
    first = run(tmp_path, 6)
    assert run(tmp_path, 6, lambda params: 1 / 0) == first
    assert len(run(tmp_path, 8)) == 8


def test_a_score_is_the_error_that_evaluate_reports_of_the_folds():
    table, spec = daily_sales(), LevelSettings(days=20, shrink=2)
    table.loc[::5, "usable"] = False
    for level in (spec, None):
        make = lambda: HedonicRidge(HedonicRidgeParams(alpha=1.0, without=[]), 0)  # noqa: E731
        _, predicted = fit_and_predict(table, INPUTS, EDGES, make, level)
        past = predicted[predicted["role"] == "train"]
        wanted = accuracy_metrics(
            np.exp(past["log_estimate"].to_numpy()), past["close_price"].to_numpy()
        )
        for metric in ("mape", "mdape"):
            got = tuning.score_settings(table, INPUTS, EDGES, make, level, metric)
            assert got == pytest.approx(wanted[metric], rel=1e-12)


def test_prices_of_the_test_change_no_score():
    table, changed = daily_sales(), daily_sales()
    changed.loc[changed["role"] != "train", "close_price"] *= 10
    one, other = (
        tuning.score_settings(
            frame, INPUTS, EDGES,
            lambda: HedonicRidge(HedonicRidgeParams(alpha=1.0, without=[]), 0),
            LevelSettings(days=20, shrink=2), "mape",
        )
        for frame in (table, changed)
    )  # fmt: skip
    assert one == other


@pytest.mark.parametrize(
    "wrong", [{"low": 2, "high": 1}, {"low": 1, "high": 1}, {"low": 0.0, "high": 1, "log": True}]
)
def test_a_range_that_cannot_be_is_refused(wrong):
    with pytest.raises(RemlError, match="low must lie below high"):
        validate(tuning.SearchRange, wrong, "params.yaml")


@pytest.mark.parametrize("wrong", [{"low": np.nan, "high": 1}, {"low": 1, "high": np.inf}])
def test_an_end_of_a_range_is_a_finite_number(wrong):
    with pytest.raises(RemlError, match="finite number"):
        validate(tuning.SearchRange, wrong, "params.yaml")


def test_settings_are_as_people_type_them():
    assert tuning.round_settings({"a": 0.0123456, "b": 31, "c": 12.3456}) == {
        "a": 0.0123,
        "b": 31,
        "c": 12.3,
    }


def test_boosted_models_share_ranges_unless_they_have_their_own():
    ranges = {"boosting": {"alpha": 1}, "kriged": {"num_leaves": 2}, "linear": {"alpha": 3}}
    assert tuning.model_ranges(ranges, "lightgbm") == {"alpha": 1}
    assert tuning.model_ranges(ranges, "district") == {"alpha": 1}
    assert tuning.model_ranges(ranges, "kriged") == {"num_leaves": 2}
    assert tuning.model_ranges(ranges, "linear") == {"alpha": 3}
    assert tuning.model_ranges(ranges, "random_forest") == {}
    assert tuning.model_ranges({}, "kriged") == {}
