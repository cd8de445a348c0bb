"""Valuations: one row a home with facts, intervals in order and its comparables."""

import numpy as np
import pandas as pd
import pytest

from lib.models.serving.valuations import FACTS, make_valuations, widen_comparables
from lib.models.variants.predict import log_estimates
from tests.support.saved_models import train_and_save

STATE = {
    "columns": ["log_estimate"], "coverages": {"80": 0.8, "90": 0.9, "fsd": 0.68}, "models": {},
    "floor": 0.0, "groups": {"by": "none", "edges": []}, "half_life": None, "reach": {},
    "adaptive": {"way": "none", "half_life_days": 40, "least_weight": 0, "step": 0.01},
    "abstention": {
        "minimum_comparables": 5, "maximum_distance": 4, "maximum_width": 0.3, "beyond": {},
    },
    "counted": False,
}  # fmt: skip
KNOWN = pd.DataFrame(
    {
        "listing_key": [f"p{i}" for i in range(41)], "past": True,
        "as_of": pd.Timestamp("2023-01-01"), "close_date": pd.Timestamp("2023-01-01"),
        "error": np.linspace(-0.2, 0.25, 41), "scale": 1.0, "group": 0,
        **{f"{side}_{name}": 0.0 for side in ("low", "high") for name in ("80", "90", "fsd")},
    }
)  # fmt: skip
CALIBRATION = (STATE, KNOWN)
NEAR = pd.DataFrame(
    {
        "listing_key": ["k151", "k151", "k150"], "rank": [1, 2, 1], "comparable": ["a", "b", "c"],
        "close_date": pd.to_datetime(["2024-01-01"] * 3), "close_price": [1.0, 2, 3],
        "adjusted_close_price": [1.1, 2.2, 3.3], "living_area": [10.0, 20, 30],
        "distance": [0.1, 0.2, 0.3],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def parts():
    saved, predicted, table = train_and_save("linear", None)
    features = table.loc[[151, 150, 152]]
    homes = table[["listing_key"]].assign(living_area=1500.0, list_price=9e5, other="x")
    return features, homes, saved, predicted


def test_one_row_a_home_in_order_with_its_own_estimate(parts):
    features, homes, saved, predicted = parts
    got = make_valuations(features, homes, NEAR, saved, predicted, CALIBRATION, 2)
    assert got["listing_key"].tolist() == ["k150", "k151", "k152"]
    wanted = np.exp(log_estimates(features.sort_values("listing_key"), saved, predicted))
    assert got["pred_close_price"].tolist() == np.round(wanted).tolist()
    assert (got["domain"] == "sale").all() and got["pred_fsd"].nunique() == 1
    assert (got["pred_confidence"] == (100 * (1 - got["pred_fsd"])).round(1)).all()
    assert got["pred_abstention"].str.fullmatch(r"interval \d\d% of the value wide, over 30%").all()
    assert got["as_of"].tolist() == features.sort_values("listing_key")["as_of"].tolist()


def test_intervals_hold_the_estimate_and_widen_with_coverage(parts):
    got = make_valuations(*parts[:2], NEAR, *parts[2:], CALIBRATION, 1)
    names = ["pred_low_90", "pred_low_80", "pred_close_price", "pred_high_80", "pred_high_90"]
    assert (np.diff(got[names].to_numpy(), axis=1) > 0).all()
    assert (got[names] == got[names].round()).all(axis=None)


def test_facts_are_those_that_the_feed_has(parts):
    got = make_valuations(*parts[:2], NEAR, *parts[2:], CALIBRATION, 1)
    assert (got["living_area"] == 1500).all()
    assert set(FACTS) & set(got) == {"living_area", "list_price"} and "other" not in got


def test_comparables_stand_beside_their_home_nearest_first(parts):
    got = make_valuations(*parts[:2], NEAR, *parts[2:], CALIBRATION, 2).set_index("listing_key")
    assert got.loc["k151", ["comp_1_listing_key", "comp_2_listing_key"]].tolist() == ["a", "b"]
    assert got.loc["k151", ["comp_1_close_price", "comp_2_distance"]].tolist() == [1.0, 0.2]
    assert got.loc["k150", "comp_1_living_area"] == 30
    assert not [name for name in got if name.endswith(("_x", "_y"))]  # each column has its rank
    assert got.loc["k150", ["comp_2_listing_key", "comp_2_close_date"]].isna().all()
    assert got.loc["k152", ["comp_1_listing_key", "comp_1_close_price"]].isna().all()


def test_columns_do_not_depend_on_how_many_comparables_there_are():
    for near in (NEAR, NEAR.iloc[:1], NEAR.iloc[:0]):
        wide = widen_comparables(near, 2)
        assert len(wide.columns) == 13 and len(wide) == near["listing_key"].nunique()
