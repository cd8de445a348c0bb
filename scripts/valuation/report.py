"""Write the report: a few HTML pages that need no network.

Example: python -m scripts.valuation.report
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pandas as pd

from lib.common import artifacts, cli, io, params
from lib.common.errors import require
from lib.common.processes import map_processes
from lib.report.pages import (
    accuracy,
    explanation,
    index,
    intervals,
    photo_homes,
    photos,
    ratio_study,
    site,
)
from lib.report.pages.index import ReportParams

OUT = Path("data/report")
METRICS = Path("metrics")
STAGES = ["staging", "normalize", "screen", "split", "calibrate", "evaluate", "predict", "cards",
          "ablate", "summary"]  # fmt: skip
FEATURES = Path("data/features")
EVALUATED = Path("data/evaluate")
EXPLAINED = Path("data/explain")
PLOTS = Path("plots/explain")
CALIBRATED = Path("data/calibrate")
PHOTOS = Path("data/photos")
EMBEDDED = Path("data/embed")
NORMALIZED = Path("data/normalize")
SCREENED = Path("data/screen")

Page = Callable[[], dict]  # makes what a page needs
Tables = dict[str, pd.DataFrame]  # of data/evaluate, by name


def _explanation_page(listings: pd.DataFrame) -> dict:
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
        homes = explanation.explained_home_rows(
            listings, *(io.read_parquet(path) for path in tables)
        )
    return explanation.explanation_context(looks, drawn, homes)


def _intervals_page(
    chosen: dict[str, str], calibrated: dict, predictions: pd.DataFrame, slices: pd.DataFrame
) -> dict:
    """What the page `intervals` needs; `chosen` are the variants that value each domain."""
    scores = {v: io.read_parquet(CALIBRATED / v / "scores.parquet") for v in chosen.values()}
    parts = [
        intervals.domain_context(
            domain,
            predictions[predictions["variant"] == variant],
            slices[slices["variant"] == variant],
            scores[variant].loc[scores[variant]["past"], "error"].to_numpy(float),
            calibrated["variants"][variant],
        )
        for domain, variant in chosen.items()
    ]
    return {"parts": parts}


def photo_source(file: str) -> str:
    """A photo of `data/photos` as a thumbnail that the page bears."""
    path = PHOTOS / file
    require(path.is_file(), f"{path}: no such photo, which data/embed names; run `make repro`")
    return photo_homes.thumbnail_data_uri(path.read_bytes())


def _photo_cards(valued: pd.DataFrame, vectors: pd.DataFrame, settings: ReportParams) -> list[dict]:
    """Cards of the first homes of `valued` that have photos."""
    tables = []
    for domain in vectors["domain"].unique():
        table = io.read_parquet(NORMALIZED / f"{domain}.parquet")
        judged = io.read_parquet(SCREENED / f"{domain}.parquet")
        usable = judged.loc[judged["usable"], "listing_key"]
        tables.append(table.assign(usable=table["listing_key"].isin(usable)))
    listings = pd.concat(tables, ignore_index=True)
    homes = photo_homes.choose_homes(valued, vectors, listings, settings.photo_homes)
    gallery = photo_homes.Gallery(
        vectors,
        listings,
        io.read_parquet(EXPLAINED / "contributions.parquet"),
        photo_source,
        settings.photos_a_home,
        settings.look_alike,
    )
    return photo_homes.home_cards(homes, gallery)


def _photos_page(
    valued: pd.DataFrame, vectors: pd.DataFrame, metrics: dict, saved: dict, settings: ReportParams
) -> dict:
    """What the page `photos` needs; `saved` is each variant's model.json."""
    homes = _photo_cards(valued, vectors, settings) if settings.photo_homes else None
    skipped = {
        name: one.skipped
        for name, folder in artifacts.model_folders().items()
        if folder.parent.name == "fuse" and isinstance(one := saved[name], artifacts.Skipped)
    }
    encoder = io.read_json(EMBEDDED / "encoder.json")
    ablated, summary = metrics["ablate"], metrics["summary"]
    facts = photos.PhotoFacts(ablated, summary, saved, skipped, encoder, vectors, homes)
    return photos.photos_context(facts)


def _index_page(
    metrics: dict, saved: dict, tables: Tables, valued: pd.DataFrame, listings: int
) -> dict:
    """What the first page needs; `metrics` are the metrics files by stage."""
    domains = [
        d for d, v in metrics["predict"]["variants"].items() if v in metrics["evaluate"]["variants"]
    ]
    indices = {d: io.read_parquet(FEATURES / f"{d}_index.parquet") for d in domains}
    parts = index.make_domain_contexts(
        metrics, saved, tables["predictions"], tables["slices"], indices
    )
    return index.index_context(metrics, saved, parts, valued, listings)


def evidence_pages(chosen: dict[str, str], metrics: dict, tables: Tables) -> dict[str, Page]:
    """The pages on the test of the variants `chosen` by domain."""
    evaluated, predictions = metrics["evaluate"], tables["predictions"]
    ratios = io.read_csv(EVALUATED / "ratio_study.csv").astype({"stratum": "str"})
    more = {name: io.read_csv(EVALUATED / f"{name}.csv") for name in ("calibration", "worst")}
    return {
        "intervals": partial(
            _intervals_page, chosen, metrics["calibrate"], predictions, tables["slices"]
        ),
        "ratio_study": partial(
            ratio_study.ratio_study_context, chosen, evaluated, predictions, ratios
        ),
        "accuracy": partial(accuracy.accuracy_context, chosen, evaluated, tables | more),
    }


def build_page(page: Page) -> dict:
    """What a page needs."""
    return page()


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("report", ReportParams)
    metrics = {stage: io.read_json(METRICS / f"{stage}.json") for stage in STAGES}
    tables = {
        name: io.read_parquet(EVALUATED / f"{name}.parquet") for name in ("predictions", "slices")
    }
    folders = artifacts.model_folders()
    saved = {name: artifacts.read_model(folder) for name, folder in folders.items()}
    scores, predicted = metrics["evaluate"]["variants"], metrics["predict"]["variants"]
    chosen = {domain: variant for domain, variant in predicted.items() if variant in scores}
    valued = io.read_csv(Path("data/predict/valuations.csv"))
    pages: dict[str, Page] = {  # the longest first
        "index": partial(_index_page, metrics, saved, tables, valued, settings.listings)
    }
    if chosen:
        pages |= evidence_pages(chosen, metrics, tables)
    pages["explanation"] = partial(_explanation_page, valued.head(settings.listings))
    vectors = io.read_parquet(EMBEDDED / "vectors.parquet")
    if len(vectors):
        pages["photos"] = partial(_photos_page, valued, vectors, metrics, saved, settings)
    contexts = dict(
        zip(pages, map_processes(build_page, pages.values(), label="report"), strict=True)
    )
    source, as_of = io.read_json(NORMALIZED / "feed.json"), metrics["normalize"]["as_of"]
    html = site.render_pages(contexts, {"feed": base.feed, "source": source, "as_of": as_of})
    for name, text in html.items():
        io.write_text(OUT / f"{name}.html", text)
    cli.log.info("report.complete", out=str((OUT / "index.html").resolve()), pages=len(html))


if __name__ == "__main__":
    main()
