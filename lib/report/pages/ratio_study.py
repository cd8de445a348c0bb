"""The page on the ratio study: level, uniformity and equity between cheap and dear homes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lib.evaluation.metrics.ratio_study import STATISTICS
from lib.report.pages import site
from lib.report.pages.accuracy import LONG, order_slices
from lib.report.pages.index import TITLES as LONG_TITLES
from lib.report.plots import errors
from lib.report.wording.findings import RATIOS, TITLES
from lib.report.wording.numbers import format_statistic

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


def ratio_headline(study: dict[str, Any]) -> str:
    """How many statistics lie where, by their intervals."""
    names: dict[str, list[str]] = {"within": [], "outside": [], "inconclusive": []}
    for name in STATISTICS:
        names[study[name]["verdict"]].append(RATIOS[name])
    words = {
        "within": "surely within the acceptable range",
        "outside": "surely outside it",
        "inconclusive": "neither surely",
    }
    text = "; ".join(
        f"{words[key]}: {', '.join(listed) or 'none'}" for key, listed in names.items()
    )
    return f"{text[0].upper()}{text[1:]}."


def _vertical_finding(study: dict[str, Any]) -> str:
    """What VEI and PRB say together."""
    vei, prb = _statistic_cell("vei", study["vei"]), _statistic_cell("prb", study["prb"])
    if vei["value"] == "n/a":
        return "Under 20 sales, so that the standard names no groups."
    higher = study["vei"]["value"] > 0
    return (
        f"The dearest group's median ratio lies {abs(study['vei']['value']):.1f} % of the median "
        f"{'above' if higher else 'below'} the cheapest's (90 % interval {vei['span']}): "
        f"{vei['verdict']}. PRB is {prb['value']} ({prb['span']}): {prb['verdict']}. The band is "
        "the acceptable difference; ratios beyond the middle 98 % are drawn at the edge."
    )


def forest_plots(table: pd.DataFrame, ranges: dict[str, list[float]]) -> list[tuple[str, str, str]]:
    """Forest plots of level and COD by ZIP, else by the first kind that has several strata.

    Parameters
    ----------
    table : DataFrame
        The rows of ratio_study.csv of one variant.
    ranges : dict of str to list of float
        Statistic to its acceptable range.

    Returns
    -------
    list of tuple of str
        (title, SVG, finding) of each plot.
    """
    plain = table[table["trimmed"] == "untrimmed"]
    kinds = [k for k in ("ZIP", *KINDS) if plain.loc[plain["kind"] == k, "stratum"].nunique() > 1]
    out = []
    for name in ("median_ratio", "cod") if kinds else ():
        part = plain[(plain["kind"] == kinds[0]) & (plain["statistic"] == name)]
        most = part.nlargest(errors.MOST_STRATA, "sales", keep="all")
        most = most.head(errors.MOST_STRATA).sort_values("value", kind="stable")
        left = len(part) - len(most)
        thick = most[~most["thin"]]
        least, greatest = (format_statistic(name, most["value"].agg(end)) for end in ("min", "max"))
        text = f"Lowest {least}, highest {greatest}; in {len(thick)} of {len(most)} there are "
        text += "30 sales or more (blue)."
        text += f" The {left} with the fewest sales are left out." if left else ""
        title = (
            f"{RATIOS[name].capitalize() if name == 'median_ratio' else RATIOS[name]} by {kinds[0]}"
        )
        low, high = ranges[name]
        out.append(
            (
                title,
                errors.plot_strata_forest(
                    most, (low, high), f"{RATIOS[name]}, 95 % interval; shaded: acceptable"
                ),
                text,
            )
        )
    return out


def domain_context(
    domain: str,
    variant: str,
    scores: dict[str, Any],
    ranges: dict[str, list[float]],
    test: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs of one domain.

    Parameters
    ----------
    domain, variant : str
        The domain, and the variant that values it.
    scores : dict of str to Any
        The domain's variants in metrics/evaluate.json.
    ranges : dict of str to list of float
        Statistic to its acceptable range.
    test : DataFrame
        Test predictions of `variant`.
    table : DataFrame
        Its rows of ratio_study.csv.

    Returns
    -------
    dict of str to Any
        Headline, rows, tables and plots.
    """
    score = scores[variant]
    study = score["ratio_study"]
    test = test[test["pred_close_price"].notna()]
    pictures = [
        (
            "Ratios along the values",
            errors.plot_vertical_equity(test),
            _vertical_finding(study["untrimmed"]),
        ),
        *forest_plots(table, ranges),
    ]
    regression = study["prb_regression"]
    return {
        "domain": domain,
        "variant": variant,
        "title": LONG_TITLES[domain],
        "short": TITLES[domain],
        "headline": ratio_headline(study["untrimmed"]),
        "sales": f"{score['sales']:,}",
        "trimmed": study["trimmed_sales"],
        "extreme": study["trimmed_extreme_sales"],
        "screened": f"{score['screened']['sales']:,}",
        "rows": _statistic_rows(score, ranges),
        "regression": " to ".join(format_statistic("prb", regression[e]) for e in ("low", "high")),
        "chasing": study["sales_chasing"],
        "variants": _variant_rows(scores),
        "tables": _stratum_tables(table),
        "plots": [site.picture_context(*one) for one in pictures],
    }


def ratio_study_context(
    chosen: dict[str, str],
    evaluated: dict[str, Any],
    predictions: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """What the page's template needs.

    Parameters
    ----------
    chosen : dict of str to str
        Domain to the variant that values it.
    evaluated : dict of str to Any
        metrics/evaluate.json.
    predictions : DataFrame
        predictions.parquet of data/evaluate.
    table : DataFrame
        ratio_study.csv of data/evaluate.

    Returns
    -------
    dict of str to Any
        The context of ratio_study.html.
    """
    parts = []
    for domain, variant in chosen.items():
        scores = {
            name: part for name, part in evaluated["variants"].items() if part["domain"] == domain
        }
        order = sorted(scores, key=lambda n: (scores[n]["view"] == "aware", n != variant, n))
        parts.append(
            domain_context(
                domain,
                variant,
                {name: scores[name] for name in order},
                evaluated["acceptable"],
                predictions[predictions["variant"] == variant],
                table[table["variant"] == variant],
            )
        )
    return {"domains": parts, "statistics": [RATIOS[name] for name in STATISTICS]}


def _statistic_cell(name: str, one: dict[str, Any]) -> dict[str, str]:
    """A statistic as a cell: {value, span, verdict}."""
    text = format_statistic(name, one["value"])
    ends = [format_statistic(name, one[side]) for side in ("low", "high")]
    spanned = "" if "n/a" in (text, *ends) else f"{ends[0]} to {ends[1]}"
    return {"value": text, "span": spanned, "verdict": one["verdict"] if spanned else ""}


def _statistic_rows(score: dict[str, Any], ranges: dict[str, list[float]]) -> list[dict[str, Any]]:
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
            "cells": [_statistic_cell(name, part[name]) for part in parts],
        }
        for name in STATISTICS
    ]


def _variant_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a variant, untrimmed: a cell a statistic, and the sales-chasing finding."""
    return [
        {
            "name": name,
            "cells": [
                _statistic_cell(stat, part["ratio_study"]["untrimmed"][stat]) for stat in STATISTICS
            ],
            "chasing": part["ratio_study"]["sales_chasing"]["verdict"],
        }
        for name, part in scores.items()
    ]


def _stratum_tables(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table for each kind of stratum, untrimmed, with its finding.

    Parameters
    ----------
    table : DataFrame
        The rows of ratio_study.csv of one variant.

    Returns
    -------
    list of dict
        title, names, rows, folded and finding of each table.
    """
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
                    "cells": [_statistic_cell(name, stats.loc[name].to_dict()) for name in names],
                }
            )
        listed = order_slices(pd.DataFrame(rows), "stratum").to_dict("records")
        content = {
            "title": title,
            "names": [RATIOS[name] for name in names],
            "rows": listed,
            "folded": len(rows) > LONG,
        }
        tables.append(content | {"finding": stratum_finding(part)})
    return tables


def stratum_finding(part: pd.DataFrame) -> str:
    """In how many strata with enough sales the level and the COD are surely off.

    Parameters
    ----------
    part : DataFrame
        The untrimmed rows of one kind of stratum.

    Returns
    -------
    str
        A sentence or two.
    """
    thick = part[~part["thin"]]
    count = thick["stratum"].nunique()
    if not count:
        return "Every stratum has under 30 sales: no verdict here stands on its own."
    clauses = []
    for name in ("median_ratio", "cod"):
        rows = thick[thick["statistic"] == name]
        out = rows.loc[rows["verdict"] == "outside", "stratum"]
        sure = int((rows["verdict"] == "within").sum())
        clauses.append(
            f"{RATIOS[name]} surely within in {sure}, surely outside in {len(out)}"
            + (f" ({', '.join(out.head(5))}{', ...' if len(out) > 5 else ''})" if len(out) else "")
        )
    thin = part["stratum"].nunique() - count
    return f"Of {count} strata with 30 sales or more: {'; '.join(clauses)}." + (
        f" {thin} more are thin." if thin else ""
    )
