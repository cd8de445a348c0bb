"""The rows of a model card's tables, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.evaluation.metrics.accuracy import COVERAGE, DIRECTIONS
from lib.evaluation.scoring.thresholds import FAIL, OPEN, PASS, UNKNOWN
from lib.report.wording import findings, thresholds_text
from lib.report.wording.findings import RATIOS
from lib.report.wording.numbers import (
    format_metric,
    format_metric_interval,
    format_share,
    format_statistic,
    markdown_cell,
)


def _figure_with_interval(name: str, one: Mapping[str, float | None]) -> str:
    """A figure with its interval: "9.6 % (8.6 % to 10.5 %)"."""
    return f"{format_metric(name, one['value'])} ({format_metric_interval(name, one)})"


def metric_rows(score: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Name, figure on every test sale, on the screened ones, and, where some valuations are
    abstained from, on those that are stood by."""
    parts = [score["accuracy"], score["screened"]["accuracy"]]
    if score["accuracy"]["hit_rate"]["value"] < 1:
        parts.append(score.get("answered", {}))
    return [
        (
            findings.NAMES[name],
            *(_figure_with_interval(name, part[name]) if name in part else "n/a" for part in parts),
        )
        for name in DIRECTIONS
    ]


def interval_rows(score: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Promised share, then every metric of COVERAGE with its interval."""
    return [
        (
            f"{name.removeprefix('interval_')} %",
            *(_figure_with_interval(side, part[side]) for side in COVERAGE),
        )
        for name, part in sorted(score.items())
        if name.startswith("interval_")
    ]


def ratio_rows(study: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Statistic, untrimmed with interval and verdict, trimmed; nothing without a ratio study."""

    def told(part: Mapping[str, Any], name: str) -> tuple[str, str]:
        one = part.get(name)
        if not one or one["value"] is None:
            return "n/a", UNKNOWN
        value, low, high = (format_statistic(name, one[end]) for end in ("value", "low", "high"))
        return f"{value} ({low} to {high})", str(one.get("verdict") or UNKNOWN)

    untrimmed, trimmed = study.get("untrimmed", {}), study.get("trimmed", {})
    return [
        (title, *told(untrimmed, name), told(trimmed, name)[0])
        for name, title in RATIOS.items()
        if name in untrimmed
    ]


def slice_kind_rows(slices: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """One row a kind of slice: how many slices, and the least and greatest MdAPE of those not thin.

    Parameters
    ----------
    slices : DataFrame
        The rows of slices.parquet of one variant.

    Returns
    -------
    list of tuple of str
        Kind, count, and MdAPE with the slice's name at either end.
    """

    def named(row: pd.Series) -> str:
        return f"{format_share(row['mdape'])} ({markdown_cell(row['slice'])})"

    rows = []
    for kind, part in slices.groupby("kind", sort=False):
        thick = part[~part["thin"].astype(bool)].sort_values(["mdape", "slice"])
        count = f"{len(part)}, {len(part) - len(thick)} thin"
        ends = (named(thick.iloc[0]), named(thick.iloc[-1])) if len(thick) else ("n/a", "n/a")
        rows.append((str(kind), count, *ends))
    return rows


def group_level_rows(levels: pd.DataFrame, slices: pd.DataFrame) -> list[tuple[str, ...]]:
    """The rows of the table of levels by group, with the accuracy of the same slices.

    Parameters
    ----------
    levels : DataFrame
        What `lib.evaluation.scoring.thresholds.group_levels` gives.
    slices : DataFrame
        The slices of the same groups.

    Returns
    -------
    list of tuple of str
        Cells of each row.
    """
    words = {PASS: "alike", FAIL: "**differs**", OPEN: "cannot be told", UNKNOWN: "too few sales"}
    named = slices.set_index(slices["slice"].astype(str))

    def figure_of(group: object, name: str) -> str:
        return format_share(named.loc[str(group), name]) if str(group) in named.index else "n/a"

    return [
        (
            markdown_cell(one["group"]) + " (thin)" * bool(one["thin"]),
            f"{one['sales']:,}",
            figure_of(one["group"], "mdape"),
            figure_of(one["group"], "coverage_90"),
            f"{one['level']:.3f}"
            + ("" if pd.isna(one["low"]) else f" ({one['low']:.3f} to {one['high']:.3f})"),
            words[one["verdict"]],
        )
        for one in levels.to_dict("records")
    ]


def summarize_group_levels(table: pd.DataFrame) -> str:
    """How many groups lie where, in words.

    Parameters
    ----------
    table : DataFrame
        What `lib.evaluation.scoring.thresholds.group_levels` gives.

    Returns
    -------
    str
        A clause.
    """
    thick = table[~table["thin"]]
    count = thick["verdict"].value_counts()
    return (
        f"{count.get(PASS, 0)} alike, {count.get(FAIL, 0)} differ, {count.get(OPEN, 0)} cannot be "
        f"told, {len(table) - len(thick)} too thin"
    )


def input_rows(inputs: list[str], kinds: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """Kind of input in words, how many, and their names."""
    groups: dict[str, list[str]] = {}
    for name in inputs:
        groups.setdefault(thresholds_text.KINDS.get(kinds.get(name, ""), "other"), []).append(name)
    return [
        (
            kind,
            len(names),
            ", ".join(f"`{name}`" for name in names[:3]) + (" ..." * (len(names) > 3)),
        )
        for kind, names in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


def card_index_row(
    name: str, score: Mapping[str, Any] | None, checks: Mapping[str, Any], served: bool
) -> dict[str, str]:
    """A variant's line of the index; no score: it was not trained."""
    if score is None:
        return {"name": name, "use": "not trained", "mdape": "", "verdicts": ""}
    verdicts = [one["verdict"] for one in checks.values()]
    count = {word: verdicts.count(word) for word in (PASS, FAIL, OPEN, UNKNOWN)}
    aware = score.get("view") == "aware"
    return {
        "name": name,
        "use": "values homes" if served else "comparison" if aware else "member or baseline",
        "mdape": _figure_with_interval("mdape", score["accuracy"]["mdape"]),
        "verdicts": ", ".join(
            f"**{n} FAILED**" if word == FAIL else f"{n} {word}" for word, n in count.items() if n
        )
        or "none",
    }
