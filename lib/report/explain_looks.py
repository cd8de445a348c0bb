"""The looks at an explanation: each a title, a sentence and a picture. `docs/analysis.md` and the
page `explanation` are made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from lib.common.parallel import map_processes
from lib.models.input_groups import title
from lib.report import explain_plots, explanation

MOST = 12  # inputs in a picture of importances

Draw = Callable[[], str]  # a picture to be drawn, as SVG
Look = dict[str, Any]  # texts by name; `svg` is a Draw or None, and once `drawn` a text


def look(
    section: str, title_: str, told: str, sentence: str, plot: str = "", svg: Draw | None = None
) -> Look:
    """One look: `told` leads the sentence among the takeaways, `plot` is the picture's file."""
    return {
        "section": section,
        "title": title_,
        "told": told,
        "sentence": sentence,
        "plot": plot,
        "svg": svg,
    }


def _svg(draw: Draw | None) -> str:
    return draw() if draw else ""


def drawn(looks: list[Look]) -> list[Look]:
    """The looks with their pictures drawn, on all cores; "" where there is none."""
    return [
        one | {"svg": svg}
        for one, svg in zip(looks, map_processes(_svg, [x["svg"] for x in looks]), strict=True)
    ]


def of_domain(domain: str, importance: pd.DataFrame, effects: pd.DataFrame) -> list[Look]:
    """The looks at what drives the values of one domain; tables of `lib.models.explaining`."""
    section = explanation.TITLES[domain]
    out = []
    for kind, name, what in (
        ("group", "groups", "What drives the value"),
        ("input", "inputs", "The inputs behind it"),
    ):
        part = importance[importance["kind"] == kind]
        titles = part["name"].map(title) if kind == "group" else part["name"]
        sizes = pd.Series(part["importance"].to_numpy(), index=titles.to_numpy())
        sizes = sizes[sizes > 0].sort_values(ascending=False, kind="stable").head(MOST)
        if not len(sizes):
            continue
        sentence = explanation.by_importance(sizes)
        svg = partial(explain_plots.bars, sizes)
        told = f"{section}, by {kind}"
        out.append(look(section, what, told, sentence, f"{domain}_{name}.svg", svg))
    for name in effects["input"].unique():
        curve = effects[effects["input"] == name]
        out.append(
            look(
                section,
                f"Effect of {name}",
                f"{section}, {name}",
                explanation.by_effect(curve),
                f"{domain}_effect_{name}.svg",
                partial(explain_plots.effect, curve, str(name)),
            )
        )
    return out


def of_ablation(variants: dict[str, Any]) -> list[Look]:
    """The looks at what `ablate` found of each variant."""
    out = []
    for variant, part in variants.items():
        tried = [one for one in part.get("groups", {}).values() if "verdict" in one]
        out.append(
            look(
                "Feature groups taken out",
                f"{variant} without each group",
                f"Group by group, {variant}",
                explanation.by_ablation(variant, part),
                f"ablate_{variant}.svg" if tried else "",
                partial(explain_plots.forest, part["groups"]) if tried else None,
            )
        )
    return out


def of_photos(photos: dict[str, Any]) -> list[Look]:
    """The looks at what photos are worth to each variant, by the part `photos` of `ablate`'s
    metrics: all sales, the control with shuffled photos, and the slices."""
    out = []
    for variant, part in photos.items():
        rows = {}
        if "skipped" not in part:
            rows["all"] = part["lift"] | {"title": "All sales", "verdict": ""}
            rows["shuffled"] = part["control"] | {"title": "All, photos shuffled", "verdict": ""}
            for one in part["slices"]:
                named = f"{one['kind']}: {one['slice']}" + (" (thin)" if one["thin"] else "")
                rows[named] = one | {"title": named.capitalize(), "verdict": ""}
        told = part["told"].rstrip(".")
        out.append(
            look(
                "Photos",
                f"{variant} with and without photos",
                f"Photos, {variant}",
                f"Photos in {variant}: {told}.",
                f"photos_{variant}.svg" if rows else "",
                partial(explain_plots.forest, rows) if rows else None,
            )
        )
    return out
