"""Pictures of the exploratory analysis as SVG text."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, LogLocator, PercentFormatter

from lib.report.plots.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    STYLE,
    FixedLayoutFigure,
    format_short_money,
    log_ticks,
    new_figure,
    to_svg,
)

LOOK = STYLE | {"svg.fonttype": "none"}  # letters as text: pictures in git stay small
MOST = 18  # rows of a picture that still can be read
MANY = 36  # columns of one
PERCENT = PercentFormatter(1, decimals=0)
MONEY = FuncFormatter(format_short_money)


def draw_bars(
    shares: pd.Series, label: str, marked: set[str] | None = None, line: float | None = None
) -> str:
    """Draw horizontal bars, the greatest on top.

    Parameters
    ----------
    shares : Series of float
        Name -> share, greatest first; MOST are drawn.
    label : str
        Of the axis.
    marked : set of str
        Names in another colour.
    line : float
        Share at which a dashed line stands.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(LOOK):
        shown = shares.head(MOST)[::-1]
        drawn, axes = new_figure(6.6, 0.9 + 0.26 * max(len(shown), 1))
        colours = [ORANGE if name in (marked or set()) else BLUE for name in shown.index]
        axes.barh(range(len(shown)), shown.to_numpy(float), 0.72, color=colours)
        axes.set_yticks(range(len(shown)), list(shown.index))
        axes.set(
            xlim=(0, max(1.0, float(shown.max(skipna=True)) if len(shown) else 1.0)), xlabel=label
        )
        axes.xaxis.set_major_formatter(PERCENT)
        axes.grid(False, axis="y")
        if line is not None:
            axes.axvline(line, color=INK, linewidth=1, linestyle="--")
        return to_svg(drawn)


def draw_heatmap(
    table: pd.DataFrame, label: str, span: tuple[float, float], colours: str, cells: bool = False
) -> str:
    """Draw a table as coloured cells, rows and columns named.

    Parameters
    ----------
    table : DataFrame of float
        MOST rows are drawn.
    label : str
        Of the colour bar.
    span : tuple of float
        Values of the first and the last colour.
    colours : str
        Name of a matplotlib colour map.
    cells : bool
        Whether numbers stand in the cells.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(LOOK):
        shown = table.head(MOST)
        step = -(-len(shown.columns) // MANY)
        drawn, axes = new_figure(7.6, 1.3 + 0.3 * max(len(shown), 2))
        image = axes.imshow(
            shown.to_numpy(float), aspect="auto", cmap=colours, vmin=span[0], vmax=span[1],
            interpolation="nearest",
        )  # fmt: skip
        names = [str(name) for name in shown.columns]
        places = range(0, len(names), step)
        slanted = max(map(len, names), default=0) * len(places) > 90
        axes.set_xticks(places, [names[i] for i in places], fontsize=8)
        if slanted:
            for text in axes.get_xticklabels():
                text.set(rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(shown)), list(shown.index), fontsize=8.5)
        axes.grid(False)
        for side in axes.spines.values():
            side.set_visible(False)
        if cells:
            for (row, column), value in np.ndenumerate(shown.to_numpy(float)):
                if np.isfinite(value):
                    dark = abs(value) > 0.6 * max(map(abs, span))
                    axes.text(
                        column,
                        row,
                        f"{value:.2f}".replace("0.", "."),
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="white" if dark else INK,
                    )
        drawn.colorbar(image, ax=axes, label=label, shrink=0.9)
        return to_svg(drawn)


def draw_histograms(frame: pd.DataFrame, logarithmic: set[str]) -> str:
    """Draw a histogram of each number, a dozen at most.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Numbers.
    logarithmic : set of str
        Columns with a logarithmic axis.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(LOOK):
        names = list(frame)[:12]
        drawn = FixedLayoutFigure(figsize=(7.6, 1.75 * -(-len(names) // 3)), layout="constrained")
        for place, name in enumerate(names, start=1):
            axes = drawn.add_subplot(-(-len(names) // 3), 3, place)
            cells = frame[name].dropna().to_numpy(float)
            if name in logarithmic:
                cells = cells[cells > 0]
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(LogLocator(numticks=4))
                edges = np.geomspace(cells.min(), cells.max() * 1.0001, 31)
            else:
                low, high = np.quantile(cells, [0.001, 0.999])
                edges = np.linspace(low, high if high > low else low + 1, 31)
            axes.hist(cells, bins=edges.tolist(), color=BLUE)
            axes.xaxis.set_major_formatter(
                MONEY if name in logarithmic else FuncFormatter(_format_number)
            )
            axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
            axes.tick_params(labelsize=7.5)
            axes.set_yticks([])
            axes.set_title(name, fontsize=8.5, loc="left")
        return to_svg(drawn)


def _format_number(value: float, _: object = None) -> str:
    """1995 -> 1995, 12000 -> 12k, 0.25 -> 0.25."""
    return format_short_money(value) if abs(value) >= 1e4 else f"{value:g}"


def draw_fences(size: pd.Series, price: pd.Series, out: pd.Series) -> str:
    """Draw price against living area, both logarithmic; what lies outside the fences stands out.

    Parameters
    ----------
    size : Series of float64, shape (n,)
        Square feet, above 0.
    price : Series of float64, shape (n,)
        Closing price in the feed's currency, above 0.
    out : Series of bool, shape (n,)
        Rows outside the fences.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(LOOK):
        drawn, axes = new_figure(6.6, 4.2)
        for rows, colour, dot, place in ((~out, BLUE, 6, "inside"), (out, ORANGE, 16, "outside")):
            axes.scatter(
                size[rows],
                price[rows],
                s=dot,
                color=colour,
                label=f"{place} the fences",
                alpha=0.3 if place == "inside" else 1,
                linewidths=0,
                rasterized=True,
            )
        axes.set(
            xscale="log", yscale="log", xlabel="living area (square feet)", ylabel="closing price"
        )
        for axis, cells in ((axes.xaxis, size), (axes.yaxis, price)):
            axis.set_ticks(log_ticks(float(cells.min()), float(cells.max())))
            axis.set_ticks([], minor=True)
            axis.set_major_formatter(MONEY)
        axes.legend(frameon=False, loc="upper left")
        return to_svg(drawn)


def draw_stacked_shares(counts: pd.DataFrame, label: str) -> str:
    """Draw shares of each row's total, stacked over the months: one band a column.

    Parameters
    ----------
    counts : DataFrame of int
        Months (rows) by statuses (columns).
    label : str
        Of the axis.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(LOOK):
        shares = counts.div(counts.sum(axis=1), axis=0)
        drawn, axes = new_figure(7.6, 2.9)
        colours = [BLUE, ORANGE, MUTED, "#7a5ea8", "#3f8f6b"]
        below = np.zeros(len(shares))
        for colour, name in zip(colours, shares, strict=False):
            axes.bar(range(len(shares)), shares[name], 0.9, bottom=below, color=colour, label=name)
            below = below + shares[name].to_numpy()
        step = -(-len(shares) // 12)
        places = range(0, len(shares), step)
        axes.set_xticks(places, [f"{shares.index[i]:%Y-%m}" for i in places], fontsize=8)
        axes.set(ylim=(0, 1), ylabel=label)
        axes.yaxis.set_major_formatter(PERCENT)
        axes.legend(frameon=False, ncols=5, loc="lower left", bbox_to_anchor=(0, 1), fontsize=8.5)
        return to_svg(drawn)
