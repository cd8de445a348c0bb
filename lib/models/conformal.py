"""Split conformal intervals in log price, from errors on sales a model had not seen.

Vovk et al., Algorithmic Learning in a Random World (2005); Lei et al., JASA 113 (2018). Each tail
has its own order statistic, since errors of prices are not symmetric: with n errors and miss rate
a, the bounds are the errors of rank floor((n + 1) a / 2) from below and from above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.common.checks import require


def bounds(errors: np.ndarray, coverage: float) -> tuple[float, float]:
    """(lower, upper) shift in log price that covers a new error with probability >= `coverage`.

    `errors` (n,) are log price minus predicted log price. Raises `RemlError` where n is too
    small for that coverage: 90 % needs 19, 95 % needs 39.
    """
    errors = np.sort(errors[np.isfinite(errors)])
    n, tail = len(errors), (1 - coverage) / 2
    rank = int(np.floor((n + 1) * tail + 1e-9))  # from either end; the guard is for binary tenths
    require(
        rank >= 1,
        f"calibrate: {n} out-of-fold errors are too few for {coverage:.0%} "
        f"intervals; they need {int(np.ceil(1 / tail - 1e-9)) - 1}",
    )
    return float(errors[rank - 1]), float(errors[n - rank])


def fsd(errors: np.ndarray) -> float:
    """Forecast standard deviation: half the width, as a fraction of value, of the interval that
    holds the central 68 % of relative errors exp(error) - 1."""
    low, high = np.quantile(np.expm1(errors[np.isfinite(errors)]), [0.16, 0.84])
    return float((high - low) / 2)


def with_intervals(log_estimate: np.ndarray, calibration: dict[str, Any]) -> pd.DataFrame:
    """Columns `pred_close_price`, `pred_fsd`, `pred_low_90`, `pred_high_90` and so on (money)."""
    estimate = np.exp(log_estimate)
    out = {"pred_close_price": estimate, "pred_fsd": np.full(len(estimate), calibration["fsd"])}
    for coverage, (lower, upper) in calibration["bounds"].items():
        out[f"pred_low_{coverage}"] = estimate * np.exp(lower)
        out[f"pred_high_{coverage}"] = estimate * np.exp(upper)
    return pd.DataFrame(out)
