"""What photos are worth to a variant: the honest lift.

The variant is fitted three times on the folds of the past, on the same sales with the same seeds:
with all inputs, without those that come from photos, and with the photos of other homes (whole
albums, shuffled), which is the control. The lift is the error without photos less the error with
them. The test stays unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.errors import RemlError
from lib.common.params import Section
from lib.evaluation.ablation import leakage_checks
from lib.evaluation.ablation.ablation import ComparisonSettings, RefittableVariant, measure_gain
from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.slices import THIN, quantile_bands
from lib.models.variants.photo.photo_pca import COUNT, PREFIX

SURE = 0.05  # p below which a difference is no chance
COUNTS = [-np.inf, 0, 2, 9, np.inf]  # photos that count, each the last of its band
COUNT_WORDS = ["no photo", "1-2 photos", "3-9 photos", "10 photos or more"]
HELP, WEAK, NONE, HURT, DOUBT = "help", "weak", "none", "hurt", "doubt"
PER = 1000  # listings that runtime and cost are stated for


class PhotoLiftParams(Section):
    """The `ablate.photos` section: variants that see photos, and how their lift is judged."""

    variants: list[str]
    draws: int = Field(ge=1)
    permutations: int = Field(ge=1)
    guard: float = Field(gt=0, lt=1)
    dollars_per_hour: float = Field(ge=0)


class AblateParams(Section):
    """The `ablate` section of params.yaml."""

    variants: list[str]
    draws: int = Field(ge=1)
    photos: PhotoLiftParams


@dataclass(frozen=True)
class LiftSample:
    """What the lift of photos is measured on.

    Attributes
    ----------
    table : DataFrame
        The table of `predict_out_of_fold`, with what photos say of each listing (img_).
    shuffled : DataFrame
        The same rows with the photos of other homes.
    counted : DataFrame
        listing_key, sha1 and alike of each photo that counts.
    rivals : dict of str to ndarray of shape (n,)
        Estimates in currency of the sales in folds by variants without photos, in the order of
        `table`.
    """

    table: pd.DataFrame
    shuffled: pd.DataFrame
    counted: pd.DataFrame
    rivals: dict[str, np.ndarray]


def lift_by_slice(
    sold: pd.DataFrame, before: np.ndarray, after: np.ndarray, plan: ComparisonSettings
) -> list[dict[str, Any]]:
    """The gain by price band and by number of photos; the slices of a kind hold each sale once.

    Parameters
    ----------
    sold : DataFrame
        The n sales: property_key, close_price (currency), img_count.
    before, after : ndarray of shape (n,)
        Estimates in currency without and with photos.
    plan : ComparisonSettings
        Draws and seed.

    Returns
    -------
    list of dict
        kind, slice, sales, thin, and `mdape` and `mape` as `measure_gain` gives them.
    """
    count = pd.cut(sold[COUNT].fillna(0), COUNTS, labels=COUNT_WORDS).astype("object")
    kinds = {"price band": quantile_bands(sold["close_price"]), "photo coverage": count}
    order = {word: i for i, word in enumerate(COUNT_WORDS)}
    out = []
    for kind, column in kinds.items():
        for value in sorted(column.unique(), key=lambda one: (order.get(one, 0), one)):
            rows = (column == value).to_numpy()
            part = {"kind": kind, "slice": value, "sales": int(rows.sum())}
            part["thin"] = part["sales"] < THIN
            out.append(part | measure_gain(before[rows], after[rows], sold[rows], plan))
    return out


def judge_lift(
    lift: dict[str, dict[str, Any]],
    control: dict[str, dict[str, Any]],
    checks: list[dict[str, Any]],
    rival: dict[str, Any] | None,
) -> str:
    """The verdict on the lift of photos: HELP, WEAK, NONE, HURT or DOUBT.

    The rules look at MAPE, to which every sale contributes:

    - HELP: the 95 % interval of the lift lies above zero, the permutation test's p is below 0.05,
      shuffled photos do not bring half of the lift (`leakage_checks.control_lifts_too`), no check
      failed, and the interval of the gain over the rival lies above zero too;
    - WEAK: as HELP, but not better than the rival: photos make up for what this variant lacks, and
      another variant does as well without them;
    - DOUBT: as HELP, but shuffled photos bring half of it, or a check failed: the lift is there,
    and
      it does not come from what the pictures show of a home;
    - HURT: the interval lies below zero and p is below 0.05;
    - NONE: all else.

    `lift` and `control` are those of `measure_gain`; `rival` is what `_gain_over_best_blind` gives.
    """
    mape = lift["mape"]
    if mape["p"] >= SURE or mape["low"] <= 0 <= mape["high"]:
        return NONE
    if mape["high"] < 0:
        return HURT
    failed = any(one["passed"] is False for one in checks)
    if leakage_checks.control_lifts_too(lift, control) or failed:
        return DOUBT
    return HELP if rival is None or rival["gain"]["mape"]["low"] > 0 else WEAK


def _gain_over_best_blind(
    blind: dict[str, np.ndarray], estimate: np.ndarray, sold: pd.DataFrame, plan: ComparisonSettings
) -> dict[str, Any] | None:
    """The gain over the variant without photos that has the lowest MAPE on the same sales.

    Parameters
    ----------
    blind : dict of str to ndarray of shape (n,)
        Estimates in currency of the variants without photos, by name.
    estimate : ndarray of shape (n,)
        Estimates in currency of the variant with photos.
    sold : DataFrame
        The n sales: property_key, close_price (currency).
    plan : ComparisonSettings
        Draws, swaps and seed.

    Returns
    -------
    dict of str to Any or None
        `variant`, its `mape`, and the `gain` from it to `estimate`; None without such variants.
    """
    if not blind:
        return None
    price = sold["close_price"].to_numpy(float)
    errors = {name: accuracy_metrics(one, price)["mape"] for name, one in blind.items()}
    best = min(errors, key=lambda name: (errors[name], name))
    gain = measure_gain(blind[best], estimate, sold, plan, tested=True)
    return {"variant": best, "mape": errors[best], "gain": gain}


def encoding_cost_per_thousand(
    photos_per_listing: float, photos_per_second: float, dollars_per_hour: float
) -> dict[str, float]:
    """What encoding the photos of 1,000 listings takes: seconds and dollars.

    `photos_per_second` is what the encoder declares.
    """
    seconds = PER * photos_per_listing / photos_per_second
    return {
        "photos_per_listing": photos_per_listing,
        "photos_per_second": photos_per_second,
        "seconds": seconds,
        "dollars": seconds * dollars_per_hour / 3600,
    }


def _run_leakage_checks(
    sample: LiftSample,
    refit: RefittableVariant,
    estimates: dict[str, np.ndarray],
    gains: dict[str, dict[str, dict[str, Any]]],
    plan: ComparisonSettings,
    metric: str,
) -> list[dict[str, Any]]:
    """Every check of `lib.evaluation.ablation.leakage_checks`.

    Parameters
    ----------
    sample : LiftSample
        What the lift was measured on.
    refit : RefittableVariant
        The variant.
    estimates : dict of str to ndarray of shape (n,)
        `without`, `with` and `shuffled` estimates in currency of the sales in folds.
    gains : dict of str to dict
        The `lift` and its `control`, as `measure_gain` gives them.
    plan : ComparisonSettings
        Draws, swaps and seed.
    metric : str
        The metric whose lift set the checks off, `mdape` or `mape`.

    Returns
    -------
    list of dict
        The checks, in the order that they are told in.
    """
    table, lift = sample.table, gains["lift"]
    return [
        leakage_checks.check_photos_of_other_homes(lift, gains["control"]),
        leakage_checks.check_shared_pictures(table, refit.edges, sample.counted),
        leakage_checks.check_unseen_homes(table, refit.edges, estimates, lift, plan, metric),
        leakage_checks.check_photo_count(table, refit, estimates, lift, plan, metric),
        leakage_checks.check_photo_numbers(table, refit.inputs, estimates["without"]),
    ]


def measure_photo_lift(
    sample: LiftSample, refit: RefittableVariant, plan: ComparisonSettings, guard: float
) -> dict[str, Any]:
    """What photos are worth to one variant, or why that was `skipped`.

    Parameters
    ----------
    sample : LiftSample
        The sales, with their own photos and with those of other homes.
    refit : RefittableVariant
        The variant.
    plan : ComparisonSettings
        Draws, swaps and seed.
    guard : float
        The lift, relative to the error without photos, above which the leakage checks run.

    Returns
    -------
    dict of str to Any
        The variant's part of `photos` in metrics/ablate.json, but for its costs.
    """
    table = sample.table
    blind = [name for name in refit.inputs if not name.startswith(PREFIX)]
    sold = table[table["fold"] > 0]
    if not len(sold):
        return {"skipped": "no sale lies in a fold"}
    with_photos = int((sold[COUNT] > 0).sum())
    if not with_photos:
        return {"skipped": "no sale of the folds has a photo"}
    try:
        estimates = {
            "with": refit.fold_estimates(table),
            "without": refit.fold_estimates(table, blind),
            "shuffled": refit.fold_estimates(sample.shuffled),
        }
    except RemlError as error:
        return {"skipped": f"nothing is left to learn from ({error})"}
    price = sold["close_price"].to_numpy(float)
    gains = {
        name: measure_gain(estimates["without"], estimates[after], sold, plan, tested=True)
        for name, after in (("lift", "with"), ("control", "shuffled"))
    }
    lift = gains["lift"]
    metric = max(lift, key=lambda name: lift[name]["relative"])
    relative = lift[metric]["relative"]
    fired = bool(relative > guard)
    checks = _run_leakage_checks(sample, refit, estimates, gains, plan, metric) if fired else []
    errors = {name: accuracy_metrics(one, price) for name, one in estimates.items()}
    rival = _gain_over_best_blind(sample.rivals, estimates["with"], sold, plan)
    return {
        "sales": len(sold),
        "homes": int(sold["property_key"].nunique()),
        "with_photos": with_photos,
        "errors": {
            name: {metric: one[metric] for metric in ("mdape", "mape")}
            for name, one in errors.items()
        },
        "lift": lift,
        "control": gains["control"],
        "guard": {"limit": guard, "metric": metric, "relative": relative, "fired": fired},
        "checks": checks,
        "slices": lift_by_slice(sold, estimates["without"], estimates["with"], plan),
        "best_blind": rival,
        "verdict": judge_lift(lift, gains["control"], checks, rival),
    }
