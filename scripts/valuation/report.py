"""Write the report: a few HTML pages that need no network.

Example: python -m scripts.valuation.report
"""

from pathlib import Path

import click
import pandas as pd
from pydantic import Field

from lib.common import cli, io, params, variants
from lib.listings import contract
from lib.report import (
    accuracy,
    card_words,
    explanation_page,
    findings,
    intervals,
    ratio_study,
    site,
    summary,
)

OUT = Path("data/report")
METRICS = Path("metrics")
FEATURES = Path("data/features")
EVALUATED = Path("data/evaluate")
EXPLAINED = Path("data/explain")
PLOTS = Path("plots/explain")
CALIBRATED = Path("data/calibrate")


class Params(params.Section):
    """The `report` section of params.yaml."""

    listings: int = Field(ge=0)


def explained(listings: pd.DataFrame) -> dict:
    """What the page `explanation` needs; the homes of `listings` are shown one by one."""
    looks = io.read_json(EXPLAINED / "looks.json")
    drawn = [
        one | {"svg": (PLOTS / one["plot"]).read_text(encoding="utf-8")}
        for one in looks
        if one["plot"]
    ]
    tables = [EXPLAINED / f"{name}.parquet" for name in ("contributions", "comparables")]
    homes = []
    if len(listings):
        homes = explanation_page.homes(listings, *(io.read_parquet(path) for path in tables))
    return explanation_page.context(looks, drawn, homes)


def calibrated(
    chosen: dict[str, str], predictions: pd.DataFrame, slices: pd.DataFrame
) -> list[dict]:
    """What the page `intervals` needs: a part a domain, `chosen` the variant that values each."""
    how = io.read_json(METRICS / "calibrate.json")["variants"]
    parts = []
    for domain, variant in chosen.items():
        scores = io.read_parquet(CALIBRATED / variant / "scores.parquet")
        parts.append(
            intervals.part(
                domain,
                predictions[predictions["variant"] == variant],
                slices[slices["variant"] == variant],
                scores.loc[scores["past"], "error"].to_numpy(float),
                how[variant],
            )
        )
    return parts


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load("report", Params)
    agreed = contract.read(base.feed)
    staging, normalized, screened, split, evaluated, predicted = (
        io.read_json(METRICS / f"{stage}.json")
        for stage in ("staging", "normalize", "screen", "split", "evaluate", "predict")
    )
    predictions = io.read_parquet(EVALUATED / "predictions.parquet")
    slices = io.read_parquet(EVALUATED / "slices.parquet")
    saved_all = {
        name: io.read_json(folder / "model.json") for name, folder in variants.folders().items()
    }
    verdicts = io.read_json(METRICS / "cards.json")["variants"]
    chosen = {d: v for d, v in predicted["variants"].items() if v in evaluated["variants"]}
    parts = []
    for domain, variant in predicted["variants"].items():
        saved = saved_all[variant]
        if "skipped" not in saved:
            scores = {
                name: score
                for name, score in evaluated["variants"].items()
                if (predictions.loc[predictions["variant"] == name, "domain"] == domain).any()
            }
            # what values homes comes first, what sees list prices last
            order = sorted(scores, key=lambda n: (scores[n]["view"] == "aware", n != variant, n))
            parts.append(
                summary.domain_part(
                    domain,
                    {name: scores[name] for name in order},
                    variant,
                    predictions,
                    slices,
                    split[domain],
                    saved,
                    io.read_parquet(FEATURES / f"{domain}_index.parquet"),
                )
                | {"thresholds": card_words.threshold_rows(verdicts[variant]["checks"])}
            )
    valued = io.read_csv(Path("data/predict/valuations.csv"))
    rows = [
        summary.home_row(row, predicted["comparables"])
        for row in valued.head(settings.listings).to_dict("records")
    ]
    contexts = {
        "index": {
            "domains": parts,
            "valuations": rows,
            "valued": len(valued),
            "comparables": predicted["comparables"],
            "valuations_file": "valuations.csv",
            "rows_in": f"{staging['rows_in']:,}",
            "clean": f"{staging['clean']:,}",
            "duplicates": f"{staging['duplicates']:,}",
            "quarantined": f"{staging['quarantined']:,}",
            "reasons": staging["reasons"].items(),
            "cells": normalized["cells_set_missing"].items(),
            "screened": findings.screened(screened["domains"]),
            "extra": staging["extra_columns"],
            "lacks": findings.missing_parts(staging, split, predicted["valued"])
            + findings.skipped_variants(saved_all, split),
        },
    }
    if chosen:
        tables = {"predictions": predictions, "slices": slices} | {
            name: io.read_csv(EVALUATED / f"{name}.csv") for name in ("calibration", "worst")
        }
        contexts["intervals"] = {"parts": calibrated(chosen, predictions, slices)}
        contexts["accuracy"] = accuracy.context(chosen, evaluated, tables)
        ratios = io.read_csv(EVALUATED / "ratio_study.csv").astype({"stratum": "str"})
        contexts["ratio_study"] = ratio_study.context(chosen, evaluated, predictions, ratios)
    contexts["explanation"] = explained(valued.head(settings.listings))
    shared = {"feed": base.feed, "contract": agreed, "as_of": normalized["as_of"]}
    pages = site.render(contexts, shared)
    for name, html in pages.items():
        io.write_text(OUT / f"{name}.html", html)
    cli.log.info("report.complete", out=str((OUT / "index.html").resolve()), pages=len(pages))


if __name__ == "__main__":
    main()
