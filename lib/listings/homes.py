"""Which home a listing is of: its address in standard form, and the key its listings share."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from lib.listings import addresses, streets, values
from lib.listings.addresses import Parts

ADDRESS = list(Parts._fields)
PARSED, DISAGREES = "own_address_parsed", "own_address_disagrees"
STREET = ADDRESS[1:5]
SHOWN = ("unparsed_address", "street_number", *STREET, "unit_number", "city")


def unparsed_address(table: pd.DataFrame) -> pd.Series:
    """The address on one line: as the feed gives it, else joined of the parts that it has."""
    named = [name for name in SHOWN if name in table]
    joined = _joined(table, named[:1] if named[:1] == ["unparsed_address"] else named)
    return joined.str.replace(r"\s+", " ", regex=True).str.strip()


def _joined(table: pd.DataFrame, names: list[str]) -> pd.Series:
    """Some columns as one text, missing where all of them are."""
    text = pd.Series("", index=table.index, dtype="str")
    for name in names:
        text = text + " " + table[name].fillna("") if name in table else text
    return text.mask(text.str.strip() == "")


def standard(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of `Parts` of each row, and two on how they came about.

    The feed's own columns go before what its whole address says; street number and street stay
    together. `own_address_parsed`: 1 where number and street are known, 0 where the row has an
    address that cannot be read, missing where it has none. `own_address_disagrees`: the parts in
    which the feed's columns say something else than its whole address.
    """
    nothing = pd.Series(None, index=table.index, dtype="str")
    whole = table.get("unparsed_address", nothing)
    read = addresses.parse_all(whole)
    own = pd.DataFrame(dict.fromkeys(ADDRESS, nothing))
    own[[*STREET, "unit_number"]] = addresses.street_all(_joined(table, STREET))
    for name, form in FORMS.items():
        if name in table:
            own[name] = values.by_distinct(table[name], form).fillna(own[name])
    complete = own["street_number"].notna() & own["street_name"].notna()
    own[ADDRESS[:5]] = own[ADDRESS[:5]].where(complete)
    out = own.fillna(read)
    out[ADDRESS[:5]] = own[ADDRESS[:5]].where(complete, read[ADDRESS[:5]])
    given = _joined(table, [*ADDRESS[:6], "unparsed_address"]).notna()
    out[PARSED] = out["street_name"].notna().astype("float64").where(given)
    differ = (own != read) & own.notna() & read.notna()
    both = complete & read["street_name"].notna()
    for name in ADDRESS[:5]:  # one has a direction and the other has none: they differ too
        differ[name] = both & (own[name].fillna("") != read[name].fillna(""))
    out["postal_code_plus4"] = out["postal_code_plus4"].mask(differ["postal_code"])
    told = nothing.fillna("")
    for name in ADDRESS:
        told = told.mask(differ[name], told + " " + name)
    out[DISAGREES] = told.str.strip().mask(told == "")
    return out


def _each(form: Callable[[str], str | None]) -> Callable[[pd.Series], pd.Series]:
    return lambda text: text.map(form, na_action="ignore").astype("str")


def _state(text: str) -> str | None:
    plain = streets.clean(text)
    return streets.states().get(plain, plain) or None


FORMS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "street_number": _each(streets.house_number),
    "unit_number": _each(streets.unit),
    "city": _each(lambda text: streets.clean(text) or None),
    "state_or_province": _each(_state),
    "postal_code": lambda text: text,
    "postal_code_plus4": lambda text: text.str.extract(r"\A([0-9]{4})\Z", expand=False),
}


def address_key(table: pd.DataFrame) -> pd.Series:
    """The standard address with unit and ZIP, or city and state where there is no ZIP; missing
    without street or place, or where the number is none (0 stands for lots without)."""
    street = table["street_number"]
    for name in STREET:
        street = street + (" " + table[name]).fillna("")
    numbered = table["street_number"].str.contains("[1-9]").fillna(False).astype(bool)
    town = table["city"] + ", " + table["state_or_province"]
    place = table["postal_code"].fillna(town)
    key = "address:" + street + "|" + table["unit_number"].fillna("") + "|" + place
    return key.where(numbered & table["street_name"].notna())


def group_key(table: pd.DataFrame, groups: list[list[str]]) -> pd.Series:
    """The first of `groups` of columns that is complete in the row (upper case, joined by |).

    A parcel number without a digit from 1 to 9 ("000-000", "N/A") is none.
    """
    key = pd.Series(None, index=table.index, dtype="str")
    for group in groups:
        joined = group[0] + ":"
        for at, name in enumerate(group):
            part = table[name].str.upper()
            if name == "parcel_number":
                part = part.where(part.str.contains("[1-9]").fillna(False).astype(bool))
            joined = joined + ("|" if at else "") + part
        key = key.fillna(joined)
    return key


def property_key(by_group: pd.Series, by_address: pd.Series, listing_key: pd.Series) -> pd.Series:
    """A key that relists and resales of one home share: by the contract's groups, else by address,
    else the listing's own. A row without a group's key takes that of its address where all rows
    at the address have the same one."""
    known = by_group.groupby(by_address).agg(["nunique", "first"])
    only = known.loc[known["nunique"] == 1, "first"]
    key = by_group.fillna(by_address.map(only).astype("str"))
    return key.fillna(by_address).fillna("listing:" + listing_key)


def identified(table: pd.DataFrame, groups: list[list[str]]) -> pd.DataFrame:
    """The table with its address in standard form and `property_key`; `unparsed_address` is what
    the feed wrote."""
    table = table.copy(deep=False)  # columns are added, none is changed
    by_group = group_key(table, groups)
    written = unparsed_address(table)
    table = table.assign(**standard(table))
    table["unparsed_address"] = written
    table["property_key"] = property_key(by_group, address_key(table), table["listing_key"])
    return table
