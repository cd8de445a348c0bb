"""Which earlier sale was of the same home: by what was known that day, against a naive search."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.identity import property_keys, same_home
from tests.support.hypothesis_profiles import examples


def rows(*cells):
    """(day, parcel, street number) each, as normalised sales; "" is a missing cell."""
    table = pd.DataFrame(cells, columns=["day", "parcel_number", "street_number"])
    table[["parcel_number", "street_number"]] = table[["parcel_number", "street_number"]].replace(
        "", None
    ).astype("str")  # fmt: skip
    for name in (
        "street_dir_prefix",
        "street_suffix",
        "street_dir_suffix",
        "unit_number",
        "city",
        "state_or_province",
    ):
        table[name] = pd.Series(None, index=table.index, dtype="str")
    return table.assign(
        street_name="ASH", postal_code="77001", listing_key=[f"k{i}" for i in range(len(table))]
    )


def found(table):
    known = same_home.home_keys(table, [["parcel_number"]])
    return same_home.previous_of_home(known, table["day"].to_numpy()).tolist()


@pytest.mark.parametrize(
    "cells, wanted",
    [
        ([(1, "P1", "50"), (3, "", "50")], [-1, 0]),  # no parcel: by the address
        ([(1, "P1", "50"), (3, "", "50"), (9, "P2", "50")], [-1, 0, -1]),  # later: changes nothing
        ([(1, "P1", "50"), (2, "P2", "50"), (3, "", "50")], [-1, -1, -1]),  # whose it was is open
        ([(1, "", "50"), (2, "P1", "50"), (3, "P2", "50"), (4, "", "50")], [-1, 0, -1, 0]),
        ([(1, "P1", "50"), (2, "P1", "52")], [-1, -1]),  # a parcel not split yet
        ([(1, "P1", ""), (2, "P1", "52"), (3, "P1", "")], [-1, 0, 1]),  # by the parcel
        ([(1, "P1", "50"), (2, "P1", "52"), (3, "P1", "50"), (4, "P1", "")], [-1, -1, 0, -1]),
        ([(1, "P1", "50"), (2, "P1", ""), (3, "P1", "52")], [-1, 0, -1]),
        ([(1, "P1", "50"), (2, "P2", "50"), (3, "P1", "50")], [-1, -1, 0]),
        ([(1, "P1", "50"), (1, "P1", "50")], [-1, -1]),  # of one day
        ([(1, "", ""), (2, "", "")], [-1, -1]),  # nothing is known of either
    ],
)
def test_earlier_sales_by_hand(cells, wanted):
    assert found(rows(*cells)) == wanted


@pytest.mark.parametrize("name", ["street_number", *property_keys.STREET, "unit_number"])
def test_sales_of_one_parcel_that_differ_in_one_part_of_the_street_are_of_two_homes(name):
    table = rows((1, "P1", "50"), (2, "P1", "50"))
    assert found(table.assign(**{name: ["N", None]})) == [-1, 0]  # missing contradicts nothing
    assert found(table.assign(**{name: ["N", "S"]})) == [-1, -1]


CELLS = st.lists(  # few days: what two rows of one day say of a third is where it goes wrong
    st.tuples(
        st.integers(0, 3), st.sampled_from(["", "P1", "P2", "P3"]), st.sampled_from(["", "1", "2"])
    ),
    min_size=3,
    max_size=10,
)


@examples(30)
@given(CELLS)
def test_earlier_sales_equal_a_naive_search_and_later_rows_change_none(cells):
    table = rows(*sorted(cells, key=lambda cell: cell[0]))
    group = property_keys.complete_group_key(table, [["parcel_number"]]).fillna("").tolist()
    place = property_keys.address_key(table).fillna("").tolist()
    number = table["street_number"].fillna("").tolist()
    day, wanted = table["day"].tolist(), []
    for i in range(len(table)):
        past = [j for j in range(len(table)) if day[j] < day[i]]
        there = [j for j in past if place[j] and place[j] == place[i]]
        alone = len({group[j] for j in [*there, i]} - {""}) <= 1
        same = [j for j in past if group[i] and group[j] == group[i]]
        if len({number[j] for j in [*same, i]} - {""}) > 1:  # a parcel of several homes
            same = [j for j in same if place[i] and place[j] == place[i]]
        same += [j for j in there if alone or (not group[i] and not group[j])]
        wanted.append(max(same, default=-1))
    got = found(table)
    assert got == wanted
    for end in range(1, len(table)):
        assert found(table.iloc[:end]) == got[:end]


def test_own_keys_are_of_the_rows_own_cells():
    table = rows((1, "P1", "50"), (1, "", "50"), (1, "", ""))
    own = same_home.home_keys(table, [["parcel_number"]]).either.tolist()
    assert own == ["parcel_number:P1|50 ASH||77001", "address:50 ASH||77001", "listing:k2"]
    assert np.unique(own).size == 3
