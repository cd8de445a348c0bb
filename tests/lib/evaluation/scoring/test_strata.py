"""Strata are studied as if they stood alone, and calibration finds a planted tilt."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics.ratio_study import RatioStudy
from lib.evaluation.scoring import strata
from tests.support.scored_sales import SETTINGS, scored_sales


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
