"""What intervals are worth: whether they hold as often as they promise, everywhere, and how wide
they are beside plain split conformal ones of the same model on the same sales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.models.conformal import bounds
from lib.models.slices import bands


def interval_score(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, coverage: float
) -> np.ndarray:
    """The interval score of each sale (n,) over its price; less is better: the width, and for a
    price outside 2 / (1 - coverage) times the distance (Gneiting and Raftery, JASA 102, 2007)."""
    outside = np.maximum(low - price, 0) + np.maximum(price - high, 0)
    return (high - low + 2 / (1 - coverage) * outside) / price


def split_intervals(
    estimate: np.ndarray, errors: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of plain split conformal intervals, from log errors of the past (m,)."""
    low, high = bounds(errors, coverage)
    return estimate * np.exp(low), estimate * np.exp(high)


def told(
    test: pd.DataFrame, low: np.ndarray, high: np.ndarray, coverage: float
) -> dict[str, float]:
    """How often intervals held, their misses, median relative width and mean interval score, and
    the least and most they held in a fifth of the test by estimate and in a month."""
    price, estimate = (test[n].to_numpy(float) for n in ("close_price", "pred_close_price"))
    held = pd.Series((price >= low) & (price <= high), index=test.index)
    fifths = held.groupby(bands(test["pred_close_price"]).to_numpy()).mean()
    months = held.groupby(test["as_of"].dt.strftime("%Y-%m").fillna("undated").to_numpy()).mean()
    return {
        "held": float(held.mean()),
        "below": float((price < low).mean()),
        "above": float((price > high).mean()),
        "median_width": float(np.median((high - low) / estimate)),
        "interval_score": float(interval_score(price, low, high, coverage).mean()),
        "fifth_least": float(fifths.min()),
        "fifth_most": float(fifths.max()),
        "month_least": float(months.min()),
        "month_most": float(months.max()),
    }


def beside_split(test: pd.DataFrame, errors: np.ndarray, names: list[str]) -> pd.DataFrame:
    """One row for each coverage in `names` ("80", "90") and each of `own` and `split` intervals.

    `test` has close_price, pred_close_price, as_of and pred_low_/pred_high_ per coverage; `errors`
    are the log errors of the past that `calibrate` scored.
    """
    rows = []
    for name in names:
        share = int(name) / 100
        estimate = test["pred_close_price"].to_numpy(float)
        own = tuple(test[f"pred_{side}_{name}"].to_numpy(float) for side in ("low", "high"))
        for which, (low, high) in {
            "own": own,
            "split": split_intervals(estimate, errors, share),
        }.items():
            rows.append({"intervals": which, "coverage": name, **told(test, low, high, share)})
    return pd.DataFrame(rows)
