"""Pictures of explanation and ablation as SVG text. Equal figures give equal bytes."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from lib.report.plots.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    STYLE,
    format_short_money,
    new_figure,
    to_svg,
)


def _plain(value: float, _: object = None) -> str:
    """Ticks of inputs: thousands short, small numbers as they are."""
    return format_short_money(value) if abs(value) >= 1000 else f"{value:.6g}"


def plot_importance(sizes: pd.Series) -> str:
    """Mean absolute contributions by name as percentages, the greatest on top.

    Parameters
    ----------
    sizes : Series
        Contributions (log price) by name.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 0.9 + 0.26 * len(sizes))
        shown = np.expm1(sizes.sort_values(kind="stable"))
        axes.barh(shown.index, shown.to_numpy(), color=BLUE)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlabel="moves the value by, on average")
        axes.grid(axis="y", visible=False)
        return to_svg(drawn)


def plot_effect(curve: pd.DataFrame, name: str) -> str:
    """Accumulated local effects of one input with their band, and partial dependence, dashed.

    Parameters
    ----------
    curve : DataFrame
        at, ale, low, high and pdp (log price) of one input.
    name : str
        The input.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(4.2, 3.0)
        at = curve["at"]
        axes.fill_between(
            at, np.expm1(curve["low"]), np.expm1(curve["high"]), color=BLUE, alpha=0.18, linewidth=0
        )
        axes.plot(at, np.expm1(curve["ale"]), "o-", color=BLUE, markersize=3, label="ALE")
        axes.plot(
            at, np.expm1(curve["pdp"]), color=ORANGE, linestyle=(0, (4, 3)), linewidth=1.2,
            label="PDP",
        )  # fmt: skip
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))
        axes.set(xlabel=name, ylabel="value against the mean")
        axes.legend(frameon=False, loc="best", fontsize=8.5)
        return to_svg(drawn)


def plot_group_forest(groups: dict[str, Any], label: str) -> str:
    """The error that each group's absence adds, with 95 % intervals: MAPE and MdAPE in points.
    `label` says of the axis what is absent."""
    tried = [part for part in groups.values() if "verdict" in part][::-1]
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 1.0 + 0.42 * len(tried))
        for shift, metric, name, colour in (
            (0.14, "mape", "MAPE", BLUE),
            (-0.14, "mdape", "MdAPE", ORANGE),
        ):
            value, low, high = (
                100 * np.array([part[metric][end] for part in tried])
                for end in ("value", "low", "high")
            )
            rows = np.arange(len(tried)) + shift
            axes.hlines(rows, low, high, color=colour, linewidth=1.6)
            axes.plot(value, rows, "o", color=colour, markersize=5, label=name)
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.set_yticks(range(len(tried)), [part["title"] for part in tried])
        axes.set(xlabel=label)
        axes.grid(axis="y", visible=False)
        axes.margins(y=0.08)
        axes.legend(frameon=False, loc="best", fontsize=8.5)
        return to_svg(drawn)
