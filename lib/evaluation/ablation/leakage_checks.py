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
from lib.evaluation.ablation.ablation import ComparisonPlan, Refit, measure_gain
from lib.evaluation.metrics.single_input import input_r2
from lib.evaluation.metrics.slices import THIN
from lib.models.estimators.photo.photo_pca import COUNT, MISSING, PREFIX

PRESENCE = (MISSING, COUNT, "img_reused")  # that there are some, not what they show
HALF = 0.5  # of the lift: what must remain on new homes, and what presence alone may not bring
LEAK = 0.85  # R2 of the log price from which one number gives it away, as in `eda.leak_r2`
RIDGE = 1.0  # penalty, in rows, of the linear reading of a whole vector

METRICS = {"mdape": "MdAPE", "mape": "MAPE"}

Check = dict[str, Any]


def make_check(name: str, figure: float | None, passed: bool | None, told: str) -> Check:
    """One check as it stands in metrics."""
    return {"name": name, "figure": figure, "passed": passed, "told": told}


def shuffle_albums(vectors: pd.DataFrame, seed: int) -> pd.DataFrame:
    """`vectors` (one row a photo of one domain) with whole albums dealt out anew among the
    listings that have one: the same photos, of other homes."""
    keys = np.sort(vectors["listing_key"].unique())
    dealt = pd.Series(np.random.default_rng(seed).permutation(keys), index=keys)
    return vectors.assign(listing_key=vectors["listing_key"].map(dealt))


def recount_photos(table: pd.DataFrame, vectors: pd.DataFrame) -> pd.DataFrame:
    """listing_key, sha1 and alike of each photo that counts in `table`, found anew and not by
    `lib.photos.pooled.pooling`: album by album, by as_of, then key, what no photo before is or is
    alike to. Where a listing's img_count is another number, the rule was broken and all photos
    count."""
    shown = vectors[["listing_key", "order", "sha1", "alike"]]
    shown = shown.merge(table[["listing_key", "as_of", COUNT]], on="listing_key")
    shown = shown.sort_values(["as_of", "listing_key", "order", "sha1"], ignore_index=True)
    seen: set[str] = set()  # shown by earlier listings, and what is alike to that
    rows: list[int] = []
    cells = zip(shown.index, shown["sha1"], shown["alike"], shown[COUNT], strict=True)
    albums = zip(shown["as_of"], shown["listing_key"], cells, strict=True)
    for _, album in itertools.groupby(albums, key=lambda one: one[:2]):
        photos = [cells for _, _, cells in album]
        own: list[int] = []
        taken: set[str] = set()  # counted in this album, and what is alike to that
        for row, sha1, alike, _ in photos:
            if sha1 not in seen and sha1 not in taken:
                own.append(row)
                taken |= {sha1, *alike}
        seen |= {sha1 for _, sha1, _, _ in photos}.union(*(alike for _, _, alike, _ in photos))
        rows += own if len(own) == photos[0][3] else [row for row, *_ in photos]
    return shown.loc[rows, ["listing_key", "sha1", "alike"]]


def fold_sides(
    table: pd.DataFrame, edges: list[pd.Timestamp]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """(sales held out, sales that teach) of each fold, as in `lib.models.training.out_of_fold`."""
    teach = (table["role"] == "train") & table["usable"]
    for number, start in enumerate(edges[:-1] or [None] * int(table["fold"].max()), start=1):
        held = table["fold"] == number
        before = ~held if start is None else table["close_date"] < start
        yield table[held], table[teach & before]


def control_lifts(lift: dict[str, dict[str, float]], control: dict[str, dict[str, float]]) -> bool:
    """Whether the photos of other homes bring half of the lift or more in MAPE, and not by chance.
    Some of it they may bring: they leave a home with photos one with photos."""
    mape = control["mape"]
    return mape["low"] > 0 and mape["value"] >= HALF * lift["mape"]["value"]


def check_control(lift: dict[str, dict[str, float]], control: dict[str, dict[str, float]]) -> Check:
    """Whether the photos of other homes lift as well; `control` is their gain."""
    bad, mape = control_lifts(lift, control), control["mape"]
    told = "bring half of the lift or more" if bad else "bring less than half of the lift"
    told = told if mape["low"] > 0 else "do not lift"
    return make_check(
        "shuffled photos", mape["value"], not bad,
        f"Photos dealt out to other homes {told} ({100 * mape['value']:+.2f} points of MAPE).",
    )  # fmt: skip


def check_shared_pictures(
    table: pd.DataFrame, edges: list[pd.Timestamp], counted: pd.DataFrame
) -> Check:
    """Photos that count for a sale held out and are, or are alike to, one that counts for a sale
    that teaches its fold. `counted` has listing_key, sha1 and alike of each photo that counts."""
    both = 0
    for held, teaching in fold_sides(table, edges):
        mine, theirs = (
            counted[counted["listing_key"].isin(part["listing_key"])] for part in (held, teaching)
        )
        known = set(theirs["sha1"]).union(*theirs["alike"])
        both += len(known & set(mine["sha1"]))
    return make_check(
        "pictures on both sides", float(both), not both,
        f"Pictures that a sale held out shares with those its fold learnt from: {both:,}.",
    )  # fmt: skip


def check_new_homes(
    table: pd.DataFrame,
    edges: list[pd.Timestamp],
    said: dict[str, np.ndarray],
    lift: dict[str, dict[str, float]],
    judge: ComparisonPlan,
    metric: str,
) -> Check:
    """The lift in `metric` on homes of which the training had no sale: there no photo can be
    known again. It passes with half of the whole lift. `said` are estimates `without`, `with`."""
    name = "homes never seen before"
    sold = table[table["fold"] > 0]
    new = pd.Series(False, index=sold.index)
    for held, teaching in fold_sides(table, edges):
        new[held.index] = ~held["property_key"].isin(teaching["property_key"].dropna())
    if new.sum() < THIN:
        return make_check(
            name, None, None, f"Only {new.sum()} sales are of homes never seen before."
        )
    rows = new.to_numpy()
    got = measure_gain(said["without"][rows], said["with"][rows], sold[rows], judge)[metric][
        "value"
    ]
    passed = bool(got >= HALF * lift[metric]["value"])
    return make_check(
        name, got, passed,
        f"On {rows.sum():,} of {len(sold):,} sales, whose homes training had never seen, photos "
        f"lower {METRICS[metric]} by {100 * got:.2f} points"
        f"{'' if passed else ', less than half of all'}.",
    )  # fmt: skip


def check_presence(
    table: pd.DataFrame,
    trial: Refit,
    said: dict[str, np.ndarray],
    lift: dict[str, dict[str, float]],
    judge: ComparisonPlan,
    metric: str,
) -> Check:
    """What the number of photos alone brings, without any look at them: fitted once more. It
    passes with less than half of the whole lift."""
    name = "presence alone"
    inputs = [one for one in trial.inputs if not one.startswith(PREFIX) or one in PRESENCE]
    try:
        only = trial.fold_estimates(table, inputs)
    except RemlError as error:
        return make_check(name, None, None, f"The variant cannot be fitted so ({error}).")
    got = measure_gain(said["without"], only, table[table["fold"] > 0], judge)[metric]["value"]
    share = got / lift[metric]["value"]  # the guard fired on it, so it is above zero
    return make_check(
        name, share, bool(share < HALF),
        f"The number of photos alone brings {round(100 * share)} % of the lift in "
        f"{METRICS[metric]}.",
    )  # fmt: skip


def ridge_predictions(vectors: np.ndarray, log_price: np.ndarray) -> np.ndarray:
    """Log prices (n,) that a ridge regression reads from whole vectors (n, d); every other row is
    predicted by the rest."""
    out = np.empty(len(vectors))
    half = np.arange(len(vectors)) % 2 == 0
    for fit in (half, ~half):
        middle, spread = vectors[fit].mean(axis=0), vectors[fit].std(axis=0)
        z = (vectors - middle) / np.where(spread > 0, spread, 1.0)
        level = log_price[fit].mean()
        inner = z[fit].T @ z[fit] + RIDGE * np.eye(z.shape[1])
        out[~fit] = z[~fit] @ np.linalg.solve(inner, z[fit].T @ (log_price[fit] - level)) + level
    return out


def photo_numbers(table: pd.DataFrame, name: str, log_price: pd.Series) -> dict[str, pd.Series]:
    """The numbers that an input holds, by what to call them: itself, or each place of a vector and
    the best linear reading of all. Rows without one are left out."""
    known = table[name].dropna()
    if pd.api.types.is_numeric_dtype(known):
        return {name: known}
    if not len(known):
        return {}
    matrix = np.stack(known.tolist()).astype(float)
    out = {f"{name}[{i}]": pd.Series(matrix[:, i], known.index) for i in range(matrix.shape[1])}
    whole = ridge_predictions(matrix, log_price[known.index].to_numpy(float))
    return out | {f"{name}, all together": pd.Series(whole, known.index)}


def strongest_number(
    table: pd.DataFrame, inputs: list[str], target: pd.Series
) -> tuple[str, float]:
    """(which number of the photos tells `target` best by itself, its R2): `powers` of
    `lib.evaluation.metrics.single_input` of each, places of vectors and all of a vector read
    linearly among them."""
    best, most = "", 0.0
    with threadpool_limits(1, "blas"):
        for one in (one for one in inputs if one.startswith(PREFIX)):
            for called, column in photo_numbers(table, one, target).items():
                if len(column) < THIN:
                    continue
                found = input_r2(column, target[column.index])[1]
                best, most = (called, found) if found > most else (best, most)
    return best, most


def check_single_numbers(table: pd.DataFrame, inputs: list[str], without: np.ndarray) -> Check:
    """Whether one number that photos gave tells the log price by itself, on the past's usable
    sales; or what of it is missing `without` photos, on the sales in folds (n,): a price for each
    square foot gives the price away to who knows the size."""
    past, sold = table[(table["role"] == "train") & table["usable"]], table[table["fold"] > 0]
    price, missing = (np.log(part["close_price"].astype(float)) for part in (past, sold))
    found = {
        "the log price": strongest_number(past, inputs, price),
        "what of it is missing without photos": strongest_number(
            sold, inputs, missing - np.log(without)
        ),
    }
    target = max(found, key=lambda name: found[name][1])
    best, most = found[target]
    passed = most < LEAK
    return make_check(
        "one number gives it away", most, passed,
        "No number of the photos tells the price by itself, or what of it is missing without them "
        f"({best or 'the best'}: R2 {most:.2f})."
        if passed
        else f"{best} alone explains {100 * most:.0f} % of {target}: it holds the price.",
    )  # fmt: skip
