"""Write a model card for each variant, check the baseline thresholds, and tell failures loudly.

The cards are docs/model_cards/<variant>.md, with README.md listing them; the verdicts are in
metrics/cards.json. A failed threshold stops nothing.

Example: python -m scripts.valuation.cards
"""

import shutil
from pathlib import Path

import click
import pandas as pd

from lib.common import artifacts, cli, dictionary, io, params
from lib.common.artifacts import Blend, FittedVariant, Skipped
from lib.evaluation.cards import card, facts, tables
from lib.evaluation.cards.card import CardsParams
from lib.evaluation.scoring import thresholds
from lib.evaluation.scoring.score import round_nested
from lib.report.wording import findings

OUT = Path("docs/model_cards")
METRICS = Path("metrics")
EVALUATED = Path("data/evaluate")
STAGED = Path("data/staging")
FEED = Path("data/normalize/feed.json")
SPEC = Path("data/features/spec.json")
PLACES = 6  # significant digits in metrics/cards.json
STAGES = ("evaluate", "predict", "split", "staging", "screen")
PHOTOS = (Path("lib/models/variants/fuse.meta.yml"), "inputs of data/fuse")


def lock_hash(folder: Path) -> tuple[str, str]:
    """The out of dvc.yaml that a variant's folder lies in, and its hash as dvc.lock has it."""
    out = folder if folder.parent in artifacts.FITTED else folder.parent
    files = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    return out.as_posix(), facts.folder_md5(files)


def raw_file_hashes() -> dict[str, str]:
    """SHA-256 of each raw file that staging kept a row of, by name."""
    named = ["_source_file", "_file_sha256"]
    tables = [
        io.read_parquet(STAGED / f"{name}.parquet", named)
        for name in ("listings", "superseded_listings")
    ]
    files = pd.concat(tables).dropna().drop_duplicates().sort_values(named, kind="stable")
    return dict(files.itertuples(index=False, name=None))


def past_close_dates(domain: str) -> pd.Series:
    """Close dates of the sales before the test.

    Parameters
    ----------
    domain : str
        The domain.

    Returns
    -------
    Series of datetime64
        The dates.
    """
    roles = io.read_parquet(Path(f"data/split/{domain}.parquet"))
    keys = roles.loc[roles["role"] == "train", "listing_key"]
    dates = io.read_parquet(Path(f"data/features/{domain}.parquet"), ["listing_key", "close_date"])
    return dates.loc[dates["listing_key"].isin(keys), "close_date"]


def input_kinds(inputs: set[str]) -> dict[str, str]:
    """The kind of each column of the feature tables, as `features` wrote it, and of the `inputs`
    that tell of photos, by the data dictionary."""
    of_features, (file, table) = io.read_json(SPEC)["kinds"], PHOTOS
    listed = dictionary.read_spec(dictionary.CODE / file).tables[table]
    rest = inputs - set(of_features)
    return of_features | {n: str(entry.kind) for n in rest if (entry := listed.entry(n))}


def report_failures(name: str, checks: dict, served: bool) -> dict:
    """Say which thresholds a variant that values homes fails; its part of metrics/cards.json."""
    failed = [check for check, one in checks.items() if one["verdict"] == thresholds.FAIL]
    if failed and served:
        cli.log.warning("cards.threshold_failed", variant=name, thresholds=failed)
    return {"served": served, "failed": failed, "checks": checks}


def card_facts(
    name: str, saved: FittedVariant | Blend, metrics: dict, test: pd.DataFrame, slices: pd.DataFrame
) -> dict:
    """What the card of one variant states beside its thresholds.

    Parameters
    ----------
    name : str
        The variant.
    saved : FittedVariant or Blend
        Its model.json.
    metrics : dict
        The metrics files, by stage.
    test : DataFrame
        Its test predictions.
    slices : DataFrame
        slices.parquet, of all variants.

    Returns
    -------
    dict
        Most of the facts that `lib.evaluation.cards.card.render_card` names.
    """
    domain, score = saved.domain, metrics["evaluate"]["variants"][name]
    split, screened = metrics["split"][domain], metrics["screen"]["domains"][domain]
    names, valued_by = facts.visible_inputs(saved), metrics["predict"]["variants"].get(domain)
    return {
        "name": name,
        "domain": domain,
        "view": saved.view,
        "served": valued_by == name,
        "valued_by": valued_by,
        "saved": saved,
        "score": score,
        "headline": findings.headline_sentence(score, split),
        "slices": slices[slices["variant"] == name],
        "inputs": names,
        "placed": bool({"postal_code", "latitude", "longitude"} & set(names)),
        "excluded": screened["excluded"],
        "overrides": screened["overrides"]["usable"] + screened["overrides"]["not_usable"],
        "train": facts.date_span(past_close_dates(domain)),
        "test": facts.date_span(test["as_of"]) | {"grouped": split.get("grouped", "")},
        "hashes": facts.training_hashes(saved),
    }


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("cards", CardsParams)
    metrics = {stage: io.read_json(METRICS / f"{stage}.json") for stage in STAGES}
    predicted, staging = metrics["predict"], metrics["staging"]
    predictions = io.read_parquet(EVALUATED / "predictions.parquet")
    slices = io.read_parquet(EVALUATED / "slices.parquet")
    tests = {str(name): part for name, part in predictions.groupby("variant")}
    folders = artifacts.model_folders()
    saved_all = {name: artifacts.read_model(folder) for name, folder in folders.items()}
    fitted = [one for one in saved_all.values() if not isinstance(one, Skipped)]
    linear = {
        one.domain: name
        for name, one in saved_all.items()
        if isinstance(one, FittedVariant) and one.model == "linear" and one.view == "blind"
    }
    shared = {
        "source": io.read_json(FEED),
        "feed": base.feed,
        "staging": staging,
        "kinds": input_kinds({name for one in fitted for name in facts.visible_inputs(one)}),
        "lacks": findings.missing_part_sentences(staging, metrics["split"], predicted["valued"]),
    }
    shutil.rmtree(OUT, ignore_errors=True)  # as dvc does
    tally: dict[str, dict] = {}
    rows = []
    for name, saved in saved_all.items():
        if isinstance(saved, Skipped):
            io.write_text(OUT / f"{name}.md", card.render_skipped_card(name, saved.skipped))
            rows.append(tables.card_index_row(name, None, {}, False))
            continue
        domain, score = saved.domain, metrics["evaluate"]["variants"][name]
        served = predicted["variants"].get(domain) == name
        other = tests[linear[domain]] if linear.get(domain, name) != name else None
        judged = facts.variant_checks(
            score, tests[name], other, settings.thresholds, settings.draws, base.seed
        )
        content = card_facts(name, saved, metrics, tests[name], slices)
        out, out_md5 = lock_hash(folders[name])
        content |= judged | {"out": out, "out_md5": out_md5}
        io.write_text(OUT / f"{name}.md", card.render_card(shared | content))
        rows.append(tables.card_index_row(name, score, judged["checks"], served))
        tally[name] = report_failures(name, judged["checks"], served)
    io.write_text(
        OUT / "README.md", card.render_index(shared["source"], base.feed, raw_file_hashes(), rows)
    )
    io.write_json(
        METRICS / "cards.json", round_nested({"feed": base.feed, "variants": tally}, PLACES)
    )
    cli.log.info("cards.complete", out=str(OUT), cards=len(rows))


if __name__ == "__main__":
    main()
