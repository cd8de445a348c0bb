"""The page `photos`: whether they helped, which fusion did best, what made the vectors, and homes
one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lib.common.artifacts import Model, Skipped
from lib.common.vocabulary import UNKNOWN_ROOM
from lib.evaluation.ablation import photo_lift_text
from lib.evaluation.ablation.photo_lift_text import format_points
from lib.evaluation.explanation.narrative import join_with_and
from lib.evaluation.feature_groups import group_of_input
from lib.report.pages import photo_homes, site
from lib.report.plots import photos
from lib.report.wording.findings import TITLES
from lib.report.wording.numbers import format_share

METRICS = {"mape": "MAPE", "mdape": "MdAPE"}
ERRORS = {"without": "without photos", "with": "with photos", "shuffled": "with shuffled photos"}
GAINS = {"lift": "lift, in points", "control": "lift when shuffled"}
MARKS = {True: "passed", False: "failed", None: "nothing to look at"}


def _gain_cell(one: dict[str, Any]) -> dict[str, Any]:
    """A gain as a cell of the table: points, and below them its interval and p."""
    small = [
        photo_lift_text.format_points_interval(one),
        photo_lift_text.format_p_value(one["p"]),
    ]
    return {"value": photo_lift_text.format_points(one["value"]), "small": small}


def _slice_name(one: dict[str, Any]) -> str:
    """What a slice is called where slices of all kinds stand together."""
    return one["slice"] if one["kind"] == "photo coverage" else f"{one['kind']} {one['slice']}"


def _lift_rows(part: dict[str, Any]) -> list[dict[str, Any]]:
    """What the forest plot shows: all sales, the control, then slice by slice."""
    all_sales = {"sales": part["sales"], "thin": False}
    first = [
        all_sales | {"name": "all sales", "kind": "all", "mape": part["lift"]["mape"]},
        all_sales | {"name": "shuffled photos", "kind": "control", "mape": part["control"]["mape"]},
    ]
    return first + [one | {"name": _slice_name(one)} for one in part["slices"]]


def slice_finding(slices: list[dict[str, Any]]) -> str:
    """In which slices photos surely help, surely hurt, and help the most; thin ones aside."""
    thick = [one for one in slices if not one["thin"]]
    thin = len(slices) - len(thick)
    note = f" Grey: {thin} with under 30 sales." if thin else ""
    if not thick:
        return f"Every slice has under 30 sales, so none stands on its own.{note}"
    better = sum(one["mape"]["low"] > 0 for one in thick)
    worse = [_slice_name(one) for one in thick if one["mape"]["high"] < 0]
    most = max(thick, key=lambda one: one["mape"]["value"])
    text = (
        f"In {better} of {len(thick)} slices the whole interval lies above zero; photos take the "
        f"most off in {_slice_name(most)} ({format_points(most['mape']['value'])} points)."
    )
    return text + (f" They surely hurt in {join_with_and(worse)}." if worse else "") + note


def lift_context(variant: str, part: dict[str, Any]) -> dict[str, Any]:
    """What the template needs of the lift of one variant (metrics/ablate.json, `photos`)."""
    lead, _, rest = part["told"].partition(": ")
    out = {
        "variant": variant,
        "lead": f"{lead[:1].upper()}{lead[1:]}.",
        "told": f"{rest[:1].upper()}{rest[1:].rstrip('.')}.",
    }
    if "skipped" in part:
        return out | {"rows": [], "verdict": ""}
    rows = [
        {
            "name": title,
            "cells": [
                {"value": format_share(part["errors"][name][metric], 2), "small": []}
                for metric in METRICS
            ],
        }
        for name, title in ERRORS.items()
    ]
    rows += [
        {"name": title, "cells": [_gain_cell(part[name][metric]) for metric in METRICS]}
        for name, title in GAINS.items()
    ]
    plot = (
        "What photos take off the error",
        photos.plot_lift_forest(_lift_rows(part)),
        slice_finding(part["slices"]),
    )
    return out | {
        "verdict": part["verdict"],
        "rows": rows,
        "sales": f"{part['sales']:,}",
        "homes": f"{part['homes']:,}",
        "with_photos": f"{part['with_photos']:,}",
        "plots": [site.picture_context(*plot)],
        "checks": [one | {"mark": MARKS[one["passed"]]} for one in part["checks"]],
        "limit": format_share(part["guard"]["limit"], 0),
        "price": photo_lift_text.describe_cost(part),
    }


def fold_context(domain: str, scores: dict[str, Any], seeing: set[str]) -> dict[str, Any] | None:
    """The variants of a domain by their error on the folds of the past, and which fusion did best;
    None where no variant that sees photos has such an error. `scores` are those of
    metrics/summary.json, `seeing` the variants that look at photos."""
    with_error = {name: one for name, one in scores.items() if one.get("fold_mape") is not None}
    order = sorted(with_error, key=lambda name: (with_error[name]["fold_mape"], name))
    best, other = ([name for name in order if (name in seeing) == sees] for sees in (True, False))
    if not best:
        return None

    def said(name: str) -> str:
        return f"{name} (MAPE {format_share(with_error[name]['fold_mape'], 2)})"

    finding = f"Of what sees photos, {said(best[0])} did best on the folds of the past"
    if other:
        gap = 100 * (with_error[other[0]]["fold_mape"] - with_error[best[0]]["fold_mape"])
        word = "below" if gap > 0 else "above"
        finding += f", {abs(gap):.2f} points {word} the best of the others, {said(other[0])}"
    rows = [
        {
            "name": name,
            "sees": name in seeing,
            "cells": [
                format_share(with_error[name].get(f"fold_{metric}"), 2) for metric in METRICS
            ],
        }
        for name in order
    ]
    return {"title": TITLES[domain], "finding": f"{finding}.", "rows": rows}


def encoder_finding(encoder: dict[str, Any], vectors: pd.DataFrame) -> list[str]:
    """Who made the vectors, of how many photos, and which of them counted once.

    Parameters
    ----------
    encoder : dict of str to Any
        data/embed/encoder.json.
    vectors : DataFrame
        data/embed/vectors.parquet.

    Returns
    -------
    list of str
        Two paragraphs.
    """
    listings = len(vectors[["domain", "listing_key"]].drop_duplicates())
    contents, pictures = vectors["sha1"].nunique(), vectors["picture"].nunique()
    again, close = len(vectors) - contents, contents - pictures
    weights = encoder["weights"]
    reads = (
        "reads prompts as well"
        if encoder["texts"]
        else "reads no prompts, so no room is known by its looks"
    )
    return [
        f"The encoder {encoder['encoder']} ({encoder['library']} {encoder['model']}"
        + (f", weights {weights[:12]}" if weights else "")
        + f") made {encoder['dims']} numbers of each photo; it {reads}.",
        f"{len(vectors):,} photos of {listings:,} listings show {pictures:,} pictures: {again:,} "
        f"photos are the same file as another and {close:,} nearly the same picture. A picture "
        "counts once among sales and once among rentals, for the listing that showed it first.",
    ]


def room_rows(vectors: pd.DataFrame) -> list[dict[str, Any]]:
    """Photos by room, all and by how the room was known; unknown rooms last.

    Parameters
    ----------
    vectors : DataFrame
        data/embed/vectors.parquet.

    Returns
    -------
    list of dict
        name and cells of each row.
    """
    counts = pd.crosstab(vectors["room"], vectors["room_by"])
    counts = counts.assign(all=counts.sum(axis=1)).reindex(columns=["all", *photo_homes.BY])
    order = sorted(counts.index, key=lambda room: (room == UNKNOWN_ROOM, room))
    return [
        {
            "name": "not known" if room == UNKNOWN_ROOM else photo_homes.room_title(room),
            "cells": [f"{count:,.0f}" if count > 0 else "" for count in counts.loc[room]],
        }
        for room in order
    ]


def room_finding(vectors: pd.DataFrame) -> str:
    """For how many photos the room is known, and by what.

    Parameters
    ----------
    vectors : DataFrame
        data/embed/vectors.parquet.

    Returns
    -------
    str
        A sentence.
    """
    named = (vectors["room"] != UNKNOWN_ROOM).mean()
    name, looks = (int((vectors["room_by"] == how).sum()) for how in photo_homes.BY)
    return (
        f"The room is known of {format_share(named)} of the photos: {name:,} by the name of the "
        f"file or by its record, {looks:,} by what they look like."
    )


def _looks_at_photos(one: Model) -> bool:
    """Whether a variant, or a member of a blend, looks at photos."""
    return any(group_of_input(name) == photo_homes.GROUP for name in one.inputs)


@dataclass(frozen=True)
class PhotoFacts:
    """What the stages wrote that the page tells of.

    Attributes
    ----------
    ablated, summary : dict of str to Any
        metrics/ablate.json and metrics/summary.json.
    saved : mapping of str to FittedVariant, Blend or Skipped
        The model.json of each variant.
    skipped : dict of str to str
        Why variants with photos were not fitted.
    encoder : dict of str to Any
        data/embed/encoder.json.
    vectors : DataFrame
        data/embed/vectors.parquet.
    homes : list of dict or None
        Cards of `lib.report.pages.photo_homes`; None where none are to be shown.
    """

    ablated: dict[str, Any]
    summary: dict[str, Any]
    saved: Mapping[str, Model | Skipped]
    skipped: dict[str, str]
    encoder: dict[str, Any]
    vectors: pd.DataFrame
    homes: list[dict[str, Any]] | None


def photos_context(facts: PhotoFacts) -> dict[str, Any]:
    """What the page's template needs; variants that see list prices stand in no table here."""
    summary, homes = facts.summary, facts.homes
    blind = {
        name: one
        for name, one in facts.saved.items()
        if not isinstance(one, Skipped) and one.view == "blind"
    }
    folds = [
        fold_context(
            domain,
            {n: summary[n] for n, one in blind.items() if one.domain == domain and n in summary},
            {n for n, one in blind.items() if _looks_at_photos(one)},
        )
        for domain in TITLES
    ]
    lifts = facts.ablated.get("photos", {})
    return {
        "lifts": [lift_context(variant, part) for variant, part in lifts.items()],
        "folds": [part for part in folds if part],
        "skipped": [f"{name} was not fitted: {why}." for name, why in facts.skipped.items()],
        "encoder": encoder_finding(facts.encoder, facts.vectors),
        "rooms": room_rows(facts.vectors),
        "rooms_told": room_finding(facts.vectors),
        "homes": homes,
        "homes_told": photo_homes.homes_finding(homes) if homes else "",
        "metrics": list(METRICS.values()),
    }
