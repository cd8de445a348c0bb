"""What the explanation says: sentences computed from its tables, and docs/analysis.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

TITLES = {"sale": "Sales", "rental": "Rentals"}
BENDS = 0.5  # share of a line's squared misses that one bend must save to be told
STRAIGHT = 0.98  # R2 of one line from which no bend is looked for


def percent(log: float, places: int = 1) -> str:
    """A log contribution as people read it: 0.0953 -> +10.0 %."""
    return f"{np.expm1(log) * 100:+.{places}f} %"


def number(value: float) -> str:
    """A value of an input: 2450.0 -> 2,450; -95.3612 -> -95.36."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def listed(parts: list[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def by_importance(sizes: pd.Series) -> str:
    """What moves values the most; `sizes` are mean absolute contributions by title or name."""
    top = sizes.sort_values(ascending=False, kind="stable").head(3)
    told = [f"{name} ({np.expm1(size) * 100:.1f} %)" for name, size in top.items()]
    verb = "move" if len(told) > 1 else "moves"
    return f"{listed(told)} {verb} a value the most, up or down, on average."


def bend(at: np.ndarray, effect: np.ndarray) -> int | None:
    """The place in `at` (g,) where two lines that meet fit `effect` best; None where one line does
    nearly as well, or is nearly right (R2 over `STRAIGHT`), or the points are too few."""
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


def by_effect(curve: pd.DataFrame) -> str:
    """How far the value moves over an input's range, and where the effect bends; `curve` is one
    input's part of `lib.models.explaining.effects`."""
    name = curve["input"].iloc[0]
    at, ale = curve["at"].to_numpy(float), curve["ale"].to_numpy(float)
    if curve["low"].max() <= curve["high"].min():
        return f"No effect of {name} by itself can be told from none: a flat line fits the band."
    told = (
        f"From {number(at[0])} to {number(at[-1])}, {name} by itself moves the value by "
        f"{percent(ale[-1] - ale[0])}"
    )
    knot = bend(at, ale)
    if knot is None:
        return f"{told}."
    return (
        f"{told}. The effect bends at {number(at[knot])}: {percent(ale[knot] - ale[0])} up to "
        f"there, {percent(ale[-1] - ale[knot])} beyond."
    )


def lost(one: dict[str, Any]) -> str:
    """What a group is worth in both metrics, with intervals, the metrics that tell first."""
    names = {"mape": "MAPE", "mdape": "MdAPE"}
    sure = [n for n in names if one[n]["low"] > 0 or one[n]["high"] < 0]
    parts = [
        f"{100 * one[n]['value']:+.2f} points of {names[n]}, 95 % interval "
        f"{100 * one[n]['low']:+.3f} to {100 * one[n]['high']:+.3f}"
        for n in [*sure, *(n for n in names if n not in sure)]
    ]
    return f"{one['title']} ({'; '.join(parts)})"


def by_ablation(variant: str, part: dict[str, Any]) -> str:
    """What the variant loses without which group, and which it could do without."""
    if "skipped" in part:
        return f"{variant} was not trained: {part['skipped']}."
    told = {group: one for group, one in part["groups"].items() if "verdict" in one}
    worse, better = (
        [one for one in told.values() if one["verdict"].startswith(word)]
        for word in ("worse", "better")
    )
    order = sorted(worse, key=lambda one: -one["mape"]["value"])
    rest = [one["title"] for one in told.values() if one not in worse and one not in better]
    left = [
        f"{one['title']} ({one['skipped']})" for one in part["groups"].values() if "skipped" in one
    ]
    lines = [
        f"On {part['sales']:,} sales of the folds, {variant} (MAPE {100 * part['mape']:.1f} %) "
        + (f"is worse without {listed([lost(one) for one in order])}." if order else "misses none.")
    ]
    lines += [f"It is better without {listed([lost(one) for one in better])}."] if better else []
    lines += [f"No significant loss without {listed(rest)}."] if rest else []
    lines += [f"Not tried: {listed(left)}."] if left else []
    lines += ["One interval in twenty misses by chance."] if order or better else []
    return " ".join(lines)


def markdown(feed: str, synthetic: bool, looks: list[dict[str, str]], at: str) -> str:
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
