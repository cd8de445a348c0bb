"""Contracts: how headers are matched, and that a faulty contract is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.checks import RemlError
from lib.common.params import read_yaml, validate
from lib.listings import contract as contracts
from lib.listings.contract import Contract, match, missing_required

SHIPPED = sorted((contracts.ROOT).glob("*/contract.yaml"))


def minimal(**changes):
    """The content of a small valid contract."""
    return {
        "title": "T",
        "property_key": [["listing_key"]],
        "columns": {
            "listing_key": {"aliases": ["Matrix_Unique_ID", "ML#"], "required": True},
            "close_price": {"aliases": ["Sale Price", "ClosePrice"], "type": "number"},
        },
    } | changes


def made(**changes):
    return validate(Contract, minimal(**changes), "contract.yaml")


def column(**settings):
    """Columns of `minimal` and one more."""
    return minimal()["columns"] | {"extra": {"aliases": ["Extra"]} | settings}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_contract_is_valid(path):
    assert contracts.read(path.parent.name).title


def test_a_contract_is_shipped():
    assert SHIPPED


@pytest.mark.parametrize(
    "header",
    ["Sale Price", "SALE PRICE", "sale_price", " Sale-Price ", "SalePrice", "\ufeffSale Price",
     "close_price", "CLOSE PRICE", "Sale. Price:"],
)  # fmt: skip
def test_header_matches_whatever_its_case_and_punctuation(header):
    assert match(made(), ["other", header]) == {"close_price": header}


@given(st.text("Sale Price_-./", min_size=1))
def test_only_letters_digits_and_hashes_of_a_header_count(noise):
    plain = contracts.plain(noise)
    assert plain == contracts.plain(plain) == contracts.plain(f"  {noise.upper()}!")


@pytest.mark.parametrize("header", ["listing_key", "Listing Key", "LISTINGKEY"])
def test_the_canonical_name_is_always_a_header_too(header):
    assert match(made(), [header]) == {"listing_key": header}


def test_hash_sign_parts_ml_number_from_ml():
    assert match(made(), ["ML", "ML #"]) == {"listing_key": "ML #"}


def test_earlier_alias_wins_and_first_of_equal_headers_wins():
    found = match(made(), ["ClosePrice", "Sale Price", "SALE PRICE"])
    assert found["close_price"] == "Sale Price"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colums": {}}, "colums: unknown key"),
        ({"columns": column(typ="number")}, "columns.extra.typ: unknown key"),
        ({"columns": column(type="money")}, "columns.extra.type"),
        ({"columns": column(range=[1])}, "columns.extra.range"),
        ({"columns": {"a": {"aliases": []}}, "property_key": []}, "give a `listing_key` column"),
        ({"key": ["parcel"]}, "key names `parcel`"),
        ({"property_key": [["parcel"]]}, "property_key names `parcel`"),
        ({"lookups": {"status": {}}}, "lookups names `status`"),
        ({"domain": {"column": "kind"}}, "domain.column names `kind`"),
        ({"domain": {"default": "lease"}}, "domain.default"),
        ({"columns": column(aliases=["sale price"])}, "belongs to both close_price and extra"),
        ({"columns": column(aliases=["Listing Key"])}, "belongs to both listing_key and extra"),
        ({"columns": column(), "key": ["domain"]}, "key names `domain`"),
    ],
)
def test_faulty_contract_is_refused_by_the_name_of_the_fault(changes, words):
    with pytest.raises(RemlError) as caught:
        made(**changes)
    assert words in str(caught.value) and str(caught.value).startswith("contract.yaml: ")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"check": "is_number", "column": "nope"}, "row_rules names `nope`"),
        ({"check": "present", "column": "close_price", "when": {"nope": "x"}}, "names `nope`"),
        ({"check": "positive", "column": "close_price"}, "row_rules.0.check"),
        ({"check": "minimum", "column": "close_price"}, "check minimum needs a value"),
    ],
)
def test_faulty_row_rule_is_refused(rule, words):
    with pytest.raises(RemlError, match=words.replace("`", ".")):
        made(row_rules=[rule | {"name": "r", "reason": "r"}])


def test_names_may_be_constants():
    fitting = made(
        constants={"standard_status": "Closed"},
        lookups={"standard_status": {"Sold": "Closed"}},
    )
    assert fitting.constants == {"standard_status": "Closed"}


@pytest.mark.parametrize(
    ("headers", "hint"), [(["Matrix Unique I", "x"], "'Matrix Unique I'"), (["zzz", "q"], None)]
)
def test_missing_required_column_names_the_nearest_header(headers, hint):
    (clause,) = missing_required(made(), headers)
    assert clause.startswith("listing_key (as 'Matrix_Unique_ID' or 'ML#'")
    assert (f"the nearest header is {hint}" in clause) if hint else ("nearest" not in clause)


def test_a_header_already_claimed_is_no_hint():
    fitting = made(
        columns=column(aliases=["Sale Price Net"], required=True),
    )
    (clause,) = missing_required(fitting, ["ML#", "Sale Price"])
    assert "nearest" not in clause


def test_missing_required_column_without_aliases_is_called_by_its_own_name():
    fitting = made(columns=column(aliases=[], required=True))
    (clause,) = missing_required(fitting, ["ML#"])
    assert clause.startswith("extra (as 'extra'")


def test_nothing_is_missing_where_every_required_column_is_there():
    assert missing_required(made(), ["ml#"]) == []


def test_unknown_feed_lists_the_feeds_with_a_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(contracts, "ROOT", tmp_path)
    with pytest.raises(RemlError, match=r"no contract for feed 'x' \(feeds with one: none\)"):
        contracts.read("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "contract.yaml").write_text("title: [")
    with pytest.raises(RemlError, match=r"feeds with one: real"):
        contracts.read("x")
    with pytest.raises(RemlError, match=r"contract\.yaml: not valid YAML"):
        contracts.read("real")


def test_reading_a_contract_reads_yaml_dates_as_text_formats(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_text('title: T\nkey: [a]\nproperty_key: [[a]]\ncolumns: {a: {aliases: ["A"]}}\n')
    assert validate(Contract, read_yaml(path), str(path)).date_formats == ["%Y-%m-%d"]
