"""Pictures of the page of photos as SVG text; lib/report/plots/style.py says how they look."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np

from lib.report.plots.style import BLUE, INK, MUTED, ORANGE, STYLE, new_figure, to_svg


def plot_lift_forest(rows: list[dict[str, Any]]) -> str:
    """Points of MAPE that photos take off, with 95 % intervals: `rows` from the top, each a `name`,
    `sales`, `mape` (value, low, high as shares), `kind` and whether it is `thin`. The control is
    orange, thin slices are grey, the whole is thick."""
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 1.0 + 0.29 * len(rows))
        places = np.arange(len(rows))[::-1]
        for place, row in zip(places, rows, strict=True):
            colour = {"control": ORANGE}.get(row["kind"], MUTED if row["thin"] else BLUE)
            low, value, high = (100 * row["mape"][end] for end in ("low", "value", "high"))
            on_all = row["kind"] == "all"
            axes.plot([low, high], [place, place], color=colour, linewidth=2.6 if on_all else 1.5)
            axes.plot(value, place, "o", color=colour, markersize=7 if on_all else 4.5)
        for place, (row, before) in zip(places[1:], zip(rows[1:], rows, strict=False), strict=True):
            if row["kind"] != before["kind"]:
                axes.axhline(place + 0.5, color="#e6eaee", linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=0.9)
        names = [f"{row['name']} ({row['sales']:,})" for row in rows]
        axes.set_yticks(places, names, fontsize=8.5)
        axes.set(xlabel="points of MAPE less with photos", ylim=(-0.7, len(rows) - 0.3))
        axes.grid(axis="y", visible=False)
        return to_svg(drawn)
