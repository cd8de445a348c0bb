"""How planted rows ended, by cases worked by hand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from lib.ops.planting.judge import (
    Outcome,
    Verdict,
    error_changes,
    format_verdict,
    judge_planting,
    upper_bound,
)
from lib.ops.planting.kinds import KINDS, Kind

SIZE = Kind("size", "units", lambda rows, share, seed: (rows, []), ("living_area",), "Read")
LOT = Kind("lot", "home", lambda rows, share, seed: (rows, []), (), "Apart", adds=True)


def outcome(sizes, issues=(), flagged=(), excluded=(), draft="", homes=None):
    table = pd.DataFrame({"living_area": sizes}, dtype="float64")
    table["property_key"] = homes or [f"h{i}" for i in range(len(table))]
    table.index = pd.Index([f"k{i}" for i in range(len(table))], name="listing_key")
    listed = pd.DataFrame(issues, columns=["listing_key", "column"], dtype="str")
    return Outcome("", draft, table, listed, frozenset(flagged), frozenset(excluded))


CLEAN = outcome([1000, 1200, 1500, 2000])


@pytest.mark.parametrize(
    ("got", "ends"),
    [
        (outcome([1000, 1200, 1500, 2000]), {"right": 2}),
        (outcome([1000.4, 1200, 1500, 2000]), {"right": 2}),  # rounded in another unit
        (outcome([93, 1200, 1500, 2000]), {"silent": 1, "right": 1}),
        (outcome([np.nan, 1200, 1500, 2000], [("k0", "living_area")]), {"missing": 1, "right": 1}),
        (outcome([93, 1200, 1500, 2000], flagged=["k0"]), {"aside": 1, "right": 1}),
        (outcome([93, 110, 1500, 2000], excluded=["k0", "k1"]), {"aside": 2}),
        (outcome([93, 110, 1500, 2000], draft="a: {}   # CHECK: 3 sizes"), {"asked": 2}),
        (Outcome(stopped="error: mend it"), {"stopped": 2}),
        (Outcome(stopped="traceback: KeyError: 1"), {"silent": 2}),
    ],
)
def test_a_planted_row_is_right_missing_aside_asked_stopped_or_silent(got, ends):
    verdict = judge_planting(SIZE, ["k0", "k1"], got, CLEAN)
    assert {end: n for end, n in verdict.ends.items() if n} == ends
    assert verdict.missed == ends.get("silent", 0) and verdict.planted == 2 and not verdict.wrong


def test_a_check_that_the_clean_draft_has_too_asks_nothing():
    clean = outcome([1000, 1200], draft="currency: USD   # CHECK\nx: 12 rows   # CHECK")
    got = outcome([93, 1200], draft="currency: USD   # CHECK\nx: 13 rows   # CHECK")
    assert judge_planting(SIZE, ["k0"], got, clean).missed == 1


def test_a_further_row_is_found_where_it_is_aside_or_flagged_only():
    for changes, missed in (({}, 1), ({"flagged": ["k0"]}, 0), ({"excluded": ["k0"]}, 0)):
        assert judge_planting(LOT, ["k0"], outcome([1000], **changes), CLEAN).missed == missed
    assert judge_planting(LOT, ["gone"], outcome([1000]), CLEAN).missed == 0


@pytest.mark.parametrize(
    ("got", "wrong"),
    [
        (outcome([9, 1200, 1500, 2000], [("k1", "year_built")]), ("k1",)),
        (outcome([9, 1200, 1500, 2000], excluded=["k2", "k0"]), ("k2",)),
        (outcome([9, 1200, 1500]), ("k3",)),  # lost on the way
        (outcome([9, 1200, 1500, 2000], flagged=["k3"]), ()),  # shown, and evidence all the same
    ],
)
def test_clean_rows_that_lose_a_cell_or_their_standing_are_wrongly_flagged(got, wrong):
    assert judge_planting(SIZE, ["k0"], got, CLEAN).wrong == wrong


def test_one_key_for_two_homes_is_missed_and_another_spelling_is_not():
    kind = KINDS["placeholder_parcels"]
    apart = outcome([1, 2, 3], homes=["a", "b", "c"])
    merged = outcome([1, 2, 3], homes=["a", "a", "c"])
    assert judge_planting(kind, ["k0", "k1"], apart, CLEAN).missed == 0
    assert judge_planting(kind, ["k0", "k1"], merged, CLEAN).missed == 2


def test_the_change_of_errors_is_that_of_the_clean_rows_both_runs_valued():
    got = pd.Series({"a": 0.10, "b": 0.20, "p": 0.90, "new": 0.5})
    without = pd.Series({"a": 0.08, "b": 0.10, "p": 0.0})
    assert error_changes(["p"], got, without).to_dict() == pytest.approx({"a": 0.02, "b": 0.1})
    assert error_changes([], pd.Series(dtype=float), without).empty


def test_the_bound_is_students():
    mean, bound = upper_bound([0.001, 0.003, 0.002, float("nan")])
    assert mean == pytest.approx(0.002)
    assert bound == pytest.approx(0.002 + 2.91999 * 0.001 / 3**0.5, abs=1e-7)  # t(0.95, 2)
    assert np.isnan(upper_bound([])[0]) and np.isnan(upper_bound([0.1])[1])


def test_a_line_adds_up_the_plantings_and_says_what_costs_too_much():
    verdicts = [Verdict(Counter(right=3, silent=1), ("k",)), Verdict(Counter(missing=4))]
    line = format_verdict("size", 0.05, verdicts, [0.01, 0.012])
    assert "5%  found     7 missed    1 wrong    1" in line and "missing 4, right 3" in line
    assert "+1.10 points" in line and "(too much)" in line
    assert "too much" not in format_verdict("size", 0.05, verdicts, [0.0, 0.0001])
