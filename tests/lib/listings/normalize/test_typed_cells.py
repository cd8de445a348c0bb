"""Typed cells: baths and lots in whichever notation the row has."""

import pandas as pd
import pytest

from lib.common.params import validate
from lib.common.vocabulary import LINEAGE
from lib.listings.contract.contract import Contract
from lib.listings.normalize import typed_cells

WAYS = validate(
    Contract,
    {
        "title": "T",
        "property_key": [],
        "columns": {
            "listing_key": {"aliases": []},
            "baths": {"aliases": [], "type": "baths_full_half"},
            "slashed": {"aliases": [], "type": "baths_full_slash_half"},
            "bathrooms_full": {"aliases": [], "type": "count", "range": [0, 20]},
            "bathrooms_half": {"aliases": [], "type": "count"},
            "lot_size_square_feet": {"aliases": [], "type": "number"},
            "lot_size_acres": {"aliases": [], "type": "number"},
        },
    },
    "contract.yaml",
)


def in_ways(*rows):
    """Typed rows of a feed that may write baths and lots in several ways."""
    keys = [{"listing_key": f"k{i}", "domain": "sale"} for i in range(len(rows))]
    names = dict.fromkeys(["listing_key", "domain", *WAYS.columns, *WAYS.constants, *LINEAGE])
    frame = pd.DataFrame([key | row for key, row in zip(keys, rows, strict=True)])
    return typed_cells.type_cells(frame.reindex(columns=list(names)).astype("str"), WAYS)


@pytest.mark.parametrize(
    ("row", "baths"),
    [
        ({"baths": "2.1"}, (2, 1, 2.5)),
        ({"slashed": "3/2"}, (3, 2, 4)),
        ({"bathrooms_full": "2", "bathrooms_half": "1"}, (2, 1, 2.5)),
        ({"bathrooms_full": "2"}, (2, None, None)),
        ({"bathrooms_half": "1"}, (None, 1, None)),
        # the first that can be read counts, and never a part of each
        ({"baths": "2.1", "slashed": "3/2", "bathrooms_full": "4"}, (2, 1, 2.5)),
        ({"baths": "?", "slashed": "3/2", "bathrooms_half": "9"}, (3, 2, 4)),
        ({"bathrooms_full": "21", "bathrooms_half": "1"}, (None, 1, None)),
        ({}, (None, None, None)),
    ],
)
def test_baths_come_from_whichever_notation_the_row_has(row, baths):
    table, _ = in_ways(row, {"baths": "1.0"})
    names = ("bathrooms_full", "bathrooms_half", "bathrooms_total")
    got = [None if pd.isna(table[name][0]) else table[name][0] for name in names]
    assert got == list(baths)
    assert [table[name][1] for name in names] == [1, 0, 1]


def test_baths_that_do_not_read_are_listed_by_their_own_column():
    _, issues = in_ways({"slashed": "2-1", "bathrooms_full": "2.5", "bathrooms_half": "x"})
    assert issues[["column", "reason"]].to_numpy().tolist() == [
        ["slashed", "not a number of baths"],
        ["bathrooms_full", "not a count"],
        ["bathrooms_half", "not a count"],
    ]


@pytest.mark.parametrize("baths", ["2.9", "2.5"])
def test_five_half_baths_are_no_count_of_half_baths(baths):
    table, issues = in_ways(
        {"baths": baths}, {"baths": "2.4"}, {"slashed": "2/5"},
        {"bathrooms_full": "2", "bathrooms_half": "5"},
    )  # fmt: skip
    assert table["bathrooms_total"].fillna(0).tolist() == [0, 4, 0, 0]
    assert table["bathrooms_half"].fillna(-1).tolist() == [-1, 4, -1, -1]
    assert sorted(issues[["column", "value", "reason"]].to_numpy().tolist()) == [
        ["bathrooms_half", "5", "more than 4 half baths"],
        ["baths", baths, "more than 4 half baths"],
        ["slashed", "2/5", "more than 4 half baths"],
    ]


def test_acres_fill_in_for_square_feet():
    table, _ = in_ways(
        {"lot_size_square_feet": "5000", "lot_size_acres": "9"}, {"lot_size_acres": "0.5"}, {}
    )
    assert table["lot_size_square_feet"].fillna(0).tolist() == [5000, 21780, 0]
