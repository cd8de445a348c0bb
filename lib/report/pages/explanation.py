"""The page `explanation`: the looks by section, and homes one by one."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from lib.evaluation.explanation.narrative import format_input_value, format_log_percent
from lib.evaluation.feature_groups import BASELINE, GROUPS, group_title, underived_input
from lib.report.pages import site
from lib.report.wording.numbers import format_money

DRIVERS = 2  # inputs named beside a group
FRACTION = re.compile(r"-?\d+\.\d+")  # a ZIP is a text of digits and stays so


def _told(name: str, value: str) -> str:
    """A home's value of an input: log prices as money, fractions cut short, the rest as it is."""
    if name.endswith("log_price"):
        return format_money(np.exp(float(value)))
    return format_input_value(float(value)) if FRACTION.fullmatch(value) else value


def _group_rows(own: pd.DataFrame) -> list[dict[str, str]]:
    """The steps from the baseline to the value of one home, group by group."""
    values = own.dropna(subset="value").set_index("input")["value"]
    running = float(own.loc[own["group"] == BASELINE, "log_contribution"].sum())
    rows = [
        {
            "title": group_title(BASELINE),
            "percent": "",
            "value": format_money(np.exp(running)),
            "by": "",
        }
    ]
    for group in GROUPS:
        part = own[own["group"] == group]
        if not len(part) or not part["log_contribution"].abs().sum():
            continue
        step = float(part["log_contribution"].sum())
        running += step
        size = part.groupby(part["input"].map(underived_input), sort=False)[
            "log_contribution"
        ].sum()
        size = size[size.index.isin(values.index)]
        first = size.abs().sort_values(ascending=False, kind="stable").index[:DRIVERS]
        by = [
            f"{name} {_told(name, values[name])} ({format_log_percent(size[name])})"
            for name in first
        ]
        rows.append(
            {
                "title": group_title(group),
                "percent": format_log_percent(step),
                "value": format_money(np.exp(running)),
                "by": "; ".join(by),
            }
        )
    return rows


def _comparables(near: pd.DataFrame) -> dict[str, Any]:
    """One home's comparables, a column each: who they are, and a row each for the price paid, the
    adjustment by a group, and the adjusted price."""
    moved = near[near["log_adjustment"].abs() > 0]["group"].unique()
    first = near.drop_duplicates("rank").sort_values("rank")
    steps = near.pivot_table(index="group", columns="rank", values="log_adjustment")
    return {
        "heads": [
            {"key": row.comparable, "date": f"{row.close_date:%Y-%m-%d}"}
            for row in first.itertuples()
        ],
        "paid": [format_money(price) for price in first["close_price"]],
        "rows": [
            {
                "title": group_title(group),
                "cells": [format_log_percent(step) for step in steps.loc[group]],
            }
            for group in GROUPS
            if group in moved
        ],
        "adjusted": [format_money(price) for price in first["adjusted_close_price"]],
    }


def explained_home_rows(
    valued: pd.DataFrame, contributions: pd.DataFrame, near: pd.DataFrame
) -> list[dict[str, Any]]:
    """What the page shows of each home: the steps to its value, and its comparables with
    adjustments.

    Parameters
    ----------
    valued : DataFrame
        Rows of valuations.csv.
    contributions : DataFrame
        data/explain/contributions.parquet.
    near : DataFrame
        data/explain/comparables.parquet.

    Returns
    -------
    list of dict
        The homes that have contributions, in the order of `valued`.
    """
    contributions, near = (
        table[table["listing_key"].isin(valued["listing_key"])] for table in (contributions, near)
    )
    out = []
    for row in valued.to_dict("records"):
        key = row["listing_key"]
        steps = contributions[contributions["listing_key"] == key]
        steps = steps[steps["domain"] == row["domain"]]
        if not len(steps):
            continue
        pairs = near[(near["listing_key"] == key) & (near["domain"] == row["domain"])]
        place = row.get("unparsed_address")
        out.append(
            {
                "key": key,
                "domain": row["domain"],
                "place": row.get("postal_code", "") if pd.isna(place) else place,
                "value": format_money(row["pred_close_price"]),
                "steps": _group_rows(steps),
                "near": _comparables(pairs) if len(pairs) else None,
            }
        )
    return out


def explanation_context(
    looks: list[dict[str, str]], drawn: list[dict[str, str]], shown: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the page's template needs: the `looks` of `lib.evaluation.explanation.narrative` by
    section, those `drawn` with their SVG, and the homes shown.
    """
    sections = [
        {
            "title": section,
            "id": "-".join(section.lower().split()),
            "plots": [
                site.picture_context(one["title"], one["svg"], one["sentence"])
                for one in drawn
                if one["section"] == section
            ],
            "told": [
                one["sentence"] for one in looks if one["section"] == section and not one["plot"]
            ],
        }
        for section in dict.fromkeys(one["section"] for one in looks)
    ]
    return {"sections": sections, "homes": shown}
