"""Accuracy and coverage by slice of the test: price band, ZIP, month."""

from __future__ import annotations

import pandas as pd

from lib.models.metrics import accuracy, coverage

THIN = 30  # slices of fewer sales are marked: their figures move with a single sale


def bands(price: pd.Series, parts: int = 5) -> pd.Series:
    """Each price's band as "1 low" .. "5 high": equal counts, by rank."""
    rank = price.rank(method="first")
    number = ((rank - 1) * parts // len(price)).astype(int) + 1 if len(price) else rank.astype(int)
    words = {1: "1 low", parts: f"{parts} high"}
    return number.map(lambda n: words.get(n, str(n)))


def by(predictions: pd.DataFrame, column: pd.Series, coverages: list[str]) -> pd.DataFrame:
    """One row a value of `column`: slice, sales, thin, every accuracy metric, each coverage.

    `predictions` needs close_price, pred_close_price and pred_low_/pred_high_ per coverage.
    """
    rows = []
    for value, part in predictions.groupby(column.to_numpy(object)):
        price = part["close_price"].to_numpy()
        estimate = part["pred_close_price"].to_numpy()
        row = {"slice": str(value), "sales": len(part), "thin": len(part) < THIN}
        row |= accuracy(estimate, price)
        for name in coverages:
            low, high = (part[f"pred_{side}_{name}"].to_numpy() for side in ("low", "high"))
            row[f"coverage_{name}"] = coverage(price, low, high, estimate)["coverage"]
        rows.append(row)
    return pd.DataFrame(rows)
