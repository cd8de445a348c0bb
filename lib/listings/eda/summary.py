"""The analysis of one domain as a list of looks, and all of them as Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, PositiveInt

from lib.common import params
from lib.listings.eda import columns, findings, hygiene, leakage, plots

FENCE = 3.0  # interquartile ranges: Tukey's far out
SKEWED = 2.0  # skewness from which positive numbers are drawn on a logarithmic axis


@dataclass(frozen=True)
class EdaFigure:
    """One picture with its sentence: the file's name, a title, SVG text (empty where there is
    nothing to draw), what it shows."""

    name: str
    title: str
    svg: str
    sentence: str


def completeness_figures(
    frame: pd.DataFrame, names: list[str], month: pd.Series, area: pd.Series
) -> list[EdaFigure]:
    """Show what is missing: overall, by month, by market area.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    names : list of str
        Columns to look at.
    month : Series, shape (n,)
    area : Series, shape (n,)

    Returns
    -------
    list of EdaFigure
    """
    shares = hygiene.missing_shares(frame, names)
    gaps = shares[(shares > 0) & (shares < 1)]  # empty columns are named, not drawn
    svg = plots.draw_bars(gaps, "share of listings without it") if len(gaps) else ""
    looks = [EdaFigure("missing", "Missing cells", svg, findings.describe_missing(shares))]
    for by, what, text in ((month, "month", "Missing cells by month"),
                           (area, "market area", "Missing cells by market area")):  # fmt: skip
        table = hygiene.missing_shares_by(frame, names, by)
        table = table.loc[[name for name in gaps.index if name in table.index]]
        if table.shape[1] > 1 and len(table):
            drawn = table.set_axis([findings.label_group(group) for group in table.columns], axis=1)
            svg = plots.draw_heatmap(drawn, "share missing", (0, 1), "Blues")
            sentence = findings.describe_missing_by(table, by.value_counts(), what)
            looks.append(EdaFigure(f"missing_by_{what.split()[-1]}", text, svg, sentence))
    return looks


def plausibility_figures(
    closed: pd.DataFrame,
    numbers: list[str],
    ranges: dict[str, tuple[float, float]],
    area: pd.Series,
) -> list[EdaFigure]:
    """Show how the numbers spread, and what an outlier policy would exclude.

    Parameters
    ----------
    closed : DataFrame, shape (n, k)
        Closed listings, with `close_price`.
    numbers : list of str
    ranges : dict of str to tuple of float
        Column -> lowest and highest plausible value.
    area : Series, shape (n,)

    Returns
    -------
    list of EdaFigure
    """
    price = closed["close_price"]
    plausible = hygiene.mask_outside_ranges(closed[numbers], ranges)
    plausible = plausible[[name for name in plausible if plausible[name].nunique() > 2]]
    skewed = {
        name
        for name in plausible
        if (plausible[name].dropna() > 0).all() and plausible[name].skew() > SKEWED
    }
    kept = sorted(plausible, key=lambda name: (name != "close_price", -plausible[name].nunique()))[
        :12
    ]
    sentence = findings.describe_spread(
        price, plausible.drop(columns="close_price", errors="ignore")
    )
    looks = [
        EdaFigure(
            "spread",
            "How the numbers spread",
            plots.draw_histograms(plausible[kept], skewed),
            sentence,
        )
    ]
    size = closed.get("living_area", pd.Series(np.nan, index=closed.index))
    out = hygiene.outside_fences(price, area, FENCE) | hygiene.outside_fences(
        price / size.where(size > 0), area, FENCE
    )
    sized = bool((size > 0).any())
    sentence = findings.describe_outliers(
        hygiene.count_outside_ranges(closed, ranges), out, price, FENCE, sized
    )
    both = (size > 0) & (price > 0)
    svg = plots.draw_fences(size[both], price[both], out[both]) if both.any() else ""
    looks.append(EdaFigure("outliers", "Outlier policy, and what it would exclude", svg, sentence))
    return looks


def leakage_figures(
    closed: pd.DataFrame, open_: pd.DataFrame, numbers: list[str], limit: float
) -> tuple[list[EdaFigure], pd.DataFrame]:
    """Show what is correlated with the price, and which columns know too much of it.

    Prices outside the fences are left out: a few nominal ones would hide what a column knows of the
    others.

    Parameters
    ----------
    closed : DataFrame, shape (n, k)
        Closed listings, with `close_price`.
    open_ : DataFrame, shape (m, k)
        Open listings.
    numbers : list of str
    limit : float
        R² from which a column gives the price away.

    Returns
    -------
    figures : list of EdaFigure
    scan : DataFrame
        From `leakage.scan_columns`.
    """
    inside = ~hygiene.outside_fences(
        closed["close_price"], pd.Series("all", index=closed.index), FENCE
    )
    closed = closed[inside]
    names = [name for name in closed if name not in columns.OUTCOME and not name.startswith("_")]
    scan = leakage.scan_columns(closed[names], open_[names], np.log(closed["close_price"]), limit)
    flagged = set(scan.loc[scan["finding"] != "", "column"])
    svg = plots.draw_bars(
        scan.set_index("column")["r2"].clip(lower=0),
        "R² of the log price, from this column alone",
        flagged,
        limit,
    )
    sentence = findings.describe_leaks(scan, len(open_))
    looks = [EdaFigure("leakage", "Columns that know too much", svg, sentence)]
    honest = [name for name in numbers if name not in flagged]
    table = hygiene.rank_correlations(closed[honest], "close_price")
    if len(table) > 1:
        svg = plots.draw_heatmap(table, "rank correlation", (-1, 1), "RdBu_r", cells=True)
        title = "What honest numbers go along with the price"
        sentence = findings.describe_correlations(table, "close_price")
        looks.append(EdaFigure("correlations", title, svg, sentence))
    return looks, scan


def drift_figures(closed: pd.DataFrame, numbers: list[str], month: pd.Series) -> list[EdaFigure]:
    """Show how the numbers drift by quarter.

    Parameters
    ----------
    closed : DataFrame, shape (n, k)
        Closed listings.
    numbers : list of str
    month : Series of datetime64, shape (n,)

    Returns
    -------
    list of EdaFigure
    """
    table = hygiene.population_stability(
        closed, [name for name in numbers if name not in columns.OUTCOME], month
    )
    if table.empty or not table.shape[1]:
        return []
    order = table.max(axis=1).sort_values(ascending=False, kind="stable").index
    svg = plots.draw_heatmap(table.loc[order], "PSI above chance", (0, 0.5), "Oranges")
    return [
        EdaFigure("drift", "Drift of the inputs, by quarter", svg, findings.describe_drift(table))
    ]


def photo_coverage_figures(status: pd.Series, month: pd.Series) -> list[EdaFigure]:
    """Show photo statuses by month.

    Parameters
    ----------
    status : Series of str, shape (n,)
    month : Series of datetime64, shape (at least n,)
        Its index holds that of `status`.

    Returns
    -------
    list of EdaFigure
        Empty where no listing has photos.
    """
    counts = pd.crosstab(month.reindex(status.index), status)
    counts = counts[counts.sum(axis=1) >= hygiene.FEW]
    if counts.empty or set(counts) == {"no_images"}:
        return []
    svg = plots.draw_stacked_shares(counts, "share of listings")
    return [EdaFigure("photos", "Photo coverage", svg, findings.describe_photos(counts))]


def markdown_table(frame: pd.DataFrame) -> str:
    """Write a frame as a Markdown table.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)

    Returns
    -------
    str
    """
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * frame.shape[1] + "\n"
    return head + "".join("| " + " | ".join(map(str, row)) + " |\n" for row in frame.to_numpy())


def columns_table(frame: pd.DataFrame, kinds: dict[str, str], scan: pd.DataFrame) -> str:
    """Write every column on a line: how full, how varied, what it explains of the price alone.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    kinds : dict of str to str
        Column -> kind.
    scan : DataFrame
        From `leakage.scan_columns`.

    Returns
    -------
    str
        Markdown.
    """
    counts = hygiene.column_cardinality(frame, kinds).merge(scan, on="column", how="left")
    shown = pd.DataFrame(
        {
            "column": "`" + counts["column"] + "`",
            "kind": counts["kind"],
            "filled": counts["filled"].map(findings.format_percent),
            "distinct": counts["distinct"].map("{:,}".format),
            "commonest": counts["top"].map(findings.format_percent, na_action="ignore").fillna("-"),
            "R² alone": counts["r2"]
            .clip(lower=0)
            .map("{:.2f}".format, na_action="ignore")
            .fillna("the sale"),
            "finding": counts["finding"].fillna(""),
        }
    )
    return markdown_table(shown)


def render_summary(
    title: str, lead: list[str], parts: dict[str, tuple[list[EdaFigure], str]], plots_at: str
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
    leak_r2: float = Field(gt=0, le=1)
