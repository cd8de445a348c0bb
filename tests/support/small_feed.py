"""A small feed with a contract of its own, for tests that run stages on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.support import stage_runner

CONTRACT = """
title: A small feed
domain: {column: for_lease, values: {"n": sale, "y": rental}}
date_formats: ["%Y-%m-%d"]
columns:
  listing_key: {aliases: [id], required: true}
  standard_status: {aliases: [status], required: true}
  for_lease: {aliases: [lease], required: true}
  close_date: {aliases: [closed]}
  close_price: {aliases: [price]}
  list_price: {aliases: [asked]}
  living_area: {aliases: [sqft]}
  bedrooms_total: {aliases: [beds]}
  year_built: {aliases: [built]}
  postal_code: {aliases: [zip]}
  latitude: {aliases: [lat]}
  longitude: {aliases: [lon]}
property_key: [[listing_key]]
"""
ASKED = [0.99, 1.01, 1.02, 1.03, 1.05]  # of the price paid; one ratio throughout is a wrong column
FEW = {"minimum_train": 20, "folds": 2}  # what a user with few sales sets


def feed(n=160, days=700, seed=0):
    """n closed sales and five open listings, in order of time."""
    rng = np.random.default_rng(seed)
    total = n + 5
    area = rng.integers(700, 3500, total)
    built = rng.integers(1920, 2020, total)
    place = rng.integers(0, 3, total)
    price = 150 * area**0.9 * 1.1**place * np.exp(rng.normal(0, 0.1, total))
    day = np.append(np.sort(rng.integers(0, days, n)), np.zeros(5, int))
    table = pd.DataFrame(
        {
            "id": [f"k{i:04d}" for i in range(total)],
            "status": ["Closed"] * n + ["Active"] * 5,
            "lease": "n",
            "closed": (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).strftime("%F"),
            "price": price.round(),
            "asked": (price * np.resize(ASKED, len(price))).round(), "sqft": area,
            "beds": rng.integers(1, 6, total), "built": built,
            "zip": (98100 + place).astype(str),
            "lat": 47.5 + 0.1 * place + rng.normal(0, 0.01, total),
            "lon": -122.3 + rng.normal(0, 0.01, total),
        }
    )  # fmt: skip
    table.loc[n:, ["closed", "price"]] = None
    return table


def blank(*names):
    """A change that empties columns."""
    return lambda table: table.assign(**dict.fromkeys(names))


def lay(folder, table, **changes):
    changes = {"split": FEW} | changes
    return stage_runner.lay(
        folder, CONTRACT, {"sales.csv": table.to_csv(index=False).encode()}, **changes
    )


def plain(folder: Path) -> None:
    """The feed as it is, its whole spine run."""
    lay(folder, feed())
    assert stage_runner.run(folder) == ""


def bare(folder: Path) -> None:
    """The feed with nothing but prices and dates, its whole spine run."""
    few = blank("asked", "sqft", "beds", "built", "zip", "lat", "lon")
    lay(folder, few(feed()))
    assert stage_runner.run(folder) == ""


def undated(folder: Path) -> None:
    """The feed without dates and ZIPs, half of its homes listed twice, its whole spine run."""
    table = feed().drop(columns=["closed", "zip"])
    contract = CONTRACT.replace("property_key: [[listing_key]]", "property_key: [[parcel_number]]")
    contract = contract.replace("columns:\n", "columns:\n  parcel_number: {}\n")
    table["parcel_number"] = [f"p{i % 120}" for i in range(len(table))]
    files = {"sales.csv": table.to_csv(index=False).encode()}
    stage_runner.lay(folder, contract, files, split=FEW, base={"as_of": "2025-01-01"})
    assert stage_runner.run(folder) == ""
