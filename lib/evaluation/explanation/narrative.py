"""The narrative of `explain`: looks at what drives the values, each a sentence and a picture.

A look is a title, a sentence computed from the tables of the explanation, and a picture. The looks
make docs/analysis.md and the report's page `explanation`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lib.common.processes import map_processes
from lib.evaluation.feature_groups import group_title
from lib.report.plots import explanation

TITLES = {"sale": "Sales", "rental": "Rentals"}
METRICS = {"mape": "MAPE", "mdape": "MdAPE"}
BENDS = 0.5  # share of a line's squared misses that one bend must save to be mentioned
STRAIGHT = 0.98  # R2 of one line from which no bend is looked for
WITHOUT = "points of error more without"  # what: a forest plot's axis
MOST = 12  # inputs in a picture of importances

Draw = Callable[[], str]  # a picture to be drawn, as SVG
Finding = dict[str, Any]  # texts by name; `svg` is a Draw or None, and a text after `draw_pictures`


def format_log_percent(log: float, places: int = 1) -> str:
    """A log contribution as people read it: 0.0953 -> +10.0 %."""
    return f"{np.expm1(log) * 100:+.{places}f} %"


def format_input_value(value: float) -> str:
    """A value of an input: 2450.0 -> 2,450; -95.3612 -> -95.36."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def join_with_and(parts: list[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def importance_sentence(sizes: pd.Series) -> str:
    """What moves values the most.

    Parameters
    ----------
    sizes : Series
        Mean absolute contributions (log price) by title or name.

    Returns
    -------
    str
        A sentence on the three largest.
    """
    top = sizes.sort_values(ascending=False, kind="stable").head(3)
    parts = [f"{name} ({np.expm1(size) * 100:.1f} %)" for name, size in top.items()]
    verb = "move" if len(parts) > 1 else "moves"
    return f"{join_with_and(parts)} {verb} a value the most, up or down, on average."


def bend_index(at: np.ndarray, effect: np.ndarray) -> int | None:
    """Where two lines that meet fit an effect best.

    Parameters
    ----------
    at : ndarray of shape (g,)
        Values of the input, rising.
    effect : ndarray of shape (g,)
        Its effect there, in log price.

    Returns
    -------
    int or None
        The place in `at`; None where one line does nearly as well, or is nearly right (R2 over
        STRAIGHT), or there are under five points.
    """
    if len(at) < 5:
        return None
    misses = []
    for knot in (None, *range(1, len(at) - 1)):
        columns = [np.ones(len(at)), at]
        columns += [] if knot is None else [np.maximum(at - at[knot], 0)]
        matrix = np.column_stack(columns)
        fit = np.linalg.lstsq(matrix, effect, rcond=None)[0]
        misses.append(float(((effect - matrix @ fit) ** 2).sum()))
    if misses[0] <= (1 - STRAIGHT) * ((effect - effect.mean()) ** 2).sum():
        return None
    best = int(np.argmin(misses[1:]))
    return best + 1 if misses[best + 1] < (1 - BENDS) * misses[0] else None


def effect_sentence(curve: pd.DataFrame) -> str:
    """How far the value moves over an input's range, and where the effect bends.

    Parameters
    ----------
    curve : DataFrame
        One input's rows of `lib.evaluation.explanation.importance.input_effects`.

    Returns
    -------
    str
        A sentence or two.
    """
    name = curve["input"].iloc[0]
    at, ale = curve["at"].to_numpy(float), curve["ale"].to_numpy(float)
    if curve["low"].max() <= curve["high"].min():
        return f"No effect of {name} by itself can be told from none: a flat line fits the band."
    text = (
        f"From {format_input_value(at[0])} to {format_input_value(at[-1])}, {name} by itself "
        f"moves the value by {format_log_percent(ale[-1] - ale[0])}"
    )
    knot = bend_index(at, ale)
    if knot is None:
        return f"{text}."
    return (
        f"{text}. The effect bends at {format_input_value(at[knot])}: "
        f"{format_log_percent(ale[knot] - ale[0])} up to there, "
        f"{format_log_percent(ale[-1] - ale[knot])} beyond."
    )


def _loss_clause(one: dict[str, Any]) -> str:
    """What a group is worth in both metrics, with intervals; significant metrics come first."""
    sure = [n for n in METRICS if one[n]["low"] > 0 or one[n]["high"] < 0]
    parts = [
        f"{100 * one[n]['value']:+.2f} points of {METRICS[n]}, 95 % interval "
        f"{100 * one[n]['low']:+.3f} to {100 * one[n]['high']:+.3f}"
        for n in [*sure, *(n for n in METRICS if n not in sure)]
    ]
    return f"{one['title']} ({'; '.join(parts)})"


def ablation_sentences(variant: str, part: dict[str, Any]) -> str:
    """What the variant loses without which group, and which it could do without."""
    if "skipped" in part:
        return f"{variant} was not trained: {part['skipped']}."
    tried = {group: one for group, one in part["groups"].items() if "verdict" in one}
    worse, better = (
        [one for one in tried.values() if one["verdict"].startswith(word)]
        for word in ("worse", "better")
    )
    order = sorted(worse, key=lambda one: -one["mape"]["value"])
    rest = [one["title"] for one in tried.values() if one not in worse and one not in better]
    left = [
        f"{one['title']} ({one['skipped']})" for one in part["groups"].values() if "skipped" in one
    ]
    lines = [
        f"On {part['sales']:,} sales of the folds, {variant} (MAPE {100 * part['mape']:.1f} %) "
        + (
            f"is worse without {join_with_and([_loss_clause(one) for one in order])}."
            if order
            else "misses none."
        )
    ]
    lines += (
        [f"It is better without {join_with_and([_loss_clause(one) for one in better])}."]
        if better
        else []
    )
    lines += [f"No significant loss without {join_with_and(rest)}."] if rest else []
    lines += [f"Not tried: {join_with_and(left)}."] if left else []
    lines += ["One interval in twenty misses by chance."] if order or better else []
    return " ".join(lines)


def _make_finding(
    section: str, title: str, lead: str, sentence: str, plot: str = "", svg: Draw | None = None
) -> Finding:
    """One look: `lead` stands before the sentence among the takeaways, `plot` is the picture's
    file."""
    return {
        "section": section,
        "title": title,
        "told": lead,
        "sentence": sentence,
        "plot": plot,
        "svg": svg,
    }


def effect_findings(domain: str, importance: pd.DataFrame, effects: pd.DataFrame) -> list[Finding]:
    """The looks at what drives the values of one domain.

    Parameters
    ----------
    domain : str
        The domain.
    importance : DataFrame
        The table of `lib.evaluation.explanation.importance.mean_importance`.
    effects : DataFrame
        The table of `lib.evaluation.explanation.importance.input_effects`.

    Returns
    -------
    list of Finding
        Importance by group and by input, then a look for each input with an effect.
    """
    section = TITLES[domain]
    out = []
    for kind, name, what in (
        ("group", "groups", "What drives the value"),
        ("input", "inputs", "The inputs behind it"),
    ):
        part = importance[importance["kind"] == kind]
        titles = part["name"].map(group_title) if kind == "group" else part["name"]
        sizes = pd.Series(part["importance"].to_numpy(), index=titles.to_numpy())
        sizes = sizes[sizes > 0].sort_values(ascending=False, kind="stable").head(MOST)
        if not len(sizes):
            continue
        sentence = importance_sentence(sizes)
        svg = partial(explanation.plot_importance, sizes)
        lead = f"{section}, by {kind}"
        out.append(_make_finding(section, what, lead, sentence, f"{domain}_{name}.svg", svg))
    for name in effects["input"].unique():
        curve = effects[effects["input"] == name]
        out.append(
            _make_finding(
                section,
                f"Effect of {name}",
                f"{section}, {name}",
                effect_sentence(curve),
                f"{domain}_effect_{name}.svg",
                partial(explanation.plot_effect, curve, str(name)),
            )
        )
    return out


def ablation_findings(variants: dict[str, Any]) -> list[Finding]:
    """The looks at what `ablate` found of each variant."""
    out = []
    for variant, part in variants.items():
        tried = [one for one in part.get("groups", {}).values() if "verdict" in one]
        out.append(
            _make_finding(
                "Feature groups taken out",
                f"{variant} without each group",
                f"Group by group, {variant}",
                ablation_sentences(variant, part),
                f"ablate_{variant}.svg" if tried else "",
                partial(explanation.plot_group_forest, part["groups"], f"{WITHOUT} the group")
                if tried
                else None,
            )
        )
    return out


def photo_findings(photos: dict[str, Any]) -> list[Finding]:
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
        verdict = part["told"].rstrip(".")
        out.append(
            _make_finding(
                "Photos",
                f"{variant} with and without photos",
                f"Photos, {variant}",
                f"Photos in {variant}: {verdict}.",
                f"photos_{variant}.svg" if rows else "",
                partial(explanation.plot_group_forest, rows, f"{WITHOUT} photos") if rows else None,
            )
        )
    return out


def _svg(draw: Draw | None) -> str:
    return draw() if draw else ""


def draw_pictures(looks: list[Finding]) -> list[Finding]:
    """The looks with their pictures drawn, on all cores; "" where there is none."""
    return [
        one | {"svg": svg}
        for one, svg in zip(looks, map_processes(_svg, [x["svg"] for x in looks]), strict=True)
    ]


def analysis_markdown(feed: str, synthetic: bool, looks: list[dict[str, str]], at: str) -> str:
    """docs/analysis.md: the takeaways, then each look with its picture (a path under `at`)."""
    lines = [
        "# What drives the valuations",
        "",
        f"Feed `{feed}`" + (" (**synthetic**: nothing here is real)" if synthetic else "") + ". "
        "Written by the stage `explain`; the figures of feature groups taken out are those of "
        "`ablate`. Percentages multiply: a value is the baseline times (1 + each percentage). An "
        "effect of an input by itself is beyond what the prices of comparables and of the market "
        "already say of the home, which stay as they are.",
        "",
    ]
    if not looks:
        lines.append("No domain has a model to explain.")
    else:
        lines += ["## Takeaways", ""] + [f"- {one['told']}: {one['sentence']}" for one in looks]
    for section in dict.fromkeys(one["section"] for one in looks):
        lines += ["", f"## {section}"]
        for one in (one for one in looks if one["section"] == section and one["plot"]):
            lines += ["", f"### {one['title']}", "", one["sentence"], ""]
            lines += [f"![{one['title']}]({at}/{one['plot']})"]
    return "\n".join(lines) + "\n"
