"""Baths of every kind add up, and where the parts and the total disagree nobody guesses."""

import itertools

import numpy as np
import pandas as pd
import pytest

from lib.listings.contract import baths
from lib.listings.contract.baths import DISAGREE, UNSAID, UNUSED

NONE = float("nan")
KEYS = ["bathrooms_full", "bathrooms_three_quarter", "bathrooms_half", "bathrooms_one_quarter"]


def combined(**columns):
    """(total, reason) of each row."""
    parts, reason = baths.combine_baths(pd.DataFrame(columns, dtype="float64"))
    return parts["bathrooms_total"].tolist(), reason.fillna("").tolist(), parts


@pytest.mark.parametrize(
    ("full", "half", "rooms", "total", "half_baths", "why"),
    [
        (2, 1, 3, 2.5, 1, ""),
        (2, NONE, 2, 2, 0, ""),  # blank where there is none, as the rooms say
        (2, NONE, 3, 2.5, 1, ""),  # one room is left, and no other kind is counted
        (NONE, 1, 3, 2.5, 1, ""),  # likewise the full ones
        (2, NONE, NONE, NONE, NONE, UNSAID),
        (2, 1, NONE, 2.5, 1, ""),
        (2, 1, 2, NONE, 1, DISAGREE),
        (2, 1, 5, NONE, 1, DISAGREE),
        (3, NONE, 2, NONE, NONE, DISAGREE),
        (NONE, NONE, 2, NONE, NONE, ""),
    ],
)
def test_full_and_half_baths_and_the_rooms(full, half, rooms, total, half_baths, why):
    # a second row, so that no column is blank throughout
    totals, reasons, parts = combined(
        bathrooms_full=[full, 1], bathrooms_half=[half, 1], bathrooms_total_integer=[rooms, 2]
    )
    np.testing.assert_equal(totals, [total, 1.5])
    np.testing.assert_equal(parts["bathrooms_half"].tolist(), [half_baths, 1])
    assert reasons == [why, ""]


@pytest.mark.parametrize(
    ("row", "total", "why"),
    [
        ((1, 2, 0, 0, 3), 2.5, ""),
        ((1, 1, 1, 1, 4), 2.5, ""),
        ((2, NONE, 1, 0, NONE), 2.5, ""),  # blank three-quarter baths are none
        ((2, NONE, 1, 0, 4), 3.25, ""),  # or what is left
        ((2, NONE, NONE, 0, 4), NONE, UNSAID),  # which of the two is not known
        ((2, NONE, NONE, NONE, 2), 2, ""),
        ((2, 1, 1, 0, 3), NONE, DISAGREE),  # counted among the full ones too?
    ],
)
def test_quarters_count_as_much(row, total, why):
    names = [*KEYS, "bathrooms_total_integer"]
    columns = {name: [cell, 1] for name, cell in zip(names, row, strict=True)}
    totals, reasons, _ = combined(**columns | {"bathrooms_total_integer": [row[4], 4]})
    np.testing.assert_equal(totals, [total, 2.5])
    assert reasons == [why, ""]


def test_any_counts_that_are_as_many_as_the_rooms_are_weighed():
    """Against the plain sum, row by row."""
    rows = list(itertools.product(range(3), repeat=4))
    table = pd.DataFrame(rows, columns=KEYS)
    totals, reasons, _ = combined(**table, bathrooms_total_integer=table.sum(axis=1))
    expected = [full + 0.75 * three + 0.5 * half + 0.25 * one for full, three, half, one in rows]
    assert totals == expected and set(reasons) == {""}


def test_partial_baths_stand_in_for_half_baths_alone_where_those_are_blank():
    totals, _, _ = combined(
        bathrooms_full=[2, 2, 2], bathrooms_half=[NONE, 1, 0], bathrooms_partial=[1, 1, 2]
    )
    assert totals == [2.5, 2.5, 2]


def test_a_column_of_rooms_that_is_mostly_no_sum_is_not_used():
    full, half = [2.0] * 30, [1.0] * 30
    totals, reasons, _ = combined(
        bathrooms_full=full, bathrooms_half=half, bathrooms_total_integer=[2] * 29 + [3]
    )
    assert totals == [2.5] * 30 and reasons == [UNUSED] * 30
    totals, reasons, _ = combined(
        bathrooms_full=full, bathrooms_half=half, bathrooms_total_integer=[3] * 29 + [2]
    )
    assert reasons == [""] * 29 + [DISAGREE]


def test_an_export_that_counts_no_half_baths_is_not_reproached_with_it():
    totals, reasons, _ = combined(bathrooms_full=[2, 3], bathrooms_half=[NONE, NONE])
    np.testing.assert_equal(totals, [NONE, NONE])
    assert reasons == ["", ""]
