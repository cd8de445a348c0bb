"""Traits of rows: each shape against a list of cells that have it."""

import numpy as np
import pandas as pd
import pytest

from lib.common.params import validate
from lib.listings.contract.contract import Contract
from lib.listings.sample import traits

CONTRACT = validate(
    Contract,
    {
        "title": "T",
        "date_formats": ["%Y-%m-%d"],
        "columns": {
            "listing_key": {"aliases": ["Key"]},
            "standard_status": {},
            "city": {},
            "list_price": {"type": "number"},
            "close_price": {"type": "number"},
            "listing_contract_date": {"type": "date"},
            "close_date": {"type": "date"},
            "living_area": {"type": "number", "range": [200, 50000]},
            "year_built": {"type": "number"},
            "bathrooms": {"type": "baths_full_half"},
            "pool_private_yn": {"type": "yes_no"},
            "postal_code": {"type": "postal_code"},
            "public_remarks": {"type": "text"},
        },
    },
    "contract.yaml",
)


def of(name, *cells):
    """Shape -> the cells that have it."""
    found = traits.column_traits(name, pd.Series(cells, dtype="str"), CONTRACT)
    assert all(held.dtype == bool and len(held) == len(cells) for held in found.values())
    return {
        trait.removeprefix(f"{name}: "): [c for c, has in zip(cells, held, strict=True) if has]
        for trait, held in found.items()
    }


@pytest.mark.parametrize(
    ("name", "shape", "having", "lacking"),
    [
        ("city", "blank", ["", "  ", None], ["x"]),
        ("city", "filled", ["x", " y"], ["", None]),
        ("city", "space around", [" x", "x ", "\tx"], ["x y", " ", None]),
        ("city", "not ASCII", ["Fjörden", "50 €"], ["Fjorden", "", None]),
        ("city", "line break", ["a\nb", "a\rb"], ["a b", None]),
        ("city", "quotation mark", ['"Pip"'], ["'Pip'", None]),
        ("public_remarks", "has ç", ["façade", "çç"], ["Ç", "c", None]),
        ("living_area", "zero", ["0", "0.0", " 0 "], ["", "10", "x"]),
        ("living_area", "negative", ["-5"], ["5", "0"]),
        ("living_area", "not a number", ["many", "1-2"], ["", "$1,000", None]),
        ("living_area", "below its range", ["199", "0", "-5"], ["200", ""]),
        ("living_area", "above its range", ["50001"], ["50000", "x"]),
        ("living_area", "about 10^3", ["1000", "9,999", "-1500"], ["999", "10000", "0"]),
        ("bathrooms", "not a baths_full_half", ["two"], ["2.1", ""]),
        ("year_built", "far future", ["2202", "9999"], ["1990", "1985", "2030", "0", "1970"]),
        ("close_date", "not a date", ["2023-02-30", "not a date"], ["2024-01-01", ""]),
        ("postal_code", "written 99999-9999", ["77901-1234"], ["77901", "779011234"]),
        ("postal_code", "written 99999", ["77901", " 77902 "], ["7790", "77901-1234"]),
        ("postal_code", "not a postal_code", ["7790", "TX"], ["77901-1234", ""]),
        ("pool_private_yn", "yes", ["Y", "true", "1"], ["no", "", "?"]),
        ("pool_private_yn", "not a yes_no", ["?"], ["no", ""]),
        ("standard_status", "is Sold", ["Sold", " Sold "], ["sold", "Active", ""]),
    ],
)  # fmt: skip
def test_shapes(name, shape, having, lacking):
    assert of(name, *having, *lacking)[shape] == having
    assert shape not in of(name, *lacking)


def test_a_shape_that_no_row_has_is_no_trait():
    assert set(of("city", "x", "y")) == {"filled"}


def test_only_common_values_count():
    cells = [f"status {i}" for i in range(60)] + ["Sold"] * 3
    names = [name for name in of("standard_status", *cells) if name.startswith("is ")]
    assert len(names) == traits.VALUES
    assert "is Sold" in names


def frame(**columns):
    rows = max(map(len, columns.values()))
    return pd.DataFrame(
        {name: pd.Series(cells, dtype="str") for name, cells in columns.items()}, index=range(rows)
    )


def having(found):
    return {name: np.flatnonzero(held).tolist() for name, held in found.items()}


def test_dates_out_of_order():
    cells = frame(
        listing_contract_date=["2024-01-01", "2024-01-01", "", "x"],
        close_date=["2024-02-01", "2023-12-31", "2023-01-01", "2023-01-01"],
    )
    found = traits.cross_column_traits(cells, CONTRACT)
    assert having(found) == {"close_date before listing_contract_date": [1]}


def test_prices_far_from_the_list_price_in_steps():
    cells = frame(
        list_price=["100", "100", "100", "0", "", "100"],
        close_price=["100", "55", "1000", "50", "50", "58"],
    )
    assert having(traits.cross_column_traits(cells, CONTRACT)) == {
        "close_price 0.9 to 1.1 of list_price": [0],
        "close_price 0.5 to 0.6 of list_price": [1, 5],
        "close_price 0.5 to 0.6 of list_price, unexplained": [1, 5],
        "close_price 5 to 20 of list_price": [2],
        "close_price 5 to 20 of list_price, unexplained": [2],
    }


def test_words_that_tell_of_an_odd_price_are_found_in_the_data():
    homes = ["Sunny house in Elm.", "Charming house in Oak.", "Rare house in Ash."] * 20
    odd = ["Sunny house. Erbschaft, unter Verwandten.", "Rare house. Verwandten verkauft.",
           "Charming house in Elm."]  # fmt: skip
    cells = frame(
        public_remarks=homes + odd,
        list_price=["100"] * 63,
        close_price=["100"] * 60 + ["50"] * 3,
    )
    found = having(traits.cross_column_traits(cells, CONTRACT))
    words = [name for name in found if "remarks say" in name]
    assert words == ["price far from list, remarks say verwandten"]
    assert found[words[0]] == [60, 61]
    assert found["close_price 0.5 to 0.6 of list_price, unexplained"] == [62]


def test_words_that_always_come_together_count_once():
    remarks = pd.Series(["bank owned home", "bank owned flat", "home", "flat"] * 3, dtype="str")
    odd = remarks.str.contains("bank").to_numpy(bool)
    assert list(traits.distinctive_words(remarks, odd, ~odd)) == ["bank"]


def test_no_odd_price_no_words():
    remarks = pd.Series(["a house", None], dtype="str")
    none = np.zeros(2, dtype=bool)
    assert traits.distinctive_words(remarks, none, ~none) == {}


def test_columns_that_a_feed_lacks_are_no_error():
    assert traits.cross_column_traits(frame(city=["x"]), CONTRACT) == {}
    assert set(traits.column_traits("unknown", pd.Series(["x"], dtype="str"), CONTRACT)) == {
        "unknown: filled"
    }
