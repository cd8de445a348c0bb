"""The page of intervals: whether they hold, how wide they are, what is abstained from."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from lib.models.calibration import abstention
from lib.models.calibration.interval_study import compare_with_split_conformal
from lib.report.pages import site
from lib.report.plots import valuation
from lib.report.plots.style import BLUE, INK, MUTED, ORANGE, STYLE, new_figure, to_svg
from lib.report.wording.findings import TITLES
from lib.report.wording.numbers import format_share

MOST_ZIPS = 25  # that the picture shows, those with the most sales
CONFIDENCE = [0, 70, 75, 80, 85, 90, 95, 100.0001]  # edges of the bands, in points
THICK = 10  # sales that a band of confidence has at least, to be shown


def _plot_widths(width: np.ndarray, split: float) -> str:
    """Histogram of relative widths beside the one width of plain split conformal.

    Parameters
    ----------
    width : ndarray of shape (n,)
        Width of each 90 % interval as a share of the value.
    split : float
        The width of plain split conformal.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        least, most = np.quantile(width, [0, 0.995])
        edges = np.linspace(least, max(most, 1.05 * least), 41)  # one width for all has no span
        axes.hist(np.minimum(width, edges[-1]), bins=edges.tolist(), color=BLUE)
        axes.axvline(float(np.median(width)), color=INK, linewidth=1.4, label="median")
        axes.axvline(split, color=ORANGE, linewidth=1.4, linestyle="--", label="one width for all")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlabel="width of the 90 % interval, share of the value", ylabel="test sales")
        axes.legend(frameon=False, fontsize=8.5)
        return to_svg(drawn)


def error_by_confidence(test: pd.DataFrame) -> pd.DataFrame:
    """Sales and median absolute error by band of the confidence score; thin bands are left out.

    Parameters
    ----------
    test : DataFrame
        Test sales: close_price, pred_close_price (currency), pred_confidence (points).

    Returns
    -------
    DataFrame
        size, median (share of the price) and slice of each band.
    """
    error = (test["pred_close_price"] / test["close_price"] - 1).abs()
    band = pd.cut(test["pred_confidence"], CONFIDENCE, right=False)
    out = error.groupby(band, observed=True).agg(["size", "median"]).reset_index()
    out["slice"] = [f"{one.left:.0f} to {min(one.right, 100):.0f}" for one in out.iloc[:, 0]]
    return out[out["size"] >= THICK]


def _plot_confidence(bands: pd.DataFrame) -> str:
    """Median error by band of confidence.

    Parameters
    ----------
    bands : DataFrame
        What `error_by_confidence` gives.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        axes.bar(bands["slice"], bands["median"], color=BLUE)
        for place, (size, height) in enumerate(zip(bands["size"], bands["median"], strict=True)):
            axes.annotate(f"{size:,}", (place, height), ha="center", va="bottom", fontsize=8)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlabel="confidence score (sales above the bars)", ylabel="median error")
        axes.grid(axis="x", visible=False)
        return to_svg(drawn)


def _plot_zip_coverage(slices: pd.DataFrame, name: str) -> str:
    """Share of prices inside by ZIP, for the ZIPs with most sales; a bar is two standard errors.

    Parameters
    ----------
    slices : DataFrame
        The slices by ZIP.
    name : str
        Coverage in percent, such as "90".

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        most = slices.nlargest(MOST_ZIPS, "sales").sort_values(f"coverage_{name}")
        drawn, axes = new_figure(5.2, max(2.4, 0.19 * len(most) + 1))
        held, promised = most[f"coverage_{name}"].to_numpy(), int(name) / 100
        error = 2 * np.sqrt(promised * (1 - promised) / most["sales"].to_numpy())
        axes.axvline(promised, color=ORANGE, linewidth=1, linestyle=(0, (4, 3)))
        axes.errorbar(
            held, np.arange(len(most)), xerr=error, fmt="o", color=BLUE, ecolor=MUTED, ms=4
        )
        axes.set_yticks(np.arange(len(most)), most["slice"], fontsize=7.5)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(xlabel=f"prices inside the {name} % interval (dashed: promised)")
        return to_svg(drawn)


def interval_headline(study: pd.DataFrame) -> str:
    """What each interval held, and how wide it is beside one width for all.

    Parameters
    ----------
    study : DataFrame
        What `lib.models.calibration.interval_study.compare_with_split_conformal` gives.

    Returns
    -------
    str
        A sentence for each coverage.
    """
    parts = []
    for name, pair in study.groupby("coverage"):
        ours, plain = (pair[pair["intervals"] == which].iloc[0] for which in ("own", "split"))
        parts.append(
            f"The {name} % intervals held {format_share(ours['held'])} of the prices "
            f"({format_share(ours['below'])} lay below, {format_share(ours['above'])} above); one "
            f"is {format_share(ours['median_width'])} of the value wide in the median, one width "
            f"for all would take {format_share(plain['median_width'])} and hold "
            f"{format_share(plain['held'])}."
        )
    return " ".join(parts)


def _study_rows(study: pd.DataFrame) -> list[dict[str, Any]]:
    """The study as the template shows it.

    Parameters
    ----------
    study : DataFrame
        What `lib.models.calibration.interval_study.compare_with_split_conformal` gives.

    Returns
    -------
    list of dict
        name and cells of each row.
    """
    which = {"own": "as given", "split": "one width for all"}
    return [
        {
            "name": f"{one['coverage']} %, {which[one['intervals']]}",
            "cells": [
                format_share(one["held"]),
                format_share(one["below"]),
                format_share(one["above"]),
                format_share(one["median_width"]),
                f"{one['interval_score']:.3f}",
                f"{format_share(one['fifth_least'])} to {format_share(one['fifth_most'])}",
                f"{format_share(one['month_least'])} to {format_share(one['month_most'])}",
            ],
        }
        for one in study.to_dict("records")
    ]


def abstention_finding(test: pd.DataFrame) -> tuple[str, list[tuple[str, int]]]:
    """How many valuations are not to be relied on, how far they were off, and why.

    Parameters
    ----------
    test : DataFrame
        Test sales: close_price, pred_close_price (currency), pred_abstention.

    Returns
    -------
    finding : str
        A sentence.
    reasons : list of tuple
        Kind of reason and how often it is given.
    """
    out = test["pred_abstention"].notna()
    if not out.any():
        return "No valuation of the test is marked as not to be relied on.", []
    error = (test["pred_close_price"] / test["close_price"] - 1).abs()
    reasons = test.loc[out, "pred_abstention"].str.split("; ").explode()
    counts = reasons.map(abstention.reason_kind).value_counts()
    text = (
        f"{int(out.sum()):,} of {len(test):,} valuations of the test come with a reason not to "
        f"rely on them: half of these were off by more than {format_share(error[out].median())}"
    )
    if out.all():
        return f"{text}.", list(counts.items())
    return f"{text}, of the others by more than {format_share(error[~out].median())}.", list(
        counts.items()
    )


def domain_context(
    domain: str, test: pd.DataFrame, slices: pd.DataFrame, errors: np.ndarray, how: dict[str, Any]
) -> dict[str, Any]:
    """What the template needs of one domain.

    Parameters
    ----------
    domain : str
        The domain.
    test : DataFrame
        Test predictions of the variant that values homes.
    slices : DataFrame
        Its rows of slices.parquet.
    errors : ndarray of shape (m,)
        The past log errors that it was calibrated on.
    how : dict of str to Any
        Its part of metrics/calibrate.json.

    Returns
    -------
    dict of str to Any
        Headline, rows, plots and abstentions.
    """
    names = [n.removeprefix("pred_low_") for n in test if n.startswith("pred_low_")]
    study = compare_with_split_conformal(test, errors, names)

    def of(kind: str) -> pd.DataFrame:
        return slices[slices["kind"] == kind].sort_values("slice")

    width = ((test["pred_high_90"] - test["pred_low_90"]) / test["pred_close_price"]).to_numpy()
    plain = study[(study["coverage"] == "90") & (study["intervals"] == "split")].iloc[0]
    tenth, most = np.quantile(width, [0.1, 0.9])
    bands = error_by_confidence(test)
    off = np.abs(test["close_price"] / test["pred_close_price"] - 1)
    within = float((off <= test["pred_fsd"]).mean())
    pictures = [
        (
            "How wide",
            _plot_widths(width, plain["median_width"]),
            f"A tenth of the 90 % intervals is narrower than {format_share(tenth)} of the value, "
            f"a tenth wider than {format_share(most)}.",
        ),
        (
            "By estimated price",
            valuation.plot_coverage(of("value band"), names, "fifth of the test by estimate"),
            coverage_finding(of("value band")),
        ),
        (
            "By month",
            valuation.plot_coverage(of("month"), names, "month"),
            coverage_finding(of("month")),
        ),
    ]
    zips = of("ZIP")
    if len(zips) > 1:
        pictures.append(("By ZIP", _plot_zip_coverage(zips, "90"), coverage_finding(zips)))
    if len(bands) > 1:
        first, last = bands.iloc[0], bands.iloc[-1]
        pictures.append(
            (
                "Confidence score",
                _plot_confidence(bands),
                f"Half of the {int(first['size']):,} homes with a score of {first['slice']} are "
                f"off by more than {format_share(first['median'])}, of the {int(last['size']):,} "
                f"with {last['slice']} by more than {format_share(last['median'])}. "
                f"{format_share(within)} of the prices lie within one FSD of the value; 68 % "
                "should.",
            )
        )
    finding, reasons = abstention_finding(test)
    return {
        "domain": domain,
        "title": TITLES[domain],
        "headline": interval_headline(study),
        "rows": _study_rows(study),
        "plots": [site.picture_context(*one) for one in pictures],
        "abstained": finding,
        "reasons": reasons,
        "how": how,
    }


def coverage_finding(slices: pd.DataFrame) -> str:
    """The slice where the 90 % intervals held least, and where most; thin slices are left out.

    Parameters
    ----------
    slices : DataFrame
        The slices of one kind.

    Returns
    -------
    str
        A sentence.
    """
    thick = slices[~slices["thin"].astype(bool)]
    if not len(thick):
        return "Every slice has under 30 test sales, so none stands on its own."
    low = thick.loc[thick["coverage_90"].idxmin()]
    high = thick.loc[thick["coverage_90"].idxmax()]
    return (
        f"The 90 % intervals held least in {low['slice']} ({format_share(low['coverage_90'])} of "
        f"{int(low['sales']):,}) and most in {high['slice']} ({format_share(high['coverage_90'])} "
        f"of {int(high['sales']):,}), slices of under 30 sales aside."
    )
