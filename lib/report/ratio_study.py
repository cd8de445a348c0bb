"""The page on the ratio study: level, uniformity and equity between cheap and dear homes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lib.models.ratio_study import STATISTICS
from lib.report import error_plots, site
from lib.report.findings import RATIOS, TITLES
from lib.report.ratio_tables import (
    KINDS,
    cell,
    figure,
    stratum_tables,
    table_rows,
    variant_rows,
)
from lib.report.summary import TITLES as LONG_TITLES


def headline(study: dict[str, Any]) -> str:
    """How many statistics lie where, by their intervals."""
    names: dict[str, list[str]] = {"within": [], "outside": [], "inconclusive": []}
    for name in STATISTICS:
        names[study[name]["verdict"]].append(RATIOS[name])
    words = {
        "within": "surely within the acceptable range",
        "outside": "surely outside it",
        "inconclusive": "neither surely",
    }
    told = "; ".join(f"{words[key]}: {', '.join(found) or 'none'}" for key, found in names.items())
    return f"{told[0].upper()}{told[1:]}."


def vertical_finding(study: dict[str, Any]) -> str:
    """What VEI and PRB say together."""
    vei, prb = cell("vei", study["vei"]), cell("prb", study["prb"])
    if vei["value"] == "n/a":
        return "Under 20 sales, so that the standard names no groups."
    higher = study["vei"]["value"] > 0
    return (
        f"The dearest group's median ratio lies {abs(study['vei']['value']):.1f} % of the median "
        f"{'above' if higher else 'below'} the cheapest's (90 % interval {vei['span']}): "
        f"{vei['verdict']}. PRB is {prb['value']} ({prb['span']}): {prb['verdict']}. The band is "
        "the acceptable difference; ratios beyond the middle 98 % are drawn at the edge."
    )


def forests(table: pd.DataFrame, ranges: dict[str, list[float]]) -> list[tuple[str, str, str]]:
    """Forest plots of level and COD by ZIP, else by the first kind that has several strata."""
    plain = table[table["trimmed"] == "untrimmed"]
    kinds = [k for k in ("ZIP", *KINDS) if plain.loc[plain["kind"] == k, "stratum"].nunique() > 1]
    out = []
    for name in ("median_ratio", "cod") if kinds else ():
        part = plain[(plain["kind"] == kinds[0]) & (plain["statistic"] == name)]
        most = part.nlargest(error_plots.MOST_STRATA, "sales", keep="all")
        most = most.head(error_plots.MOST_STRATA).sort_values("value", kind="stable")
        left = len(part) - len(most)
        thick = most[~most["thin"]]
        told = f"Lowest {figure(name, most['value'].min())}, highest "
        told += f"{figure(name, most['value'].max())}; in {len(thick)} of {len(most)} there are "
        told += "30 sales or more (blue)."
        told += f" The {left} with the fewest sales are left out." if left else ""
        title = (
            f"{RATIOS[name].capitalize() if name == 'median_ratio' else RATIOS[name]} by {kinds[0]}"
        )
        low, high = ranges[name]
        out.append(
            (
                title,
                error_plots.forest(
                    most, (low, high), f"{RATIOS[name]}, 95 % interval; shaded: acceptable"
                ),
                told,
            )
        )
    return out


def domain_part(
    domain: str,
    variant: str,
    scores: dict[str, Any],
    ranges: dict[str, list[float]],
    test: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs of one domain; `test` and `table` hold `variant` alone."""
    score = scores[variant]
    study = score["ratio_study"]
    test = test[test["pred_close_price"].notna()]
    pictures = [
        (
            "Ratios along the values",
            error_plots.vertical(test),
            vertical_finding(study["untrimmed"]),
        ),
        *forests(table, ranges),
    ]
    regression = study["prb_regression"]
    return {
        "domain": domain,
        "variant": variant,
        "title": LONG_TITLES[domain],
        "short": TITLES[domain],
        "headline": headline(study["untrimmed"]),
        "sales": f"{score['sales']:,}",
        "trimmed": study["trimmed_sales"],
        "extreme": study["trimmed_extreme_sales"],
        "screened": f"{score['screened']['sales']:,}",
        "rows": table_rows(score, ranges),
        "regression": f"{figure('prb', regression['low'])} to {figure('prb', regression['high'])}",
        "chasing": study["sales_chasing"],
        "variants": variant_rows(scores),
        "tables": stratum_tables(table),
        "plots": [site.picture(*one) for one in pictures],
    }


def context(
    chosen: dict[str, str],
    evaluated: dict[str, Any],
    predictions: pd.DataFrame,
    table: pd.DataFrame,
) -> dict[str, Any]:
    """The page's context. `chosen`: domain -> the variant that values it; the others are what
    `evaluate` wrote."""
    parts = []
    for domain, variant in chosen.items():
        scores = {
            name: part for name, part in evaluated["variants"].items() if part["domain"] == domain
        }
        order = sorted(scores, key=lambda n: (scores[n]["view"] == "aware", n != variant, n))
        parts.append(
            domain_part(
                domain,
                variant,
                {name: scores[name] for name in order},
                evaluated["acceptable"],
                predictions[predictions["variant"] == variant],
                table[table["variant"] == variant],
            )
        )
    return {"domains": parts, "statistics": [RATIOS[name] for name in STATISTICS]}
