"""Contracts: how headers are matched, and that a faulty contract is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common import vocabulary
from lib.common.errors import RemlError
from lib.common.params import read_yaml, validate
from lib.listings.contract import contract as contracts
from lib.listings.contract import reso
from lib.listings.contract.contract import Contract, match_headers, missing_column_phrases

SHIPPED = sorted(vocabulary.FEEDS.glob("*/contract.yaml"))


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
    assert contracts.read_contract(path.parent.name).title


def test_a_contract_is_shipped():
    assert SHIPPED


@pytest.mark.parametrize(
    "header",
    ["Sale Price", "SALE PRICE", "sale_price", " Sale-Price ", "SalePrice", "\ufeffSale Price",
     "close_price", "CLOSE PRICE", "Sale. Price:"],
)  # fmt: skip
def test_header_matches_whatever_its_case_and_punctuation(header):
    assert match_headers(made(), ["other", header]) == {"close_price": header}


@given(st.text("Sale Price_-./", min_size=1))
def test_what_counts_of_a_header_is_its_plain_form(noise):
    plain = reso.fold_header(noise)
    assert plain == reso.fold_header(plain) == reso.fold_header(f"  {noise.upper()}!")


@pytest.mark.parametrize("header", ["listing_key", "Listing Key", "LISTINGKEY"])
def test_the_canonical_name_is_always_a_header_too(header):
    assert match_headers(made(), [header]) == {"listing_key": header}


def test_hash_sign_parts_ml_number_from_ml():
    assert match_headers(made(), ["ML", "ML #"]) == {"listing_key": "ML #"}


def test_earlier_alias_wins_and_first_of_equal_headers_wins():
    found = match_headers(made(), ["ClosePrice", "Sale Price", "SALE PRICE"])
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
    (clause,) = missing_column_phrases(made(), headers)
    assert clause.startswith("listing_key (as 'Matrix_Unique_ID' or 'ML#'")
    assert (f"the nearest header is {hint}" in clause) if hint else ("nearest" not in clause)


def test_a_header_already_claimed_is_no_hint():
    fitting = made(
        columns=column(aliases=["Sale Price Net"], required=True),
    )
    (clause,) = missing_column_phrases(fitting, ["ML#", "Sale Price"])
    assert "nearest" not in clause


def test_missing_required_column_without_aliases_is_called_by_its_own_name():
    fitting = made(columns=column(aliases=[], required=True))
    (clause,) = missing_column_phrases(fitting, ["ML#"])
    assert clause.startswith("extra (as 'extra'")


def test_nothing_is_missing_where_every_required_column_is_there():
    assert missing_column_phrases(made(), ["ml#"]) == []


def test_unknown_feed_lists_the_feeds_with_a_contract(tmp_path, monkeypatch):
    monkeypatch.setattr(vocabulary, "FEEDS", tmp_path)
    with pytest.raises(RemlError, match=r"no contract for feed 'x' \(feeds with one: none\)"):
        contracts.read_contract("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "contract.yaml").write_text("title: [")
    with pytest.raises(RemlError, match=r"feeds with one: real"):
        contracts.read_contract("x")
    with pytest.raises(RemlError, match=r"contract\.yaml: not valid YAML"):
        contracts.read_contract("real")


def test_reading_a_contract_reads_yaml_dates_as_text_formats(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_text('title: T\nkey: [a]\nproperty_key: [[a]]\ncolumns: {a: {aliases: ["A"]}}\n')
    assert validate(Contract, read_yaml(path), str(path)).date_formats == ["%Y-%m-%d"]


# ---- what a contract leaves out comes from the RESO dictionary ---------------------------------


def resolved(columns, **changes):
    """A contract of these columns, resolved as `read` does."""
    content = {"title": "T", "key": [next(iter(columns))], "columns": columns} | changes
    return contracts.resolve_contract(validate(Contract, content, "c.yaml"), "c.yaml")


def test_aliases_and_types_are_inherited_behind_the_contracts_own():
    fitting = resolved({"close_date": {"aliases": ["Fin"]}, "close_price": {}, "living_area": {}})
    assert [column.type for column in fitting.columns.values()] == ["date", "number", "number"]
    assert fitting.columns["close_date"].aliases[:3] == ["Fin", "close_date", "Sold Date"]
    headers = ["CloseDate", "Sold Date", "Fin", "Sale Price", "SqFtTotal"]
    assert match_headers(fitting, headers) == {
        "close_date": "Fin", "close_price": "Sale Price", "living_area": "SqFtTotal"}  # fmt: skip
    assert (
        match_headers(fitting, headers[:2])["close_date"] == "CloseDate"
    )  # RESO before other families


def test_a_type_of_its_own_stays():
    fitting = resolved({"on_market_date": {"type": "timestamp"}, "local_a": {"type": "number"}})
    assert [column.type for column in fitting.columns.values()] == ["timestamp", "number"]


def test_a_number_of_its_own_has_the_headers_of_a_count_and_keeps_its_type():
    years = {"type": "number", "range": [1700, 2100]}
    fitting = resolved({"year_built": years, "stories": {"type": "count"}})
    assert match_headers(fitting, ["Yr Built", "Floors"]) == {
        "year_built": "Yr Built",
        "stories": "Floors",
    }
    assert [column.type for column in fitting.columns.values()] == ["number", "count"]
    assert match_headers(resolved({"stories": {"type": "code"}}), ["Floors"]) == {}


def test_a_header_that_the_contract_gives_away_is_not_inherited():
    """King County's `price` is what was paid; in Matrix exports `Price` is the list price."""
    fitting = resolved({"close_price": {"aliases": ["price"]}, "list_price": {}})
    assert match_headers(fitting, ["price"]) == {"close_price": "price"}
    assert match_headers(resolved({"close_price": {}, "list_price": {}}), ["Price"]) == {
        "list_price": "Price"}  # fmt: skip


def test_status_is_the_standard_status_unless_the_export_has_that_too():
    fitting = resolved({"standard_status": {}, "mls_status": {}, "property_type": {}})
    assert match_headers(fitting, ["Status", "Type"]) == {
        "standard_status": "Status", "property_type": "Type"}  # fmt: skip
    assert match_headers(fitting, ["Status", "MlsStatus", "StandardStatus"]) == {
        "standard_status": "StandardStatus", "mls_status": "MlsStatus"}  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{"multiply": 43560}, {"unit": "acres"}, {"unit": "square meters"}]
)
def test_a_column_in_another_unit_keeps_to_its_own_headers(settings):
    """Lot SqFt must not be multiplied as if it were acres."""
    fitting = resolved({"lot_size_square_feet": {"aliases": ["Land"]} | settings})
    headers = ["Land", "Lot SqFt", "LotSizeSquareFeet", "lot_size_square_feet"]
    assert match_headers(fitting, headers) == {"lot_size_square_feet": "Land"}
    assert match_headers(fitting, headers[1:]) == {}


def test_a_column_in_another_notation_keeps_to_its_own_headers():
    """BathsTotal 2.1 must not be read as a decimal, nor `Bathrooms` 2.5 as two full, five half."""
    decimal = resolved({"bathrooms": {"aliases": ["Ba"], "type": "baths_decimal"}})
    assert match_headers(decimal, ["BathsTotal"]) == {}
    dotted = resolved({"bathrooms": {}})
    assert match_headers(dotted, ["BathsTotal"]) == {"bathrooms": "BathsTotal"}
    assert match_headers(dotted, ["Bathrooms"]) == match_headers(dotted, ["Baths"]) == {}


@pytest.mark.parametrize(
    ("unit", "factor"), [("acres", 43560), ("square feet", 1), ("square meters", 10.76391041671)]
)
def test_units_become_factors(unit, factor):
    fitting = resolved({"lot_size_square_feet": {"aliases": ["Lot Size"], "unit": unit}})
    assert fitting.columns["lot_size_square_feet"].multiply == pytest.approx(factor)


def test_a_number_without_a_range_has_the_dictionarys():
    columns = {
        "close_price": {}, "bathrooms": {"aliases": ["Bths"], "type": "baths_decimal"},
        "bedrooms_total": {"range": [1, 9]}, "stories": {"type": "code"}, "local_a": {},
    }  # fmt: skip
    found = {name: column.range for name, column in resolved(columns).columns.items()}
    assert found["close_price"] == (1, 500000000) and found["bathrooms"] == (0, 20)
    assert found["bedrooms_total"] == (1, 9)
    assert found["stories"] is found["local_a"] is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"living_aera": {}}, "living_aera: no field of the RESO dictionary (nearest: living_area"),
        ({"lot_size_square_feet": {"aliases": ["Lot Size"]}}, "'Lot Size' means different things"),
        ({"lot_size_acres": {"aliases": ["lot size"]}}, "add `unit`"),
        ({"bathrooms": {"aliases": ["Baths"]}}, "add `type`"),
        ({"bathrooms": {"aliases": ["bathrooms"]}}, "add `type`"),
        ({"living_area": {"unit": "acre"}}, "unit 'acre' cannot be turned into square feet"),
        ({"year_built": {"unit": "acres"}}, "cannot be turned into year"),
        ({"living_area": {"unit": "acres", "multiply": 2}}, "give `unit` or `multiply`, not both"),
        ({"city": {"range": [0, 1]}}, "a range goes with numbers, not with type code"),
        ({"local_a": {"range": [0, 1]}}, "a range goes with numbers, not with type code"),
    ],
)
def test_what_the_dictionary_cannot_settle_is_refused(columns, words):
    with pytest.raises(RemlError) as caught:
        resolved(columns)
    assert words in str(caught.value) and str(caught.value).startswith("c.yaml: columns.")


def test_an_unknown_column_may_be_local_or_bring_its_aliases():
    fitting = resolved({"local_view": {}, "own_word": {"aliases": []}})
    assert match_headers(fitting, ["own word", "Local View"]) == {
        "local_view": "Local View", "own_word": "own word"}  # fmt: skip


def test_instead_shares_the_header_of_another_column():
    columns = {"listing_key": {"instead": "listing_id", "required": True}, "listing_id": {}}
    fitting = resolved(columns)
    assert match_headers(fitting, ["ML#"]) == {"listing_id": "ML#", "listing_key": "ML#"}
    assert match_headers(fitting, ["ML#", "Matrix_Unique_ID"])["listing_key"] == "Matrix_Unique_ID"
    assert missing_column_phrases(fitting, ["ML#"]) == []
    assert missing_column_phrases(fitting, ["zzz"])[0].startswith(
        "listing_key (as 'Matrix_Unique_ID'"
    )
    with pytest.raises(RemlError, match="instead names `nope`"):
        resolved({"listing_key": {"instead": "nope"}})


def test_a_missing_column_with_many_aliases_lists_the_first():
    (clause,) = missing_column_phrases(resolved({"living_area": {"required": True}}), ["zzz"])
    assert clause.startswith("living_area (as 'SqFtTotal' or 'SqFt' or ") and "others)" in clause


@pytest.mark.parametrize("formats", [[], ["%m/%d/%Y %T"], ["%m/%d/%Y %m"], ["%Y-%m-%d", "%Q"]])
def test_formats_that_staging_would_break_on_are_refused(formats):
    with pytest.raises(RemlError, match="date"):
        validate(
            Contract,
            {"title": "T", "columns": {"listing_key": {}}, "date_formats": formats},
            "contract.yaml",
        )


@pytest.mark.parametrize(
    "header",
    ["$/SqFt", "SqFt ($)", "SqFt %", "SqFt +", "SqFt*", "-SqFt", "SqFt/Acre", "# SqFt", "SqFt²"],
)
def test_a_header_with_a_sign_that_changes_its_meaning_is_not_the_plain_one(header):
    agreed = resolved({"living_area": {}})
    assert "living_area" not in match_headers(agreed, [header])
    for order in ([header, "SqFt"], ["SqFt", header]):
        assert match_headers(agreed, order)["living_area"] == "SqFt"


def test_a_currency_sign_in_the_header_of_an_amount_says_nothing_new():
    agreed = resolved({"list_price": {}, "living_area": {}})
    assert match_headers(agreed, ["List Price ($)", "SqFt ($)"]) == {"list_price": "List Price ($)"}


@pytest.mark.parametrize(
    ("headers", "match"),
    [
        (["list_price", "List Price"], "List Price"),
        (["List Price", "LIST PRICE", "ListPrice"], "List Price"),
        (["LIST PRICE", "ListPrice"], None),
        (["list-price", "List Price ($)"], None),
    ],
)
def test_of_headers_that_read_alike_the_one_as_the_contract_writes_it_or_none(headers, match):
    agreed = resolved({"list_price": {"aliases": ["List Price"]}})
    if match:
        assert match_headers(agreed, headers)["list_price"] == match
        assert contracts.header_faults(agreed, headers) == []
        return
    with pytest.raises(RemlError, match=r"are one header to column list_price"):
        match_headers(agreed, headers)
    (clause,) = contracts.header_faults(agreed, headers)
    assert all(repr(header) in clause for header in headers)


def test_headers_in_other_letters_are_not_all_one():
    agreed = resolved({"local_price": {"aliases": ["价格"], "type": "number"}})
    assert "local_price" not in match_headers(agreed, ["状态", "---", ""])
    assert match_headers(agreed, ["状态", "价格"])["local_price"] == "价格"


def dated(formats):
    own = {"close_date": {"aliases": [], "type": "date", "date_formats": formats}}
    return minimal()["columns"] | own


def test_a_column_has_date_formats_of_its_own():
    agreed = validate(
        Contract,
        minimal(columns=dated(["%d/%m/%Y"])),
        "contract.yaml",
    )
    assert agreed.date_formats_of("close_date") == ["%d/%m/%Y"]
    assert agreed.date_formats_of("extra") == agreed.date_formats_of("else") == ["%Y-%m-%d"]
    for formats in ([], ["%Q"], ["serial"]):
        with pytest.raises(RemlError, match="date"):
            made(columns=dated(formats))


def test_words_of_reso_for_a_status_stand_for_themselves():
    """A draft made of a file of open listings does not refuse the closed ones of the next."""
    columns = {"standard_status": {}}
    own = {"lookups": {"standard_status": {"ACT": "Active", "hold": "Withdrawn"}}}
    words = resolved(columns, **own).lookups["standard_status"]
    assert words["Closed"] == "Closed" and words["ACT"] == "Active"
    assert words["hold"] == "Withdrawn" and "Hold" not in words
    assert resolved(columns).lookups == {}
