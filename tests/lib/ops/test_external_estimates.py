"""Somebody's own table: read as it is, refused with the row and the mend, nothing lost silently."""

import numpy as np
import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.ops.external_estimates import (
    BAD_ESTIMATE,
    BAD_PRICE,
    NO_PRICE,
    count_reasons,
    prepare_estimates,
    read_estimates,
)


def frame(**columns):
    return pd.DataFrame({"estimate": ["110", "90"], "sale_price": ["100", "100"]} | columns)


def test_both_pairs_of_names_are_read_whatever_their_case():
    got, left_out = prepare_estimates(frame(), "any.csv")
    assert got.to_dict("list") == {"pred_close_price": [110, 90], "close_price": [100, 100]}
    assert not len(left_out)
    named = frame().rename(columns={"estimate": "Pred_Close_Price", "sale_price": " CLOSE_PRICE"})
    assert prepare_estimates(named, "any.csv")[0].equals(got)


def test_facts_of_the_home_are_taken_where_they_are_given():
    table = frame(
        postal_code=["00501", ""], as_of=["2025-03-01", "2025-04-02"], year_built=["1990", ""],
        property_key=["a", "a"], pred_low_90=["80", "70"], pred_high_90=["120", "110"],
        pred_abstention=["", "too wide"], remarks=["x", "y"],
    )  # fmt: skip
    got, _ = prepare_estimates(table, "any.csv")
    assert got["postal_code"].tolist()[0] == "00501" and pd.isna(got["postal_code"].iloc[1])
    assert got["own_age"].iloc[0] == 35 and np.isnan(got["own_age"].iloc[1])
    assert got["pred_abstention"].isna().tolist() == [True, False]
    assert got["pred_low_90"].tolist() == [80, 70] and "remarks" not in got


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (frame().drop(columns="estimate"), r"^any.csv: no column pred_close_price or estimate \("),
        (frame().drop(columns="sale_price"), "no column close_price or sale_price"),
        (frame().head(0), "any.csv: no row below the header"),
        (frame(estimate=["110", "about 90"]), r"^any.csv, row 2: estimate 'about 90' is no number"),
        (frame(sale_price=["$100", "1e5"]), r"row 1: sale_price '\$100' is no number \(1 such"),
        (frame(estimate=["inf", "90"]), "row 1: estimate 'inf' is no number"),
        (frame(as_of=["2025-01-01", "31/31/2025"]), "row 2: as_of '31/31/2025' is no date"),
        (frame(pred_low_90=["9", "9"], pred_high_90=["10", "8"]), "row 2: pred_low_90 lies above"),
        (frame(pred_low_x=["1", "1"], pred_high_x=["2", "2"]), "column pred_low_x; end it in"),
        (frame(sale_price=["0", "-5"]), "row 1: price is zero or negative, and no other row"),
    ],
)
def test_what_cannot_be_scored_is_one_line_with_the_row_and_the_mend(table, message):
    with pytest.raises(RemlError, match=message):
        prepare_estimates(table, "any.csv")


def test_rows_without_a_price_are_left_out_and_listed_with_their_reason():
    table = pd.DataFrame(
        {
            "listing_key": list("abcdef"),
            "estimate": ["1", "2", "3", "-4", "", "6"],
            "sale_price": ["1", "0", "", "4", "5", "-6"],
        }
    )
    got, left_out = prepare_estimates(table, "any.csv")
    assert got["listing_key"].tolist() == ["a", "d", "e"]
    assert got["pred_close_price"].isna().tolist() == [False, True, True]
    assert left_out.to_dict("list") == {
        "row": [2, 3, 4, 6],
        "listing_key": ["b", "c", "d", "f"],
        "reason": [BAD_PRICE, NO_PRICE, BAD_ESTIMATE, BAD_PRICE],
    }
    assert count_reasons(left_out) == {BAD_PRICE: 2, NO_PRICE: 1, BAD_ESTIMATE: 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"estimate,sale_price\n1,2,3\n", "row 1: 3 cells under 2 names"),
        (b"estimate,estimate\n1,2\n", "column estimate stands twice"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(tmp_path, content, message):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    with pytest.raises(RemlError, match=message):
        read_estimates(path)


def test_any_delimiter_and_parquet_are_read_alike(tmp_path):
    (tmp_path / "a.csv").write_bytes("estimate;sale_price\n110;100\n90;100\n".encode("utf-16"))
    pd.DataFrame({"estimate": [110, 90], "sale_price": [100.0, 100]}).to_parquet(
        tmp_path / "a.parquet"
    )
    one, other = (
        prepare_estimates(read_estimates(tmp_path / f"a.{kind}"), "a")[0]
        for kind in ("csv", "parquet")
    )
    assert one.equals(other)
    (tmp_path / "b.parquet").write_bytes(b"estimate,sale_price\n1,2\n")
    with pytest.raises(RemlError, match="not a Parquet file"):
        read_estimates(tmp_path / "b.parquet")


def csv(tmp_path, text):
    """What `read` and `prepared` make of a CSV."""
    path = tmp_path / "any.csv"
    path.write_text(text)
    return prepare_estimates(read_estimates(path), "any.csv")[0]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("estimate,sale_price,Estimate", "columns estimate and Estimate are one name"),
        ("estimate,sale_price,close_price", "close_price and sale_price both name the same"),
        ("estimate,sale_price,pred_low_90", "intervals 90 lack one end"),
    ],
)
def test_columns_that_could_mean_two_things_are_refused(tmp_path, header, said):
    with pytest.raises(RemlError, match=said):
        csv(tmp_path, f"{header}\n1,2,3\n")


@pytest.mark.parametrize("name", ["080", "²", "100", "x"])
def test_an_interval_s_name_ends_in_whole_percent(tmp_path, name):
    with pytest.raises(RemlError, match="end it in the coverage in percent"):
        csv(tmp_path, f"estimate,sale_price,pred_low_{name},pred_high_{name}\n1,2,1,3\n")


def test_null_is_an_empty_cell_in_texts_too_and_stray_commas_are_no_columns(tmp_path):
    text = "estimate,sale_price,pred_abstention,property_key,,\n1,2,NULL,NA,,\n1,2,far,7,,\n"
    got = csv(tmp_path, text)
    assert got["pred_abstention"].isna().tolist() == [True, False]
    assert got["property_key"].isna().tolist() == [True, False]


def test_dates_of_several_offsets_count_by_their_own_day(tmp_path):
    days = ["2025-01-31T23:30:00-08:00", "2025-07-31T00:30:00-07:00", "2025-02-01T01:00:00Z", ""]
    text = "estimate,sale_price,as_of\n" + "".join(f"1,2,{day}\n" for day in days)
    got = csv(tmp_path, text)["as_of"].dt.strftime("%m-%d")
    assert got.tolist()[:3] == ["01-31", "07-31", "02-01"] and got.isna().tolist()[3]


def test_a_zip_that_was_stored_as_a_fraction_is_one_again():
    table = pd.DataFrame({"estimate": [1.0, 2], "sale_price": [1.0, 2]})
    table["postal_code"] = [98001.0, np.nan]
    got, _ = prepare_estimates(table, "a.parquet")
    assert got["postal_code"].tolist()[0] == "98001" and got["postal_code"].isna().tolist()[1]
