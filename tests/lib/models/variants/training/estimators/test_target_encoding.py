"""Target encoding in time order, against a naive loop; no row sees its own or a later price."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.models.variants.training.estimators.target_encoding import (
    encode_categories,
    final_target_means,
    past_target_means,
)

START = pd.Timestamp("2024-01-01")
ROW = st.tuples(
    st.integers(0, 30), st.integers(0, 9), st.sampled_from(["A", "B", None]),
    st.one_of(st.none(), st.floats(-1, 1)), st.booleans(),
)  # fmt: skip


def frame(rows):
    """(codes, residuals, dates) of rows (day agreed, days to closing, code, residual, dated)."""
    agreed = pd.Series([START + pd.Timedelta(days=day) for day, *_ in rows])
    closed = agreed + pd.to_timedelta([days for _, days, *_ in rows], unit="D")
    closed = closed.where([dated for *_, dated in rows])
    residual = np.array([np.nan if one is None else one for *_, one, _ in rows], dtype=float)
    codes = pd.Series([code for _, _, code, *_ in rows], dtype="str")
    return codes, residual, pd.DataFrame({"as_of": agreed, "close_date": closed})


def naive(codes, residual, dates, shrink):
    out = []
    for i in range(len(codes)):
        past = [
            j
            for j in range(len(codes))
            if np.isfinite(residual[j]) and dates["close_date"][j] < dates["as_of"][i]
        ]
        if not past:
            out.append(np.nan)
            continue
        overall = sum(residual[j] for j in past) / len(past)
        own = [residual[j] for j in past if codes[j] == codes[i] and not pd.isna(codes[i])]
        out.append((sum(own) + shrink * overall) / (len(own) + shrink))
    return np.array(out)


@given(st.lists(ROW, min_size=1, max_size=25), st.sampled_from([1.0, 5.0, 20.0]))
def test_each_row_gets_what_a_loop_over_earlier_closings_gives(rows, shrink):
    codes, residual, dates = frame(rows)
    got = past_target_means(codes, residual, dates, shrink)
    np.testing.assert_allclose(got, naive(codes, residual, dates, shrink), atol=1e-12)


def market(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return frame([
        (int(day), int(rng.integers(1, 9)), str(rng.choice(["A", "B", "C"])), rng.normal(), True)
        for day in np.sort(rng.integers(0, 90, n))
    ])  # fmt: skip


@pytest.mark.parametrize("row", [5, 20, 41])
def test_a_later_price_changes_no_earlier_encoding_nor_its_own(row):
    """The canary: everything that closes on the row's day or later is changed."""
    codes, residual, dates = market()
    changed = residual.copy()
    late = (dates["close_date"] >= dates["as_of"][row]).to_numpy()
    changed[late] += 100
    before, after = (past_target_means(codes, r, dates, 5.0) for r in (residual, changed))
    earlier = (dates["as_of"] <= dates["as_of"][row]).to_numpy()
    assert late[row] and earlier.sum() > 3
    np.testing.assert_array_equal(before[earlier], after[earlier])
    assert not np.allclose(before[~earlier], after[~earlier])  # and what comes later does move


def test_without_shrinking_a_category_without_earlier_sales_gets_the_mean_of_all():
    codes, residual, dates = frame([(0, 1, "A", 1.0, True), (9, 1, "B", 5.0, True)])
    np.testing.assert_allclose(past_target_means(codes, residual, dates, 0.0), [np.nan, 1.0])


def test_later_homes_see_all_of_training_and_unknown_categories_the_mean():
    codes = pd.Series(["A", "A", "B", None, "B"], dtype="str")
    residual = np.array([1.0, 2.0, 6.0, 3.0, np.nan])
    means = final_target_means(codes, residual, shrink=2.0)
    assert means["overall"] == 3.0
    asked = pd.Series(["A", "B", "Z", None], dtype="str")
    wanted = [(3 + 2 * 3) / 4, (6 + 2 * 3) / 3, 3.0, 3.0]
    np.testing.assert_allclose(encode_categories(asked, means), wanted)


def test_nothing_known_is_no_obstacle():
    codes = pd.Series(["A", "B"], dtype="str")
    dates = pd.DataFrame({"as_of": [pd.NaT, START], "close_date": [pd.NaT, pd.NaT]})
    assert np.isnan(past_target_means(codes, np.array([1.0, 2.0]), dates, 5.0)).all()
    assert final_target_means(codes, np.array([np.nan, np.nan]), 5.0) == {
        "values": {},
        "overall": 0.0,
    }
