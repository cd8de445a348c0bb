"""One table's figures: their layout, and what counts where."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics import accuracy
from lib.evaluation.metrics.ratio_study import STATISTICS
from lib.evaluation.scoring import score, strata
from tests.support.scored_sales import SETTINGS, scored_sales


def test_a_score_has_every_figure_with_its_interval():
    got = score.score_sales(scored_sales(), SETTINGS, 1, 12.0)
    assert list(got) == [
        "sales",
        "with_interval",
        "accuracy",
        "answered",
        "interval_90",
        "ratio_study",
    ]
    assert list(got["accuracy"]) == list(got["answered"]) == list(accuracy.DIRECTIONS)
    assert list(got["interval_90"]) == list(accuracy.COVERAGE)
    study = got["ratio_study"]
    for kind in ("untrimmed", "trimmed", "trimmed_extreme"):
        assert list(study[kind]) == list(STATISTICS)
    for part in (got["accuracy"], got["interval_90"], study["untrimmed"], study["trimmed"]):
        for name, one in part.items():
            assert one["low"] <= one["value"] <= one["high"], name
    assert set(study["untrimmed"]["cod"]) == {"value", "low", "high", "verdict"}
    assert study["trimmed_sales"] >= study["trimmed_extreme_sales"]
    assert set(study["sales_chasing"]) == {"verdict", "reason"}
    assert study["prb_regression"]["low"] < study["untrimmed"]["prb"]["value"]
    json.dumps(score.round_nested(got, 6), allow_nan=False)


def test_the_same_seed_gives_the_same_score_and_another_does_not():
    one, same, other = (score.score_sales(scored_sales(), SETTINGS, seed) for seed in (1, 1, 2))
    assert one == same != other


def test_abstentions_lower_the_hit_rate_and_leave_the_answered_block():
    sales = scored_sales()
    far = np.abs(sales["pred_close_price"] / sales["close_price"] - 1) > 0.1
    sales["pred_abstention"] = np.where(far, "too far", None)
    plain, got = (
        score.score_sales(scored_sales(), SETTINGS, 1),
        score.score_sales(sales, SETTINGS, 1),
    )
    for name in accuracy.DIRECTIONS:
        if name != "hit_rate":
            assert got["accuracy"][name] == plain["accuracy"][name]
    assert got["accuracy"]["hit_rate"]["value"] == pytest.approx(1 - far.mean())
    assert got["answered"]["ppe10"]["value"] == got["answered"]["hit_rate"]["value"] == 1


def test_a_missing_estimate_counts_in_the_hit_rate_alone():
    sales = scored_sales()
    sales.loc[:59, ["pred_close_price", "pred_low_90", "pred_high_90"]] = np.nan
    got, rest = (score.score_sales(part, SETTINGS, 1) for part in (sales, sales.iloc[60:]))
    assert got["accuracy"]["hit_rate"]["value"] == 0.75
    assert got["accuracy"]["mdape"]["value"] == pytest.approx(rest["accuracy"]["mdape"]["value"])
    cod = [part["ratio_study"]["untrimmed"]["cod"]["value"] for part in (got, rest)]
    assert cod[0] == pytest.approx(cod[1])


@pytest.mark.parametrize("n", [1, 2])
def test_a_test_of_one_or_two_sales_has_a_score(n):
    sales = scored_sales().head(n)
    got = score.score_sales(sales, SETTINGS, 1)
    assert got["sales"] == n and got["ratio_study"]["sales_chasing"]["verdict"] == "cannot tell"
    json.dumps(score.round_nested(got, 6), allow_nan=False)
    assert (
        len(strata.ratio_study_by_stratum(sales, SETTINGS, 1))
        and len(strata.calibration_by_decile(sales, 20, 1)) == n
    )


def test_no_estimate_at_all_is_a_hit_rate_of_nothing():
    sales = scored_sales().assign(pred_close_price=np.nan, pred_low_90=np.nan, pred_high_90=np.nan)
    got = score.score_sales(sales, SETTINGS, 1)
    assert got["accuracy"]["hit_rate"]["value"] == 0
    assert score.round_nested(got, 6)["ratio_study"]["untrimmed"]["cod"]["value"] is None
    assert len(strata.ratio_study_by_stratum(sales, SETTINGS, 1)) == 0


def test_homes_sold_twice_are_drawn_together():
    """The two sales of each home have the same ratio, so there are half as many facts."""
    sales = pd.concat([scored_sales(), scored_sales()]).reset_index(drop=True)
    wide = score.score_sales(sales, SETTINGS, 1)["accuracy"]["mape"]
    narrow = score.score_sales(sales.drop(columns="property_key"), SETTINGS, 1)["accuracy"]["mape"]
    assert wide["high"] - wide["low"] > 1.2 * (narrow["high"] - narrow["low"])
