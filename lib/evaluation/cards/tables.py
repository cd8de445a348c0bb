"""The rows of a model card's tables, as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib.evaluation.metrics.accuracy import COVERAGE, DIRECTIONS
from lib.evaluation.scoring.thresholds import FAIL, OPEN, PASS, UNKNOWN
from lib.report.wording import findings, thresholds_text
from lib.report.wording.findings import RATIOS
from lib.report.wording.numbers import (
    metric_figure,
    metric_interval,
    share,
    statistic_figure,
    table_cell,
)


def figure_with_interval(name: str, one: Mapping[str, float | None]) -> str:
    """A figure with its interval: "9.6 % (8.6 % to 10.5 %)"."""
    return f"{metric_figure(name, one['value'])} ({metric_interval(name, one)})"


def metric_rows(score: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, figure on every test sale, figure on the screened ones."""
    return [
        (
            findings.NAMES[name],
            figure_with_interval(name, score["accuracy"][name]),
            figure_with_interval(name, score["screened"]["accuracy"][name]),
        )
        for name in DIRECTIONS
    ]


def answered_rows(score: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and figure on the sales whose valuation is stood by."""
    part = score.get("answered", {})
    return [
        (findings.NAMES[name], figure_with_interval(name, part[name]))
        for name in DIRECTIONS
        if name in part
    ]


def interval_rows(score: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Promised share, then every metric of COVERAGE with its interval."""
    return [
        (
            f"{name.removeprefix('interval_')} %",
            *(figure_with_interval(side, part[side]) for side in COVERAGE),
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
        value, low, high = (statistic_figure(name, one[end]) for end in ("value", "low", "high"))
        return f"{value} ({low} to {high})", str(one.get("verdict") or UNKNOWN)

    whole, trimmed = study.get("untrimmed", {}), study.get("trimmed", {})
    return [
        (title, *told(whole, name), told(trimmed, name)[0])
        for name, title in RATIOS.items()
        if name in whole
    ]


def interval_in_brackets(low: Any, high: Any) -> str:
    """An interval in brackets, or nothing where there is none."""
    known = not (low is None or pd.isna(low))
    return f" ({share(low)} to {share(high)})" if known else ""


def natural_order(name: str) -> tuple[bool, bool, int, str]:
    """A key by which "5-14 years" comes before "15-29 years", words before numbers, and "none"
    last."""
    number = re.match(r"\d+", name)
    return (name == "none", number is not None, int(number[0]) if number else 0, name)


def slice_tables(slices: pd.DataFrame) -> list[tuple[str, list[tuple[str, ...]]]]:
    """A table a kind of slice: slice, sales, MdAPE, bias, within 10 %, 90 % interval held."""
    tables = []
    for kind, part in slices.groupby("kind", sort=False):
        rows = [
            (
                table_cell(one["slice"]) + " (thin)" * bool(one["thin"]),
                f"{one['sales']:,}",
                *(
                    share(one[name])
                    + interval_in_brackets(one.get(f"{name}_low"), one.get(f"{name}_high"))
                    for name in ("mdape", "bias", "ppe10", "coverage_90")
                ),
            )
            for one in sorted(
                part.to_dict("records"), key=lambda one: natural_order(str(one["slice"]))
            )
        ]
        tables.append((str(kind), rows))
    return tables


def level_rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Group, sales, level with its interval, verdict."""
    words = {PASS: "alike", FAIL: "**differs**", OPEN: "cannot be told", UNKNOWN: "too few sales"}
    return [
        (
            table_cell(one["group"]) + " (thin)" * bool(one["thin"]),
            f"{one['sales']:,}",
            f"{one['level']:.3f}"
            + ("" if pd.isna(one["low"]) else f" ({one['low']:.3f} to {one['high']:.3f})"),
            words[one["verdict"]],
        )
        for one in table.to_dict("records")
    ]


def summarize_levels(table: pd.DataFrame) -> str:
    """How many groups lie where, in words."""
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
            ", ".join(f"`{name}`" for name in names[:6]) + (" ..." * (len(names) > 6)),
        )
        for kind, names in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


def index_row(
    name: str, score: Mapping[str, Any] | None, checks: Mapping[str, Any], served: bool
) -> dict[str, str]:
    """A variant's line of the index; no score: it was not trained."""
    if score is None:
        return {"name": name, "use": "not trained", "mdape": "", "verdicts": ""}
    said = [one["verdict"] for one in checks.values()]
    count = {word: said.count(word) for word in (PASS, FAIL, OPEN, UNKNOWN)}
    aware = score.get("view") == "aware"
    return {
        "name": name,
        "use": "values homes" if served else "comparison" if aware else "member or baseline",
        "mdape": figure_with_interval("mdape", score["accuracy"]["mdape"]),
        "verdicts": ", ".join(
            f"**{n} FAILED**" if word == FAIL else f"{n} {word}" for word, n in count.items() if n
        )
        or "none",
    }
