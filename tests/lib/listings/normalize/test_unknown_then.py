"""Cells that tell nothing of the listing on its day: works done later, numbers of no parcel."""

import pandas as pd
import pytest

from lib.listings.normalize import dates, normalize, typed_cells


def listings(**columns):
    size = len(next(iter(columns.values())))
    base = {
        "listing_key": [f"k{i}" for i in range(size)],
        "domain": ["sale"] * size,
        "_source_file": ["a.csv"] * size,
        "_source_row": list(range(1, size + 1)),
    }
    return pd.DataFrame(base | columns)


@pytest.mark.parametrize(
    "name",
    [
        "local_year_renovated", "local_yr_renovated", "year_built_effective",
        "local_remodel_year", "local_effective_yr_built", "local_year_updated",
    ],
)  # fmt: skip
def test_works_after_the_year_of_the_sale_were_not_known(name):
    day = pd.to_datetime(pd.Series(["2014-11-03"] * 4 + [None]))
    table = listings(**{name: [2015.0, 2014.0, 0.0, None, 2030.0]}, as_of=day)
    issues = typed_cells.Issues(table)
    out = dates.null_later_works(table, issues)
    assert out[name].isna().tolist() == [True, False, False, True, False]
    assert issues.table()[["listing_key", "column", "value", "reason"]].to_numpy().tolist() == [
        ["k0", name, "2015", dates.LATER_WORK]
    ]


@pytest.mark.parametrize("name", ["year_built", "local_tax_year", "local_renovations", "lot_year"])
def test_other_columns_are_no_years_of_works(name):
    table = listings(**{name: [2030.0]}, as_of=pd.to_datetime(pd.Series(["2014-11-03"])))
    issues = typed_cells.Issues(table)
    assert dates.null_later_works(table, issues)[name].tolist() == [2030.0]
    assert issues.table().empty


def test_placeholder_parcels_are_missing_and_counted():
    table = listings(parcel_number=["12-3", "999999999", None, "See remarks", "000-000"])
    out, issues = normalize.null_placeholders(table)
    assert out["parcel_number"].fillna("").tolist() == ["12-3", "", "", "", ""]
    assert issues["value"].tolist() == ["999999999", "See remarks", "000-000"]
    assert issues["set_missing"].all()


def test_a_number_at_many_places_is_noted_and_stays():
    table = listings(
        parcel_number=["12", "12", "12", "12-3"], street_number=["1", "2", "3", "1"],
        street_name=["ELM"] * 4,
    )  # fmt: skip
    issues = typed_cells.Issues(table)
    normalize.note_shared_parcels(table, issues)
    assert issues.table()["listing_key"].tolist() == ["k0", "k1", "k2"]
    assert not issues.table()["set_missing"].any()
