"""Which home a listing is of: its address in standard form, and the key its listings share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.identity import addresses, streets
from lib.listings.identity.addresses import AddressParts

ADDRESS = list(AddressParts._fields)
HOUSES = {"BLDG", "FL"}  # of several units each
PARSED, DISAGREES = "own_address_parsed", "own_address_disagrees"
STREET, UNIT = ADDRESS[1:5], ADDRESS[5]
PLACE_COLUMNS = ["street_number", *STREET, UNIT]  # one differs: another home
WRITTEN_PARTS = ("unparsed_address", "street_number", *STREET, "unit_number", "city")


def join_address(table: pd.DataFrame) -> pd.Series:
    """The address on one line: as the feed gives it, else joined of the parts that it has."""
    named = [name for name in WRITTEN_PARTS if name in table]
    joined = _joined(table, named[:1] if named[:1] == ["unparsed_address"] else named)
    return joined.str.replace(r"\s+", " ", regex=True).str.strip()


def _joined(table: pd.DataFrame, names: list[str]) -> pd.Series:
    """Some columns as one text, missing where all of them are."""
    text = pd.Series("", index=table.index, dtype="str")
    for name in names:
        text = text + " " + table[name].fillna("") if name in table else text
    return text.mask(text.str.strip() == "")


def standardize_addresses(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of `Parts` of each row, and two on how they came about.

    The feed's own columns go before what its whole address says; street number and street stay
    together. `own_address_parsed`: 1 where number and street are known, 0 where the row has an
    address that cannot be read, missing where it has none. `own_address_disagrees`: the parts in
    which the feed's columns say something else than its whole address.
    """
    nothing = pd.Series(None, index=table.index, dtype="str")
    whole = table.get("unparsed_address", nothing)
    read = addresses.parse_addresses(whole)
    own = pd.DataFrame(dict.fromkeys(ADDRESS, nothing))
    own[[*STREET, "unit_number"]] = addresses.parse_streets(_joined(table, STREET))
    for name, form in FORMS.items():
        if name in table:
            given = parse_values.parse_distinct(table[name], form)
            own[name] = merge_units(own[name], given) if name == UNIT else given.fillna(own[name])
    complete = own["street_number"].notna() & own["street_name"].notna()
    own[ADDRESS[:5]] = own[ADDRESS[:5]].where(complete)
    out = own.fillna(read)
    out[ADDRESS[:5]] = own[ADDRESS[:5]].where(complete, read[ADDRESS[:5]])
    out[UNIT] = merge_units(read[UNIT], own[UNIT])
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


def merge_units(first: pd.Series, then: pd.Series) -> pd.Series:
    """One unit of what two columns say of it (see `_united`)."""
    both = pd.DataFrame({"one": first, "two": then}).dropna()
    both = both[both["one"] != both["two"]]
    told = {pair: _united(*pair) for pair in set(both.itertuples(index=False, name=None))}
    joined = [told[pair] for pair in both.itertuples(index=False, name=None)]
    return (
        pd.Series(joined, index=both.index, dtype="str")
        .reindex(then.index)
        .fillna(then.fillna(first))
    )


def _united(first: str, then: str) -> str | None:
    """Both where one names a building or floor and the other what is in it, or flat 5 of building 2
    would be that of building 3; else the one that holds the other; else `then`."""
    for one, two in ((first, then), (then, first)):
        named = [word for word in one.split() if word in HOUSES]
        if 0 < len(one.split()) <= 2 * len(named) and not set(named) & set(two.split()):
            return streets.parse_unit(f"{one} {two}")
    for one, two in ((first, then), (then, first)):
        lettered = re.fullmatch("([0-9]+)([A-Z])|([A-Z])([0-9]+)", one)  # 12B holds B
        if lettered and two in lettered.groups():
            return one
        if Counter(two.split()) <= Counter(one.split()):
            return one
    return then


def _each(form: Callable[[str], str | None]) -> Callable[[pd.Series], pd.Series]:
    return lambda text: text.map(form, na_action="ignore").astype("str")


def _state(text: str) -> str | None:
    plain = streets.clean_address(text)
    return streets.state_codes().get(plain, plain) or None


FORMS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "street_number": _each(streets.parse_house_number),
    "unit_number": _each(streets.parse_unit),
    "city": _each(lambda text: streets.clean_address(text) or None),
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


def join_keys(by_group: pd.Series, by_address: pd.Series) -> pd.Series:
    """The key of a row whose group several homes share (a parcel not split yet, a placeholder):
    group and address, missing where the address is unknown."""
    return by_group + "|" + by_address.str.removeprefix("address:")


def place_parts(table: pd.DataFrame) -> pd.DataFrame:
    """The columns PLACE (those of them that the table has) as homes are told apart by them: Oak
    Ridge is Oakridge. The ZIP is none of them: of two at one parcel and street, one is mistyped."""
    told = table[[name for name in PLACE_COLUMNS if name in table]]
    if "street_name" not in told:
        return told
    return told.assign(street_name=told["street_name"].str.replace(" ", "", regex=False))


def split_contradicted(
    by_group: pd.Series, by_address: pd.Series, place: pd.DataFrame
) -> pd.Series:
    """The group's key, or `with_address` where rows of the group contradict each other in a part
    of `place` (as `place` gives it) that both know."""
    several = (place.groupby(by_group).nunique() > 1).any(axis=1)
    shared = by_group.isin(several.index[several])
    return by_group.mask(shared, join_keys(by_group, by_address))


def property_key(by_group: pd.Series, by_address: pd.Series, listing_key: pd.Series) -> pd.Series:
    """A key that relists and resales of one home share: by the contract's groups (`parted`), else
    by address, else the listing's own. A row without a group's key takes that of its address where
    all rows at the address have the same one."""
    known = by_group.groupby(by_address).agg(["nunique", "first"])
    only = known.loc[known["nunique"] == 1, "first"]
    key = by_group.fillna(by_address.map(only).astype("str"))
    return key.fillna(by_address).fillna("listing:" + listing_key)


def row_home_key(by_group: pd.Series, by_address: pd.Series, listing_key: pd.Series) -> pd.Series:
    """A key of the home by the row's own cells: group and address, the one of them that is known,
    else the listing's. No other row moves it, so what is known of the past may go by it."""
    key = join_keys(by_group, by_address).fillna(by_group).fillna(by_address)
    return key.fillna("listing:" + listing_key)


def add_property_keys(table: pd.DataFrame, groups: list[list[str]]) -> pd.DataFrame:
    """The table with its address in standard form, `property_key` and `own_home_key`;
    `unparsed_address` is what the feed wrote."""
    table = table.copy(deep=False)  # columns are added, none is changed
    by_group = group_key(table, groups)
    written = join_address(table)
    table = table.assign(**standardize_addresses(table))
    table["unparsed_address"] = written
    by_address = address_key(table)
    table["own_home_key"] = row_home_key(by_group, by_address, table["listing_key"])
    by_group = split_contradicted(by_group, by_address, place_parts(table))
    table["property_key"] = property_key(by_group, by_address, table["listing_key"])
    return table
