"""What moved between two runs: values, causes, records; each against a case worked by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ops.compare import changes, changes_page


def valued(rows):
    columns = ["domain", "listing_key", "pred_close_price"]
    return pd.DataFrame(rows, columns=columns)


def explained(rows):
    columns = ["domain", "listing_key", "input", "group", "value", "log_contribution"]
    return pd.DataFrame(rows, columns=columns)


BEFORE = valued(
    [("sale", "1", 100.0), ("sale", "2", 200.0), ("rental", "1", 10.0), ("sale", "4", 5.0)]
)
AFTER = valued(
    [("sale", "2", 180.0), ("sale", "1", 101.0), ("rental", "1", 10.0), ("sale", "3", 7.0)]
)


def test_listings_of_both_runs_by_the_size_of_their_change():
    moved = changes.value_changes(BEFORE, AFTER)
    assert moved[["domain", "listing_key", "old", "new"]].values.tolist() == [
        ["sale", "2", 200.0, 180.0],
        ["sale", "1", 100.0, 101.0],
        ["rental", "1", 10.0, 10.0],
    ]
    assert moved["change"].tolist() == pytest.approx([-0.1, 0.01, 0.0])
    assert changes.unmatched_listings(AFTER, BEFORE)["listing_key"].tolist() == ["3"]
    assert changes.unmatched_listings(BEFORE, AFTER)["listing_key"].tolist() == ["4"]


WHY = changes.contribution_changes(
    explained(
        [
            ("sale", "1", "baseline", "baseline", None, 4.0),
            ("sale", "1", "living_area", "size", "1800.0", 0.5),
            ("sale", "1", "old_input", "other", "x", 0.05),
            ("sale", "9", "baseline", "baseline", None, 4.0),
        ]
    ),
    explained(
        [
            ("sale", "1", "baseline", "baseline", None, 4.1),
            ("sale", "1", "living_area", "size", "2300.0", 0.7),
            ("sale", "1", "new_input", "other", "y", -0.02),
        ]
    ),
)


def test_causes_are_changes_of_contributions_and_unknown_inputs_count_as_none():
    told = WHY.set_index("input")["moved"].to_dict()
    assert told == pytest.approx(
        {"baseline": 0.1, "living_area": 0.2, "new_input": -0.02, "old_input": -0.05}
    )
    assert set(WHY["listing_key"]) == {"1"}, "only what both runs explain"
    assert changes.explain_change(WHY) == [
        "living_area (1800.0 → 2300.0): +22.1 %",
        "baseline: +10.5 %",
        "old_input (x → none): -4.9 %",
    ]
    groups = changes.changes_by_group(WHY).set_index("group")
    assert groups.loc["other", "push"] == pytest.approx(-0.07)
    assert groups.index[0] == "size"


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=6), st.floats(1e4, 1e6))
def test_the_pushes_of_all_inputs_make_the_change(steps, value):
    names = [f"input_{i}" for i in range(len(steps))]
    before = explained([("sale", "1", name, "g", "0", 1.0) for name in names])
    after = explained(
        [("sale", "1", name, "g", "0", 1.0 + step) for name, step in zip(names, steps, strict=True)]
    )
    why = changes.contribution_changes(before, after)
    new = value * np.exp(sum(steps))
    moved = changes.value_changes(valued([("sale", "1", value)]), valued([("sale", "1", new)]))
    assert np.exp(why["moved"].sum()) == pytest.approx(1 + moved["change"][0], rel=1e-9)
    assert changes.count_unexplained(moved, why) == 0
    assert changes.count_unexplained(moved, why.assign(moved=why["moved"] + 0.05)) == 1


def test_records_that_differ_cell_by_cell():
    before = pd.DataFrame(
        {
            "listing_key": ["1", "2", "3"],
            "living_area": [1800.0, None, 900.0],
            "city": ["A", None, "C"],
            "_row_sha256": ["x", "y", "z"],
            "as_of": pd.to_datetime(["2025-01-01"] * 3),
            "close_date": pd.to_datetime([None, None, "2025-01-03"]),
        }
    )
    after = before.iloc[::-1].assign(_row_sha256="q", as_of=pd.Timestamp("2025-02-01"))
    after.loc[after["listing_key"] == "1", "living_area"] = 2300.0
    after.loc[after["listing_key"] == "2", "city"] = "B"
    after.loc[after["listing_key"] == "1", "close_date"] = pd.Timestamp("2025-01-31")
    after = after[after["listing_key"] != "3"]
    got = changes.differing_cells(before, after)
    assert got[["listing_key", "column", "old", "new"]].values.tolist() == [
        ["1", "close_date", "none", "2025-01-31"],
        ["1", "living_area", "1,800", "2,300"],
        ["2", "city", "none", "B"],
    ]
    told = changes.data_change_counts("sale", before, after, got)
    assert (told["old"], told["rows"], told["new"], told["gone"]) == ("3", "2", "0", "1")
    assert told["changed"] == "2"
    assert told["columns"] == ["city 1", "close_date 1", "living_area 1"]
    assert changes.differing_cells(before, before).empty


def test_parameters_that_differ():
    got = changes.changed_settings(
        {"a.b": 1, "a.c": [1], "gone": None}, {"a.b": 2, "a.c": [1], "new": "x"}
    )
    assert got == [("a.b", "1", "2"), ("gone", "None", "none"), ("new", "none", "x")]


def test_what_became_of_the_listings_that_are_gone():
    gone = valued(
        [("sale", "1", 110.0), ("sale", "2", 90.0), ("sale", "3", 50.0), ("sale", "4", 1.0)]
    )
    now = pd.DataFrame(
        {
            "listing_key": ["1", "2", "3"],
            "standard_status": ["Closed", "Closed", "Canceled"],
            "close_price": [100.0, 100.0, np.nan],
        }
    )
    assert changes_page.describe_departed(gone, now) == (
        "Their status now: 1 Canceled, 2 Closed, 1 not in the export. The base's values of the 2 "
        "that have closed miss the price by 10.0 % in the median."
    )
    assert changes_page.describe_departed(gone.iloc[:0], now) == ""


def test_a_page_part_says_what_moved_and_draws_it_the_same_each_time():
    moved = changes.value_changes(BEFORE, AFTER)
    sale = moved[moved["domain"] == "sale"]
    none = pd.DataFrame(columns=["listing_key", "old", "new", "column"])
    part = changes_page.DomainChanges(
        "sale", sale, AFTER.iloc[3:], BEFORE.iloc[3:], WHY, none, None
    )
    told = [changes_page.domain_section(part, 25) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0]["headline"].startswith("2 of the 2 listings valued in both runs moved by 1 %")
    assert told[0]["rows"][0]["change"] == "-10.0 %" and told[0]["rows"][0]["reasons"] == []
    assert told[0]["rows"][1]["reasons"][1] == "baseline: +10.5 %"
    assert told[0]["listings"] == "Valued now and not before: 1; before and not now: 1."
    assert [plot["title"] for plot in told[0]["plots"]] == [
        "Changes of value",
        "Largest changes",
        "What moved them",
    ]


def test_nothing_moved_is_said_without_pictures():
    moved = changes.value_changes(BEFORE, BEFORE)
    none = pd.DataFrame(columns=["listing_key", "old", "new", "column"])
    empty = BEFORE.iloc[:0]
    part = changes_page.DomainChanges("sale", moved, empty, empty, None, none, None)
    told = changes_page.domain_section(part, 25)
    assert told["headline"] == "None of the 4 listings valued in both runs changed its value."
    assert told["plots"] == [] and told["rows"] == []
