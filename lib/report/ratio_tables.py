"""Tables of the page on the ratio study, as rows and cells that people read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.models.ratio_study import STATISTICS
from lib.report.accuracy import LONG, ordered
from lib.report.findings import RATIOS

SAYS = {
    "median_ratio": "the level: below 1, homes are valued too low on the whole",
    "cod": "uniformity: mean distance of ratios from their median, in %",
    "prd": "equity: above 1, dear homes are valued too low beside cheap ones",
    "prb": "equity: how far ratios move when value doubles; below 0 as above",
    "mki": "equity: inequality of estimates over that of prices; below 1 as above",
    "vei": "equity: dearest group's median ratio less the cheapest's, in %; below 0 as above",
}
KINDS = {
    "proxy band": "By value (mean of price and level estimate)",
    "property type": "By property type",
    "age": "By age",
    "month": "By month of the valuation",
    "ZIP": "By ZIP",
}
SHOWN = ("median_ratio", "cod", "prd", "prb")  # by stratum: MKI and VEI need many sales


def figure(name: str, value: float | None) -> str:
    """One statistic as people read it."""
    if value is None or not np.isfinite(value):
        return "n/a"
    return f"{value:.1f}" if name in ("cod", "vei") else f"{value:.3f}"


def cell(name: str, one: dict[str, Any]) -> dict[str, str]:
    """A statistic as a cell: {value, span, verdict}."""
    told = figure(name, one["value"])
    ends = [figure(name, one[side]) for side in ("low", "high")]
    spanned = "" if "n/a" in (told, *ends) else f"{ends[0]} to {ends[1]}"
    return {"value": told, "span": spanned, "verdict": one["verdict"] if spanned else ""}


def table_rows(score: dict[str, Any], ranges: dict[str, list[float]]) -> list[dict[str, Any]]:
    """A row a statistic: its acceptable range, and its cells untrimmed, trimmed and screened."""
    study, screened = score["ratio_study"], score["screened"]["ratio_study"]
    parts = (
        study["untrimmed"], study["trimmed"], study["trimmed_extreme"], screened["untrimmed"],
    )  # fmt: skip
    return [
        {
            "name": RATIOS[name],
            "says": SAYS[name],
            "range": " to ".join(f"{end:g}" for end in ranges[name]),
            "cells": [cell(name, part[name]) for part in parts],
        }
        for name in STATISTICS
    ]


def variant_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a variant, untrimmed: a cell a statistic, and the sales-chasing finding."""
    return [
        {
            "name": name,
            "cells": [cell(stat, part["ratio_study"]["untrimmed"][stat]) for stat in STATISTICS],
            "chasing": part["ratio_study"]["sales_chasing"]["verdict"],
        }
        for name, part in scores.items()
    ]


def stratum_tables(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table for each kind of stratum, untrimmed, with what it finds."""
    tables = []
    for kind, title in KINDS.items():
        part = table[(table["kind"] == kind) & (table["trimmed"] == "untrimmed")]
        if part["stratum"].nunique() < 2:
            continue
        names = SHOWN[:2] if kind == "proxy band" else SHOWN  # a band of values holds no equity
        rows = []
        for stratum, group in part.groupby("stratum", sort=False):
            stats = group.set_index("statistic")
            rows.append(
                {
                    "stratum": stratum,
                    "sales": int(group["sales"].iloc[0]),
                    "thin": bool(group["thin"].iloc[0]),
                    "cells": [cell(name, stats.loc[name].to_dict()) for name in names],
                }
            )
        listed = ordered(pd.DataFrame(rows), "stratum").to_dict("records")
        found = {
            "title": title,
            "names": [RATIOS[name] for name in names],
            "rows": listed,
            "folded": len(rows) > LONG,
        }
        tables.append(found | {"finding": stratum_finding(part)})
    return tables


def stratum_finding(part: pd.DataFrame) -> str:
    """In how many strata with enough sales the level and the COD are surely off."""
    thick = part[~part["thin"]]
    count = thick["stratum"].nunique()
    if not count:
        return "Every stratum has under 30 sales: no verdict here stands on its own."
    told = []
    for name in ("median_ratio", "cod"):
        mine = thick[thick["statistic"] == name]
        out = mine.loc[mine["verdict"] == "outside", "stratum"]
        sure = int((mine["verdict"] == "within").sum())
        told.append(
            f"{RATIOS[name]} surely within in {sure}, surely outside in {len(out)}"
            + (f" ({', '.join(out.head(5))}{', ...' if len(out) > 5 else ''})" if len(out) else "")
        )
    thin = part["stratum"].nunique() - count
    return f"Of {count} strata with 30 sales or more: {'; '.join(told)}." + (
        f" {thin} more are thin." if thin else ""
    )
