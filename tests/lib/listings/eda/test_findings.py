"""lib/listings/eda/findings.py: sentences say what was counted."""

import pandas as pd
import pytest

from lib.listings.eda import findings


@pytest.mark.parametrize(
    "share, said",
    [(0, "0 %"), (0.123, "12 %"), (0.015, "1.5 %"), (0.0001, "under 0.1 %"), (1, "100 %"),
     (0.999, "99.9 %")],
)  # fmt: skip
def test_percent_never_rounds_something_to_nothing(share, said):
    assert findings.format_percent(share) == said


def test_lists_name_a_few_and_count_the_rest():
    assert findings.list_names(["a"]) == "`a`"
    assert findings.list_names(["a", "b"]) == "`a` and `b`"
    assert findings.list_names(list("abcdef")) == "`a`, `b`, `c`, `d` and 2 more"


def test_missing():
    text = findings.describe_missing(pd.Series({"c": 1.0, "a": 0.5, "b": 0.0}))
    assert text == (
        "1 of 3 columns are filled in every row; most is missing in `c` (100 %), `a` (50 %). "
        "Nothing at all is in `c`."
    )
    assert (
        findings.describe_missing(pd.Series({"a": 0.0})) == "All 1 columns are filled in every row."
    )


def test_leaks_speak_of_one_column_or_of_several():
    found = pd.DataFrame(
        {
            "column": ["list", "future", "late", "size"],
            "r2": [0.97, 0.95, 0.2, 0.5],
            "finding": ["gives the price away"] * 2 + ["filled only after the sale", ""],
        }
    )
    assert findings.describe_leaks(found, 10) == (
        "`list` and `future` give the price away; `late` is filled only after the sale. Of the "
        "rest, `size` explains most of the log price (R² 0.50)."
    )
    assert findings.describe_leaks(found[3:], 0) == (
        "No column knows more than it should. No listing is open, so what is filled only after "
        "the sale cannot be told. Alone, `size` explains most of the log price (R² 0.50)."
    )


def test_outliers_are_counted():
    out = pd.Series([True, False, False, True])
    text = findings.describe_outliers(
        pd.Series({"year_built": 3, "beds": 0}), out, pd.Series([1, 50, 60, 900]), 3
    )
    assert "3 cells" in text and "`year_built`" in text
    assert "2 of 4 closed listings (50 %), 1 of them below the median price" in text


def test_duplicates_are_told_by_reason_and_file():
    rows = pd.DataFrame(
        {
            "_reason": ["older", "older", "copy"],
            "_source_file": list("aab"),
            "_kept_file": list("aba"),
        }
    )
    assert findings.describe_duplicates(rows, 10) == (
        "3 of 10 rows (30 %) repeat a listing, 2 as older, 1 as copy; 2 of them stand in another "
        "file than the row that is kept."
    )
    assert findings.describe_duplicates(rows[:0], 10) == "None of the 10 rows repeats another."


@pytest.mark.parametrize(
    ("names", "bare", "text"),
    [
        (["unstated"] * 3, [False] * 3,
         "The feed does not say what kind of property a listing is: all count as homes."),
        (["residential"] * 3, [False, True, False],
         "By their types all listings are residential property. 1 that count as homes state "
         "neither size, bedrooms, baths nor year built: look whether they are land."),
        (["residential", "land", "parking"], [False, True, True],
         "By their types 1 are land, 1 are parking; these stand apart, since the feed values "
         "residential alone."),
        (["residential", "residential", "unknown"], [False] * 3,
         "By their types all listings are residential property. The type of 1 is not explained by "
         "the contract's `property_classes`: these stand apart too."),
    ],
)  # fmt: skip
def test_what_is_no_home_is_told(names, bare, text):
    classes = pd.Series(names, dtype="str")
    assert findings.describe_classes(classes, pd.Series(bare), ["residential"]) == text


def test_doubts_of_the_newest_state_are_told_where_there_are_any():
    assert findings.describe_doubts({"stamp": 9, "nothing": 0, "kept_aside": 0}) == []
    blank, line = findings.describe_doubts({"stamp": 9, "kept_aside": 1200})
    assert blank == "" and line.startswith("1,200 listings: on the market, but a quarantined row")
