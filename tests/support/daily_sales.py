"""A market of a sale a day, in time order, with the edges of its folds."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2024-01-01")
EDGES = [START + pd.Timedelta(days=days) for days in (60, 90, 120)]
INPUTS = ["size", "postal_code"]


def daily_sales(n=200, seed=0):
    """A sale a day, closing 7 days after it was agreed: 120 days of past, then purged and test
    ones; at the end a subject with a price that nobody may use, and an unused row."""
    rng = np.random.default_rng(seed)
    day = np.arange(n)
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:03d}" for i in day], "property_key": "p",
            "as_of": START + pd.to_timedelta(day, unit="D"),
            "close_date": START + pd.to_timedelta(day + 7, unit="D"),
            "size": rng.normal(7.5, 0.3, n), "postal_code": rng.choice(["A", "B"], n),
        }
    )  # fmt: skip
    table["close_price"] = np.exp(5 + 0.9 * table["size"] + rng.normal(0, 0.1, n))
    role = np.where(day + 7 < 120, "train", np.where(day < 120, "purged", "test"))
    role = role.astype(object)
    role[-2:] = ["subject", "unused"]
    table["role"] = role
    table["usable"] = True
    fold = np.searchsorted([60, 90, 120], day, side="right")
    table["fold"] = np.where((role == "train") & (fold < 3), fold, 0)
    return table
