"""Explaining a domain: what counts together, which inputs are moved, what adjustments add to."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.explanation.contributions import contribution_centres
from lib.evaluation.explanation.importance import (
    comparable_adjustments,
    contributions_with_level,
    input_effects,
    mean_importance,
    merge_derived_inputs,
    most_important_inputs,
)
from tests.support.saved_models import LEVELLED, train_and_save
from tests.support.vectors import homes, make, saved

TABLE = pd.DataFrame(
    {
        "living_area": [0.1, -0.1], "own_log_living_area": [0.3, -0.1],
        "bedrooms_total": [-0.4, 0.2], "comp_log_price": [0.9, 0.9],
        "postal_code": [0.2, 0.2], "level": [0.0, 0.1],
    }
)  # fmt: skip
HOMES = pd.DataFrame(
    {
        "living_area": [1, 2], "bedrooms_total": [3, 3], "comp_log_price": [1, 2],
        "postal_code": ["a", "b"],
    }
)  # fmt: skip


def test_an_input_and_what_is_made_of_it_count_together():
    got = merge_derived_inputs(TABLE)
    assert "own_log_living_area" not in got
    np.testing.assert_allclose(got["living_area"], [0.4, -0.2])


def test_reasons_of_another_value_than_the_prediction_stop_the_run():
    saved, predicted, table = train_and_save("linear", LEVELLED)
    table = table.set_index("listing_key", drop=False)
    past, later = table[table["role"] == "train"], table[table["role"] == "test"]
    saved = saved.model_copy(update={"trained_before": str(later["as_of"].min().date())})
    centre = contribution_centres(past, saved)
    base, parts = contributions_with_level(later, saved, predicted, centre)
    told = predicted.set_index("listing_key")["log_estimate"].reindex(later.index)
    np.testing.assert_allclose(base + parts.sum(axis=1), told, atol=1e-9)
    other = later.index[3]
    moved = predicted["log_estimate"].mask(predicted["listing_key"] == other, told[other] + 1e-4)
    with pytest.raises(AssertionError, match=f"contributions of {other} miss .* by 0.0001"):
        contributions_with_level(later, saved, predicted.assign(log_estimate=moved), centre)


def test_importance_is_the_mean_size_of_sums():
    got = mean_importance(TABLE).set_index(["kind", "name"])["importance"]
    np.testing.assert_allclose(got["input", "living_area"], 0.3)
    np.testing.assert_allclose(got["input", "level"], 0.05)
    # area and bedrooms against each other: 0.4 - 0.4 and -0.2 + 0.2
    np.testing.assert_allclose(got["group", "size"], 0.0, atol=1e-12)
    np.testing.assert_allclose(got["group", "market"], 0.9)


def test_only_varying_numbers_of_the_home_itself_are_moved_the_greatest_first():
    assert most_important_inputs(TABLE, HOMES, 5) == ["living_area"]
    several = HOMES.assign(bedrooms_total=[2, 3])
    assert most_important_inputs(TABLE, several, 5) == ["living_area", "bedrooms_total"]
    assert (
        most_important_inputs(TABLE, several, 1) == ["living_area"]
        and most_important_inputs(TABLE, several, 0) == []
    )


def test_effects_of_a_line_are_the_line_by_either_way():
    saved, _, table = train_and_save("linear", None)
    got = input_effects(table, saved, ["size"], 5, 20, np.random.default_rng(1))
    slope = np.polyfit(got["at"], got["ale"], 1)[0]
    np.testing.assert_allclose(got["ale"], got["pdp"], atol=1e-9)
    assert abs(slope - 0.9) < 0.05 and (got["homes"] == len(table) - 3).all()
    none = input_effects(table, saved, [], 5, 20, np.random.default_rng(1))
    assert list(none) == list(got) and not len(none)


def test_adjustments_add_up_to_the_difference_of_the_two_homes():
    near = pd.DataFrame({"listing_key": ["a", "a"], "rank": [1, 2], "comparable": ["x", "y"]})
    subjects = pd.DataFrame({"size": [0.5], "market": [-0.2], "level": [0.1]}, index=["a"])
    sales = pd.DataFrame(
        {"size": [0.1, 0.6], "market": [0.0, -0.2], "level": [0.0, 0.0]}, index=["x", "y"]
    )
    got = comparable_adjustments(near, subjects, sales)
    sums = got.groupby("comparable")["log_adjustment"].sum()
    np.testing.assert_allclose(sums[["x", "y"]], [0.3, 0.0], atol=1e-12)
    one = got[(got["comparable"] == "x") & (got["group"] == "size")]
    np.testing.assert_allclose(one["log_adjustment"], 0.4)


def test_effects_are_told_of_numbers_beside_photos():
    """Homes carry vectors; a count of photos can be moved, a vector or having photos cannot."""
    inputs, price, _ = homes(200)
    told = saved("photo_trees", make("photo_trees", start=[]).fit(inputs, price), inputs)
    table = pd.DataFrame({name: [0.1, -0.1] for name in inputs})
    assert most_important_inputs(table, inputs, 9) == ["img_count"]
    got = input_effects(inputs, told, ["img_count", "size"], 4, 10, np.random.default_rng(1))
    assert got["input"].unique().tolist() == ["img_count", "size"]
    assert np.isfinite(got[["ale", "pdp"]]).all(axis=None)
