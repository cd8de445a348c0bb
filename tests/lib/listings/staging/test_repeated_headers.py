"""Two headers that are the same to the letter: the run stops unless the contract says which is
meant, or every row has equal cells under both."""

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.listings.staging import csv_reader, parse_export, staging
from tests.support.staged_rows import HEADERS, SPEC, made, row, written

AGAIN = [*HEADERS, "Price"]
ROWS = [[*row(key=str(n)), "7000"] for n in range(3)]
EQUAL = [[*row(key=str(n)), " 5000 "] for n in range(3)]


def called(*aliases, **changes):
    return made(columns=SPEC["columns"] | {
        "close_price": {"aliases": list(aliases), "type": "number"}, **changes})  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "rows", "columns", "cells"),
    [
        (AGAIN, ROWS, "4 and 7", "'5000' and '7000'"),
        (["Price", *HEADERS], [["", *r[:6]] for r in ROWS], "1 and 5", "'' and '5000'"),
        ([*AGAIN, " Price "], [[*r, "7000"] for r in EQUAL], "4 and 7 and 8",
         "'5000' and '5000' and '7000'"),
    ],
)  # fmt: skip
def test_columns_of_one_name_that_differ_stop_the_run(tmp_path, headers, rows, columns, cells):
    path = written(tmp_path / "a.csv", rows, headers)
    with pytest.raises(RemlError) as caught:
        staging.check_headers([path], called("Price"))
    text = str(caught.value)
    assert text.startswith(f"{path}: 'Price' heads columns {columns}, and data row 1 has {cells}")
    assert "`close_price: {aliases: [Price (" in text


def test_the_row_that_differs_is_named_and_ragged_ones_are_no_news(tmp_path):
    rows = [*EQUAL, ["1", "2"], [*row(), "9"]]
    with pytest.raises(RemlError, match="data row 5 has '5000' and '9'"):
        staging.check_headers([written(tmp_path / "a.csv", rows, AGAIN)], called("Price"))


def test_equal_cells_are_told_and_do_not_stop(tmp_path):
    path = written(tmp_path / "a.csv", EQUAL, AGAIN)
    (note,) = staging.check_headers([path], called("Price"))
    assert note == f"{path}: 'Price' heads columns 4 and 7, with equal cells in every row"


@pytest.mark.parametrize(("alias", "price"), [("Price (1)", "5000"), ("Price (2)", "7000")])
def test_the_contract_may_say_which_is_meant(tmp_path, alias, price):
    path, contract = written(tmp_path / "a.csv", ROWS, AGAIN), called(alias, "Price")
    assert staging.check_headers([path], contract) == []
    rows = pd.read_parquet(parse_export.parse_export(path, contract, tmp_path))
    assert set(rows["close_price"]) == {price}
    both = called("Price (1)", list_price={"aliases": ["Price (2)"], "type": "number"})
    rows = pd.read_parquet(parse_export.parse_export(path, both, tmp_path))
    assert rows[["close_price", "list_price"]].values.tolist() == [["5000", "7000"]] * 3


def test_columns_that_nobody_reads_may_share_a_name(tmp_path):
    headers, rows = [*HEADERS, "Note", "", ""], [[*row(), "other", "", "1"]]
    path = written(tmp_path / "a.csv", rows, headers)
    assert staging.check_headers([path], called("Price")) == []
    assert csv_reader.read_header_for(path, called("Price")).names == headers
