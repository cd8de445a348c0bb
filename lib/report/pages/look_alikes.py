"""Homes that look most like a home: of the sales that had closed before its date, those whose
photos' mean vectors point most the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits


def mean_vectors(vectors: pd.DataFrame) -> pd.Series:
    """The mean vector of each listing's distinct pictures.

    Parameters
    ----------
    vectors : DataFrame
        Rows of one domain of data/embed/vectors.parquet: listing_key, picture, vector.

    Returns
    -------
    Series of ndarray of shape (d,)
        Mean vectors, by listing key in order.
    """
    once = vectors.drop_duplicates(["listing_key", "picture"])
    groups = once.groupby("listing_key", sort=True)["vector"]
    means = {
        key: np.mean(np.stack(part.to_list()), axis=0, dtype="float64") for key, part in groups
    }
    return pd.Series(means, dtype=object)


@dataclass(frozen=True)
class DatedVectors:
    """What homes look like, and when.

    Attributes
    ----------
    vectors : ndarray of shape (n, d)
        Mean vector of each home's photos.
    dates : ndarray of datetime64 of shape (n,)
        The day that the home is valued at, or the sale's close date.
    homes : ndarray of object of shape (n,)
        Property key of each home.
    """

    vectors: np.ndarray
    dates: np.ndarray
    homes: np.ndarray


def nearest_by_photos(
    subjects: DatedVectors, sales: DatedVectors, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k sales that look most like each subject, the most alike first; of equals the first.

    Only sales strictly before the subject's date count, and none of the home itself.

    Parameters
    ----------
    subjects : DatedVectors
        The n homes.
    sales : DatedVectors
        The m sales.
    k : int
        How many sales to find.

    Returns
    -------
    index : ndarray of int of shape (n, k)
        Rows of `sales`; -1 where fewer than k had closed.
    likeness : ndarray of float of shape (n, k)
        The cosine of the vectors scaled to mean 0 and standard deviation 1 over those sales, from
        -1 to 1; nan where there is no sale.
    """
    index = np.full((len(subjects.vectors), k), -1)
    likeness = np.full((len(subjects.vectors), k), np.nan)
    for date in np.unique(subjects.dates):
        past, rows = np.flatnonzero(sales.dates < date), np.flatnonzero(subjects.dates == date)
        if not len(past):
            continue
        before = sales.vectors[past]
        middle, spread = before.mean(axis=0), before.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        scaled, scaled_past = (
            _unit((one - middle) / spread) for one in (subjects.vectors[rows], before)
        )
        with threadpool_limits(1, "blas"):  # sums in another order give other last digits
            cosine = scaled @ scaled_past.T
        cosine[subjects.homes[rows][:, None] == sales.homes[past][None, :]] = -np.inf
        first = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(cosine, first, axis=1)
        count = first.shape[1]
        index[rows, :count] = np.where(np.isfinite(best), past[first], -1)
        likeness[rows, :count] = np.where(np.isfinite(best), best, np.nan)
    return index, likeness


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / np.where(length > 0, length, 1.0)
