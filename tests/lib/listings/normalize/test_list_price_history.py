"""List-price histories and relists: against a slow reference, and never with
anything that was not known by the row's own date."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.vocabulary import ON_MARKET
from lib.listings.contract.contract import read_contract
from lib.listings.identity.same_home import HomeKeys
from lib.listings.normalize import list_price_history
from tests.support.hypothesis_profiles import examples

DAY0 = pd.Timestamp("2024-01-01")
GAP = 30


def day(number):
    return pd.NaT if number is None else DAY0 + pd.Timedelta(days=number)


def row(key, start, as_of, status="Active", stamp=None, price=100.0, home="h", **more):
    """A normalised row; days count from 2024-01-01."""
    return {
        "listing_key": key, "domain": "sale", "property_key": home, "standard_status": status,
        "listing_contract_date": day(start), "as_of": day(as_of), "list_price": price,
        "modification_timestamp": day(stamp), "close_date": pd.NaT, "close_price": np.nan,
        "original_list_price": np.nan, "_row_sha256": f"{key}{stamp}", **more,
    }  # fmt: skip


def table(*rows):
    frame = pd.DataFrame(list(rows))
    for name in ("modification_timestamp", "listing_contract_date", "as_of", "close_date"):
        frame[name] = frame[name].astype("datetime64[us]")
    return frame


def home_of(rows, **known):
    """The homes of rows, each known by its `property_key` alone."""
    none = pd.Series(None, index=rows.index, dtype="str")
    place = pd.DataFrame(index=rows.index)
    key = rows["property_key"]
    return HomeKeys(key, none, key, place, key)._replace(**known)


def added(newest, *older):
    newest = table(*newest)
    states = table(*older) if older else newest.iloc[:0]
    seen = list_price_history.price_history(
        states[[*list_price_history.STATE, "_row_sha256"]], newest
    )
    return list_price_history.add_listing_history(newest, seen, GAP, home_of(newest))


def test_history_holds_changes_of_price_and_status_alone():
    older = [
        row("a", 0, 9, stamp=0, price=120.0), row("a", 0, 9, stamp=2, price=120.0),
        row("a", 0, 9, stamp=3, price=110.0), row("a", 0, 9, "Pending", 4, price=110.0),
        row("a", 0, 9, stamp=None, price=99.0),
    ]  # fmt: skip
    newest = table(row("a", 0, 9, stamp=9, price=110.0, status="Closed"), row("b", 0, 9, stamp=1))
    seen = list_price_history.price_history(
        table(*older)[[*list_price_history.STATE, "_row_sha256"]], newest
    )
    assert [(r.listing_key, (r.modification_timestamp - DAY0).days, r.list_price, r.standard_status)
            for r in seen.itertuples()] == [
        ("a", 0, 120, "Active"), ("a", 3, 110, "Active"), ("a", 4, 110, "Pending"),
        ("a", 9, 110, "Closed"), ("b", 1, 100, "Active"),
    ]  # fmt: skip


def test_price_changes_and_first_price_are_those_seen_by_the_valuation_date():
    older = [row("a", 0, 5, stamp=0, price=120.0), row("a", 0, 5, stamp=5, price=110.0)]
    out = added([row("a", 0, 5, stamp=9, price=90.0)], *older)
    assert out[["hist_price_changes", "original_list_price"]].to_numpy().tolist() == [[1, 120]]
    unseen = added([row("a", 0, 5, stamp=9)])  # its only state is of later than the valuation
    assert unseen[["hist_price_changes", "original_list_price"]].isna().all(axis=None)
    own = added([row("a", 0, 9, stamp=9, original_list_price=130.0)])
    assert own["original_list_price"].tolist() == [130]  # the feed's own stays


@pytest.mark.parametrize(
    ("hour", "offset", "changes"),
    [
        (26, -6 * 60, 1),  # 20:00 of the day itself in Texas, the next day in UTC
        (31, -6 * 60, 0),  # 01:00 of the day after
        (14, 9 * 60, 1),  # 23:00 in Tokyo
        (23, 9 * 60, 0),  # 08:00 of the day after, the day itself in UTC
        (26, np.nan, 0),
    ],
)
def test_a_day_of_a_stamp_is_the_one_where_it_was_made(hour, offset, changes):
    older = row("a", 0, 5, stamp=0, price=120.0) | {list_price_history.OFFSET: offset}
    newest = row("a", 0, 5, stamp=5 + hour / 24, price=110.0) | {list_price_history.OFFSET: offset}
    states = table(older)[[*list_price_history.STATE, list_price_history.OFFSET, "_row_sha256"]]
    prices = list_price_history.price_history(states, table(newest))
    out = list_price_history.add_listing_history(table(newest), prices, GAP, home_of(table(newest)))
    assert out["hist_price_changes"].tolist() == [changes]


@pytest.mark.parametrize(("hour", "relists"), [(26, 1), (31, 0)])
def test_a_listing_had_left_the_market_by_its_local_day(hour, relists):
    far = {list_price_history.OFFSET: -6 * 60.0}
    first = row("a", 0, None, "Expired", stamp=5 + hour / 24) | far
    newest = table(first, row("b", 5, 9, stamp=9) | far)
    none = newest.iloc[:0][[*list_price_history.STATE, list_price_history.OFFSET, "_row_sha256"]]
    out = list_price_history.add_listing_history(
        newest, list_price_history.price_history(none, newest), GAP, home_of(newest)
    )
    assert out["hist_relists"].tolist()[1] == relists


@pytest.mark.parametrize(
    ("end", "status", "relists", "days"),
    [
        (20, "Expired", 1, 20 + 10),  # ten days off the market
        (10, "Withdrawn", 1, 10 + 10),
        (0, "Expired", 1, 0 + 10),  # exactly the gap
        (-1, "Expired", 0, 10),  # a day more
        (25, "Active", 1, 30 + 10),  # on the market still, as far as anybody knew
        (20, "Closed", 0, 10),
        (31, "Expired", 0, 10),  # all that is known of it came later
    ],
)
def test_a_relist_goes_on_where_the_listing_before_left_unsold_not_long_ago(
    end, status, relists, days
):
    first = row("a", min(0, end), None, status=status, stamp=end)
    out = added([first, row("b", 30, 40, stamp=40)])
    assert out["hist_relists"].tolist()[1] == relists
    assert out["hist_cumulative_days_on_market"].tolist()[1] == days


def test_a_home_sold_in_between_begins_anew():
    sold = row("a", 0, 5, status="Active", stamp=1, close_date=day(20))
    assert added([sold, row("b", 25, 40, stamp=40)])["hist_relists"].tolist()[1] == 0


def test_another_home_or_domain_is_no_relist():
    rows = [row("a", 0, None, "Expired", 20), row("b", 25, 40, home="g"),
            row("c", 25, 40, domain="rental")]  # fmt: skip
    assert added(rows)["hist_relists"].tolist()[1:] == [0, 0]


def test_a_later_listing_does_not_change_whose_relist_an_earlier_one_is():
    """Before anybody knew of a second parcel at the address, the first was the home."""
    rows = [row("a", 0, None, "Withdrawn", 10), row("b", 30, 40, stamp=40), row("c", 90, 99)]
    newest = table(*rows)
    seen = list_price_history.price_history(
        newest.iloc[:0][[*list_price_history.STATE, "_row_sha256"]], newest
    )
    group = pd.Series([None, "P1", "P2"], dtype="str")
    address = pd.Series(["address:1"] * 3, dtype="str")
    where = home_of(newest, group=group, address=address, digits=group)
    out = list_price_history.add_listing_history(newest, seen, GAP, where)
    assert out["hist_relists"].tolist() == pytest.approx([np.nan, 1, 0], nan_ok=True)
    assert out["hist_cumulative_days_on_market"].tolist()[1] == 10 + 10


def test_a_long_chain_of_relists_adds_up():
    rows = [row(f"k{i:02}", i, i + 1, "Active", i) for i in range(40)]
    out = added(rows)
    assert out["hist_relists"].tolist() == list(range(40))
    assert out["hist_cumulative_days_on_market"].tolist() == [i + 1 for i in range(40)]


def test_without_dates_nothing_is_said():
    out = added([row("a", None, 9), row("b", 9, 5)])  # valued before it was listed
    assert out[list_price_history.HISTORY_COLUMNS].isna().all(axis=None)


def slow(newest, older):
    """Relists and days of each row, by walking over all states of all earlier listings."""
    states = [*older, *newest]
    out = {}
    for one in newest:
        start, relists, days = one["listing_contract_date"], 0, 0
        now = one
        while True:
            key = lambda r: (r["listing_contract_date"], r["listing_key"])  # noqa: E731
            began = now["listing_contract_date"]
            before = [
                r
                for r in newest
                if r["property_key"] == one["property_key"] and r["listing_contract_date"] < began
            ]
            if not before:
                break
            last = max(before, key=key)
            seen = sorted(
                (s["modification_timestamp"], s["_row_sha256"], s["standard_status"])
                for s in states
                if s["listing_key"] == last["listing_key"] and s["modification_timestamp"] <= began
            )
            if not seen or seen[-1][2] == "Closed" or last["close_date"] <= began:
                break
            end = began
            for stamp, _, status in reversed(seen):
                if status in ON_MARKET:
                    break
                end = stamp
            if (began - end).days > GAP:
                break
            relists += 1
            days += max(0, (end - last["listing_contract_date"]).days)
            now = last
        out[one["listing_key"]] = (relists, days + (one["as_of"] - start).days)
    return out


@st.composite
def lives(draw):
    newest, older = [], []
    for number in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, 120))
        home = draw(st.sampled_from("gh"))
        stamps = draw(
            st.lists(st.integers(start - 5, start + 60), min_size=1, max_size=4, unique=True)
        )
        statuses = st.sampled_from(["Active", "Pending", "Expired", "Withdrawn", "Closed"])
        made = [
            row(f"k{number}", start, start + draw(st.integers(0, 50)), draw(statuses), stamp,
                float(draw(st.integers(1, 3))), home)
            for stamp in sorted(stamps)
        ]  # fmt: skip
        newest.append(made[-1])
        older += made[:-1]
    return newest, older


@examples(25)
@given(lives())
def test_relists_as_the_slow_way_counts_them(lived):
    newest, older = lived
    out = added(newest, *older).set_index("listing_key")
    for key, (relists, days) in slow(newest, older).items():
        assert out.loc[key, "hist_relists"] == relists, key
        assert out.loc[key, "hist_cumulative_days_on_market"] == days, key


@examples(15)
@given(lives(), st.integers(0, 4))
def test_what_happens_after_a_rows_date_changes_nothing_of_it(lived, which):
    newest, older = lived
    one = newest[which % len(newest)]
    before = (
        added(newest, *older)
        .set_index("listing_key")
        .loc[one["listing_key"], list_price_history.HISTORY_COLUMNS]
    )
    late = lambda r: r["modification_timestamp"] > one["as_of"]  # noqa: E731
    changed = [
        r | {"list_price": 7.0, "standard_status": "Expired"} if late(r) else r for r in newest
    ]
    others = [r for r in older if not late(r)]
    after = (
        added(changed, *others)
        .set_index("listing_key")
        .loc[one["listing_key"], list_price_history.HISTORY_COLUMNS]
    )
    pd.testing.assert_series_equal(before, after)


def test_older_states_are_typed_as_the_newest_are():
    agreed = read_contract("demo")
    names = list_price_history.columns_for_states(agreed)
    raw = pd.DataFrame([dict.fromkeys(names, "x") | {
        "listing_key": "1", "domain": "sale", "list_price": "$1,000", "standard_status": "Sold",
        "modification_timestamp": "2024-01-02T10:00:00"}] * 2).astype("str")  # fmt: skip
    raw.loc[1, "list_price"] = "many"
    typed, unread = list_price_history.type_older_states(raw, agreed)
    assert typed[list_price_history.STATE].iloc[0].tolist() == [
        "sale", "1", pd.Timestamp("2024-01-02T10:00:00"), 1000.0, "Closed",
    ]  # fmt: skip
    assert unread == 1 and pd.isna(typed["list_price"][1])
