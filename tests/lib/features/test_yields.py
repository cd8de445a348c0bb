"""Rents for homes for sale and prices for homes to let, against a naive loop and by hand."""

import numpy as np
import pandas as pd
import pytest

from lib.features import build
from tests.support.market import FEATURES, RENTALS, SERIES, SPEC, TABLE, screened


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
