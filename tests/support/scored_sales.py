"""Valued sales as the scores take them, and small settings of the scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.evaluation.scoring import score

SETTINGS = score.EvaluateParams(
    draws=40,
    places=6,
    worst=5,
    ratio_study={"trim": (1.5, 3.0), "trim_cap": 0.1, "cod": (5.0, 15.0)},
)


def scored_sales(n=240, seed=0):
    rng = np.random.default_rng(seed)
    price = np.exp(rng.normal(13, 0.4, n))
    out = pd.DataFrame(
        {
            "listing_key": [f"k{i}" for i in range(n)],
            "property_key": [f"h{i // 2}" for i in range(n)],
            "close_price": price,
            "pred_close_price": price * np.exp(rng.normal(0, 0.12, n)),
            "postal_code": rng.choice(["1", "2", None], n),
            "own_age": rng.choice([-1, 3, 40, np.nan], n),
            "as_of": pd.Timestamp("2025-01-10") + pd.to_timedelta(rng.integers(0, 80, n), unit="D"),
        }
    )
    return out.assign(
        pred_low_90=out["pred_close_price"] * 0.8, pred_high_90=out["pred_close_price"] * 1.2
    )
