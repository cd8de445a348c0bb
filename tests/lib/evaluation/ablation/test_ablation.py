"""Ablation: strong groups rank above useless ones, on sales of the folds alone."""

import numpy as np
import pytest

from lib.common.artifacts import LevelSettings
from lib.evaluation.ablation.ablation import RefittableVariant, ablate_groups, group_verdict
from lib.models.variants.training.estimators.registry import HedonicRidge, HedonicRidgeParams
from lib.models.variants.training.out_of_fold import fit_and_predict, refit_on_folds
from tests.support.daily_sales import EDGES, daily_sales

RIDGE = HedonicRidgeParams(alpha=1e-6, without=[])
INPUTS = ["living_area", "postal_code", "txt_characters"]


def planted(n=400):
    """Size makes the price, the remarks' length is noise, the ZIP is worth a little."""
    rng = np.random.default_rng(4)
    table = daily_sales(n).rename(columns={"size": "living_area"})
    table["txt_characters"] = rng.normal(size=n)
    table["property_key"] = [f"p{i}" for i in range(n)]
    worth = table["postal_code"].map({"A": 0.0, "B": 0.15})
    table["close_price"] *= np.exp(worth)
    return table


def run(table, inputs=INPUTS, edges=EDGES, params=RIDGE, **changes):
    refit = RefittableVariant(inputs, edges, lambda: HedonicRidge(params, 0), changes.get("spec"))
    return ablate_groups(table, refit, params.model_dump(), 300, changes.get("seed", 1))


def test_a_planted_strong_group_ranks_above_a_planted_useless_one():
    got = run(planted())["groups"]
    lost = {group: part["mape"]["value"] for group, part in got.items()}
    assert lost["size"] > 3 * lost["location"] > 9 * lost["remarks"]
    assert got["size"]["verdict"] == "worse without it (MdAPE and MAPE)"
    assert got["remarks"]["verdict"] == "no significant loss without it"
    assert got["size"]["mape"]["low"] > 0 and got["size"]["title"] == "Size and rooms"
    assert got["remarks"]["inputs"] == 1


def test_homes_are_drawn_with_all_their_sales():
    """Where all sales are of one home, every draw is the whole: the interval is the value."""
    got = run(planted().assign(property_key="p"))["groups"]["size"]["mape"]
    assert got["low"] == pytest.approx(got["value"]) == got["high"]


def test_the_test_and_what_closes_in_it_change_nothing():
    table = planted()
    later = table["role"].isin(["test", "purged", "subject"])
    other = table.assign(close_price=table["close_price"].where(~later, 1.0))
    assert run(table) == run(other)


def test_errors_are_those_that_training_writes_with_the_level():
    table = planted()
    spec = LevelSettings(days=20, shrink=2)
    said = refit_on_folds(table, INPUTS, EDGES, lambda: HedonicRidge(RIDGE, 0), spec)
    _, written = fit_and_predict(table, INPUTS, EDGES, lambda: HedonicRidge(RIDGE, 0), spec)
    past = written[written["role"] == "train"]
    np.testing.assert_allclose(said, np.exp(past["log_estimate"]), rtol=1e-12)


def test_groups_of_homes_without_dates_are_ablated_too():
    table = planted()
    table["fold"] = np.where(table["role"] == "train", np.arange(len(table)) % 3 + 1, 0)
    got = run(table, edges=[])
    assert got["groups"]["size"]["verdict"].startswith("worse")
    assert got["sales"] == (table["role"] == "train").sum()


def test_a_group_that_is_not_there_not_seen_or_all_there_is_says_so():
    blind = RIDGE.model_copy(update={"without": ["txt_"]})
    got = run(planted(), params=blind)["groups"]
    assert "photos" not in got and got["remarks"]["skipped"] == "this model does not look at it"
    only = run(planted(), ["living_area"])["groups"]
    assert only["size"]["skipped"].startswith("nothing is left to learn from")


@pytest.mark.parametrize(
    "mdape, mape, told",
    [
        ((0.1, 0.2), (-0.1, 0.2), "worse without it (MdAPE)"),
        ((-0.2, -0.1), (-0.3, -0.1), "better without it (MdAPE and MAPE)"),
        ((-0.1, 0.1), (-0.1, 0.1), "no significant loss without it"),
        ((0.1, 0.2), (-0.2, -0.1), "the two metrics disagree"),
    ],
)
def test_verdicts_go_by_the_interval(mdape, mape, told):
    gap = {
        name: {"value": 0.0, "low": low, "high": high}
        for name, (low, high) in (("mdape", mdape), ("mape", mape))
    }
    assert group_verdict(gap) == told


def test_the_same_seed_gives_the_same_intervals():
    assert run(planted(), seed=3) == run(planted(), seed=3) != run(planted(), seed=4)


def test_a_useless_group_is_seldom_called_useful():
    """The interval is honest: of twenty noise columns few are told to matter."""
    table = planted(300)
    rng = np.random.default_rng(9)
    called = 0
    for _ in range(20):
        noisy = table.assign(txt_characters=rng.normal(size=len(table)))
        called += run(noisy)["groups"]["remarks"]["verdict"].startswith("worse")
    assert called <= 3
