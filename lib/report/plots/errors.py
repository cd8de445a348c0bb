"""Pictures of errors and ratios as SVG text; lib/report/plots/style.py says how they look."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from lib.evaluation.metrics.ratio_study import value_proxy, vei_group_count
from lib.report.plots.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    STYLE,
    format_short_money,
    log_ticks,
    new_figure,
    to_svg,
)

FARTHEST = 0.5  # relative errors beyond this are drawn at the edge
MOST_STRATA = 40  # that a forest plot has room for


def _set_money_axis(axes: Axes, values: pd.Series, label: str) -> None:
    """Make the bottom axis a logarithmic one of money.

    Parameters
    ----------
    axes : Axes
        The axes to change.
    values : Series
        Amounts in currency that it has to hold.
    label : str
        What the axis shows.
    """
    low, high = float(values.min()) * 0.92, float(values.max()) * 1.08
    axes.set(xscale="log", xlim=(low, high), xlabel=label)
    axes.xaxis.set_ticks(log_ticks(low, high))
    axes.xaxis.set_ticks([], minor=True)
    axes.xaxis.set_major_formatter(FuncFormatter(format_short_money))


def plot_calibration(tenths: pd.DataFrame) -> str:
    """Median price over estimate in each tenth of the estimates, with 95 % intervals.

    Parameters
    ----------
    tenths : DataFrame
        What `calibration_by_decile` gives.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.6)
        axes.axhline(1, color=INK, linewidth=1)
        middle = tenths["price_to_estimate"]
        for thin, part in tenths.groupby("thin"):
            bars = np.array([middle - tenths["low"], tenths["high"] - middle])[:, part.index]
            axes.errorbar(
                part["median_estimate"],
                part["price_to_estimate"],
                np.maximum(np.nan_to_num(bars), 0),
                fmt="o",
                color=MUTED if thin else BLUE,
                markersize=5,
                capsize=2.5,
                linewidth=1.2,
                label="under 30 sales" if thin else "a tenth of the test",
            )
        _set_money_axis(axes, tenths["median_estimate"], "estimate")
        axes.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(ylabel="median price in % of estimate")
        axes.legend(frameon=False, fontsize=8.5)
        return to_svg(drawn)


def plot_errors_by_estimate(test: pd.DataFrame, tenths: int = 10) -> str:
    """Error of each sale against its estimate, with the median and the middle 80 % of the errors.

    Parameters
    ----------
    test : DataFrame
        Sales: close_price and pred_close_price (currency).
    tenths : int
        Parts of the estimates that the lines are drawn through.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.6)
        estimate = test["pred_close_price"]
        error = estimate / test["close_price"] - 1
        shown = error.clip(-FARTHEST, FARTHEST)
        axes.scatter(estimate, shown, s=6, alpha=0.3, color=BLUE, linewidths=0, rasterized=True)
        axes.axhline(0, color=INK, linewidth=1)
        if len(test) >= 2 * tenths:
            # equal estimates stand in one part, however the rows stand
            tenth = (estimate.rank(method="average") - 1) * tenths // len(estimate)
            at = estimate.groupby(tenth).median()
            for share, colour, width, label in (
                (0.5, ORANGE, 2, "median"),
                (0.1, ORANGE, 1, "middle 80 %"),
                (0.9, ORANGE, 1, None),
            ):
                line = error.groupby(tenth).quantile(share).clip(-FARTHEST, FARTHEST)
                axes.plot(at, line, color=colour, linewidth=width, label=label)
            axes.legend(frameon=False, fontsize=8.5, loc="upper right")
        _set_money_axis(axes, estimate, "estimate")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(ylabel="error in % of the price", ylim=(-FARTHEST * 1.06, FARTHEST * 1.06))
        return to_svg(drawn)


def plot_residual_map(test: pd.DataFrame) -> str:
    """Sales where they lie, coloured by their signed error.

    Parameters
    ----------
    test : DataFrame
        Sales: close_price and pred_close_price (currency), latitude, longitude (degrees).

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        narrow = float(np.cos(np.radians(test["latitude"].mean())))
        wide, tall = np.ptp(test["longitude"]) * narrow, np.ptp(test["latitude"])
        height = 3.4 * tall / wide + 0.9 if wide > 0 else 5
        drawn, axes = new_figure(5.2, float(np.clip(height, 2.4, 5)))
        error = test["pred_close_price"] / test["close_price"] - 1
        order = np.argsort(error.abs().to_numpy(), kind="stable")  # the large ones on top
        dots = axes.scatter(
            test["longitude"].iloc[order],
            test["latitude"].iloc[order],
            c=error.iloc[order],
            s=9,
            cmap="RdBu_r",
            vmin=-0.3,
            vmax=0.3,
            linewidths=0.2,
            edgecolors=MUTED,
            rasterized=True,
        )
        bar = drawn.colorbar(dots, ax=axes, format=PercentFormatter(1, decimals=0), extend="both")
        bar.set_label("error (red: too high)")
        axes.set(xlabel="longitude", ylabel="latitude")
        axes.set_aspect(1 / narrow)
        axes.tick_params(labelsize=8)
        return to_svg(drawn)


def plot_vertical_equity(test: pd.DataFrame, limit: float = 10.0) -> str:
    """Ratios against the proxy of value, and the median in each group that VEI compares.

    Parameters
    ----------
    test : DataFrame
        Sales: close_price and pred_close_price (currency).
    limit : float
        The acceptable difference in percent, shaded.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.8)
        price, estimate = (test[n].to_numpy(float) for n in ("close_price", "pred_close_price"))
        ratio, value = estimate / price, value_proxy(estimate, price)
        middle = float(np.median(ratio))
        low, high = np.quantile(ratio, [0.01, 0.99])
        axes.axhspan(
            middle * (1 - limit / 200), middle * (1 + limit / 200), color="#eef1f4", linewidth=0
        )
        shown = np.clip(ratio, low, high)
        axes.scatter(value, shown, s=6, alpha=0.3, color=BLUE, linewidths=0, rasterized=True)
        axes.axhline(middle, color=INK, linewidth=1, label=f"median of all {middle:.3f}")
        parts = vei_group_count(len(ratio))
        if parts:
            order = np.argsort(value, kind="stable")
            for number, rows in enumerate(np.array_split(order, parts)):
                axes.plot(
                    [value[rows].min(), value[rows].max()],
                    [np.median(ratio[rows])] * 2,
                    color=ORANGE,
                    linewidth=3,
                    solid_capstyle="butt",
                    label=None if number else f"median of each of {parts} groups",
                )
        _set_money_axis(axes, pd.Series(value), "proxy of value: mean of price and level estimate")
        axes.set(ylabel="estimate / price")
        axes.legend(frameon=False, fontsize=8.5, loc="best")
        return to_svg(drawn)


def plot_strata_forest(strata: pd.DataFrame, span: tuple[float, float], label: str) -> str:
    """One statistic by stratum with its intervals; the acceptable range is shaded, thin strata are
    grey.

    Parameters
    ----------
    strata : DataFrame
        stratum, sales, value, low, high, thin, in order from the top.
    span : tuple of float
        The acceptable range.
    label : str
        What the axis shows.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 1.2 + 0.23 * len(strata))
        axes.axvspan(*span, color="#eef1f4", linewidth=0)
        places = np.arange(len(strata))[::-1]
        for place, row in zip(places, strata.to_dict("records"), strict=True):
            colour = MUTED if row["thin"] else BLUE
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.4)
            axes.plot(row["value"], place, "o", color=colour, markersize=4)
        names = [f"{row.stratum} ({row.sales})" for row in strata.itertuples()]
        axes.set_yticks(places, names, fontsize=8)
        axes.set(xlabel=label, ylim=(-0.7, len(strata) - 0.3))
        axes.grid(axis="y", visible=False)
        return to_svg(drawn)
