"""The worst errors come first, each with the reasons that its row holds."""

import numpy as np
import pandas as pd

from lib.evaluation.scoring.worst_errors import (
    NOTHING,
    UNKNOWN,
    find_worst_errors,
    flag_reasons_by_key,
    usual_ranges,
)


def past(n=500):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "listing_key": [f"p{i}" for i in range(n)],
            "living_area": rng.uniform(800, 3000, n),
            "own_age": rng.uniform(0, 60, n),
            "comp_distance": rng.uniform(0, 2, n),
            "comp_age_days": rng.uniform(10, 200, n),
        }
    )


def sale(**changes):
    plain = {
        "listing_key": "k", "close_price": 100.0, "pred_close_price": 130.0, "living_area": 1500.0,
        "own_age": 20.0, "comp_count": 12.0, "comp_distance": 1.0, "comp_age_days": 90.0,
        "postal_code": "1", "latitude": 1.0, "level": 0.01,
    }  # fmt: skip
    return plain | changes


def test_the_largest_errors_come_first_and_missing_estimates_not_at_all():
    table = pd.DataFrame(
        {
            "listing_key": list("abcde"),
            "close_price": [100.0] * 5,
            "pred_close_price": [110.0, 40.0, np.nan, 150.0, 99.0],
        }
    )
    got = find_worst_errors(table, past(), {}, 3)
    assert got["listing_key"].tolist() == ["b", "d", "a"] and got["rank"].tolist() == [1, 2, 3]
    assert np.allclose(got["error"], [-0.6, 0.5, 0.1])
    assert (got["reasons"] == UNKNOWN).all()


def test_each_reason_is_told_where_it_holds_and_nowhere_else():
    cases = {
        NOTHING: {},
        "the price is odd: family transfer": {"listing_key": "odd"},
        "2 comparables": {"comp_count": 2.0},
        "no comparable at all": {"comp_count": 0.0},
        "its comparables are unlike it": {"comp_distance": 9.0},
        "its comparables sold long ago (400 days)": {"comp_age_days": 400.0},
        "9,000 sq ft, more than 99 % of the homes it learnt from": {"living_area": 9000.0},
        "300 sq ft, less than 99 % of the homes it learnt from": {"living_area": 300.0},
        "150 years old, more than 99 % of the homes it learnt from": {"own_age": 150.0},
        "not known: year built": {"own_age": np.nan},
        "not known: coordinates, ZIP": {"postal_code": None, "latitude": np.nan},
        "the market's level moved it by +22 %": {"level": 0.2},
        "the valuation was not stood by: too wide": {"pred_abstention": "too wide"},
    }
    table = pd.DataFrame([sale(**changes) for changes in cases.values()])
    got = find_worst_errors(table, past(), {"odd": "family transfer"}, 50)
    assert got["reasons"].tolist() == list(cases)


def test_a_feed_without_comparables_does_not_blame_them():
    table = pd.DataFrame([sale(comp_count=0.0), sale(comp_count=0.0)])
    assert find_worst_errors(table, past(), {}, 5)["reasons"].tolist() == [NOTHING] * 2


def test_limits_leave_out_what_the_past_does_not_have():
    got = usual_ranges(past().assign(own_age=np.nan))
    assert set(got) == {"living_area", "comp_distance", "comp_age_days"}
    assert 800 < got["living_area"][0] < 850 and 2950 < got["living_area"][1] < 3000
    assert usual_ranges(past().head(0)) == {}


def test_only_flags_that_speak_against_a_sale_count():
    flags = pd.DataFrame(
        {
            "listing_key": ["a", "a", "b"],
            "severity": ["exclude", "exclude", "warn"],
            "reason": ["one", "two", "three"],
        }
    )
    assert flag_reasons_by_key(flags) == {"a": "one; two"}
    assert flag_reasons_by_key(flags.head(0)) == {}
