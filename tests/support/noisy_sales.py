"""Valued sales whose noise grows with age, and settings of their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.models.calibration import error_models, prediction_intervals
from lib.models.calibration.abstention import AbstentionSettings
from lib.models.calibration.prediction_intervals import GroupSettings, IntervalSpec

HARD = error_models.DifficultySettings(minimum_errors=200, parts=4, alpha=0.01, floor=0.3)
TREES = error_models.QuantileSettings(
    num_iterations=60, learning_rate=0.1, num_leaves=7, min_data_in_leaf=40, feature_fraction=1.0,
    bagging_fraction=0.8, lambda_l2=1.0, num_threads=1,
)  # fmt: skip
SPEC = IntervalSpec(
    method="normalized",
    groups=GroupSettings(by="value", count=3, minimum=100),
    adaptive=prediction_intervals.AdaptiveSettings(
        way="recency", half_life_days=60, least_weight=200, step=0.01
    ),
    difficulty=HARD,
    quantiles=TREES,
    abstention=AbstentionSettings(
        minimum_comparables=3, maximum_distance=5, maximum_width=5, beyond={"living_area": 0}
    ),
)
SEEN_INPUTS = ["living_area", "own_age", "comp_count", "postal_code"]


def noisy_sales(n=3000, later=1500, seed=0):
    """Predictions and inputs of sales in time order whose noise grows with age, fivefold from new
    to old, and with a skew; the last rows are on the market. Also the noise's true scale."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(0, 100, n + later)
    scale = 0.04 * 5 ** (age / 100)
    estimate = rng.normal(13, 0.5, n + later)
    error = scale * (rng.exponential(1, n + later) - 1)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n + later) // 10, unit="D")
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:05d}" for i in range(n + later)],
            "role": np.where(np.arange(n + later) < n, "train", "test"),
            "as_of": day, "close_date": day, "log_estimate": estimate,
            "close_price": np.exp(estimate + error),
            "living_area": rng.uniform(800, 4000, n + later),
            "own_age": age, "comp_count": 12, "comp_distance": 1.0,
            "postal_code": np.where(rng.random(n + later) < 0.95, "98001", "98002"),
        }
    )  # fmt: skip
    table.loc[table.index[-20:], "role"] = "subject"
    table.loc[table.index[-20:], ["close_date", "close_price"]] = [pd.NaT, np.nan]
    return table, scale
