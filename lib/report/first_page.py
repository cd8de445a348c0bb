"""The first page of the report: each domain, the listings valued, and the data they are of."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lib.report import card_words, findings, summary


def in_order(scores: dict[str, Any], names: list[str], best: str) -> dict[str, Any]:
    """The scores of a domain's variants: what values homes first, what sees list prices last."""
    order = sorted(names, key=lambda name: (scores[name]["view"] == "aware", name != best, name))
    return {name: scores[name] for name in order}


def parts(
    told: dict[str, dict[str, Any]],
    saved: dict[str, dict[str, Any]],
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    indices: dict[str, pd.DataFrame],
) -> list[dict[str, Any]]:
    """A part for each domain that is valued.

    `told` are the metrics files by stage, `saved` what `train` and `blend` wrote of each variant,
    `indices` the price index of each domain.
    """
    scores, out = told["evaluate"]["variants"], []
    for domain, best in told["predict"]["variants"].items():
        if best not in scores:
            continue
        names = [name for name in scores if scores[name]["domain"] == domain]
        checks = told["cards"]["variants"][best]["checks"]
        part = summary.domain_part(
            domain,
            in_order(scores, names, best),
            best,
            predictions,
            slices,
            told["split"][domain],
            saved[best],
            indices[domain],
        )
        out.append(part | {"thresholds": card_words.threshold_rows(checks)})
    return out


def context(
    told: dict[str, dict[str, Any]],
    saved: dict[str, dict[str, Any]],
    domains: list[dict[str, Any]],
    valued: pd.DataFrame,
    listings: int,
) -> dict[str, Any]:
    """What the template needs: the `parts`, the first `listings` of those valued, and the data."""
    staging, predicted = told["staging"], told["predict"]
    rows = valued.head(listings).to_dict("records")
    return {
        "domains": domains,
        "valuations": [summary.home_row(row, predicted["comparables"]) for row in rows],
        "valued": len(valued),
        "comparables": predicted["comparables"],
        "valuations_file": "valuations.csv",
        **{
            name: f"{staging[name]:,}" for name in ("rows_in", "clean", "duplicates", "quarantined")
        },
        "reasons": list(staging["reasons"].items()),
        "cells": list(told["normalize"]["cells_set_missing"].items()),
        "screened": findings.screened(told["screen"]["domains"]),
        "extra": staging["extra_columns"],
        "lacks": findings.missing_parts(staging, told["split"], predicted["valued"])
        + findings.skipped_variants(saved, told["split"]),
    }
