"""The analysis of one domain as a list of looks, and all of them as Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import PositiveFloat, PositiveInt

from lib.common import params
from lib.listings.eda import columns, findings, hygiene, leakage, plots

FENCE = 3.0  # interquartile ranges: Tukey's far out
SKEWED = 2.0  # skewness from which positive numbers are drawn on a logarithmic axis


@dataclass(frozen=True)
class Look:
    """One picture with its sentence: the file's name, a title, SVG text (empty where there is
    nothing to draw), what it shows."""

    name: str
    title: str
    svg: str
    sentence: str


def completeness(
    frame: pd.DataFrame, names: list[str], month: pd.Series, area: pd.Series
) -> list[Look]:
    """What is missing: overall, by month, by market area."""
    shares = hygiene.missing(frame, names)
    gaps = shares[(shares > 0) & (shares < 1)]  # empty columns are told, not drawn
    svg = plots.bars(gaps, "share of listings without it") if len(gaps) else ""
    looks = [Look("missing", "Missing cells", svg, findings.missing(shares))]
    for by, what, text in ((month, "month", "Missing cells by month"),
                           (area, "market area", "Missing cells by market area")):  # fmt: skip
        table = hygiene.missing_by(frame, names, by)
        table = table.loc[[name for name in gaps.index if name in table.index]]
        if table.shape[1] > 1 and len(table):
            drawn = table.set_axis([findings.label(group) for group in table.columns], axis=1)
            svg = plots.heat(drawn, "share missing", (0, 1), "Blues")
            sentence = findings.missing_by(table, by.value_counts(), what)
            looks.append(Look(f"missing_by_{what.split()[-1]}", text, svg, sentence))
    return looks


def plausibility(
    closed: pd.DataFrame,
    numbers: list[str],
    ranges: dict[str, tuple[float, float]],
    area: pd.Series,
) -> list[Look]:
    """How the numbers spread, and what an outlier policy would exclude."""
    price = closed["close_price"]
    told = hygiene.within(closed[numbers], ranges)
    told = told[[name for name in told if told[name].nunique() > 2]]
    skewed = {
        name for name in told if (told[name].dropna() > 0).all() and told[name].skew() > SKEWED
    }
    kept = sorted(told, key=lambda name: (name != "close_price", -told[name].nunique()))[:12]
    sentence = findings.spread(price, told.drop(columns="close_price", errors="ignore"))
    looks = [Look("spread", "How the numbers spread", plots.spreads(told[kept], skewed), sentence)]
    size = closed.get("living_area", pd.Series(np.nan, index=closed.index))
    out = hygiene.fences(price, area, FENCE) | hygiene.fences(
        price / size.where(size > 0), area, FENCE
    )
    sized = bool((size > 0).any())
    sentence = findings.outliers(hygiene.outside(closed, ranges), out, price, FENCE, sized)
    both = (size > 0) & (price > 0)
    svg = plots.fenced(size[both], price[both], out[both]) if both.any() else ""
    looks.append(Look("outliers", "Outlier policy, and what it would exclude", svg, sentence))
    return looks


def knowledge(
    closed: pd.DataFrame, open_: pd.DataFrame, numbers: list[str], limit: float
) -> tuple[list[Look], pd.DataFrame]:
    """What goes along with the price, and which columns know too much of it. Prices outside the
    fences are left out: a few nominal ones would hide what a column knows of the others."""
    inside = ~hygiene.fences(closed["close_price"], pd.Series("all", index=closed.index), FENCE)
    closed = closed[inside]
    names = [name for name in closed if name not in columns.OUTCOME and not name.startswith("_")]
    found = leakage.scan(closed[names], open_[names], np.log(closed["close_price"]), limit)
    flagged = set(found.loc[found["finding"] != "", "column"])
    svg = plots.bars(
        found.set_index("column")["r2"].clip(lower=0),
        "R² of the log price, from this column alone",
        flagged,
        limit,
    )
    sentence = findings.leaks(found, len(open_))
    looks = [Look("leakage", "Columns that know too much", svg, sentence)]
    honest = [name for name in numbers if name not in flagged]
    table = hygiene.correlations(closed[honest], "close_price")
    if len(table) > 1:
        svg = plots.heat(table, "rank correlation", (-1, 1), "RdBu_r", cells=True)
        title = "What honest numbers go along with the price"
        sentence = findings.correlated(table, "close_price")
        looks.append(Look("correlations", title, svg, sentence))
    return looks, found


def change(closed: pd.DataFrame, numbers: list[str], month: pd.Series) -> list[Look]:
    """How the inputs drift."""
    table = hygiene.drift(closed, [name for name in numbers if name not in columns.OUTCOME], month)
    if table.empty or not table.shape[1]:
        return []
    order = table.max(axis=1).sort_values(ascending=False, kind="stable").index
    svg = plots.heat(table.loc[order], "PSI above chance", (0, 0.5), "Oranges")
    return [Look("drift", "Drift of the inputs, by quarter", svg, findings.drifts(table))]


def albums(status: pd.Series, month: pd.Series) -> list[Look]:
    """Photo statuses by month; nothing where no listing has any."""
    counts = pd.crosstab(month.reindex(status.index), status)
    counts = counts[counts.sum(axis=1) >= hygiene.FEW]
    if counts.empty or set(counts) == {"no_images"}:
        return []
    svg = plots.stacked(counts, "share of listings")
    return [Look("photos", "Photo coverage", svg, findings.photos(counts))]


def table(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table; shares in percent, names as code."""
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * frame.shape[1] + "\n"
    return head + "".join("| " + " | ".join(map(str, row)) + " |\n" for row in frame.to_numpy())


def cardinality(frame: pd.DataFrame, kinds: dict[str, str], found: pd.DataFrame) -> str:
    """Every column on a line: how full, how varied, what it says of the price alone."""
    counts = hygiene.cardinality(frame, kinds).merge(found, on="column", how="left")
    shown = pd.DataFrame(
        {
            "column": "`" + counts["column"] + "`",
            "kind": counts["kind"],
            "filled": counts["filled"].map(findings.percent),
            "distinct": counts["distinct"].map("{:,}".format),
            "commonest": counts["top"].map(findings.percent, na_action="ignore").fillna("-"),
            "R² alone": counts["r2"]
            .clip(lower=0)
            .map("{:.2f}".format, na_action="ignore")
            .fillna("the sale"),
            "finding": counts["finding"].fillna(""),
        }
    )
    return table(shown)


def markdown(
    title: str, lead: list[str], parts: dict[str, tuple[list[Look], str]], plots_at: str
) -> str:
    """The summary: a title, leading sentences, and for each domain its looks and columns."""
    lines = [f"# What the data look like: {title}", "", *lead, ""]
    for domain, (looks, counts) in parts.items():
        lines += [f"## {domain.capitalize()}s", ""]
        for look in looks:
            lines += [f"### {look.title}", "", look.sentence, ""]
            if look.svg:
                lines += [f"![{look.title}]({plots_at}/{domain}_{look.name}.svg)", ""]
        lines += ["### Columns", "", counts, ""]
    return "\n".join(lines).rstrip() + "\n"


class EdaParams(params.Section):
    """The `eda` section of params.yaml."""

    full: bool
    rows: PositiveInt
    minimum_sales: PositiveInt
    leak_r2: PositiveFloat
