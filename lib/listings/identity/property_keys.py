"""Which home a listing is of: its address in standard form, and the key its listings share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.identity import addresses, parcels, streets
from lib.listings.identity.addresses import AddressParts

ADDRESS = list(AddressParts._fields)
PARCEL = "parcel_number"
HOUSES = {"BLDG", "FL"}  # of several units each
PARSED, DISAGREES = "own_address_parsed", "own_address_disagrees"
STREET, UNIT = ADDRESS[1:5], ADDRESS[5]
PLACE_COLUMNS = ["street_number", *STREET, UNIT]  # one differs: another home
WRITTEN_PARTS = ("unparsed_address", "street_number", *STREET, "unit_number", "city")


def join_address(table: pd.DataFrame) -> pd.Series:
    """Write each address on one line: as the feed gives it, else joined of the parts that it has.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Any of WRITTEN_PARTS as text.

    Returns
    -------
    Series of str, shape (n,)
        Missing where the row has no part.
    """
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
    """Bring addresses into standard form.

    The feed's columns go before what its whole address says; street number and street stay
    together.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Any of ADDRESS and `unparsed_address` as text.

    Returns
    -------
    DataFrame, shape (n, 12)
        The columns of ADDRESS, and two on how they came about. `own_address_parsed` (float64): 1
        where number and street are there, 0 where the row has an address that cannot be read,
        missing where it has none. `own_address_disagrees` (text): the parts in which the feed's
        columns say something else than its whole address.
    """
    nothing = pd.Series(None, index=table.index, dtype="str")
    written = table.get("unparsed_address", nothing)
    read = addresses.parse_addresses(written)
    by_columns = pd.DataFrame(dict.fromkeys(ADDRESS, nothing))
    by_columns[[*STREET, "unit_number"]] = addresses.parse_streets(_joined(table, STREET))
    for name, form in FORMS.items():
        if name in table:
            present = parse_values.parse_distinct(table[name], form)
            by_columns[name] = (
                _merge_units(by_columns[name], present)
                if name == UNIT
                else present.fillna(by_columns[name])
            )
    complete = by_columns["street_number"].notna() & by_columns["street_name"].notna()
    by_columns[ADDRESS[:5]] = by_columns[ADDRESS[:5]].where(complete)
    out = by_columns.fillna(read)
    out[ADDRESS[:5]] = by_columns[ADDRESS[:5]].where(complete, read[ADDRESS[:5]])
    out[UNIT] = _merge_units(read[UNIT], by_columns[UNIT])
    present = _joined(table, [*ADDRESS[:6], "unparsed_address"]).notna()
    out[PARSED] = out["street_name"].notna().astype("float64").where(present)
    differ = (by_columns != read) & by_columns.notna() & read.notna()
    both = complete & read["street_name"].notna()
    for name in ADDRESS[:5]:  # one has a direction and the other has none: they differ too
        differ[name] = both & (by_columns[name].fillna("") != read[name].fillna(""))
    out["postal_code_plus4"] = out["postal_code_plus4"].mask(differ["postal_code"])
    disagreeing = nothing.fillna("")
    for name in ADDRESS:
        disagreeing = disagreeing.mask(differ[name], disagreeing + " " + name)
    out[DISAGREES] = disagreeing.str.strip().mask(disagreeing == "")
    return out


def _merge_units(first: pd.Series, then: pd.Series) -> pd.Series:
    """Merge what two columns say of one unit (see `_united`).

    Parameters
    ----------
    first : Series of str, shape (n,)
        Units in standard form.
    then : Series of str, shape (n,)
        Units in standard form; they win where neither holds the other.

    Returns
    -------
    Series of str, shape (n,)
    """
    both = pd.DataFrame({"one": first, "two": then}).dropna()
    both = both[both["one"] != both["two"]]
    merged = {pair: _united(*pair) for pair in set(both.itertuples(index=False, name=None))}
    joined = [merged[pair] for pair in both.itertuples(index=False, name=None)]
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
    """Key each row by its standard address with unit and ZIP, or city and state without a ZIP.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs the columns of ADDRESS in standard form.

    Returns
    -------
    Series of str, shape (n,)
        Missing without street or place, or where the number is none (0 stands for lots without).
    """
    street = table["street_number"]
    for name in STREET:
        street = street + (" " + table[name]).fillna("")
    numbered = table["street_number"].str.contains("[1-9]").fillna(False).astype(bool)
    town = table["city"] + ", " + table["state_or_province"]
    place = table["postal_code"].fillna(town)
    key = "address:" + street + "|" + table["unit_number"].fillna("") + "|" + place
    return key.where(numbered & table["street_name"].notna())


def complete_group_key(
    table: pd.DataFrame, groups: list[list[str]], digits_alone: bool = False
) -> pd.Series:
    """Key each row by the first group of columns that is complete in it.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs the columns that the groups name, as text.
    groups : list of list of str
        The contract's `property_key`.
    digits_alone : bool
        Whether parcel numbers count by `parcels.parcel_digits` instead of as they are written.

    Returns
    -------
    Series of str, shape (n,)
        Upper case, joined by |; missing where no group is complete. What `parcels.format_parcels`
        calls none ("000-000", "N/A", "99999") is no parcel number.
    """
    key = pd.Series(None, index=table.index, dtype="str")
    for group in groups:
        joined = group[0] + ":"
        for at, name in enumerate(group):
            part = table[name].str.upper()
            if name == PARCEL:
                part = parcels.format_parcels(table[name])
                part = parcels.parcel_digits(part) if digits_alone else part
            joined = joined + ("|" if at else "") + part
        key = key.fillna(joined)
    return key


def join_keys(by_group: pd.Series, by_address: pd.Series) -> pd.Series:
    """Join group and address of rows whose group several homes share.

    Such a group is a parcel that is not split yet, or a placeholder. Parcel numbers count by their
    digits here: at one address the dashes in them tell nothing.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
    by_address : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        Missing where one of them is.
    """
    return by_group + "|" + by_address.str.removeprefix("address:")


def place_parts(table: pd.DataFrame) -> pd.DataFrame:
    """Take the parts that tell one home of a group from another.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Any of PLACE_COLUMNS in standard form.

    Returns
    -------
    DataFrame, shape (n, up to 6)
        Number, street and unit; the name without spaces, since Oak Ridge is Oakridge. The ZIP is
        not among them: of two at one parcel and street, one is mistyped.
    """
    parts = table[[name for name in PLACE_COLUMNS if name in table]]
    if "street_name" not in parts:
        return parts
    return parts.assign(street_name=parts["street_name"].str.replace(" ", "", regex=False))


def _split_contradicted(
    by_group: pd.Series, by_address: pd.Series, place: pd.DataFrame
) -> pd.Series:
    """Split groups whose rows contradict each other about the place.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
        Keys by the contract's columns.
    by_address : Series of str, shape (n,)
        Keys by address.
    place : DataFrame, shape (n, k)
        As `place_parts` gives it.

    Returns
    -------
    Series of str, shape (n,)
        The group's key, or `join_keys` where two rows of the group have different values of a part.
    """
    several = (place.groupby(by_group).nunique() > 1).any(axis=1)
    shared = by_group.isin(several.index[several])
    return by_group.mask(shared, join_keys(by_group, by_address))


def property_key(by_group: pd.Series, by_address: pd.Series, listing_key: pd.Series) -> pd.Series:
    """Key each row by its home: relists and resales share the key.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
        Keys by the contract's columns, from `_split_contradicted`.
    by_address : Series of str, shape (n,)
        Keys by address.
    listing_key : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        The group's key, else that of all rows at the address where they share one, else the
        address's, else the listing's.
    """
    keys_there = by_group.groupby(by_address).agg(["nunique", "first"])
    only = keys_there.loc[keys_there["nunique"] == 1, "first"]
    key = by_group.fillna(by_address.map(only).astype("str"))
    return key.fillna(by_address).fillna("listing:" + listing_key)


def row_home_key(
    by_group: pd.Series, digits: pd.Series, by_address: pd.Series, listing_key: pd.Series
) -> pd.Series:
    """Key each row by its home, by its cells alone.

    No other row moves the key, so that features of the past may go by it.

    Parameters
    ----------
    by_group : Series of str, shape (n,)
        Keys by the contract's columns.
    digits : Series of str, shape (n,)
        The same, parcel numbers by their digits alone.
    by_address : Series of str, shape (n,)
        Keys by address.
    listing_key : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        Digits and address, group or address where one of them is there, else the listing's.
    """
    key = join_keys(digits, by_address).fillna(by_group).fillna(by_address)
    return key.fillna("listing:" + listing_key)


def add_property_keys(table: pd.DataFrame, groups: list[list[str]]) -> pd.DataFrame:
    """Add the address in standard form, `property_key` and `own_home_key`.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings.
    groups : list of list of str
        The contract's `property_key`.

    Returns
    -------
    DataFrame, shape (n, m)
        `unparsed_address` is what the feed wrote.
    """
    table = table.copy(deep=False)  # columns are added, none is changed
    by_group, digits = (
        complete_group_key(table, groups),
        complete_group_key(table, groups, digits_alone=True),
    )
    written = join_address(table)
    table = table.assign(**standardize_addresses(table))
    table["unparsed_address"] = written
    by_address = address_key(table)
    table["own_home_key"] = row_home_key(by_group, digits, by_address, table["listing_key"])
    place = place_parts(table)
    by_group = parcels.unite_spellings(by_group, digits, by_address)
    by_group = by_group.mask(parcels.at_many_places(by_group, place) & by_address.notna())
    by_group = _split_contradicted(by_group, by_address, place)
    table["property_key"] = property_key(by_group, by_address, table["listing_key"])
    return table
