"""lib/listings/eda/hygiene.py against naive counts, textbook formulas and planted faults."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from lib.listings.eda import hygiene


def test_missing_is_the_share_of_blank_cells_most_first():
    frame = pd.DataFrame({"a": [1, None, 3, None], "b": [1, 2, 3, 4], "c": [None, None, None, 4]})
    assert hygiene.missing_shares(frame, ["a", "b", "c"]).to_dict() == {
        "c": 0.75,
        "a": 0.5,
        "b": 0.0,
    }


def test_missing_by_group_leaves_out_small_groups_and_names_the_widest_swing():
    rng = np.random.default_rng(1)
    by = pd.Series(["x"] * 400 + ["y"] * 400 + ["tiny"] * 3)
    frame = pd.DataFrame({"steady": rng.random(803), "gappy": rng.random(803)})
    frame.loc[400:799:2, "gappy"] = np.nan
    shares = hygiene.missing_shares_by(frame, ["steady", "gappy"], by)
    assert list(shares.columns) == ["x", "y"]
    assert shares.loc["gappy"].to_dict() == {"x": 0.0, "y": 0.5}
    name, least, most, errors = hygiene.greatest_swing(shares, by.value_counts())
    assert (name, least, most) == ("gappy", "x", "y") and errors > 10
    assert hygiene.greatest_swing(shares[["x"]], by.value_counts()) is None


def test_cardinality_counts_what_is_filled():
    frame = pd.DataFrame({"a": ["u", "u", "v", None], "b": [None] * 4})
    table = hygiene.column_cardinality(frame, {"a": "text", "b": "number"}).set_index("column")
    assert table.loc["a"].tolist() == ["text", 0.75, 2, pytest.approx(2 / 3)]
    assert table.loc["b", "distinct"] == 0 and np.isnan(table.loc["b", "top"])


@given(st.lists(st.floats(1, 1e7), min_size=40, max_size=80), st.floats(0.5, 4))
def test_fences_are_tukeys(amounts, width):
    amount = pd.Series(amounts)
    logs = np.log(amount)
    low, high = np.quantile(logs, [0.25, 0.75])
    naive = (logs < low - width * (high - low)) | (logs > high + width * (high - low))
    found = hygiene.outside_fences(amount, pd.Series("one", index=amount.index), width)
    assert found.tolist() == naive.tolist()


def test_fences_of_a_thin_group_are_those_of_all_rows():
    amount = pd.Series([100.0] * 30 + [110.0] * 30 + [5000.0, 0.0, np.nan])
    group = pd.Series(["big"] * 60 + ["thin"] * 3)
    assert hygiene.outside_fences(amount, group, 3).tolist() == [False] * 60 + [True, False, False]


def test_a_price_that_is_odd_only_in_its_area_is_found():
    cheap, dear = np.geomspace(90, 110, 50), np.geomspace(9000, 11000, 50)
    amount = pd.Series([*cheap, *dear, 9500.0])
    group = pd.Series(["cheap"] * 50 + ["dear"] * 50 + ["cheap"])
    assert hygiene.outside_fences(amount, group, 3)[
        hygiene.outside_fences(amount, group, 3)
    ].index.tolist() == [100]


def test_cells_outside_their_range_are_counted_and_left_out():
    frame = pd.DataFrame({"beds": [3, 33, 2, None], "year": [1990, 9999, 0, 2000]})
    ranges = {"year": (1700, 2100), "beds": (0, 20), "absent": (0, 1)}
    assert hygiene.count_outside_ranges(frame, ranges).to_dict() == {"year": 2, "beds": 1}
    assert hygiene.mask_outside_ranges(frame, ranges).isna().sum().to_dict() == {
        "beds": 2,
        "year": 2,
    }


def test_correlations_are_spearmans_with_the_target_first():
    rng = np.random.default_rng(2)
    x = rng.random(200)
    frame = pd.DataFrame(
        {"noise": rng.random(200), "price": x**3, "size": x + 0.1 * rng.random(200)}
    )
    table = hygiene.rank_correlations(frame, "price", most=1)
    assert list(table) == ["price", "size"]
    assert table.loc["price", "size"] == pytest.approx(spearmanr(frame["price"], frame["size"])[0])


def months(count):
    return pd.Series(
        pd.to_datetime("2022-01-01") + pd.to_timedelta(np.arange(count) // 30 * 31, "D")
    )


def test_drift_is_the_population_stability_index_less_chance():
    """Against the formula, bin by bin."""
    rng = np.random.default_rng(3)
    month = months(1080).dt.to_period("M").dt.to_timestamp()
    values = pd.Series(rng.normal(size=1080))
    late = month > pd.Timestamp("2024-06-01")
    values[late] += 1.0
    table = hygiene.population_stability(pd.DataFrame({"moved": values}), ["moved"], month)
    base = values[month <= month.quantile(1 / 3)]
    now = values[month.dt.to_period("Q").astype("str") == "2024Q4"]
    edges = np.quantile(base, np.arange(1, 10) / 10)
    psi = 0.0
    for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
        p = (((base > low) & (base <= high)).sum() + 0.5) / (len(base) + 5)
        q = (((now > low) & (now <= high)).sum() + 0.5) / (len(now) + 5)
        psi += (q - p) * np.log(q / p)
    chance = 27.877 * (1 / len(now) + 1 / len(base))  # chi-squared, 9 degrees of freedom, 0.999
    assert table.loc["moved", "2024Q4"] == pytest.approx(psi - chance, abs=1e-4)
    assert table.loc["moved", "2024Q4"] > hygiene.DRIFTS
    assert table.loc["moved", "2023Q2"] == 0


def test_steady_numbers_do_not_drift():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({f"n{i}": rng.lognormal(size=1500) for i in range(20)})
    table = hygiene.population_stability(
        frame, list(frame), months(1500).dt.to_period("M").dt.to_timestamp()
    )
    assert table.size > 100 and (table > 0).to_numpy().mean() < 0.02
