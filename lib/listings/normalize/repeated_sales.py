"""Sales that were exported several times, under another listing key each: one stays, the others are
kept aside."""

from __future__ import annotations

import pandas as pd

from lib.listings.identity.property_keys import place_parts

SALE = ["domain", "property_key", "close_date", "close_price"]
HOME_PRICE = ["domain", "property_key", "close_price"]
# what, beside their place, two flats of one house let on one day at one price differ in
FLAT_COLUMNS = ["living_area", "bedrooms_total", "bathrooms_full", "bathrooms_total"]
REPEATED = "the same sale under another listing key"
DAYS_APART = "the same sale under another listing key, closed some days apart"
MOST_COPIES = 3  # systems that export one sale; of more at one price they are flats


def merge_repeated_sales(table: pd.DataFrame, days_apart: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep one row of each sale that was exported under several listing keys.

    Closed rows of one home with one date and price are one sale; the row last modified stays, of
    equal ones the one with the smallest key. Where such rows disagree about
    `property_keys.place_parts` or FLAT_COLUMNS (both present), they are of several homes, and only
    rows that say the same of each are one sale. Two systems may also date one sale differently: see
    `_copies_days_apart`.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The normalised table.
    days_apart : int
        Days between two closings up to which they may be one.

    Returns
    -------
    table : DataFrame, shape (m, k)
        One row a sale.
    aside : DataFrame, shape (n - m, k + 2)
        The other rows with `_kept_listing_key` and `_reason`.
    """
    kept = _copies_of_one_day(table)
    apart = _copies_days_apart(table.drop(kept.index), days_apart)
    reason = pd.Series(REPEATED, kept.index, dtype="str")
    reason = pd.concat([reason, pd.Series(DAYS_APART, apart.index, dtype="str")])
    # a row whose own copy went aside points to the one that stands for both
    at_last = dict(zip(table.loc[apart.index, "listing_key"], apart, strict=True))
    kept = pd.concat([kept.map(lambda key: at_last.get(key, key)), apart]).sort_index()
    aside = table.loc[kept.index].assign(
        _kept_listing_key=kept.astype("str"), _reason=reason.loc[kept.index]
    )
    return (table.drop(kept.index) if len(kept) else table), aside


def _closed(table: pd.DataFrame, names: list[str]) -> pd.Series:
    return (table["standard_status"] == "Closed") & table[names].notna().all(axis=1)


def _traits(table: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """What tells one flat of a house from another."""
    flat = table.loc[rows, [name for name in FLAT_COLUMNS if name in table]]
    return flat.join(place_parts(table.loc[rows]))


def _copies_of_one_day(table: pd.DataFrame) -> pd.Series:
    """The index of each row to keep aside -> the listing_key that stays."""
    complete = _closed(table, SALE)
    sold = table.loc[complete, [*SALE, "listing_key", "modification_timestamp"]].sort_values(
        ["modification_timestamp", "listing_key"], ascending=[False, True]
    )
    sold = sold[sold.duplicated(SALE, keep=False)]
    traits = _traits(table, sold.index)
    group = sold.groupby(SALE, sort=False).ngroup()
    unlike = (traits.groupby(group).transform("nunique") > 1).any(axis=1)
    alike = pd.Series("", index=sold.index, dtype="str")
    for name in traits:
        alike = (alike + "|" + traits[name].astype("str").fillna("")).where(unlike, "")
    kept = sold.groupby([group, alike], sort=False)["listing_key"].transform("first")
    return kept[kept != sold["listing_key"]]


def _copies_days_apart(table: pd.DataFrame, days: int) -> pd.Series:
    """Find sales of one home at one price whose closings lie some days apart.

    Two systems record one sale on two days. The row whose contract date is known stays, of several
    the one last modified, of equal ones the one with the smallest key. No copies are rows of one
    day, which `merge_repeated_sales` has called different homes, more than MOST_COPIES at once, and
    rows that disagree about the place; where no parcel number joins them, also those that disagree
    about FLAT_COLUMNS.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The normalised table, with one row a sale of one day.
    days : int
        Days from one closing to the next of the same sale.

    Returns
    -------
    Series of str
        Index of each row to keep aside -> the listing_key that stays.
    """
    sold = table.loc[_closed(table, SALE)]
    sold = sold[sold.duplicated(HOME_PRICE, keep=False)].sort_values([*HOME_PRICE, "close_date"])
    far = sold.groupby(HOME_PRICE, sort=False)["close_date"].diff() > pd.Timedelta(days=days)
    run = (far | ~sold.duplicated(HOME_PRICE)).cumsum()
    traits = _traits(table, sold.index)
    by_parcel = ~sold["property_key"].str.startswith("address:")
    for name in FLAT_COLUMNS:
        if name in traits:
            traits[name] = traits[name].mask(by_parcel)
    unlike = (traits.groupby(run).transform("nunique") > 1).any(axis=1)
    size = run.groupby(run).transform("size")
    one_day = sold.groupby([run, "close_date"])["listing_key"].transform("size") > 1
    good = ~unlike & ~one_day.groupby(run).transform("any") & size.between(2, MOST_COPIES)
    sold = sold.assign(run=run, known=sold["purchase_contract_date"].notna())
    sold = sold[good].sort_values(
        ["known", "modification_timestamp", "listing_key"], ascending=[False, False, True]
    )
    kept = sold.groupby("run", sort=False)["listing_key"].transform("first")
    return kept[kept != sold["listing_key"]]
