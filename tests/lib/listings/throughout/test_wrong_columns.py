"""Columns that contradict most closings are ignored and named; honest ones with odd cells stay."""

import numpy as np
import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.common.vocabulary import LINEAGE
from lib.listings.contract.contract import Contract
from lib.listings.normalize import dates, normalize, typed_cells
from lib.listings.throughout import wrong_columns
from lib.listings.throughout.wrong_columns import (
    describe_sales_at_list,
    find_lost_columns,
    find_wrong_columns,
)

N = 40


def sales(share=0.0, domain="sale", seed=0, **wrong):
    """N closed sales; the first `share` of them have the cells of `wrong`, functions of a sale."""
    rng = np.random.default_rng(seed)
    close = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 300, N)), unit="D")
    price = rng.integers(200, 900, N) * 1000.0
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i}" for i in range(N)], "domain": domain,
            "_source_file": "a.csv", "_source_row": range(N),
            "close_date": close, "close_price": price,
            "listing_contract_date": close - pd.to_timedelta(rng.integers(20, 90, N), unit="D"),
            "purchase_contract_date": close - pd.to_timedelta(rng.integers(5, 20, N), unit="D"),
            "list_price": price * rng.choice([0.97, 1.0, 1.02, 1.04], N),
            "original_list_price": price * rng.choice([0.99, 1.0, 1.05], N),
            "year_built": rng.integers(1950, 2020, N).astype(float),
        }
    )  # fmt: skip
    rows = np.arange(N) < share * N
    for name, cells in wrong.items():
        table[name] = table[name].mask(rows, cells(table))
    return table


def later(days):
    return lambda table: table["close_date"] + pd.Timedelta(days=days)


WRONG = [
    ("listing_contract_date", later(3), wrong_columns.AFTER),
    ("listing_contract_date", later(400), wrong_columns.AFTER),
    ("purchase_contract_date", later(1), wrong_columns.AFTER),
    ("list_price", lambda table: table["close_price"], wrong_columns.COPY),
    ("list_price", lambda table: table["close_price"] + 50, wrong_columns.COPY),
    ("original_list_price", lambda table: table["close_price"], wrong_columns.COPY),
    ("list_price", lambda table: table["close_price"] * 1.05, wrong_columns.RATIO),
    ("list_price", lambda table: (table["close_price"] * 0.971).round(-3), wrong_columns.RATIO),
    ("original_list_price", lambda table: table["close_price"] / 1.3, wrong_columns.RATIO),
    ("list_price", lambda table: table["close_price"] / 1000, wrong_columns.OFF_SCALE),
    ("list_price", lambda table: table["close_price"] * 0.0 + 99_999_999, wrong_columns.OFF_SCALE),
    ("year_built", lambda table: table["close_date"].dt.year + 5.0, wrong_columns.LATER_BUILT),
]


@pytest.mark.parametrize(("name", "cells", "reason"), WRONG)
@pytest.mark.parametrize("share", [0.65, 0.95, 1.0])
def test_a_column_that_is_wrong_in_most_sales_is_named_and_ignored(name, cells, reason, share):
    share = max(share, 0.85) if reason == wrong_columns.COPY else share  # a brisk market is not
    table = sales(share, **{name: cells})
    (wrong,) = find_wrong_columns(table)
    assert (wrong.column, wrong.reason, wrong.of) == (name, reason, N)
    assert wrong.sales >= share * N and f"`{name}` (sale)" in wrong.sentence()
    issues = typed_cells.Issues(table)
    out = normalize.ignore_wrong_columns(table, issues)
    assert out[name].isna().all()
    assert set(issues.table()["reason"]) == {reason} and len(issues.table()) == N
    others = out.columns.drop(name)
    pd.testing.assert_frame_equal(out[others], table[others])


@pytest.mark.parametrize(("name", "cells", "reason"), WRONG)
def test_a_few_odd_cells_or_a_few_sales_condemn_no_column(name, cells, reason):
    assert find_wrong_columns(sales(0.2, **{name: cells})) == []
    assert find_wrong_columns(sales(1.0, **{name: cells}).head(19)) == []


@pytest.mark.parametrize("share", [0.4, 0.6, 0.75])
def test_a_brisk_market_in_which_most_homes_sell_at_list_is_asked_about_alone(share):
    rng = np.random.default_rng(1)
    table = pd.concat([sales(seed=seed) for seed in range(5)], ignore_index=True)
    price, table["listing_key"] = table["close_price"], [f"k{i}" for i in range(5 * N)]
    bid = price * np.exp(rng.normal(0, 0.025, len(table)))
    table["list_price"] = bid.where(np.arange(len(table)) >= share * len(table), price)
    assert find_wrong_columns(table) == []
    told = describe_sales_at_list(table)
    assert ["of 200 sales" in one for one in told] == [True] * (share > 0.5)


def test_most_leases_close_at_the_rent_asked():
    copied = {"list_price": lambda table: table["close_price"]}
    assert find_wrong_columns(sales(0.9, domain="rental", **copied)) == []
    assert len(find_wrong_columns(sales(1.0, domain="rental", **copied))) == 1


def test_what_is_asked_for_a_home_on_the_market_stays():
    table = sales(1.0, list_price=lambda table: table["close_price"])
    table.loc[N - 5 :, ["close_price", "close_date"]] = [np.nan, pd.NaT]
    out = normalize.ignore_wrong_columns(table, typed_cells.Issues(table))
    assert out["list_price"].notna().tolist() == [False] * (N - 5) + [True] * 5


def test_one_domain_says_nothing_of_the_other():
    both = pd.concat(
        [sales(1.0, listing_contract_date=later(9)), sales(domain="rental", seed=1)],
        ignore_index=True,
    )
    (wrong,) = find_wrong_columns(both)
    out = normalize.ignore_wrong_columns(both, typed_cells.Issues(both))
    assert wrong.domain == "sale"
    assert out["listing_contract_date"].isna().groupby(out["domain"]).mean().to_dict() == {
        "sale": 1.0, "rental": 0.0,
    }  # fmt: skip


def test_stamps_long_before_most_closings_make_no_closing_missing():
    table = sales().assign(modification_timestamp=pd.Timestamp("2011-05-05"), standard_status="x")
    out, issues, _ = dates.null_implausible_dates(
        table, pd.Timestamp("2024-12-31").date(), dates.USUAL_LIMITS
    )
    assert out["close_date"].notna().all()
    assert set(issues["reason"]) == {dates.OLD_STAMP} and not issues["set_missing"].any()
    few = table.assign(modification_timestamp=table["close_date"])
    few.loc[:2, "modification_timestamp"] = pd.Timestamp("2011-05-05")
    out, issues, _ = dates.null_implausible_dates(
        few, pd.Timestamp("2024-12-31").date(), dates.USUAL_LIMITS
    )
    assert out["close_date"].isna().sum() == 3


def test_a_column_that_lost_most_cells_is_named():
    table = sales().assign(living_area=np.where(np.arange(N) < 30, np.nan, 900.0))
    lines = [("sale", "living_area", "outside 100 to 50000", True)] * 30
    lines += [("sale", "year_built", "odd", True)] * 5 + [
        ("sale", "list_price", "noted", False)
    ] * N
    issues = pd.DataFrame(lines, columns=["domain", "column", "reason", "set_missing"])
    assert find_lost_columns(issues, table) == {
        "sale": {"living_area": {"reason": "outside 100 to 50000", "cells": 30, "of": N}}
    }


def test_no_cell_of_a_wrong_column_is_left_because_it_fits_by_chance():
    """List dates of the year after: most lie after the end of the feed, some before it."""
    table = sales(1.0, listing_contract_date=later(200))
    cells = table.astype("str").assign(domain="sale", standard_status="Closed")
    spec = {
        "title": "T", "constants": {},
        "columns": {name: {"aliases": []} for name in ("listing_key", "standard_status")}
        | {name: {"aliases": [], "type": kind} for name, kind in (
            ("close_date", "date"), ("listing_contract_date", "date"), ("close_price", "number"))},
        "property_key": [], "lookups": {"standard_status": {"Closed": "Closed"}},
    }  # fmt: skip
    staged = cells.assign(**dict.fromkeys(LINEAGE, "x") | {"_source_row": range(N)})
    out, issues = normalize.normalize(staged, validate(Contract, spec, "contract.yaml"), None)
    assert out["listing_contract_date"].isna().all()
    assert set(issues.loc[issues["column"] == "listing_contract_date", "reason"]) == {
        wrong_columns.AFTER
    }


@pytest.mark.parametrize(
    ("cells", "needed", "text"),
    [
        (["1,2 k"] * 12 + ["900"] * 10 + [""] * 50, True,
         "b.csv: `living_area`, which the contract requires, cannot be read or cannot be in 12 of "
         "22 rows (55%), most often: not a number; '1,2 k' (data row 1); mend its aliases"),
        ([f"{n}.000,5" for n in range(25)], True,
         "'0.000,5' (data row 1), '1.000,5' (data row 2), '2.000,5' (data row 3)"),
        (["9000000"] * 30 + ["900"] * 29, True, "most often: outside "),
        (["1,2 k"] * 12 + ["900"] * 12, True, None),
        (["1,2 k"] * 19, True, None),
        (["0"] * 60 + ["1,2 k"] * 9 + ["900"] * 12, True, None),
        (["1,2 k"] * 40, False, None),
    ],
)  # fmt: skip
def test_a_required_column_that_loses_most_of_a_file_stops_the_run(cells, needed, text):
    spec = {
        "title": "T", "key": ["listing_id"], "property_key": [],
        "constants": {"standard_status": "Closed"},
        "columns": {"listing_id": {"aliases": []},
                    "living_area": {"aliases": [], "type": "number", "range": [100, 50000],
                                    "required": needed}},
    }  # fmt: skip
    texts = ["900"] * 300 + cells
    lineage = dict.fromkeys(LINEAGE, "x") | {
        "_source_file": ["a.csv"] * 300 + ["b.csv"] * len(cells),
        "_source_row": [*range(300), *range(1, len(cells) + 1)],
    }
    staged = pd.DataFrame({"living_area": texts, "domain": "sale", "standard_status": "Closed"})
    staged["listing_key"] = staged["listing_id"] = [f"K{n}" for n in range(len(texts))]
    contract = validate(Contract, spec, "contract.yaml")
    typed, issues = typed_cells.type_cells(staged.assign(**lineage), contract)
    if text is None:
        wrong_columns.require_readable_columns(issues, typed, contract, 0.5)
        return
    with pytest.raises(RemlError) as caught:
        wrong_columns.require_readable_columns(issues, typed, contract, 0.5)
    assert text in str(caught.value) and "raise normalize.max_lost_share" in str(caught.value)
    wrong_columns.require_readable_columns(issues, typed, contract, 1)
