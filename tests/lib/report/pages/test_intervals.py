"""Sentences of the page of intervals, from tables made by hand."""

import numpy as np
import pandas as pd

from lib.models.calibration.interval_study import compare_with_split_conformal
from lib.report.pages import intervals
from lib.report.plots import valuation

WIDE = "interval 120% of the value wide, over 100%"
TEST = pd.DataFrame(
    {
        "close_price": [100.0] * 10 + [100.0] * 10,
        "pred_close_price": [110.0] * 10 + [130.0] * 10,
        "pred_confidence": [92.0] * 10 + [72.0] * 10,
        "pred_fsd": [0.08] * 10 + [0.28] * 10,
        "pred_low_90": [90.0] * 10 + [110.0] * 10,
        "pred_high_90": [125.0] * 10 + [190.0] * 10,
        "pred_abstention": [None] * 18
        + ["3 comparables, under 5", f"2 comparables, under 5; {WIDE}"],
        "as_of": pd.Timestamp("2025-03-01"),
    }
)  # fmt: skip


def test_what_is_abstained_from_is_counted_by_kind_with_its_error():
    told, reasons = intervals.abstention_finding(TEST)
    assert told.startswith("2 of 20 valuations") and "off by more than 30.0 %" in told
    assert "of the others by more than 10.0 %" in told
    assert reasons == [("too few comparables", 2), ("interval too wide", 1)]
    assert intervals.abstention_finding(TEST[:18]) == (
        "No valuation of the test is marked as not to be relied on.", [],
    )  # fmt: skip
    assert "of the others" not in intervals.abstention_finding(TEST[18:])[0]


def test_errors_stand_by_band_of_confidence():
    bands = intervals.error_by_confidence(TEST)
    assert bands["slice"].tolist() == ["70 to 75", "90 to 95"]
    assert bands["size"].tolist() == [10, 10]
    assert np.allclose(bands["median"], [0.3, 0.1])
    assert len(intervals.error_by_confidence(TEST[:9])) == 0  # too thin to be shown


def test_the_headline_tells_both_widths():
    errors = np.linspace(-0.2, 0.2, 99)
    told = compare_with_split_conformal(TEST, errors, ["90"])
    said = intervals.interval_headline(told)
    assert "held 50.0 % of the prices (50.0 % lay below, 0.0 % above)" in said
    split = np.exp(errors[-5]) - np.exp(errors[4])
    assert f"one width for all would take {100 * split:.1f} %" in said


def test_the_pictures_say_how_wide_and_how_often_within_one_fsd(monkeypatch):
    monkeypatch.setattr(valuation, "plot_coverage", lambda *_: "")
    test = TEST.assign(
        pred_low_90=100.0, pred_high_90=100.0 + TEST["pred_close_price"] * np.linspace(0, 0.95, 20)
    )
    test.loc[:3, "pred_fsd"] = 0.1  # prices 9.1 % below the value; the others' FSD is smaller
    slices = pd.DataFrame(
        {"kind": "month", "slice": ["2025-03"], "sales": 20, "thin": True, "coverage_90": 0.9}
    )
    made = intervals.domain_context("sale", test, slices, np.linspace(-0.2, 0.2, 99), {})
    told = {one["title"]: one["caption"] for one in made["plots"]}
    assert "is narrower than 9.5 % of the value, a tenth wider than 85.5 %" in told["How wide"]
    said = told["Confidence score"]
    assert said.startswith(
        "Half of the 10 homes with a score of 70 to 75 are off by more than 30.0 %, of the 10 "
        "with 90 to 95 by more than 10.0 %"
    )
    assert "70.0 % of the prices lie within one FSD" in said


def test_the_worst_slice_is_one_that_is_not_thin():
    slices = pd.DataFrame(
        {
            "slice": ["a", "b", "c"], "sales": [5, 40, 60], "thin": [True, False, False],
            "coverage_90": [0.2, 0.85, 0.95],
        }
    )  # fmt: skip
    assert "least in b (85.0 % of 40) and most in c (95.0 % of 60)" in intervals.coverage_finding(
        slices
    )
    assert "none stands on its own" in intervals.coverage_finding(slices[:1])
