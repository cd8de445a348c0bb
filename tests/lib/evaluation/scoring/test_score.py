"""One table's figures: their layout, what counts where, and strata as if they stood alone."""

import json

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics import accuracy
from lib.evaluation.metrics.ratio_study import STATISTICS, RatioStudy
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


def test_each_stratum_is_studied_as_if_it_stood_alone_and_thin_ones_are_marked():
    sales = scored_sales()
    got = strata.ratio_study_by_stratum(sales, SETTINGS, 1)
    assert set(got["kind"]) == {"proxy band", "ZIP", "age", "month"}
    zips = got[(got["kind"] == "ZIP") & (got["trimmed"] == "untrimmed")]
    for stratum, part in zips.groupby("stratum"):
        rows = sales[sales["postal_code"].fillna("none") == stratum]
        arrays = (rows[name].to_numpy() for name in ("pred_close_price", "close_price"))
        alone = RatioStudy(*arrays).family().point_values(len(rows))
        assert dict(zip(part["statistic"], part["value"], strict=True)) == pytest.approx(alone)
    assert set(got.loc[got["kind"] == "age", "stratum"]) == {
        "new", "1-4 years", "30-59 years", "none",
    }  # fmt: skip
    assert (got["thin"] == (got["sales"] < 30)).all()


@pytest.mark.parametrize(("n", "thin"), [(150, 0), (149, 1)])
def test_a_stratum_of_29_sales_is_thin_and_one_of_30_is_not(n, thin):
    got = strata.ratio_study_by_stratum(scored_sales(n), SETTINGS, 1)
    band = got[got["kind"] == "proxy band"].drop_duplicates("stratum")
    assert len(band) == 5 and band["thin"].sum() == thin


def test_calibration_finds_a_planted_tilt():
    rng = np.random.default_rng(0)
    estimate = np.exp(rng.normal(13, 0.5, 2000))
    factor = np.where(estimate > np.quantile(estimate, 0.9), 1.2, 1.0)
    sales = pd.DataFrame(
        {"pred_close_price": estimate, "close_price": estimate * factor * rng.normal(1, 0.05, 2000)}
    )
    got = strata.calibration_by_decile(sales, 100, 1).set_index("decile")
    assert got.index.tolist() == list(range(1, 11)) and (got["sales"] == 200).all()
    assert got.loc[10, "price_to_estimate"] == pytest.approx(1.2, abs=0.02)
    assert got.loc[10, "low"] > 1.15
    assert (got.loc[:9, "low"] < 1.01).all() and (got.loc[:9, "high"] > 0.99).all()
