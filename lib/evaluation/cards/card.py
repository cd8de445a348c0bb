"""Model cards: one page of Markdown a variant, and a page that lists them.

Equal figures give equal bytes: no clock, no commit, no path outside the repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from pydantic import Field

from lib.common import params
from lib.common.artifacts import Blend, Model
from lib.evaluation.cards import tables
from lib.evaluation.scoring.thresholds import FAIL, Thresholds
from lib.report.wording import numbers, thresholds_text

CARD = Path(__file__).with_name("card.md")
INDEX = Path(__file__).with_name("card_index.md")
FILES = 12  # raw files that the index names


def _settings_yaml(saved: Model) -> str:
    """What a variant was fitted with, as YAML; weights of a blend to four digits."""
    names = ("model", "view", "params", "level", "seed", "encoder")
    content = saved.model_dump(include=set(names), exclude_unset=True)
    settings = {name: content[name] for name in names if name in content}
    if isinstance(saved, Blend):
        settings["weights"] = {name: round(share, 4) for name, share in saved.weights.items()}
    return yaml.safe_dump(settings, sort_keys=False, width=90).rstrip()


def template_environment() -> jinja2.Environment:
    """Markdown is not escaped: cards hold figures, names of settings and the contract's words."""
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def render_card(facts: Mapping[str, Any]) -> str:
    """The Markdown of a variant's card.

    `facts` holds: name, domain, view, served, valued_by (the variant that is served), source
    (feed.json), feed, saved (model.json), score (its part of metrics/evaluate.json), headline,
    checks (thresholds), slices (its rows of slices.parquet), by_zip and by_band
    (`lib.evaluation.scoring.thresholds.group_levels`), inputs and kinds of them, placed (whether
    place is among them), staging (metrics), excluded, overrides, lacks, test (`grouped`, first,
    last, days), train (first, last), hashes (what -> hash), out and out_md5 (as dvc.lock records
    it).
    """
    slices = facts["slices"]
    rest = {
        "sales": facts["score"]["sales"],
        "quarantined": facts["staging"]["quarantined"],
        "areas": tables.summarize_group_levels(facts["by_zip"]),
    }
    return (
        template_environment()
        .from_string(CARD.read_text(encoding="utf-8"))
        .render(
            facts,
            use=thresholds_text.intended_use_sentence(
                facts["domain"], facts["view"], facts["served"], facts["source"]["synthetic"]
            ),
            demographics=thresholds_text.input_cautions(facts["inputs"]),
            thresholds=thresholds_text.threshold_rows(facts["checks"]),
            failed=[k for k, one in facts["checks"].items() if one["verdict"] == FAIL],
            names=thresholds_text.CHECKS,
            photos=any(name.startswith("img_") for name in facts["inputs"]),
            input_rows=tables.input_rows(facts["inputs"], facts["kinds"]),
            settings=_settings_yaml(facts["saved"]),
            metrics=tables.metric_rows(facts["score"]),
            stood_by=facts["score"]["accuracy"]["hit_rate"]["value"] < 1,
            answered_share=numbers.format_share(facts["score"]["accuracy"]["hit_rate"]["value"]),
            intervals=tables.interval_rows(facts["score"]),
            ratios=tables.ratio_rows(facts["score"].get("ratio_study", {})),
            chasing=facts["score"].get("ratio_study", {}).get("sales_chasing"),
            kinds_of_slices=tables.slice_kind_rows(slices),
            zips=tables.group_level_rows(facts["by_zip"], slices[slices["kind"] == "ZIP"]),
            bands=tables.group_level_rows(facts["by_band"], slices[slices["kind"] == "proxy band"]),
            limits=thresholds_text.limitation_sentences(
                facts["test"], facts["lacks"], len(slices), int(slices["thin"].sum())
            ),
            factors=thresholds_text.rule_factors({**facts, **rest}),
        )
    )


def render_skipped_card(name: str, reason: str) -> str:
    """The card of a variant that was not trained."""
    return f"# Model card: `{name}`\n\nNot trained, so there is nothing to say of it: {reason}.\n"


def render_index(
    source: Mapping[str, Any], feed: str, files: Mapping[str, str], rows: list[dict[str, str]]
) -> str:
    """The page that lists all cards and says once what holds for each.

    `source` is feed.json, `files` the SHA-256 of each raw file by name; a row has name, use, mdape,
    verdicts.
    """
    listed = [(numbers.markdown_cell(file), one) for file, one in files.items()][:FILES]
    return (
        template_environment()
        .from_string(INDEX.read_text(encoding="utf-8"))
        .render(
            source=source,
            feed=feed,
            rows=rows,
            listed=listed,
            files=len(files),
            not_for=thresholds_text.NOT_FOR,
            demographics=thresholds_text.DEMOGRAPHICS,
            gaps=thresholds_text.GAPS.items(),
        )
    )


class CardsParams(params.Section):
    """The `cards` section of params.yaml."""

    draws: int = Field(ge=1)
    thresholds: Thresholds
