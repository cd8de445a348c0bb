"""Which of two figures is the better one, and how a figure is told."""

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.ops.compare import figures


@pytest.mark.parametrize(
    "metric, old, new, wanted",
    [
        ("mdape", 0.10, 0.09, 1),
        ("fold_mdape", 0.10, 0.11, -1),
        ("screened_mape", 0.10, 0.09, 1),
        ("r2", 0.8, 0.9, 1),
        ("screened_r2", 0.9, 0.8, -1),
        ("ppe10", 0.5, 0.4, -1),
        ("bias", -0.02, 0.01, 1),
        ("bias", 0.01, -0.02, -1),
        ("bias", 0.02, -0.02, 0),
        ("coverage_90", 0.95, 0.91, 1),  # too wide is as wrong as too narrow
        ("coverage_90", 0.91, 0.95, -1),
        ("coverage_80", 0.79, 0.70, -1),
        ("median_ratio", 0.97, 1.01, 1),
        ("prd", 1.00, 0.97, -1),
        ("prb", -0.03, 0.01, 1),
        ("cod", 12.0, 11.0, 1),
        ("median_width", 0.5, 0.4, 1),
        ("mdape", 0.1, 0.1, 0),
        ("mdape", None, 0.1, 0),
        ("mdape", 0.1, None, 0),
        ("of_which_nobody_knows", 1.0, 2.0, 0),
    ],
)
def test_better_is_told_by_each_metrics_own_direction(metric, old, new, wanted):
    assert figures.change_sign(metric, old, new) == wanted


def test_every_metric_has_a_direction():
    for name in DIRECTIONS:
        moves = {figures.change_sign(name, 0.5, 0.4), figures.change_sign(name, 0.4, 0.5)}
        assert moves == {1, -1}, name


@pytest.mark.parametrize(
    "metric, value, signed, wanted",
    [
        ("mdape", 0.09637, False, "9.64 %"),
        ("fold_mape", -0.0012, True, "-0.12 points"),
        ("r2", 0.9, False, "0.9000"),
        ("mae", 45120.4, False, "45,120"),
        ("mae", 120.0, True, "+120"),
        ("bias", -0.0072, False, "-0.72 %"),
        ("median_ratio", 0.99, False, "0.9900"),
        ("coverage_90", 0.9, False, "90.00 %"),
        ("mdape", None, False, "none"),
    ],
)
def test_figures_read_as_people_write_them(metric, value, signed, wanted):
    assert figures.format_figure(metric, value, signed) == wanted


def scores(low):
    one = {"value": 0.1, "low": low, "high": 0.2}
    study = {"trimmed": {"cod": one | {"low": 0.0}}, "untrimmed": {"cod": one}}
    part = {
        "accuracy": {"mdape": one},
        "ratio_study": study,
        "interval_90": {"coverage": one},
        "sales": 9,
    }
    return {"variants": {"sale_a": part | {"screened": {"accuracy": {"mdape": one}}}}}


def test_each_figure_comes_with_its_intervals_in_one_order_whatever_the_input():
    diff = {
        "sale_a.mdape": {"old": 0.12, "new": 0.10, "diff": -0.02},
        "sale_a.mdape_low": {"old": 0.11, "new": 0.09},
        "sale_a.screened_mdape": {"old": 0.12, "new": 0.10},
        "sale_a.coverage_90": {"old": 0.95, "new": 0.9},
        "sale_a.cod": {"old": 0.12, "new": 0.11},
        "sale_a.fold_mdape": {"old": 0.1, "new": 0.1},
        "rental_b.mdape": {"old": 0.1, "new": None},
    }
    rows = figures.changed_figures(diff, scores(0.05), scores(0.06))
    assert [(one.variant, one.metric) for one in rows] == [
        ("rental_b", "mdape"),
        ("sale_a", "cod"),
        ("sale_a", "coverage_90"),
        ("sale_a", "fold_mdape"),
        ("sale_a", "mdape"),
        ("sale_a", "screened_mdape"),
    ]
    assert rows == figures.changed_figures(dict(reversed(diff.items())), scores(0.05), scores(0.06))
    for one in rows:
        told = one.variant == "sale_a" and not one.metric.startswith("fold_")
        assert one.old_span == ((0.05, 0.2) if told else None), one.metric
        assert one.new_span == ((0.06, 0.2) if told else None), one.metric
    assert figures.changed_figures(diff, None, None)[4].old_span is None


def predictions(rows):
    columns = ["variant", "domain", "listing_key", "close_price", "pred_close_price"]
    return pd.DataFrame(rows, columns=columns)


def test_only_the_same_sales_at_the_same_price_are_compared():
    before = predictions(
        [
            ("a", "sale", "1", 100.0, 90.0),
            ("a", "sale", "2", 100.0, 90.0),
            ("a", "sale", "3", 5.0, 1.0),
        ]
    )
    after = predictions(
        [
            ("a", "sale", "2", 100.0, 95.0),
            ("a", "sale", "3", 6.0, 1.0),
            ("b", "sale", "1", 100.0, 99.0),
        ]
    )
    got = figures.join_predictions(before, after)
    assert got[["listing_key", "base_close_price", "pred_close_price"]].values.tolist() == [
        ["2", 90.0, 95.0]
    ]


def test_a_better_revision_has_a_gap_below_zero():
    rng = np.random.default_rng(5)
    price = np.exp(rng.normal(12, 0.4, 800))
    noise = rng.normal(0, 0.1, 800)
    rows = pd.DataFrame(
        {
            "close_price": price,
            "pred_close_price": price * np.exp(noise / 2),
            "base_close_price": price * np.exp(noise),
            "property_key": None,
        }
    )
    gap = figures.paired_gap(rows, 200, 1)["mdape"]
    assert gap["high"] < 0 and gap["value"] < -0.02
    assert figures.paired_gap(rows, 200, 1)["mdape"] == gap
    twice = pd.concat([rows.assign(property_key=np.arange(800).astype("str"))] * 2)
    spans = [one["high"] - one["low"] for one in (gap, figures.paired_gap(twice, 200, 1)["mdape"])]
    assert spans[1] == pytest.approx(spans[0], rel=0.3)  # as rows of their own: 0.7 of it


def test_thin_slices_are_left_out():
    rows = pd.DataFrame(
        {
            "close_price": np.arange(1.0, 101),
            "postal_code": ["1"] * 29 + ["2"] * 30 + [None] * 41,
            "as_of": pd.Timestamp("2025-01-05"),
        }
    )
    found = [(kind, name, len(part)) for kind, name, part in figures.large_slices(rows)]
    assert found == [("ZIP", "2", 30), ("ZIP", "none", 41), ("month", "2025-01", 100)]
