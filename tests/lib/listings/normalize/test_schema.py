"""Schemas of the staged and the normalised table: nothing that breaks the contract passes."""

import datetime as dt
import functools
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lib.common import io
from lib.common.vocabulary import LINEAGE
from lib.listings.contract import contract, table_schema
from lib.listings.identity import same_home
from lib.listings.normalize import list_price_history, normalize, schema
from lib.listings.staging import schema as staging_schema
from lib.listings.staging.schema import enforce_staged, staged_schema
from tests.support.dag import ROOT

HAR = contract.read_contract("har")
ROW = {
    "listing_key": "k", "standard_status": "Sold", "close_date": "05/10/2024",
    "close_price": "500000", "living_area": "2000", "postal_code": "77901", "for_lease": "False",
    "bathrooms": "2.1", "lot_size_acres": "0.5", "pool_private_yn": "True",
}  # fmt: skip


def staged(rows=3):
    """A staged table as staging writes it."""
    table = pd.DataFrame([ROW | {"listing_key": f"k{i}"} for i in range(rows)])
    table = table.reindex(columns=list(HAR.columns)).astype("str")
    table.insert(1, "domain", pd.Series("sale", index=table.index, dtype="str"))
    for name in LINEAGE:
        table[name] = pd.Series("x", index=table.index, dtype="str")
    table["_source_row"] = np.arange(1, rows + 1)
    return table.assign(_load_ts=pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]"))


@functools.cache  # those who spoil it make a table of their own
def normalized():
    table = normalize.normalize(staged(), HAR, dt.date(2024, 6, 1))[0]
    home = same_home.home_keys(table, HAR.property_key)
    return list_price_history.add_listing_history(
        table, list_price_history.price_history(table.iloc[:0], table), 30, home
    )


SPOILT = [
    (lambda t: t.assign(more=1), "more"),
    (lambda t: t.drop(columns="city"), "city"),
    (lambda t: t.assign(domain=pd.Series(["lease"] * 3, dtype="str")), "domain"),
    (lambda t: t.assign(listing_key=pd.Series(["k0", "k0", "k1"], dtype="str")), "listing_key"),
    (lambda t: t.assign(listing_key=pd.Series(["k0", None, "k1"], dtype="str")), "listing_key"),
    (lambda t: t.assign(listing_key=pd.Series(["k0", "", "k1"], dtype="str")), "listing_key"),
    (lambda t: t.assign(city=t["city"].astype(object)), "city"),
    (lambda t: t.assign(_source_row=t["_source_row"].astype("float64")), "_source_row"),
    (lambda t: t.assign(_source_file=pd.Series([None] * 3, dtype="str")), "_source_file"),
    (lambda t: t.assign(_load_ts=t["_load_ts"].astype("datetime64[ns]")), "_load_ts"),
]


@pytest.mark.parametrize(
    "make, build", [(staged, staged_schema), (normalized, schema.typed_schema)]
)
def test_what_the_stages_write_fits(make, build):
    table_schema.enforce_schema(make(), build(HAR))
    table_schema.enforce_schema(make().iloc[::-1], build(HAR))  # whatever its index


@pytest.mark.parametrize("spoil, column", SPOILT)
@pytest.mark.parametrize(
    "make, build", [(staged, staged_schema), (normalized, schema.typed_schema)]
)
def test_what_breaks_the_contract_is_named_by_column(make, build, spoil, column):
    with pytest.raises(AssertionError, match=f"breaks its schema: .*{column}: "):
        table_schema.enforce_schema(spoil(make()), build(HAR))


@pytest.mark.parametrize(
    "spoil, column",
    [
        (lambda t: t.assign(living_area=99.0), "living_area"),
        (lambda t: t.assign(living_area=t["living_area"].astype("str")), "living_area"),
        (lambda t: t.assign(close_date=t["close_date"].astype("datetime64[s]")), "close_date"),
        (lambda t: t.assign(pool_private_yn=True), "pool_private_yn"),
        (lambda t: t.assign(bathrooms_half=-1.0), "bathrooms_half"),
        (lambda t: t.drop(columns="bathrooms_total"), "bathrooms_total"),
        (lambda t: t.drop(columns="as_of"), "as_of"),
        (lambda t: t.assign(property_key=pd.Series([None] * 3, dtype="str")), "property_key"),
        (lambda t: t.assign(postal_code=77901.0), "postal_code"),
    ],
)
def test_typed_columns_have_their_type_and_range(spoil, column):
    with pytest.raises(AssertionError, match=f"{column}: "):
        table_schema.enforce_schema(spoil(normalized()), schema.typed_schema(HAR))


def test_a_message_counts_and_quotes_no_listing():
    bad = staged().assign(domain=pd.Series(["secret"] * 3, dtype="str"))
    with pytest.raises(AssertionError) as caught:
        table_schema.enforce_schema(bad, staged_schema(HAR))
    assert "secret" not in str(caught.value) and "(3)" in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_environment_does_not_switch_it_off():
    code = (
        "from tests.lib.listings.normalize.test_schema import *\n"
        "table_schema.enforce_schema(staged().assign(more=1), staged_schema(HAR))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PANDERA_VALIDATION_ENABLED": "False"},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "breaks its schema: more: " in done.stderr


@pytest.mark.parametrize("rows", [0, 3, 250])
def test_a_file_is_enforced_batch_by_batch(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(staging_schema, "BATCH", 100)
    path = io.write_parquet(tmp_path / "l.parquet", staged(rows), ["listing_key"])
    enforce_staged(path, HAR)
    io.write_parquet(path, staged(rows).assign(more="x"), ["listing_key"])
    with pytest.raises(AssertionError, match="more: "):
        enforce_staged(path, HAR)


def test_a_key_repeated_in_another_batch_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(staging_schema, "BATCH", 100)
    table = staged(250)
    table["listing_key"] = table["listing_key"].mask(table.index == 249, "k0")
    path = io.write_parquet(tmp_path / "l.parquet", table, ["_source_row"])
    with pytest.raises(AssertionError, match="uniqueness"):
        enforce_staged(path, HAR)


@pytest.mark.parametrize("feed", ["demo", "har", "king_county"])
def test_every_shipped_contract_has_both_schemas(feed):
    agreed = contract.read_contract(feed)
    assert set(agreed.columns) <= set(staged_schema(agreed).columns)
    assert set(normalize.EXPECTED_COLUMNS) <= set(schema.typed_schema(agreed).columns)
