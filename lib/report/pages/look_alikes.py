"""Homes that look most like a home: of the sales that had closed before its date, those whose
photos' mean vectors point most the same way."""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits


def mean_vectors(vectors: pd.DataFrame) -> pd.Series:
    """The mean vector (d,) of each listing's distinct pictures, by listing key in order.

    `vectors` are rows of one domain of data/embed/vectors.parquet (listing_key, picture, vector).
    """
    once = vectors.drop_duplicates(["listing_key", "picture"])
    groups = once.groupby("listing_key", sort=True)["vector"]
    found = {
        key: np.mean(np.stack(part.to_list()), axis=0, dtype="float64") for key, part in groups
    }
    return pd.Series(found, dtype=object)


def nearest_looks(
    points: np.ndarray,
    dates: np.ndarray,
    homes: np.ndarray,
    sold: np.ndarray,
    sold_dates: np.ndarray,
    sold_homes: np.ndarray,
    k: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(index, likeness), each (n, k): the k rows of `sold` (m, d) that look most like each row of
    `points` (n, d), the most alike first; of equals the first.

    Only sales with `sold_dates` (m,) strictly before the home's of `dates` (n,) count, and none of
    the home itself (`homes`, `sold_homes`: property keys). Likeness is the cosine of vectors scaled
    to mean 0 and standard deviation 1 over those sales: 1 points the same way, 0 says nothing.
    Where fewer than k had closed, index is -1 and likeness missing.
    """
    index = np.full((len(points), k), -1)
    likeness = np.full((len(points), k), np.nan)
    for date in np.unique(dates):
        past, rows = np.flatnonzero(sold_dates < date), np.flatnonzero(dates == date)
        if not len(past):
            continue
        middle, spread = sold[past].mean(axis=0), sold[past].std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        ours, theirs = (_unit((one - middle) / spread) for one in (points[rows], sold[past]))
        with threadpool_limits(1, "blas"):  # sums in another order give other last digits
            cosine = ours @ theirs.T
        cosine[homes[rows][:, None] == sold_homes[past][None, :]] = -np.inf
        first = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        found = np.take_along_axis(cosine, first, axis=1)
        count = first.shape[1]
        index[rows, :count] = np.where(np.isfinite(found), past[first], -1)
        likeness[rows, :count] = np.where(np.isfinite(found), found, np.nan)
    return index, likeness


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / np.where(length > 0, length, 1.0)
