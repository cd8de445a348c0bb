"""Leakage checks: what a lift of photos could be instead of what the pictures show.

Each check is a name, a figure, whether it was passed (None: there was nothing to look at), and a
sentence. They need the sales of the folds alone; the test stays unseen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common.errors import RemlError
from lib.evaluation.ablation.ablation import ComparisonSettings, RefittableVariant, measure_gain
from lib.evaluation.metrics.single_input import input_r2_all_and_informative
from lib.evaluation.metrics.slices import THIN
from lib.models.variants.photo.photo_pca import COUNT, MISSING, PREFIX

PRESENCE = (MISSING, COUNT, "img_reused")  # whether there are photos, not what they show
HALF = 0.5  # of the lift: must remain on new homes, and must not come from presence alone
LEAK = 0.85  # R2 of the log price from which one number gives it away, as in `eda.leak_r2`
RIDGE = 1.0  # penalty, in rows, of the linear reading of a whole vector

METRICS = {"mdape": "MdAPE", "mape": "MAPE"}
Gain = dict[str, dict[str, float]]  # of `measure_gain`: metric -> value, low, high, p
Check = dict[str, Any]


def _make_check(name: str, figure: float | None, passed: bool | None, sentence: str) -> Check:
    """One check as it stands in metrics, with its `sentence`; `passed` is None where there was
    nothing to look at."""
    return {"name": name, "figure": figure, "passed": passed, "told": sentence}


def shuffle_albums(vectors: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Photos with whole albums dealt out anew among the listings that have one.

    Parameters
    ----------
    vectors : DataFrame
        One row a photo of one domain, with listing_key.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    DataFrame
        The same photos, each album under the key of another listing or its own.
    """
    keys = np.sort(vectors["listing_key"].unique())
    dealt = pd.Series(np.random.default_rng(seed).permutation(keys), index=keys)
    return vectors.assign(listing_key=vectors["listing_key"].map(dealt))


def used_photos(table: pd.DataFrame, vectors: pd.DataFrame) -> pd.DataFrame:
    """The photos that count in a table, found again without `lib.models.variants.photo.pooling`.

    Album by album, by as_of, then key, a photo counts where no photo before it is the same or
    alike. Where a listing's img_count is another number, the rule was broken, and all its photos
    count.

    Parameters
    ----------
    table : DataFrame
        Listings with listing_key, as_of (datetime64) and img_count.
    vectors : DataFrame
        One row a photo of one domain: listing_key, order, sha1, alike (hashes of photos like it).

    Returns
    -------
    DataFrame
        listing_key, sha1 and alike of each photo that counts.
    """
    shown = vectors[["listing_key", "order", "sha1", "alike"]]
    shown = shown.merge(table[["listing_key", "as_of", COUNT]], on="listing_key")
    shown = shown.sort_values(["as_of", "listing_key", "order", "sha1"], ignore_index=True)
    shown_before: set[str] = set()  # by earlier listings, and what is alike to that
    rows: list[int] = []
    cells = zip(shown.index, shown["sha1"], shown["alike"], shown[COUNT], strict=True)
    albums = zip(shown["as_of"], shown["listing_key"], cells, strict=True)
    for _, album in itertools.groupby(albums, key=lambda one: one[:2]):
        photos = [cells for _, _, cells in album]
        counting: list[int] = []
        taken: set[str] = set()  # counted in this album, and what is alike to that
        for row, sha1, alike, _ in photos:
            if sha1 not in shown_before and sha1 not in taken:
                counting.append(row)
                taken |= {sha1, *alike}
        shown_before |= {sha1 for _, sha1, _, _ in photos}.union(
            *(alike for _, _, alike, _ in photos)
        )
        rows += counting if len(counting) == photos[0][3] else [row for row, *_ in photos]
    return shown.loc[rows, ["listing_key", "sha1", "alike"]]


def fold_test_and_training(
    table: pd.DataFrame, edges: list[pd.Timestamp]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The sales held out and the sales learnt from, fold by fold, as in
    `lib.models.variants.training.out_of_fold`.

    Parameters
    ----------
    table : DataFrame
        Sales with role, usable, fold and close_date (datetime64).
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.

    Yields
    ------
    tuple of DataFrame
        (held out, learnt from).
    """
    learnable = (table["role"] == "train") & table["usable"]
    for number, start in enumerate(edges[:-1] or [None] * int(table["fold"].max()), start=1):
        held = table["fold"] == number
        before = ~held if start is None else table["close_date"] < start
        yield table[held], table[learnable & before]


def control_lifts_too(lift: Gain, control: Gain) -> bool:
    """Whether photos of other homes bring half of the lift in MAPE or more, and not by chance.

    Some of it they may bring: a home with photos stays one with photos.
    """
    mape = control["mape"]
    return mape["low"] > 0 and mape["value"] >= HALF * lift["mape"]["value"]


def check_photos_of_other_homes(lift: Gain, control: Gain) -> Check:
    """Whether photos of other homes lift as well; `control` is their gain."""
    bad, mape = control_lifts_too(lift, control), control["mape"]
    effect = "bring half of the lift or more" if bad else "bring less than half of the lift"
    effect = effect if mape["low"] > 0 else "do not lift"
    return _make_check(
        "shuffled photos", mape["value"], not bad,
        f"Photos dealt out to other homes {effect} ({100 * mape['value']:+.2f} points of MAPE).",
    )  # fmt: skip


def check_shared_pictures(
    table: pd.DataFrame, edges: list[pd.Timestamp], counted: pd.DataFrame
) -> Check:
    """Whether a picture counts both for a sale held out and for one that its fold learnt from.

    Parameters
    ----------
    table : DataFrame
        The table of `lib.models.variants.training.out_of_fold`.
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.
    counted : DataFrame
        listing_key, sha1 and alike of each photo that counts.

    Returns
    -------
    dict
        The check; its figure is the number of such pictures, and none may be shared.
    """
    both = 0
    for held, learnt in fold_test_and_training(table, edges):
        held_photos, learnt_photos = (
            counted[counted["listing_key"].isin(part["listing_key"])] for part in (held, learnt)
        )
        alike = set(learnt_photos["sha1"]).union(*learnt_photos["alike"])
        both += len(alike & set(held_photos["sha1"]))
    return _make_check(
        "pictures on both sides", float(both), not both,
        f"Pictures that a sale held out shares with those its fold learnt from: {both:,}.",
    )  # fmt: skip


def check_unseen_homes(
    table: pd.DataFrame,
    edges: list[pd.Timestamp],
    estimates: dict[str, np.ndarray],
    lift: Gain,
    plan: ComparisonSettings,
    metric: str,
) -> Check:
    """The lift on homes of which the training had no sale, where no photo can be recognised.

    Parameters
    ----------
    table : DataFrame
        The table of `lib.models.variants.training.out_of_fold`, with property_key.
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.
    estimates : dict of str to ndarray of shape (n,)
        Estimates `without` and `with` photos, in currency, of the sales in folds.
    lift : dict of str to dict
        The gain on all sales.
    plan : ComparisonSettings
        Draws and seed.
    metric : str
        `mdape` or `mape`.

    Returns
    -------
    dict
        The check; it passes with half of the lift on all sales.
    """
    name = "homes never seen before"
    sold = table[table["fold"] > 0]
    new = pd.Series(False, index=sold.index)
    for held, learnt in fold_test_and_training(table, edges):
        new[held.index] = ~held["property_key"].isin(learnt["property_key"].dropna())
    if new.sum() < THIN:
        return _make_check(
            name, None, None, f"Only {new.sum()} sales are of homes never seen before."
        )
    rows = new.to_numpy()
    got = measure_gain(estimates["without"][rows], estimates["with"][rows], sold[rows], plan)[
        metric
    ]["value"]
    passed = bool(got >= HALF * lift[metric]["value"])
    return _make_check(
        name, got, passed,
        f"On {rows.sum():,} of {len(sold):,} sales, whose homes training had never seen, photos "
        f"lower {METRICS[metric]} by {100 * got:.2f} points"
        f"{'' if passed else ', less than half of all'}.",
    )  # fmt: skip


def check_photo_count(
    table: pd.DataFrame,
    refit: RefittableVariant,
    estimates: dict[str, np.ndarray],
    lift: Gain,
    plan: ComparisonSettings,
    metric: str,
) -> Check:
    """What the number of photos brings by itself, without what they show; the variant is refitted
    once.

    Parameters
    ----------
    table : DataFrame
        The table of `predict_out_of_fold`, with what photos say of each listing (img_).
    refit : RefittableVariant
        The variant.
    estimates : dict of str to ndarray of shape (n,)
        Estimates `without` photos, in currency, of the sales in folds.
    lift : dict of str to dict
        The gain on all sales.
    plan : ComparisonSettings
        Draws and seed.
    metric : str
        `mdape` or `mape`.

    Returns
    -------
    dict
        The check; its figure is a share of the lift, and it passes with less than half.
    """
    name = "presence alone"
    inputs = [one for one in refit.inputs if not one.startswith(PREFIX) or one in PRESENCE]
    try:
        only = refit.fold_estimates(table, inputs)
    except RemlError as error:
        return _make_check(name, None, None, f"The variant cannot be fitted so ({error}).")
    got = measure_gain(estimates["without"], only, table[table["fold"] > 0], plan)[metric]["value"]
    share = got / lift[metric]["value"]  # the guard fired on it, so it is above zero
    return _make_check(
        name, share, bool(share < HALF),
        f"The number of photos alone brings {round(100 * share)} % of the lift in "
        f"{METRICS[metric]}.",
    )  # fmt: skip


def _ridge_predictions(vectors: np.ndarray, log_price: np.ndarray) -> np.ndarray:
    """Log prices that a ridge regression reads from whole vectors; each half of the rows predicts
    the other.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        One vector a row.
    log_price : ndarray of shape (n,)
        Log prices.

    Returns
    -------
    ndarray of shape (n,)
        Predicted log prices.
    """
    out = np.empty(len(vectors))
    half = np.arange(len(vectors)) % 2 == 0
    for fit in (half, ~half):
        middle, spread = vectors[fit].mean(axis=0), vectors[fit].std(axis=0)
        z = (vectors - middle) / np.where(spread > 0, spread, 1.0)
        level = log_price[fit].mean()
        inner = z[fit].T @ z[fit] + RIDGE * np.eye(z.shape[1])
        out[~fit] = z[~fit] @ np.linalg.solve(inner, z[fit].T @ (log_price[fit] - level)) + level
    return out


def _photo_numbers(table: pd.DataFrame, name: str, log_price: pd.Series) -> dict[str, pd.Series]:
    """The numbers that an input holds, by name: itself, or each place of a vector and a linear
    reading of the whole vector.

    Parameters
    ----------
    table : DataFrame
        Listings with the input.
    name : str
        The input: a number, or vectors of one length.
    log_price : Series
        Target of the linear reading, by the index of `table`.

    Returns
    -------
    dict of str to Series
        The numbers, of the rows that have the input.
    """
    cells = table[name].dropna()
    if pd.api.types.is_numeric_dtype(cells):
        return {name: cells}
    if not len(cells):
        return {}
    matrix = np.stack(cells.tolist()).astype(float)
    out = {f"{name}[{i}]": pd.Series(matrix[:, i], cells.index) for i in range(matrix.shape[1])}
    reading = _ridge_predictions(matrix, log_price[cells.index].to_numpy(float))
    return out | {f"{name}, all together": pd.Series(reading, cells.index)}


def _strongest_number(
    table: pd.DataFrame, inputs: list[str], target: pd.Series
) -> tuple[str, float]:
    """Which number of the photos explains a target best by itself.

    Parameters
    ----------
    table : DataFrame
        Listings with the inputs.
    inputs : list of str
        The variant's inputs; those of photos are looked at, as `_photo_numbers` gives them.
    target : Series
        Log prices, or what of them is unexplained, by the index of `table`.

    Returns
    -------
    tuple of str and float
        The number's name and its R2, the second of `input_r2_all_and_informative`.
    """
    best, most = "", 0.0
    with threadpool_limits(1, "blas"):
        for one in (one for one in inputs if one.startswith(PREFIX)):
            for called, column in _photo_numbers(table, one, target).items():
                if len(column) < THIN:
                    continue
                r2 = input_r2_all_and_informative(column, target[column.index])[1]
                best, most = (called, r2) if r2 > most else (best, most)
    return best, most


def check_photo_numbers(table: pd.DataFrame, inputs: list[str], without: np.ndarray) -> Check:
    """Whether one number of the photos gives the log price away, or the part of it that other
    inputs miss.

    The second question is needed because a price per square foot gives the price away only together
    with the size.

    Parameters
    ----------
    table : DataFrame
        The table of `predict_out_of_fold`, with what photos say of each listing (img_).
    inputs : list of str
        The variant's inputs.
    without : ndarray of shape (n,)
        Estimates without photos, in currency, of the sales in folds.

    Returns
    -------
    dict
        The check; its figure is the greatest R2, and it passes below LEAK.
    """
    past, sold = table[(table["role"] == "train") & table["usable"]], table[table["fold"] > 0]
    price, missing = (np.log(part["close_price"].astype(float)) for part in (past, sold))
    strongest = {
        "the log price": _strongest_number(past, inputs, price),
        "what of it is missing without photos": _strongest_number(
            sold, inputs, missing - np.log(without)
        ),
    }
    target = max(strongest, key=lambda name: strongest[name][1])
    best, most = strongest[target]
    passed = most < LEAK
    return _make_check(
        "one number gives it away", most, passed,
        "No number of the photos tells the price by itself, or what of it is missing without them "
        f"({best or 'the best'}: R2 {most:.2f})."
        if passed
        else f"{best} alone explains {100 * most:.0f} % of {target}: it holds the price.",
    )  # fmt: skip
