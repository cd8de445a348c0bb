"""How a market moves: each statistic against a naive loop over sales and listings."""

import numpy as np
import pandas as pd
import pytest

from lib.features import market
from tests.support.market import FEATURES, SPEC, TABLE

HOMES = FEATURES.index
DAY = pd.Timedelta(days=1)
SCOPES = {"zip": ["postal_code"], "segment": ["postal_code", "property_sub_type"]}
SALES = TABLE[(TABLE["standard_status"] == "Closed")]


def sold(home, columns, window, lag=0):
    """Sales of the home's scope in the window before its as_of, one by one."""
    rows = []
    for row in SALES.itertuples():
        same = all(getattr(row, name) == home[name] for name in columns)
        end = home["as_of"] - lag * DAY
        if same and end - window * DAY <= row.close_date < end:
            rows.append(row)
    return rows


def per_foot(rows):
    return [np.log(r.close_price / r.living_area) for r in rows if r.living_area == r.living_area]


def quartiles(values, share):
    return np.quantile(values, share) if values else np.nan


def on_offer(home, columns):
    """Other listings of the scope that were listed before as_of and had not ended by then."""
    count = 0
    for row in TABLE.itertuples():
        if row.listing_key == home["listing_key"]:
            continue
        end = {
            "Closed": row.as_of, "Withdrawn": row.modification_timestamp.normalize(),
            "Active": pd.Timestamp.max,
        }[row.standard_status]  # fmt: skip
        same = all(getattr(row, name) == home[name] for name in columns)
        count += same and row.listing_contract_date < home["as_of"] <= end
    return count


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("window", SPEC.windows)
def test_each_statistic_is_what_a_naive_loop_finds(scope, window):
    columns = SCOPES[scope]
    for index in HOMES[::4]:
        home, built = TABLE.loc[index], FEATURES.loc[index]
        rows = sold(home, columns, window)
        now, then = per_foot(rows), per_foot(sold(home, columns, window, lag=window))
        took = [(r.as_of - r.listing_contract_date).days for r in rows]
        offered = on_offer(home, columns)
        wanted = {
            f"mkt_{scope}_sales_{window}d": len(rows),
            f"mkt_{scope}_log_price_{window}d": quartiles(
                [np.log(r.close_price) for r in rows], 0.5
            ),
            f"mkt_{scope}_log_price_per_square_foot_{window}d": quartiles(now, 0.5),
            f"mkt_spread_{scope}_{window}d": quartiles(now, 0.75) - quartiles(now, 0.25),
            f"mkt_change_{scope}_{window}d": quartiles(now, 0.5) - quartiles(then, 0.5),
            f"mkt_list_ratio_{scope}_{window}d": quartiles(
                [np.log(r.close_price / r.list_price) for r in rows], 0.5
            ),
            f"mkt_days_on_market_{scope}_{window}d": quartiles(took, 0.5),
            f"mkt_offer_{scope}": offered,
            f"mkt_absorption_{scope}_{window}d": len(rows) / offered if offered else np.nan,
        }
        for name, value in wanted.items():
            np.testing.assert_allclose(built[name], value, rtol=1e-9, atol=1e-12, err_msg=name)


def listings(**changes):
    """One listing beside the home's own, on offer from 2024-01-01."""
    row = {
        "listing_key": "k", "postal_code": "1", "standard_status": "Active",
        "listing_contract_date": "2024-01-01", "as_of": None, "purchase_contract_date": None,
        "modification_timestamp": "2024-03-01 23:00", "_modification_utc_offset_minutes": None,
    } | changes  # fmt: skip
    table = pd.DataFrame([row])
    for name in ("listing_contract_date", "as_of", "purchase_contract_date"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[us]")
    return table.assign(modification_timestamp=pd.to_datetime(table["modification_timestamp"]))


@pytest.mark.parametrize(
    ("changes", "as_of", "count"),
    [
        ({}, "2024-01-01", 0),  # listed on the day itself: not before it
        ({}, "2024-01-02", 1),
        ({}, "2190-01-01", 1),
        ({"listing_key": "own"}, "2024-01-02", 0),
        ({"listing_contract_date": "1955-01-01"}, "1960-01-01", 1),
        (
            {
                "listing_contract_date": "1955-01-01",
                "standard_status": "Pending",
                "purchase_contract_date": "1956-01-01",
            },
            "1960-01-01",
            0,
        ),
        ({"listing_contract_date": None}, "2024-01-02", 0),
        ({"standard_status": "Closed", "as_of": "2024-02-01"}, "2024-02-01", 1),
        ({"standard_status": "Closed", "as_of": "2024-02-01"}, "2024-02-02", 0),
        ({"standard_status": "Closed", "as_of": "2023-02-01"}, "2024-02-02", 0),
        ({"standard_status": "Pending", "purchase_contract_date": "2024-02-01"}, "2024-02-02", 0),
        ({"standard_status": "Expired"}, "2024-03-01", 1),
        ({"standard_status": "Expired"}, "2024-03-02", 0),
        ({"standard_status": "Expired", "_modification_utc_offset_minutes": 90}, "2024-03-02", 1),
        ({"standard_status": "Expired", "modification_timestamp": None}, "2024-01-02", 0),
    ],
)
def test_when_a_listing_is_on_offer(changes, as_of, count):
    home = pd.DataFrame(
        {"listing_key": ["own"], "postal_code": ["1"], "as_of": [pd.Timestamp(as_of)]}
    )
    assert market.count_on_offer(home, listings(**changes), ["postal_code"]).tolist() == [count]


def test_listings_before_1970_are_counted_in_their_own_place():
    """Group and day make one number: an early day must not fall into the group before."""
    homes = pd.DataFrame({
        "listing_key": ["a", "b"], "postal_code": ["1", "2"],
        "as_of": [pd.Timestamp("1965-01-01"), pd.Timestamp("1965-01-01")],
    })  # fmt: skip
    table = pd.concat([
        listings(listing_key=f"{zip_code}{end}", postal_code=zip_code, standard_status="Pending",
                 listing_contract_date="1955-01-01", purchase_contract_date=end)
        for zip_code, end in (("1", "1969-01-01"), ("2", "1969-01-01"), ("2", "1960-01-01"))
    ], ignore_index=True)  # fmt: skip
    assert market.count_on_offer(homes, table, ["postal_code"]).tolist() == [1, 1]
