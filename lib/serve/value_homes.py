"""Valuing a file of properties by the models of a run, which say of each row what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lib.common.artifacts import Skipped
from lib.features import build
from lib.models.serving.served_variants import (
    PredictParams,
    read_model_features,
    read_served_model,
    require_no_future,
    value_homes,
)
from lib.models.variants.predict import add_missing_photo_inputs, uses_photos
from lib.serve.subjects import Subjects


@dataclass(frozen=True)
class ValuedFile:
    """What became of a file's rows: `valued`, in the file's order; `rejected` with a reason, cells
    of valued rows that were set missing (`issues`), and the variants that would have looked at
    photos (`without_photos`)."""

    valued: pd.DataFrame
    rejected: pd.DataFrame
    issues: pd.DataFrame
    without_photos: list[str]


def value_subjects(
    subjects: Subjects,
    as_of: dt.date,
    spec: build.FeaturesParams,
    evidence: Mapping[str, build.MarketEvidence],
    settings: PredictParams,
) -> ValuedFile:
    """Value the properties of a file as of a date.

    `spec` is that of the feature table that the models learnt from, `evidence` the market of each
    domain. Every row is valued or rejected. Raises `RemlError` where a model has learnt from sales
    after `as_of`.
    """
    homes, rejected, issues = subjects
    count = len(homes) + len(rejected)
    parts, blind = [], []
    for domain, rows in homes.groupby("domain"):
        saved = read_served_model(str(domain), settings)
        if isinstance(saved, Skipped):
            left = rows[["_source_file", "_source_row"]].assign(_reason=saved.skipped)
            rejected = pd.concat([rejected, left])
            continue
        require_no_future(f"{as_of}", saved, "--as-of")
        features, near, _ = build.build_features(rows, evidence[str(domain)], spec)
        features = add_missing_photo_inputs(features, saved)  # a file of properties has none
        blind += [saved.variant] if uses_photos(saved) else []
        past = read_model_features(saved)
        parts.append(value_homes(features, rows, near, past, saved, settings)[0])
    valued = pd.concat(parts) if parts else pd.DataFrame(columns=["listing_key", "domain"])
    assert len(valued) + len(rejected) == count
    order = homes[["listing_key", "domain", "_source_row"]]  # the file's own
    valued = valued.merge(order).sort_values("_source_row").drop(columns="_source_row")
    issues = issues[issues["listing_key"].isin(valued["listing_key"])]
    return ValuedFile(valued, rejected.sort_values("_source_row"), issues, blind)
