"""What a model card states, worked out from a variant's test predictions and saved model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import Model, visible_columns
from lib.evaluation.cards import tables
from lib.evaluation.metrics import paired_bootstrap
from lib.evaluation.metrics.bootstrap import home_clusters
from lib.evaluation.scoring import thresholds
from lib.report.wording import numbers


def mdape_gap_to_baseline(
    test: pd.DataFrame, baseline: pd.DataFrame | None, draws: int, seed: int
) -> dict[str, float] | None:
    """MdAPE less that of the baseline on the sales that both value, with its paired interval.

    Parameters
    ----------
    test : DataFrame
        Test sales of the variant: listing_key, property_key, close_price and pred_close_price
        (currency).
    baseline : DataFrame or None
        Those of the linear baseline; None for the baseline itself.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to float or None
        value, low and high, as fractions; None for the baseline itself.
    """
    if baseline is None:
        return None
    columns = ["listing_key", "pred_close_price"]
    both = test[[*columns, "property_key", "close_price"]].merge(
        baseline[columns], on="listing_key"
    )
    both = both[both[["pred_close_price_x", "pred_close_price_y"]].notna().all(axis=1)]
    estimate, other, price = (
        both[name].to_numpy()
        for name in ("pred_close_price_x", "pred_close_price_y", "close_price")
    )
    rng, home = np.random.default_rng(seed), home_clusters(both["property_key"])
    return paired_bootstrap.paired_intervals(estimate, other, price, draws, rng, home)["mdape"]


def variant_checks(
    score: Mapping[str, Any],
    test: pd.DataFrame,
    baseline: pd.DataFrame | None,
    limits: thresholds.Thresholds,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """The thresholds and the levels of groups of one variant; see
    `lib.evaluation.scoring.thresholds`.

    Parameters
    ----------
    score : Mapping of str to Any
        The variant's part of metrics/evaluate.json.
    test : DataFrame
        Its test sales: listing_key, property_key, postal_code, close_price and pred_close_price
        (currency).
    baseline : DataFrame or None
        Those of the linear baseline; None for the baseline itself.
    limits : Thresholds
        The thresholds.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to Any
        `checks` (every threshold; empty for a variant that sees list prices), `by_zip` and
        `by_band` (tables of `group_levels`).
    """
    test = test[test["pred_close_price"].notna()].reset_index(drop=True)
    estimate, price = (test[name].to_numpy() for name in ("pred_close_price", "close_price"))
    ratio = estimate / price
    by_zip = thresholds.group_levels(ratio, test["postal_code"], limits.area_level)
    by_band = thresholds.group_levels(
        ratio, thresholds.value_proxy_bands(estimate, price), limits.area_level
    )
    checks: dict[str, dict[str, Any]] = {}
    if score.get("view", "blind") == "blind":
        checks = thresholds.check_thresholds(
            score, mdape_gap_to_baseline(test, baseline, draws, seed), limits
        )
        checks["area_level"] = {
            "verdict": thresholds.combine_verdicts(by_zip),
            "told": tables.summarize_group_levels(by_zip),
            "allowed": f"within {numbers.format_share(limits.area_level, 0)}",
        }
    return {"checks": checks, "by_zip": by_zip, "by_band": by_band}


def visible_inputs(saved: Model) -> list[str]:
    """The inputs that a variant looks at; those of a blend are its members', each once."""
    return list(
        dict.fromkeys(
            name for one in saved.parts for name in visible_columns(one.inputs, one.params)
        )
    )


def date_span(days: pd.Series) -> dict[str, Any]:
    """First and last day, and how many days they span.

    Parameters
    ----------
    days : Series of datetime64
        Days; missing ones are left out.

    Returns
    -------
    dict of str to Any
        `first` and `last` as text ("" where no date is there), `days`.
    """
    present = days.dropna()
    if present.empty:
        return {"first": "", "last": "", "days": 0}
    first, last = present.min(), present.max()
    return {"first": f"{first:%F}", "last": f"{last:%F}", "days": (last - first).days + 1}


def training_hashes(saved: Model) -> dict[str, str]:
    """The hashes of spec, inputs and photo vectors that a model, or a blend's members, have learnt
    from."""
    words = {"reml_spec_sha256": "feature spec", "reml_inputs_sha256": "inputs of the features"}
    hashes = {words.get(k, k): one for k, one in saved.parts[0].features.items()}
    for one in saved.parts:
        hashes |= {"photo vectors": one.vectors_sha256} if one.vectors_sha256 else {}
    return {f"{what} (SHA-256)": value for what, value in hashes.items()}


def file_md5(content: bytes) -> str:
    """The hash that DVC gives a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def folder_md5(files: dict[str, bytes]) -> str:
    """The hash that DVC gives a folder with these files, named relative to it."""
    listed = [{"md5": file_md5(files[name]), "relpath": name} for name in sorted(files)]
    return file_md5(json.dumps(listed).encode()) + ".dir"
