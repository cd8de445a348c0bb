"""The `har` contract, from the files of all three header families and of RESO names to typed
tables: sales and leases apart, baths and lots the same whichever way they are written."""

import datetime as dt

import pandas as pd
import pytest

from lib.common import vocabulary
from lib.listings.contract import contract
from lib.listings.normalize import normalize
from lib.listings.staging import parse_export
from tests.support import exports

HAR = contract.read_contract("har")


@pytest.fixture(scope="module", params=list(exports.FAMILIES))
def read(request, tmp_path_factory):
    """(the export, the rows that staging makes of it)."""
    table = exports.FAMILIES[request.param][1]()
    folder = tmp_path_factory.mktemp(request.param)
    table.to_csv(folder / "export.csv", index=False)
    (folder / "out").mkdir()
    rows = pd.read_parquet(parse_export.parse_export(folder / "export.csv", HAR, folder / "out"))
    return table, rows.sort_values("_source_row", ignore_index=True)


def test_no_row_is_lost_and_few_are_quarantined(read):
    table, rows = read
    assert len(rows) == len(table)
    bad = rows.loc[rows["_reason"].notna(), "_reason"]
    assert len(bad) < 0.05 * len(rows)
    assert not bad.str.contains("status|domain").any(), bad.unique()


def test_leases_are_told_from_sales(read):
    _, rows = read
    leases = exports.demo()["ForLease"] == "True"
    assert (rows["domain"] == "rental").tolist() == leases.tolist()


def test_baths_and_lots_are_the_same_in_every_family(read):
    _, rows = read
    rows = rows.assign(
        listing_key=[str(i) for i in range(len(rows))],  # old versions too
        _source_file="x", _file_sha256="x", _load_ts=pd.Series(pd.NaT, dtype="datetime64[us]"),
    )  # fmt: skip
    names = ["listing_key", "domain", *HAR.columns, *vocabulary.LINEAGE]
    table, _ = normalize.normalize(rows[list(dict.fromkeys(names))], HAR, dt.date(2024, 12, 31))
    source = exports.demo()
    baths = source["BathsTotal"].str.split(".", expand=True).astype("float64")
    assert table["bathrooms_total"].tolist() == (baths[0] + baths[1] / 2).tolist()
    feet = 43560 * pd.to_numeric(source["Acres"], errors="coerce")
    fine = feet.between(*HAR.columns["lot_size_square_feet"].range)
    assert (table["lot_size_square_feet"] / feet)[fine].between(0.99, 1.01).all()
