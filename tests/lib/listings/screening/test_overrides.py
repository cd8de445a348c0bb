"""An analyst's overrides: read whole or refused in one line that names file, row and mend."""

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.listings.screening import overrides

HEAD = "listing_key,domain,usable,reason,by,date\n"
GOOD = "k1,sale,no,family sale,ann,2026-01-31\n"


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "overrides.csv"
    path.write_bytes(text.encode(encoding))
    return overrides.read_overrides(path)


def test_a_feed_without_the_file_has_none(tmp_path):
    table = overrides.read_overrides(tmp_path / "overrides.csv")
    assert list(table) == [*overrides.COLUMNS, "row"] and not len(table)
    for text in (HEAD, HEAD + "\n,,,,,\n"):
        assert read(tmp_path, text).dtypes.equals(table.dtypes)


def test_rows_are_read_whatever_a_spreadsheet_made_of_them(tmp_path):
    text = "\ufeff" + HEAD.replace("\n", "\r\n")
    text += 'k1 , sale,No,"two, and\r\nmore",Ann,2026-01-31\r\n\r\n007,rental,YES,ok,bob,2026-02-01'
    table = read(tmp_path, text)
    assert table["listing_key"].tolist() == ["k1", "007"]
    assert table["usable"].tolist() == [False, True]
    assert table["reason"].tolist() == ["two, and\r\nmore", "ok"]
    assert table["row"].tolist() == [1, 3]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_formula_is_put_behind_an_apostrophe(tmp_path, text):
    table = read(tmp_path, HEAD + f"k1,sale,no,{text},{text},2026-01-31\n")
    assert table["reason"].tolist() == table["by"].tolist() == [f"'{text}"]


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "the first line must be listing_key,domain,usable,reason,by,date"),
        ("key,usable\n", "the first line must be"),
        (HEAD + "k1,sale,no\n", "data row 1: 3 cells instead of 6; quote a text"),
        (HEAD + GOOD + "k2,sale,no,a,b,c,2026-01-31\n", "data row 2: 7 cells instead of 6"),
        (HEAD + "k1,sale,maybe,why,ann,2026-01-31\n", "usable 'maybe' is neither yes nor no"),
        (HEAD + "k1,lease,no,why,ann,2026-01-31\n", "domain 'lease' is none of sale, rental"),
        (HEAD + "k1,sale,no,,ann,2026-01-31\n", "data row 1: no reason; write one"),
        (HEAD + "k1,sale,no,why,,2026-01-31\n", "data row 1: no by"),
        (HEAD + ",sale,no,why,ann,2026-01-31\n", "data row 1: no listing_key"),
        (HEAD + "k1,sale,no,why,ann,01/31/2026\n", "date '01/31/2026' is no date like 2026-01-31"),
        (HEAD + "k1,sale,no,why,ann,2026-02-30\n", "is no date"),
        (HEAD + "k1,sale,no,why,ann,2024-9-1\n", "date '2024-9-1' is no date like 2026-01-31"),
        (HEAD + GOOD + GOOD, "data row 2: listing_key k1 (sale) stands in data row 1 too"),
        (HEAD + 'k1,sale,no,"why,ann,2026-01-31\n', "not a CSV file"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, text, told):
    with pytest.raises(RemlError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'overrides.csv'}") and told in message
    assert "\n" not in message


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(RemlError, match="save it as CSV UTF-8"):
        read(tmp_path, HEAD + GOOD.replace("family", "Müller"), "cp1252")


NOTHING = pd.DataFrame(columns=overrides.ASIDE)


def test_a_key_that_no_closed_sale_has_is_named(tmp_path):
    table = read(tmp_path, HEAD + GOOD + "k2,rental,no,why,ann,2026-01-31\n")
    sales = pd.DataFrame({"listing_key": ["k1", "k2"], "domain": ["sale", "sale"]})
    overrides.check_overrides(table.iloc[:1], sales, NOTHING, tmp_path)
    with pytest.raises(RemlError, match="data row 2: no closed rental has the listing_key k2"):
        overrides.check_overrides(table, sales, NOTHING, tmp_path)


def test_a_key_that_was_set_aside_as_a_copy_is_told_whose(tmp_path):
    table = read(tmp_path, HEAD + GOOD)
    sales = pd.DataFrame({"listing_key": ["k9"], "domain": ["sale"]})
    copies = pd.DataFrame([["k1", "rental", "k8"], ["k1", "sale", "k9"]], columns=overrides.ASIDE)
    with pytest.raises(RemlError) as error:
        overrides.check_overrides(table, sales, copies, tmp_path)
    assert "data row 1: the sale k1 was set aside as a copy of k9" in str(error.value)
    assert "\n" not in str(error.value)
    both = pd.DataFrame({"listing_key": ["k1"], "domain": ["sale"]})
    overrides.check_overrides(table, both, copies.iloc[:1], tmp_path)
