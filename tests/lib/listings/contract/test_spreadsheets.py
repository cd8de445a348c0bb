"""Codes that went through a spreadsheet: ZIPs that are numbers are read, keys that are gone are
named in the draft."""

import numpy as np
import pandas as pd
import pytest

from lib.listings.contract import parse_values, spreadsheets
from lib.listings.onboarding import draft_contract, infer


@pytest.mark.parametrize(
    ("text", "pad", "code", "last"),
    [
        ("73301.0", 0, "73301", None), ("73301.00", 0, "73301", None),
        ("73301-1234", 0, "73301", "1234"), ("733011234", 0, "73301", "1234"),
        ("733011234.0", 0, "73301", "1234"), ("73,301", 0, "73301", None),
        ("2139", 5, "02139", None), ("2139.0", 5, "02139", None), ("2139-1234", 5, "02139", "1234"),
        ("21391234", 5, "02139", "1234"), ("2139", 0, None, None), ("2139.0", 0, None, None),
        ("7.33E+04", 5, None, None), ("73301.5", 0, None, None),
    ],
)  # fmt: skip
def test_zips_that_have_become_numbers_are_read(text, pad, code, last):
    cell = pd.Series([text, None], dtype="str")
    for parse, wanted in (
        (parse_values.parse_postal_code, code),
        (parse_values.parse_plus4, last),
    ):
        assert parse(cell, pad).astype("object").replace({np.nan: None}).tolist() == [wanted, None]


@pytest.mark.parametrize("state", ["MA", "nj ", "Connecticut", "ME"])
def test_a_zip_has_its_zero_back_where_the_state_says_so(state):
    zips = pd.Series(["2139", "8001.0", "02139"], dtype="str")
    out = spreadsheets.restore_zip_zeros(zips, pd.Series([state] * 3, dtype="str"))
    assert out.tolist() == ["02139", "08001", "02139"]
    elsewhere = spreadsheets.restore_zip_zeros(zips, pd.Series(["TX", None, "NY"], dtype="str"))
    assert elsewhere.tolist() == zips.tolist()


def draft(**columns):
    """The draft of an export of 40 homes with these cells, or what they make of a row's number."""
    table = pd.DataFrame(
        {
            name: [cell(i) if callable(cell) else cell for i in range(40)]
            for name, cell in (
                {
                    "ListingKey": lambda i: f"L4{i:05d}",
                    "StandardStatus": "Closed",
                    "ClosePrice": lambda i: str(300_000 + 1000 * i),
                    "CloseDate": lambda i: f"2024-01-{i % 28 + 1:02d}",
                    "UnparsedAddress": lambda i: f"{i + 1} Oak{chr(97 + i % 20)} St",
                    "ParcelNumber": lambda i: f"1{i * 37:08d}",
                }
                | columns
            ).items()
        },
        dtype="str",
    )
    guesses = infer.guess_columns(table)
    return draft_contract.draft_contract("x.csv", table, guesses, {"Closed": 40}).text


def line_of(text, name):
    return next(line for line in text.splitlines() if line.strip().startswith(f"{name}:"))


@pytest.mark.parametrize(
    ("cell", "doubt"),
    [
        (lambda i: f"2.024{i:02d}E+11", spreadsheets.NOTATION),
        (lambda i: f"202,400,{i:03d}", spreadsheets.SEPARATORS),
        (lambda i: f"2024{i:011d}000", spreadsheets.ZEROS),
        (lambda i: f"2024{i:04d}.0", "numbers with a `.0`"),
    ],
)
def test_a_draft_doubts_keys_that_a_spreadsheet_has_damaged(cell, doubt):
    line = line_of(draft(ListingKey=cell), "listing_key")
    assert "CHECK: " in line and doubt in line
    assert "CHECK" not in line_of(draft(), "listing_key")


def test_a_draft_doubts_keys_that_several_homes_share():
    text = draft(ListingKey=lambda i: f"L{i // 4:03d}")
    assert "CHECK: 40 rows share a listing_key with another home's" in text
    assert "share a listing_key" not in draft()


@pytest.mark.parametrize("zip_code", ["73301.0", "733011234", "73301-1234", "2139", "2139.0"])
def test_a_column_of_zips_stays_one_whatever_tools_made_of_it(zip_code):
    line = line_of(draft(PostalCode=zip_code), "postal_code")
    assert "1.00 exact alias, 100% of the values fit" in line
    assert ("CHECK: some have four digits" in line) == zip_code.startswith("2139")
