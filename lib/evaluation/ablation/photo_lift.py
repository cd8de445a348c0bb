"""What photos are worth to a variant: the honest lift.

The variant is fitted three times on the folds of the past, on the same sales with the same seeds:
with all inputs, without those that come from photos, and with the photos of other homes (whole
albums, shuffled), which is the control. The lift is the error without photos less the error with
them. The test stays unseen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common import params
from lib.common.errors import RemlError
from lib.common.params import Section
from lib.evaluation.ablation import leakage_checks
from lib.evaluation.ablation.ablation import ComparisonPlan, Refit, measure_gain
from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.slices import THIN, quantile_bands
from lib.models.estimators.photo.photo_pca import COUNT, PREFIX

SURE = 0.05  # p below which a difference is no chance
COUNTS = [-np.inf, 0, 2, 9, np.inf]  # photos that count, each the last of its band
COUNT_WORDS = ["no photo", "1-2 photos", "3-9 photos", "10 photos or more"]
HELP, WEAK, NONE, HURT, DOUBT = "help", "weak", "none", "hurt", "doubt"
PER = 1000  # listings that runtime and cost are told of


class PhotoLiftParams(Section):
    """The `ablate.photos` section: variants that see photos, and how their lift is judged."""

    variants: list[str]
    draws: int = Field(ge=1)
    permutations: int = Field(ge=1)
    guard: float = Field(gt=0, lt=1)
    dollars_per_hour: float = Field(ge=0)


def lift_by_slice(
    sold: pd.DataFrame, without: np.ndarray, seen: np.ndarray, judge: ComparisonPlan
) -> list[dict[str, Any]]:
    """The gain by price band and by number of photos that count (img_count): kind, slice, sales,
    thin, mdape, mape. The slices of a kind hold each sale once."""
    count = pd.cut(sold[COUNT].fillna(0), COUNTS, labels=COUNT_WORDS).astype("object")
    kinds = {"price band": quantile_bands(sold["close_price"]), "photo coverage": count}
    order = {word: i for i, word in enumerate(COUNT_WORDS)}
    out = []
    for kind, column in kinds.items():
        for value in sorted(column.unique(), key=lambda one: (order.get(one, 0), one)):
            rows = (column == value).to_numpy()
            part = {"kind": kind, "slice": value, "sales": int(rows.sum())}
            part["thin"] = part["sales"] < THIN
            out.append(part | measure_gain(without[rows], seen[rows], sold[rows], judge))
    return out


def judge_lift(
    lift: dict[str, dict[str, Any]],
    control: dict[str, dict[str, Any]],
    checks: list[dict[str, Any]],
    rival: dict[str, Any] | None,
) -> str:
    """One of HELP, WEAK, NONE, HURT and DOUBT, by these rules on MAPE, of which every sale is a
    part; `rival` is the best variant that sees no photos, if there is any:

    - HELP: the 95 % interval of the lift lies above zero and the permutation test's p is below
      0.05, shuffled photos do not bring half of it (`lift_checks.lifts_shuffled`), no check failed,
      and the interval of what the variant with photos is better by than the rival lies above zero
      too;
    - WEAK: as HELP, but not better than the rival: photos mend what this variant lacks, and
      nobody needs them for that;
    - DOUBT: as HELP, but shuffled photos bring half of it, or a check failed: the lift is there,
      and what the pictures show of a home is not what makes it;
    - HURT: the interval lies below zero and p is below 0.05;
    - NONE: all else.
    """
    mape = lift["mape"]
    if mape["p"] >= SURE or mape["low"] <= 0 <= mape["high"]:
        return NONE
    if mape["high"] < 0:
        return HURT
    failed = any(one["passed"] is False for one in checks)
    if leakage_checks.control_lifts(lift, control) or failed:
        return DOUBT
    return HELP if rival is None or rival["gain"]["mape"]["low"] > 0 else WEAK


def compare_with_best(
    blind: dict[str, np.ndarray], seen: np.ndarray, sold: pd.DataFrame, judge: ComparisonPlan
) -> dict[str, Any] | None:
    """Of the variants that see no photos the one that errs least in MAPE on the same sales:
    `variant`, its `mape`, and the `gain` from it to the estimates `seen` (n,). `blind` has their
    estimates (n,) by name; None where there are none."""
    if not blind:
        return None
    price = sold["close_price"].to_numpy(float)
    errors = {name: accuracy_metrics(said, price)["mape"] for name, said in blind.items()}
    best = min(errors, key=lambda name: (errors[name], name))
    gained = measure_gain(blind[best], seen, sold, judge, tested=True)
    return {"variant": best, "mape": errors[best], "gain": gained}


def photo_cost(photos: float, rate: float, dollars_per_hour: float) -> dict[str, float]:
    """What looking at the photos of 1,000 listings takes: seconds and dollars.

    `photos` a listing on average, `rate` photos a second as declared for the encoder.
    """
    seconds = PER * photos / rate
    return {
        "photos_per_listing": photos,
        "photos_per_second": rate,
        "seconds": seconds,
        "dollars": seconds * dollars_per_hour / 3600,
    }


def run_leakage_checks(
    table: pd.DataFrame,
    counted: pd.DataFrame,
    trial: Refit,
    said: dict[str, np.ndarray],
    lift: dict[str, dict[str, Any]],
    control: dict[str, dict[str, Any]],
    judge: ComparisonPlan,
    metric: str,
) -> list[dict[str, Any]]:
    """Every check of `lib.evaluation.ablation.leakage_checks`; the lift in `metric` set them
    off."""
    return [
        leakage_checks.check_control(lift, control),
        leakage_checks.check_shared_pictures(table, trial.edges, counted),
        leakage_checks.check_new_homes(table, trial.edges, said, lift, judge, metric),
        leakage_checks.check_presence(table, trial, said, lift, judge, metric),
        leakage_checks.check_single_numbers(table, trial.inputs, said["without"]),
    ]


def measure_photo_lift(
    table: pd.DataFrame,
    other: pd.DataFrame,
    counted: pd.DataFrame,
    trial: Refit,
    judge: ComparisonPlan,
    guard: float,
    rivals: dict[str, np.ndarray],
) -> dict[str, Any]:
    """What photos are worth to one variant, or why that was `skipped`.

    `table` is that of `lib.models.training.out_of_fold` with what photos say of each listing
    (`img_`), `other` the same with shuffled photos, `counted` the listing_key, sha1 and alike of
    each photo that counts; `guard` is the lift, relative to the error without photos, above which
    the checks run; `rivals` are what variants without photos said of the sales in folds, in the
    table's order.
    """
    blind = [name for name in trial.inputs if not name.startswith(PREFIX)]
    sold = table[table["fold"] > 0]
    if not len(sold):
        return {"skipped": "no sale lies in a fold"}
    shown = int((sold[COUNT] > 0).sum())
    if not shown:
        return {"skipped": "no sale of the folds has a photo"}
    try:
        said = {
            "with": trial.fold_estimates(table),
            "without": trial.fold_estimates(table, blind),
            "shuffled": trial.fold_estimates(other),
        }
    except RemlError as error:
        return {"skipped": f"nothing is left to learn from ({error})"}
    price = sold["close_price"].to_numpy(float)
    lift = measure_gain(said["without"], said["with"], sold, judge, tested=True)
    control = measure_gain(said["without"], said["shuffled"], sold, judge, tested=True)
    metric = max(lift, key=lambda name: lift[name]["relative"])
    relative = lift[metric]["relative"]
    fired = bool(relative > guard)
    checks = (
        run_leakage_checks(table, counted, trial, said, lift, control, judge, metric)
        if fired
        else []
    )
    errors = {name: accuracy_metrics(one, price) for name, one in said.items()}
    rival = compare_with_best(rivals, said["with"], sold, judge)
    return {
        "sales": len(sold),
        "homes": int(sold["property_key"].nunique()),
        "with_photos": shown,
        "errors": {
            name: {metric: one[metric] for metric in ("mdape", "mape")}
            for name, one in errors.items()
        },
        "lift": lift,
        "control": control,
        "guard": {"limit": guard, "metric": metric, "relative": relative, "fired": fired},
        "checks": checks,
        "slices": lift_by_slice(sold, said["without"], said["with"], judge),
        "best_blind": rival,
        "verdict": judge_lift(lift, control, checks, rival),
    }


class AblateParams(params.Section):
    """The `ablate` section of params.yaml."""

    variants: list[str]
    draws: int = Field(ge=1)
    photos: PhotoLiftParams
