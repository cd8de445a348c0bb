"""Sentences of the report, computed from the figures they speak of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.common.artifacts import Model, Skipped
from lib.common.vocabulary import NEWEST_STATE_DOUBTS
from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.report.wording.numbers import format_share

TITLES = {"sale": "Sales", "rental": "Rentals"}
RATIOS = {
    "median_ratio": "median ratio",
    "cod": "COD",
    "prd": "PRD",
    "prb": "PRB",
    "mki": "MKI",
    "vei": "VEI",
}
NAMES = {
    "mdape": "MdAPE",
    "mape": "MAPE",
    "mae": "MAE",
    "rmse": "RMSE",
    "rmsle": "RMSLE",
    "r2": "R²",
    "ppe10": "PPE10",
    "ppe20": "PPE20",
    "hit_rate": "hit rate",
    "bias": "bias",
}


def headline_sentence(score: dict[str, Any], split: dict[str, Any]) -> str:
    """How close the valuations came and what the 90 % intervals held."""
    which = f"dated {split['boundary']} or later"
    if "grouped" in split:
        which = f"of homes held out by groups ({split['grouped']})"
    median, ninety = score["accuracy"]["mdape"], score["interval_90"]["coverage"]
    return (
        f"Half of the {score['sales']:,} valuations {which} lie within "
        f"{format_share(median['value'])} of the price paid (95 % interval "
        f"{format_share(median['low'])} to {format_share(median['high'])}). The 90 % intervals "
        f"held {format_share(ninety['value'])} of the prices."
    )


def baseline_sentence(score: dict[str, Any], linear: dict[str, Any]) -> str:
    """Which accuracy metrics are better than the linear baseline's and which are not."""
    better: list[str] = []
    worse: list[str] = []
    for name, direction in DIRECTIONS.items():
        value, baseline = (part["accuracy"][name]["value"] for part in (score, linear))
        if value is None or baseline is None or value == baseline:
            continue
        wins = abs(value) < abs(baseline) if direction == 0 else (value - baseline) * direction > 0
        (better if wins else worse).append(NAMES[name])
    if not worse:
        return "It beats the linear baseline on every metric that differs."
    return (
        f"It beats the linear baseline on {', '.join(better) or 'nothing'}, and not on "
        f"{', '.join(worse)}."
    )


def index_sentence(index: pd.DataFrame) -> str:
    """How far prices have come since the first month, and where they stand highest and lowest.

    Parameters
    ----------
    index : DataFrame
        postal_code (missing: the market), month (datetime64), log_index.

    Returns
    -------
    str
        A sentence or two.
    """
    last = index.groupby("postal_code", dropna=False).tail(1)
    moved = last.set_index("postal_code")["log_index"].map(math.expm1)
    text = (
        f"A like home costs {moved[moved.index.isna()].iloc[0]:+.1%} against "
        f"{index['month'].min():%B %Y}"
    )
    areas = moved[moved.index.notna()].sort_values(kind="stable")
    if len(areas) < 2:
        return f"{text}."
    return (
        f"{text}; of {len(areas)} ZIPs, {areas.index[-1]} stands highest ({areas.iloc[-1]:+.1%}) "
        f"and {areas.index[0]} lowest ({areas.iloc[0]:+.1%}). Thin ZIPs lean on the whole market."
    )


def accuracy_sentence(score: dict[str, Any]) -> str:
    """How many estimates come within 10 and 20 % of the price."""
    ten, twenty = (score["accuracy"][name]["value"] for name in ("ppe10", "ppe20"))
    return (
        f"{format_share(ten)} of the estimates lie within 10 % of the price, "
        f"{format_share(twenty)} within 20 %."
    )


def band_sentence(slices: pd.DataFrame) -> str:
    """Where along the price range the error is greatest and smallest.

    Parameters
    ----------
    slices : DataFrame
        slice and mdape (fraction) of each price band.

    Returns
    -------
    str
        A sentence.
    """
    worst, best = (slices.loc[slices["mdape"].agg(pick)] for pick in ("idxmax", "idxmin"))
    return (
        f"The median error is greatest in band {worst['slice']} ({format_share(worst['mdape'])}) "
        f"and smallest in band {best['slice']} ({format_share(best['mdape'])})."
    )


def zip_sentence(slices: pd.DataFrame) -> str:
    """The spread of errors over ZIPs with enough sales, and how many are thin.

    Parameters
    ----------
    slices : DataFrame
        slice, mdape (fraction) and thin of each ZIP.

    Returns
    -------
    str
        A sentence or two.
    """
    thick = slices[~slices["thin"]]
    thin = int(slices["thin"].sum())
    note = f" {thin} of {len(slices)} ZIPs have under 30 test sales." if thin else ""
    if not len(thick):
        return "Every ZIP has under 30 test sales, so no ZIP's figure stands on its own."
    worst = thick.loc[thick["mdape"].idxmax()]
    best = thick.loc[thick["mdape"].idxmin()]
    return (
        f"From {format_share(best['mdape'])} in {best['slice']} to {format_share(worst['mdape'])} "
        f"in {worst['slice']}.{note}"
    )


def coverage_sentence(slices: pd.DataFrame) -> str:
    """The slice where the 90 % intervals held the least.

    Parameters
    ----------
    slices : DataFrame
        slice, sales and coverage_90 (fraction) of each slice.

    Returns
    -------
    str
        A sentence.
    """
    worst = slices.loc[slices["coverage_90"].idxmin()]
    return (
        f"The 90 % intervals hold least in {worst['slice']}: {format_share(worst['coverage_90'])} "
        f"of {int(worst['sales'])} prices."
    )


def screened_lines(domains: dict[str, Any]) -> list[str]:
    """How many closed sales of each domain are no evidence, and the flags by reason code."""
    lines = []
    for domain, part in domains.items():
        overrides, most = part["overrides"], max(part["closed"], 1)
        lines.append(
            f"{domain}: {part['excluded']:,} of {part['closed']:,} closed "
            f"({format_share(part['excluded'] / most)}), "
            f"{overrides['usable'] + overrides['not_usable']} of all decided by an analyst"
        )
        lines += [
            f"{domain}, {code.replace('_', ' ')}: {one['sales']:,}"
            + (", shown only" if one["severity"] == "warn" else "")
            for code, one in part["codes"].items()
        ]
    return lines


def class_lines(normalized: dict[str, Any], not_valued: dict[str, dict[str, int]]) -> list[str]:
    """How many listings of each domain are of classes that stand apart, and how many of them are
    on the market and not valued; `not_valued` counts those by class."""
    lines = []
    for domain, part in normalized.items():
        apart = {
            name: count
            for name, count in part["property_classes"].items()
            if name not in (*part["valued_classes"], "unstated")
        }
        on_market = not_valued.get(domain, {})
        lines += [
            f"{domain}, {name}: {count:,} of {part['rows']:,} listings"
            + (f", {on_market[name]:,} of them on the market" if on_market.get(name) else "")
            for name, count in apart.items()
        ]
    return lines


def missing_part_sentences(
    staging: dict[str, Any], split: dict[str, Any], counts: dict[str, int]
) -> list[str]:
    """What the feed lacks and what follows from it, one sentence each."""
    absent = set(staging["absent_columns"])
    columns = staging["columns"]
    lacks = []
    if not staging["photo_bundles"]:
        lacks.append("No photo bundles.")
    for domain, part in split.items():
        if "skipped" in part:
            lacks.append(f"No {domain} valuations: {part['skipped']}.")
        if "grouped" in part:
            lacks.append(
                f"{TITLES[domain]}: {part['grouped']}, so the test is made of groups of homes "
                "instead of later sales, no valuation looks at sales of other homes or at the "
                "market's movement, and the figures do not say how old models fare."
            )
    dated = {
        "purchase_contract_date": "No contract dates: sales are valued as of their close date.",
        "latitude": "No coordinates: comparables go by ZIP number.",
    }
    without = {
        "modification_timestamp": "No modification timestamps: of two rows with one key, the one "
        "imported later is taken for the newest, then the one that has gone further.",
        "list_price": "No list prices.",
        "public_remarks": "No remarks.",
    }
    if not any("grouped" in part for part in split.values()):
        without |= dated
    lacks += [text for name, text in without.items() if name in absent or name not in columns]
    if all(n in absent or n not in columns for n in ("property_type", "property_sub_type")):
        lacks.append("No property types: every listing counts as a home.")
    lacks += [
        f"{listings:,} listings: {NEWEST_STATE_DOUBTS[name]}."
        for name, listings in staging.get("newest_state_by", {}).items()
        if listings and name in NEWEST_STATE_DOUBTS
    ]
    lacks += [
        f"No {domain} listings on the market to value."
        for domain, count in counts.items()
        if not count and "skipped" not in split[domain]
    ]
    return lacks


def skipped_variant_sentences(
    saved: Mapping[str, Model | Skipped], split: dict[str, Any]
) -> list[str]:
    """The variants that were not trained though their domain was, each with its reason.

    `saved` is the content of each variant's model.json by its name."""
    explained = {part["skipped"] for part in split.values() if "skipped" in part}
    return [
        f"{name} was not trained: {one.skipped}."
        for name, one in saved.items()
        if isinstance(one, Skipped) and one.skipped not in explained
    ]
