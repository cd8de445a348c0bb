"""The market as of a date: levels, activity and yields, against naive loops and by hand."""

import numpy as np
import pandas as pd
import pytest

from lib.features import build, market
from tests.support.market import FEATURES, RENTALS, SERIES, SPEC, TABLE, screened

DAY = pd.Timestamp("2024-06-01")
ROWS = FEATURES.index
ONE_DAY = pd.Timedelta(days=1)
SCOPES = {"zip": ["postal_code"], "segment": ["postal_code", "property_sub_type"]}
CLOSED = TABLE[(TABLE["standard_status"] == "Closed")]


def sales(*rows):
    """(days ago, ZIP, price, area) each."""
    return pd.DataFrame(
        [
            {"close_date": DAY - pd.Timedelta(days=ago), "postal_code": code, "close_price": price,
             "living_area": area}
            for ago, code, price, area in rows
        ]
    )  # fmt: skip


HOMES = pd.DataFrame({"as_of": [DAY, DAY, DAY], "postal_code": ["77901", "77902", None]})


def test_features_of_a_case_worked_by_hand():
    known = sales(
        (1, "77901", 100.0, 10.0), (2, "77901", 400.0, 10.0), (20, "77901", 900.0, 10.0),
        (3, "77902", 50.0, 50.0), (0, "77902", 1e9, 1.0),
    )  # fmt: skip
    said = market.market_features(HOMES, known, [5])
    np.testing.assert_allclose(said["mkt_zip_sales_5d"], [2, 1, 0])
    middle = (np.log(100) + np.log(400)) / 2
    np.testing.assert_allclose(said["mkt_zip_log_price_5d"], [middle, np.log(50), np.nan])
    np.testing.assert_allclose(
        said["mkt_zip_log_price_per_square_foot_5d"], [middle - np.log(10), 0, np.nan]
    )
    # the whole market: 10, 40 and 1 a square foot
    np.testing.assert_allclose(said["mkt_log_price_per_square_foot_5d"], [np.log(10)] * 3)


def test_a_wider_window_sees_more():
    said = market.market_features(HOMES, sales((20, "77901", 100.0, 1.0)), [5, 365])
    assert said["mkt_zip_sales_5d"][0] == 0 and said["mkt_zip_sales_365d"][0] == 1
    assert len(said) == 8


@pytest.mark.filterwarnings("error")
def test_a_sale_of_unknown_size_says_its_price_but_nothing_by_the_foot():
    for area in (np.nan, 0.0):
        said = market.market_features(HOMES, sales((1, "77901", 100.0, area)), [5])
        assert said["mkt_zip_log_price_5d"][0] == pytest.approx(np.log(100))
        assert np.isnan(said["mkt_zip_log_price_per_square_foot_5d"][0])


def test_without_any_sale_counts_are_zero_and_medians_missing():
    said = market.market_features(HOMES, sales((1, "77901", 1.0, 1.0)).iloc[:0], [5])
    for name, values in said.items():
        assert (values == 0).all() if "sales" in name else np.isnan(values).all()


def sold(home, columns, window, lag=0):
    """Sales of the home's scope in the window before its as_of, one by one."""
    rows = []
    for row in CLOSED.itertuples():
        same = all(getattr(row, name) == home[name] for name in columns)
        end = home["as_of"] - lag * ONE_DAY
        if same and end - window * ONE_DAY <= row.close_date < end:
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
    for index in ROWS[::4]:
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


def median_before(table, home, days):
    """Median log price per square foot of the ZIP's closings in the days before as_of."""
    values = [
        np.log(row.close_price / row.living_area)
        for row in table[table["standard_status"] == "Closed"].itertuples()
        if row.postal_code == home["postal_code"] and row.living_area == row.living_area
        and home["as_of"] - pd.Timedelta(days=days) <= row.close_date < home["as_of"]
    ]  # fmt: skip
    return np.median(values) if values else np.nan


def test_rents_of_the_zip_and_the_yield_are_what_a_naive_loop_finds():
    found = 0
    for index in FEATURES.index[::3]:
        home, built = TABLE.loc[index], FEATURES.loc[index]
        rent, price = (median_before(t, home, SPEC.yield_days) for t in (RENTALS, TABLE))
        name = "mkt_other_zip_log_price_per_square_foot"
        assert built[name] == pytest.approx(rent, nan_ok=True)
        assert built["mkt_yield_zip"] == pytest.approx(12 * np.exp(rent - price), nan_ok=True)
        found += np.isfinite(built["mkt_yield_zip"])
    assert found > 20


def test_the_yield_near_is_a_years_rent_for_the_price_in_either_domain():
    tables = {"sale": TABLE, "rental": RENTALS}
    verdicts = {name: screened(table) for name, table in tables.items()}
    for domain, table in tables.items():
        may = build.collect_evidence(tables, verdicts, domain, SERIES)
        homes = table[table["as_of"].notna()]
        line = build.build_features(homes, may, SPEC)[0].iloc[-1]
        own, other = (
            np.exp(line[f"{name}_log_price_per_square_foot"]) for name in ("comp", "mkt_other_near")
        )
        rent, price = (own, other) if domain == "rental" else (other, own)
        assert line["mkt_yield_near"] == pytest.approx(12 * rent / price)
        assert 0.02 < line["mkt_yield_near"] < 0.2  # the kit's rents are a 200th a month: 6 %
