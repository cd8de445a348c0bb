"""From photos to inputs of listings: mean vectors and qualities, overall and by room.

A photo counts where no listing showed it, or one that looks like it, before. So what counts on one
side of a split looks like nothing that counts on the other, and listings that come later change
nothing for an earlier one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.vocabulary import PHOTO_ROOMS

PREFIX = "img_"
QUALITY = "quality_"  # what columns of `vectors` with a probability begin with


def photo_columns(table: pd.DataFrame) -> list[str]:
    """List the inputs of a table that come from photos.

    Parameters
    ----------
    table
        (n, columns) features.

    Returns
    -------
    Names of the columns that begin with `PREFIX`.
    """
    return [name for name in table.columns if str(name).startswith(PREFIX)]


def add_photo_columns(table: pd.DataFrame, vectors: pd.DataFrame) -> pd.DataFrame:
    """Add to each listing what its photos show: mean vectors and qualities, overall and by room.

    A photo is shown before if its sha1, or one that is `alike` to it, is shown by a listing of
    `table` with a smaller (as_of, listing_key), whether it counts there or not. It counts if it is
    not shown before; of copies within a listing one does (`_once`).

    Parameters
    ----------
    table
        (n, columns) with `listing_key` and `as_of`; any order, each listing once.
    vectors
        (m, columns) rows of one domain of data/embed/vectors.parquet.

    Returns
    -------
    (n, columns) `table` and, `<room>` being each of `PHOTO_ROOMS`: `img_missing`, 1.0 where no
    photo counts, else 0.0; `img_count`, photos that count; `img_reused`, photos that were shown
    before, of copies one; `img_vector`, `img_vector_<room>`, the mean of those photos, (d,)
    float32, or None; and, if any photo of `vectors` has a quality, `img_quality_<which>`,
    `img_<room>_quality_<which>`, its mean probability, or missing.
    """
    keys = table[["as_of", "listing_key"]].reset_index(drop=True)
    rank = np.empty(len(table), "int64")
    rank[keys.sort_values(["as_of", "listing_key"]).index] = np.arange(len(table))
    shown = _shown(pd.Series(rank, index=keys["listing_key"]), vectors)
    counted = shown[~shown["before"]].reset_index(drop=True)
    reused = np.bincount(shown.loc[shown["before"], "rank"], minlength=len(table))
    count = np.bincount(counted["rank"], minlength=len(table))
    columns: dict[str, np.ndarray] = {
        "img_missing": (count == 0).astype("float64"),
        "img_count": count.astype("float64"),
        "img_reused": reused.astype("float64"),
    }
    points = np.stack(counted["vector"].to_list()) if len(counted) else np.empty((0, 0))
    qualities = [
        name for name in vectors if name.startswith(QUALITY) and vectors[name].notna().any()
    ]
    for room in (None, *PHOTO_ROOMS):
        rows = np.arange(len(counted)) if room is None else np.flatnonzero(counted["room"] == room)
        whose = counted["rank"].to_numpy()[rows]
        columns[f"img_vector_{room}" if room else "img_vector"] = _vectors(
            points[rows], whose, len(table)
        )
        for name in qualities:
            columns[f"img_{room}_{name}" if room else f"img_{name}"] = _means(
                counted[name].to_numpy("float64")[rows], whose, len(table)
            )
    by_row = {name: column[rank] for name, column in columns.items()}
    return pd.concat([table, pd.DataFrame(by_row, index=table.index)], axis=1)


def _shown(rank: pd.Series, vectors: pd.DataFrame) -> pd.DataFrame:
    """`vectors` of listings in `rank` (by listing_key), of copies within a listing one, with the
    listing's `rank` and whether it is shown `before`; sorted by rank, then order."""
    whose = vectors["listing_key"].map(rank)
    shown = vectors[whose.notna()].assign(rank=whose[whose.notna()].astype("int64"))
    shown = shown.sort_values(["rank", "order", "sha1"], kind="stable")
    shown = shown.drop_duplicates(["rank", "sha1"]).reset_index(drop=True)
    first = shown.drop_duplicates("sha1").set_index("sha1")["rank"]
    shown["before"] = first.reindex(shown["sha1"]).to_numpy() < shown["rank"]
    some = shown.loc[shown["alike"].map(len) > 0, ["rank", "before", "alike"]]
    pairs = some.explode("alike").astype({"alike": "str"})  # the index says whose
    near = pairs.index[first.reindex(pairs["alike"]).to_numpy() < pairs["rank"]].unique()
    shown.loc[near, "before"] = pairs.loc[near, "before"] = True
    return shown[_once(shown, pairs)]


def _once(shown: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """(n,) bool: the photos of `shown` that are no copies, in order: a copy is alike to one of its
    own listing that stands before it and is no copy. Photos that are shown before are told from
    those that are not, so that a photo that counts is no copy of one that does not.

    `pairs` has `rank`, `before` and the sha1 that a row of `shown`, which its index names, is
    `alike` to.
    """
    once = np.ones(len(shown), bool)
    within = pairs.reset_index(names="row").merge(
        shown[["rank", "before", "sha1"]].reset_index(names="other"),
        left_on=["rank", "before", "alike"], right_on=["rank", "before", "sha1"],
    )  # fmt: skip
    within = within[within["other"] < within["row"]].sort_values("row", kind="stable")
    for row, other in zip(within["row"], within["other"], strict=True):
        once[row] &= ~once[other]
    return once


def _vectors(points: np.ndarray, whose: np.ndarray, count: int) -> np.ndarray:
    """(count,) object: the mean of `points` (m, d) of each rank in `whose` (sorted), or None."""
    cells = np.full(count, None, dtype=object)
    ranks, starts, sizes = np.unique(whose, return_index=True, return_counts=True)
    if len(ranks):
        sums = np.add.reduceat(points, starts, axis=0, dtype="float64")
        for at, mean in zip(ranks, (sums / sizes[:, None]).astype("float32"), strict=True):
            cells[at] = mean
    return cells


def _means(values: np.ndarray, whose: np.ndarray, count: int) -> np.ndarray:
    """(count,) the mean of the known `values` of each rank in `whose`, or missing."""
    finite = ~np.isnan(values)
    sums = np.bincount(whose[finite], values[finite], minlength=count)
    sizes = np.bincount(whose[finite], minlength=count)
    return np.divide(sums, sizes, out=np.full(count, np.nan), where=sizes > 0)
