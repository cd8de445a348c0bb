"""Pictures of the report as SVG text. Equal figures give equal bytes: no clock, no random ids."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.dates import ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, PercentFormatter

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


def plot_actual_predicted(test: pd.DataFrame) -> str:
    """Test prices against their estimates, both logarithmic, with the line of equality.

    Parameters
    ----------
    test : DataFrame
        Sales: close_price and pred_close_price (currency).

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 4.6)
        price, estimate = test["close_price"], test["pred_close_price"]
        axes.scatter(price, estimate, s=7, alpha=0.35, color=BLUE, linewidths=0, rasterized=True)
        both = pd.concat([price, estimate])
        ends = [float(both.quantile(0.001)) * 0.85, float(both.quantile(0.999)) * 1.15]
        axes.plot(ends, ends, color=INK, linewidth=1)
        axes.text(ends[1] * 0.97, ends[1] * 0.86, "equal", ha="right", va="top", fontsize=8.5)
        axes.set(
            xscale="log",
            yscale="log",
            xlim=ends,
            ylim=ends,
            xlabel="actual price",
            ylabel="estimate",
        )
        ticks = log_ticks(*ends)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(ticks)
            axis.set_ticks([], minor=True)
            axis.set_major_formatter(FuncFormatter(format_short_money))
        return to_svg(drawn)


def plot_error_by_band(slices: pd.DataFrame, baseline: pd.DataFrame) -> str:
    """Median absolute error in each price band, this model beside the baseline.

    Parameters
    ----------
    slices : DataFrame
        slice, sales and mdape (fraction) of each band.
    baseline : DataFrame
        Those of the linear baseline; of another length, it is left out.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        places = np.arange(len(slices))
        axes.bar(places - 0.2, slices["mdape"], 0.4, color=BLUE, label="this model")
        if len(baseline) == len(slices):
            axes.bar(places + 0.2, baseline["mdape"], 0.4, color=MUTED, label="linear baseline")
        axes.set_xticks(places, [f"{row.slice}\n{row.sales} sales" for row in slices.itertuples()])
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlabel="fifth of the test by price", ylabel="median absolute error")
        axes.grid(axis="x", visible=False)
        axes.legend(frameon=False, loc="upper center", ncols=2)
        axes.margins(y=0.2)
        return to_svg(drawn)


def plot_zip_map(test: pd.DataFrame, slices: pd.DataFrame) -> str:
    """ZIPs where their test sales lie, coloured by the median error, sized by the number of sales.

    Parameters
    ----------
    test : DataFrame
        Sales: postal_code, latitude, longitude (degrees).
    slices : DataFrame
        slice, sales, mdape (fraction) and thin of each ZIP.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 4.6)
        centre = test.groupby("postal_code")[["longitude", "latitude"]].median().dropna()
        here = slices.set_index("slice").reindex(centre.index)
        axes.scatter(
            test["longitude"], test["latitude"], s=2, color="#cfd6dd", linewidths=0, rasterized=True
        )
        bubbles = axes.scatter(
            centre["longitude"],
            centre["latitude"],
            c=here["mdape"],
            s=20 + here["sales"] * 2.5,
            cmap="YlOrRd",
            edgecolors=[MUTED if thin else INK for thin in here["thin"]],
            linewidths=0.8,
            alpha=0.9,
        )
        if len(centre) <= 25:
            for code, at in centre.iterrows():
                axes.annotate(
                    str(code),
                    (at["longitude"], at["latitude"]),
                    fontsize=7.5,
                    ha="center",
                    va="center",
                )
        bar = drawn.colorbar(bubbles, ax=axes, shrink=0.7, format=PercentFormatter(1, decimals=0))
        bar.set_label("median absolute error")
        axes.set(xlabel="longitude", ylabel="latitude")
        axes.set_aspect(1 / np.cos(np.radians(float(centre["latitude"].mean()))))
        axes.tick_params(labelsize=8)
        return to_svg(drawn)


def plot_price_index(index: pd.DataFrame) -> str:
    """Level of prices since the first month: the market, and each area that it is made of.

    Parameters
    ----------
    index : DataFrame
        postal_code (missing: the market), month (datetime64), log_index.

    Returns
    -------
    str
        SVG; the two areas that moved farthest apart bear their names.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.6)
        lines = index.assign(level=np.expm1(index["log_index"]))
        areas = lines[lines["postal_code"].notna()]
        last = areas.groupby("postal_code").tail(1).sort_values("level", kind="stable")
        named = [] if len(last) < 2 else [last.iloc[0]["postal_code"], last.iloc[-1]["postal_code"]]
        for code, line in areas.groupby("postal_code"):
            colour, width = (ORANGE, 1.2) if code in named else ("#cfd6dd", 0.8)
            axes.plot(line["month"], line["level"], color=colour, linewidth=width)
            if code in named:
                end = line.iloc[-1]
                axes.annotate(
                    f" {code}",
                    (end["month"], end["level"]),
                    fontsize=7.5,
                    va="center",
                    color=ORANGE,
                )
        market = lines[lines["postal_code"].isna()]
        axes.plot(market["month"], market["level"], color=BLUE, linewidth=2.2, label="whole market")
        axes.plot([], [], color="#cfd6dd", linewidth=0.8, label="a ZIP")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
        axes.set(xlabel="month of closing", ylabel="price of a like home since the first month")
        axes.margins(x=0.08)
        axes.legend(frameon=False, loc="best", fontsize=8.5)
        return to_svg(drawn)


def plot_coverage(slices: pd.DataFrame, names: list[str], label: str) -> str:
    """Share of prices inside each interval by slice, beside what the interval promises.

    Parameters
    ----------
    slices : DataFrame
        slice, thin and coverage_<name> (fraction) of each slice.
    names : list of str
        Coverages in percent, such as "90".
    label : str
        What the slices are.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        places = np.arange(len(slices))
        for name, colour in zip(names, (ORANGE, BLUE, INK), strict=False):
            axes.axhline(int(name) / 100, color=colour, linewidth=1, linestyle=(0, (4, 3)))
            axes.plot(
                places,
                slices[f"coverage_{name}"],
                "o-",
                color=colour,
                markersize=5,
                linewidth=1.4,
                label=f"{name} % interval (dashed: promised)",
            )
            thin = slices["thin"].to_numpy(bool)
            axes.plot(
                places[thin], slices.loc[thin, f"coverage_{name}"], "o", color="white",
                markeredgecolor=MUTED, markersize=6,
            )  # fmt: skip
        if slices["thin"].any():
            axes.plot([], [], "o", color="white", markeredgecolor=MUTED, label="under 30 sales")
        axes.set_xticks(places, slices["slice"])
        if len(slices) > 8:
            axes.tick_params(axis="x", rotation=45)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        lowest = float(np.nanmin(slices[[f"coverage_{name}" for name in names]].to_numpy()))
        axes.set(ylim=(min(0.6, lowest - 0.05), 1.02), xlabel=label, ylabel="prices inside")
        axes.legend(frameon=False, loc="lower right", fontsize=8.5)
        return to_svg(drawn)
