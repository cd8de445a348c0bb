"""The picture of a search of settings: each trial's error, and the best one so far."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from lib.report.plots.style import BLUE, INK, MUTED, STYLE, new_figure, to_svg


def plot_search(trials: list[dict[str, Any]], variant: str, metric: str) -> str:
    """`trials` in order, each with its `value` (a fraction); without any, a note that says so."""
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(6.4, 3.4)
        if not trials:
            axes.set_axis_off()
            axes.text(0.5, 0.5, f"{variant}: no trials; tune is off", ha="center", color=INK)
            return to_svg(drawn)
        value = np.array([one["value"] for one in trials])
        number = np.arange(len(value))
        axes.scatter(number, value, s=14, color=MUTED, linewidths=0, label="trial")
        axes.step(number, np.minimum.accumulate(value), where="post", color=BLUE, label="best")
        axes.axhline(value[0], color=INK, linewidth=0.8, linestyle=":", label="params.yaml")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=2))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="trial", ylabel=f"{metric} on the folds", title=variant)
        axes.legend(frameon=False)
        return to_svg(drawn)
