"""The first page of the report: each domain, the listings valued, and the data they are of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common import params
from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.report.pages import site
from lib.report.plots import valuation
from lib.report.wording import findings, thresholds_text
from lib.report.wording.numbers import metric_figure, metric_interval, money


def order_variants(scores: dict[str, Any], names: list[str], best: str) -> dict[str, Any]:
    """The scores of a domain's variants: what values homes first, what sees list prices last."""
    order = sorted(names, key=lambda name: (scores[name]["view"] == "aware", name != best, name))
    return {name: scores[name] for name in order}


def make_domain_parts(
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
        part = domain_part(
            domain,
            order_variants(scores, names, best),
            best,
            predictions,
            slices,
            told["split"][domain],
            saved[best],
            indices[domain],
        )
        out.append(part | {"thresholds": thresholds_text.threshold_rows(checks)})
    return out


def index_context(
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
        "valuations": [valuation_row(row, predicted["comparables"]) for row in rows],
        "valued": len(valued),
        "comparables": predicted["comparables"],
        "valuations_file": "valuations.csv",
        **{
            name: f"{staging[name]:,}" for name in ("rows_in", "clean", "duplicates", "quarantined")
        },
        "reasons": list(staging["reasons"].items()),
        "cells": list(told["normalize"]["cells_set_missing"].items()),
        "screened": findings.screened_lines(told["screen"]["domains"]),
        "extra": staging["extra_columns"],
        "lacks": findings.missing_parts(staging, told["split"], predicted["valued"])
        + findings.skipped_variants(saved, told["split"]),
    }


# The first page of the report: headline, figures of all variants, plots, listings valued.


TITLES = {"sale": "Sales", "rental": "Rentals (monthly rent)"}


def accuracy_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a metric and a cell a variant; the better value is marked, ties are not."""
    wanted: list[tuple[str, str, str, int | None]] = [
        ("accuracy", name, findings.NAMES[name], way) for name, way in DIRECTIONS.items()
    ]
    for key in next(iter(scores.values())):
        if key.startswith("interval_"):
            percent = key.removeprefix("interval_")
            wanted += [
                (key, "coverage", f"{percent} % interval: prices inside", None),
                (key, "median_width", f"{percent} % interval: median width", -1),
            ]
    rows = []
    for group, name, title, way in wanted:
        merit = {
            variant: -abs(value) if way == 0 else value * way
            for variant, part in scores.items()
            if way is not None
            and part.get("view", "blind") == "blind"  # the answer seen beforehand wins no race
            and (value := part[group][name]["value"]) is not None
        }
        top = max(merit.values(), default=0.0)
        alone = list(merit.values()).count(top) == 1 and len(merit) > 1
        cells = [
            {
                "value": metric_figure(name, one["value"]),
                "best": alone and merit.get(variant) == top,
                "span": metric_interval(name, one),
            }
            for variant, one in ((v, part[group][name]) for v, part in scores.items())
        ]
        rows.append({"name": title, "cells": cells})
    return rows


def screened_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows in the form of `table_rows`: the accuracy on the sales that `screen` calls usable."""
    return [
        {
            "name": f"{findings.NAMES[name]}, screened sales",
            "cells": [
                {
                    "value": metric_figure(name, one["value"]),
                    "best": False,
                    "span": metric_interval(name, one),
                }
                for one in (part["screened"]["accuracy"][name] for part in scores.values())
            ],
        }
        for name in ("mdape", "mape", "ppe10")
    ]


def domain_part(
    domain: str,
    scores: dict[str, Any],
    best: str,
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    split: dict[str, Any],
    saved: dict[str, Any],
    index: pd.DataFrame,
) -> dict[str, Any]:
    """What the template needs of one domain: headline, table, plots with their findings.

    `best` is the variant that values homes; `saved` is what `train` wrote of it; `index` is that
    of prices, as `features` wrote it.
    """
    score = scores[best]
    test = predictions[predictions["variant"] == best]
    linear = next((name for name in scores if name.endswith("_linear") and name != best), None)
    names = [key.removeprefix("interval_") for key in score if key.startswith("interval_")]

    def of(kind: str, variant: str | None = best) -> pd.DataFrame:
        chosen = slices[(slices["variant"] == variant) & (slices["kind"] == kind)]
        return chosen.sort_values("slice")

    band, value, codes = (of(kind) for kind in ("price band", "value band", "ZIP"))
    pictures = [
        (
            "Actual against estimated price",
            valuation.plot_actual_predicted(test),
            findings.accuracy_sentence(score),
        ),
        (
            "Error by price band",
            valuation.plot_error_by_band(band, of("price band", linear)),
            findings.band_sentence(band),
        ),
    ]
    if (test["latitude"].notna() & test["postal_code"].notna()).any():
        pictures.append(
            ("Error by ZIP", valuation.plot_zip_map(test, codes), findings.zip_sentence(codes))
        )
    pictures += [
        (
            "Intervals by estimated price",
            valuation.plot_coverage(value, names, "fifth of the test by estimate"),
            findings.coverage_sentence(value),
        ),
        *(
            [
                (
                    "How prices have moved",
                    valuation.plot_price_index(index),
                    findings.index_sentence(index),
                )
            ]
            if index["month"].nunique() > 1 and "grouped" not in split
            else []
        ),
    ]
    error = np.abs(test["pred_close_price"] / test["close_price"] - 1)
    odd = int((error > 1).sum())
    return {
        "domain": domain,
        "title": TITLES[domain],
        "boundary": split["boundary"],
        "grouped": "grouped" in split,
        "headline": findings.headline_sentence(score, split),
        "against": findings.against_baseline(score, scores[linear]) if linear else "",
        "variants": list(scores),
        "aware": [name for name, part in scores.items() if part.get("view") == "aware"],
        "rows": accuracy_rows(scores) + screened_rows(scores),
        "sales": f"{score['sales']:,}",
        "screened": f"{score['screened']['sales']:,}",
        "odd": f"{odd} of them differ from their price by more than the price itself, which "
        "weighs on MAPE, RMSE and R²."
        if odd
        else "",
        "trained": f"{saved['trained_on']:,}",
        "purged": split["purged"],
        "again": split["test_homes_sold_before"],
        "plots": [site.make_picture(*one) for one in pictures],
    }


def valuation_row(row: dict[str, Any], comparables: int) -> dict[str, Any]:
    """One valued home as the template shows it; missing facts are left out."""

    facts = [
        text.format(row[name])
        for name, text in (
            ("living_area", "{:,.0f} sq ft"),
            ("bedrooms_total", "{:.0f} bed"),
            ("bathrooms_total", "{:g} bath"),
            ("year_built", "{:.0f}"),
        )
        if name in row and not pd.isna(row[name])
    ]
    near = [
        f"{money(row[f'comp_{rank}_close_price'])} on {str(row[f'comp_{rank}_close_date'])[:10]},"
        f" adjusted {money(row[f'comp_{rank}_adjusted_close_price'])}"
        f" ({row[f'comp_{rank}_listing_key']})"
        for rank in range(1, comparables + 1)
        if not pd.isna(row.get(f"comp_{rank}_listing_key"))
    ]
    place = row.get("unparsed_address")
    return {
        "listing_key": row["listing_key"],
        "domain": row["domain"],
        "place": row.get("postal_code", "") if pd.isna(place) else place,
        "value": money(row["pred_close_price"]),
        "confidence": f"{row['pred_confidence']:.0f}",
        "abstention": "" if pd.isna(row["pred_abstention"]) else row["pred_abstention"],
        "interval": f"{money(row['pred_low_90'])} to {money(row['pred_high_90'])}",
        "list_price": money(row.get("list_price")),
        "facts": ", ".join(facts),
        "comparables": near,
    }


class ReportParams(params.Section):
    """The `report` section of params.yaml."""

    listings: int = Field(ge=0)
    photo_homes: int = Field(ge=0)
    photos_a_home: int = Field(ge=1)
    look_alike: int = Field(ge=0)
