"""The first page of the report: each domain, the listings valued, and the data they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common import params
from lib.common.artifacts import Model, Skipped
from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.report.pages import site
from lib.report.plots import valuation
from lib.report.wording import findings, thresholds_text
from lib.report.wording.numbers import format_metric, format_metric_interval, format_money

TITLES = {"sale": "Sales", "rental": "Rentals (monthly rent)"}


def _order_variants(scores: dict[str, Any], names: list[str], best: str) -> dict[str, Any]:
    """Scores in display order: the variant that values homes first, those that see list prices
    last."""
    order = sorted(names, key=lambda name: (scores[name]["view"] == "aware", name != best, name))
    return {name: scores[name] for name in order}


@dataclass(frozen=True)
class DomainData:
    """What the stages wrote of one domain.

    Attributes
    ----------
    domain, best : str
        The domain, and the variant that values its homes.
    scores : dict of str to Any
        The variants of the domain in metrics/evaluate.json, in the order that they are shown in.
    predictions, slices : DataFrame
        The tables of data/evaluate, of all variants.
    split : dict of str to Any
        The domain's part of metrics/split.json.
    saved : FittedVariant or Blend
        The model.json of `best`.
    index : DataFrame
        The price index of the domain, as `features` wrote it.
    """

    domain: str
    best: str
    scores: dict[str, Any]
    predictions: pd.DataFrame
    slices: pd.DataFrame
    split: dict[str, Any]
    saved: Model
    index: pd.DataFrame

    @property
    def test(self) -> pd.DataFrame:
        """The test sales of `best`."""
        return self.predictions[self.predictions["variant"] == self.best]

    @property
    def linear(self) -> str | None:
        """The linear baseline, where it is not the best variant itself."""
        names = (n for n in self.scores if n.endswith("_linear") and n != self.best)
        return next(names, None)

    def slices_of(self, kind: str, variant: str | None) -> pd.DataFrame:
        """The slices of one kind of one variant, in order."""
        rows = (self.slices["variant"] == variant) & (self.slices["kind"] == kind)
        return self.slices[rows].sort_values("slice")


def make_domain_contexts(
    metrics: dict[str, dict[str, Any]],
    saved: Mapping[str, Model | Skipped],
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    indices: dict[str, pd.DataFrame],
) -> list[dict[str, Any]]:
    """What the template needs of each domain that is valued.

    Parameters
    ----------
    metrics : dict of str to dict
        The metrics files, by stage.
    saved : mapping of str to FittedVariant, Blend or Skipped
        The model.json of each variant.
    predictions, slices : DataFrame
        The tables of data/evaluate.
    indices : dict of str to DataFrame
        The price index of each domain.

    Returns
    -------
    list of dict
        A part for each domain.
    """
    scores, out = metrics["evaluate"]["variants"], []
    for domain, best in metrics["predict"]["variants"].items():
        if best not in scores:
            continue
        names = [name for name in scores if scores[name]["domain"] == domain]
        checks, served = metrics["cards"]["variants"][best]["checks"], saved[best]
        assert not isinstance(served, Skipped)  # what was skipped has no scores
        data = DomainData(
            domain,
            best,
            _order_variants(scores, names, best),
            predictions,
            slices,
            metrics["split"][domain],
            served,
            indices[domain],
        )
        out.append(domain_context(data) | {"thresholds": thresholds_text.threshold_rows(checks)})
    return out


def index_context(
    metrics: dict[str, dict[str, Any]],
    saved: Mapping[str, Model | Skipped],
    domains: list[dict[str, Any]],
    valued: pd.DataFrame,
    listings: int,
) -> dict[str, Any]:
    """What the page's template needs.

    Parameters
    ----------
    metrics : dict of str to dict
        The metrics files, by stage.
    saved : mapping of str to FittedVariant, Blend or Skipped
        The model.json of each variant.
    domains : list of dict
        The parts of `make_domain_contexts`.
    valued : DataFrame
        The rows of valuations.csv.
    listings : int
        How many of them to show.

    Returns
    -------
    dict of str to Any
        The context of index.html.
    """
    staging, predicted = metrics["staging"], metrics["predict"]
    rows = valued.head(listings).to_dict("records")
    return {
        "domains": domains,
        "valuations": [_valuation_row(row, predicted["comparables"]) for row in rows],
        "valued": len(valued),
        "comparables": predicted["comparables"],
        "valuations_file": "valuations.csv",
        **{
            name: f"{staging[name]:,}" for name in ("rows_in", "clean", "duplicates", "quarantined")
        },
        "reasons": list(staging["reasons"].items()),
        "cells": list(metrics["normalize"]["cells_set_missing"].items()),
        "apart": findings.class_lines(metrics["normalize"]["domains"], predicted["not_valued"]),
        "screened": findings.screened_lines(metrics["screen"]["domains"]),
        "extra": staging["extra_columns"],
        "lacks": findings.missing_part_sentences(staging, metrics["split"], predicted["valued"])
        + findings.skipped_variant_sentences(saved, metrics["split"]),
    }


def _accuracy_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a metric and a cell a variant; the best value is marked, unless several are equal."""
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
            and part.get("view", "blind") == "blind"  # list prices are nearly the answer
            and (value := part[group][name]["value"]) is not None
        }
        top = max(merit.values(), default=0.0)
        single = list(merit.values()).count(top) == 1 and len(merit) > 1
        cells = [
            {
                "value": format_metric(name, one["value"]),
                "best": single and merit.get(variant) == top,
                "span": format_metric_interval(name, one),
            }
            for variant, one in ((v, part[group][name]) for v, part in scores.items())
        ]
        rows.append({"name": title, "cells": cells})
    return rows


def _screened_rows(scores: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows in the form of `_accuracy_rows`: the accuracy on the sales that `screen` calls
    usable."""
    return [
        {
            "name": f"{findings.NAMES[name]}, screened sales",
            "cells": [
                {
                    "value": format_metric(name, one["value"]),
                    "best": False,
                    "span": format_metric_interval(name, one),
                }
                for one in (part["screened"]["accuracy"][name] for part in scores.values())
            ],
        }
        for name in ("mdape", "mape", "ppe10")
    ]


def _domain_pictures(data: DomainData) -> list[tuple[str, str, str]]:
    """The plots of one domain: title, SVG and finding of each.

    Parameters
    ----------
    data : DomainData
        What the stages wrote of the domain.

    Returns
    -------
    list of tuple of str
        (title, SVG, finding), in the order of the page.
    """
    score, test = data.scores[data.best], data.test
    names = [key.removeprefix("interval_") for key in score if key.startswith("interval_")]
    band, value, codes = (
        data.slices_of(kind, data.best) for kind in ("price band", "value band", "ZIP")
    )
    linear_band = data.slices_of("price band", data.linear)
    pictures = [
        (
            "Actual against estimated price",
            valuation.plot_actual_predicted(test),
            findings.accuracy_sentence(score),
        ),
        (
            "Error by price band",
            valuation.plot_error_by_band(band, linear_band),
            findings.band_sentence(band),
        ),
    ]
    if (test["latitude"].notna() & test["postal_code"].notna()).any():
        zips = valuation.plot_zip_map(test, codes)
        pictures.append(("Error by ZIP", zips, findings.zip_sentence(codes)))
    pictures.append(
        (
            "Intervals by estimated price",
            valuation.plot_coverage(value, names, "fifth of the test by estimate"),
            findings.coverage_sentence(value),
        )
    )
    if data.index["month"].nunique() > 1 and "grouped" not in data.split:
        index = valuation.plot_price_index(data.index)
        pictures.append(("How prices have moved", index, findings.index_sentence(data.index)))
    return pictures


def domain_context(data: DomainData) -> dict[str, Any]:
    """What the template needs of one domain: headline, table, plots with their findings."""
    scores, split, test = data.scores, data.split, data.test
    score, linear = scores[data.best], data.linear
    error = np.abs(test["pred_close_price"] / test["close_price"] - 1)
    odd = int((error > 1).sum())
    return {
        "domain": data.domain,
        "title": TITLES[data.domain],
        "boundary": split["boundary"],
        "grouped": "grouped" in split,
        "headline": findings.headline_sentence(score, split),
        "against": findings.baseline_sentence(score, scores[linear]) if linear else "",
        "variants": list(scores),
        "aware": [name for name, part in scores.items() if part.get("view") == "aware"],
        "rows": _accuracy_rows(scores) + _screened_rows(scores),
        "sales": f"{score['sales']:,}",
        "screened": f"{score['screened']['sales']:,}",
        "odd": f"{odd} of them differ from their price by more than the price itself, which "
        "weighs on MAPE, RMSE and R²."
        if odd
        else "",
        "trained": f"{data.saved.trained_on:,}",
        "purged": split["purged"],
        "again": split["test_homes_sold_before"],
        "plots": [site.picture_context(*one) for one in _domain_pictures(data)],
    }


def _valuation_row(row: dict[str, Any], comparables: int) -> dict[str, Any]:
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
        f"{format_money(row[f'comp_{rank}_close_price'])} on "
        f"{str(row[f'comp_{rank}_close_date'])[:10]}, adjusted "
        f"{format_money(row[f'comp_{rank}_adjusted_close_price'])} "
        f"({row[f'comp_{rank}_listing_key']})"
        for rank in range(1, comparables + 1)
        if not pd.isna(row.get(f"comp_{rank}_listing_key"))
    ]
    place = row.get("unparsed_address")
    return {
        "listing_key": row["listing_key"],
        "domain": row["domain"],
        "place": row.get("postal_code", "") if pd.isna(place) else place,
        "value": format_money(row["pred_close_price"]),
        "confidence": f"{row['pred_confidence']:.0f}",
        "abstention": "" if pd.isna(row["pred_abstention"]) else row["pred_abstention"],
        "interval": f"{format_money(row['pred_low_90'])} to {format_money(row['pred_high_90'])}",
        "list_price": format_money(row.get("list_price")),
        "facts": ", ".join(facts),
        "comparables": near,
    }


class ReportParams(params.Section):
    """The `report` section of params.yaml."""

    listings: int = Field(ge=0)
    photo_homes: int = Field(ge=0)
    photos_a_home: int = Field(ge=1)
    look_alike: int = Field(ge=0)
