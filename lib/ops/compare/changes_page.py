"""The page about what moved: its sentences, tables and pictures of one domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from lib.ops.compare import changes
from lib.report.pages import site
from lib.report.plots.style import BLUE, INK, ORANGE, STYLE, new_figure, to_svg

TITLES = {"sale": "Sales", "rental": "Rentals (monthly rent)"}
BARS = 12  # listings in the picture of the largest changes


def _plot_changes(moved: pd.DataFrame) -> str:
    """A histogram of the changes of value; its ends hold what lies beyond them.

    Parameters
    ----------
    moved
        change (share).

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        change = moved["change"].to_numpy()
        reach = max(float(np.quantile(np.abs(change), 0.98)), changes.MOVED)
        edges = np.linspace(-reach, reach, 32)  # an odd number of bars: one stands for no change
        axes.hist(np.clip(change, -reach, reach), edges.tolist(), color=BLUE)
        axes.axvline(float(np.median(change)), color=ORANGE, linewidth=1.4, label="median")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="change of value", ylabel="listings")
        axes.grid(axis="x", visible=False)
        axes.legend(frameon=False)
        return to_svg(drawn)


def _plot_largest(moved: pd.DataFrame) -> str:
    """The largest changes of value as bars, up in blue, down in orange.

    Parameters
    ----------
    moved
        listing_key and change (share), the largest first.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        top = moved.head(BARS).iloc[::-1]
        drawn, axes = new_figure(5.2, 3.4)
        colours = [BLUE if change > 0 else ORANGE for change in top["change"]]
        axes.barh(top["listing_key"], top["change"], color=colours)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="change of value")
        axes.grid(axis="y", visible=False)
        return to_svg(drawn)


def _plot_groups(pushes: pd.DataFrame) -> str:
    """How far each group of inputs moved a listing's value, on average.

    Parameters
    ----------
    pushes
        As `changes.changes_by_group` returns it.

    Returns
    -------
    str
        SVG.
    """
    with matplotlib.rc_context(STYLE):
        drawn, axes = new_figure(5.2, 3.4)
        top = pushes.head(BARS).iloc[::-1]
        axes.barh(top["group"], np.expm1(top["typical"]), color=BLUE)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="mean size of its push on a value")
        axes.grid(axis="y", visible=False)
        return to_svg(drawn)


def headline_sentence(moved: pd.DataFrame) -> str:
    """How many values moved, and how far, in a sentence or two.

    Parameters
    ----------
    moved
        change (share); at least one row.

    Returns
    -------
    str
        Text of the page.
    """
    count = int((moved["change"].abs() >= changes.MOVED).sum())
    if not (moved["change"] != 0).any():
        return f"None of the {len(moved):,} listings valued in both runs changed its value."
    middle = moved["change"].median()
    low, high = moved["change"].quantile([0.05, 0.95])
    return (
        f"{count:,} of the {len(moved):,} listings valued in both runs moved by 1 % or more. The "
        f"median change is {100 * middle:+.1f} %; nine in ten lie between {100 * low:+.1f} and "
        f"{100 * high:+.1f} %."
    )


def describe_departed(gone: pd.DataFrame, now: pd.DataFrame | None) -> str:
    """What became of the listings that are no longer valued, and how the base's value compares with
    the price of those that have closed.

    Parameters
    ----------
    gone
        Their valuations in the base: listing_key, pred_close_price (currency).
    now
        Listings as they stand now: listing_key, standard_status, close_price; None where there is
        no such table.

    Returns
    -------
    str
        Text of the page; empty where nothing is to be said.
    """
    if now is None or gone.empty:
        return ""
    states = gone.merge(
        now[["listing_key", "standard_status", "close_price"]], on="listing_key", how="left"
    )
    counts = states["standard_status"].fillna("not in the export").value_counts()
    statuses = ", ".join(
        f"{n:,} {name}" for name, n in sorted(counts.items(), key=lambda i: str(i[0]))
    )
    closed = states[states["close_price"].notna() & (states["standard_status"] == "Closed")]
    if closed.empty:
        return f"Their status now: {statuses}."
    error = (closed["pred_close_price"] / closed["close_price"] - 1).abs().median()
    return (
        f"Their status now: {statuses}. The base's values of the {len(closed):,} that have closed "
        f"miss the price by {100 * error:.1f} % in the median."
    )


def _count_arrivals(new: pd.DataFrame, gone: pd.DataFrame) -> str:
    """How many listings are valued in one run only.

    Parameters
    ----------
    new, gone
        Rows that only the later run has, and only the base.

    Returns
    -------
    str
        Text of the page.
    """
    if new.empty and gone.empty:
        return "Both runs value the same listings."
    return f"Valued now and not before: {len(new):,}; before and not now: {len(gone):,}."


def _make_pictures(moved: pd.DataFrame, pushes: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The pictures of a domain, each with its finding; none where no value changed.

    Parameters
    ----------
    moved
        As `changes.value_changes` returns it.
    pushes
        As `changes.changes_by_group` returns it; None where contributions are lacking.

    Returns
    -------
    list of dict
        As `site.picture` makes them.
    """
    if not (moved["change"] != 0).any():
        return []
    up = int((moved["change"] > 0).sum())
    first = moved.iloc[0]
    out = [
        site.picture_context(
            "Changes of value",
            _plot_changes(moved),
            f"{up:,} values rose and {int((moved['change'] < 0).sum()):,} fell.",
        ),
        site.picture_context(
            "Largest changes",
            _plot_largest(moved),
            f"Listing {first['listing_key']} moved most: {100 * first['change']:+.1f} %.",
        ),
    ]
    if pushes is not None and len(pushes):
        top = pushes.iloc[0]
        out.append(
            site.picture_context(
                "What moved them",
                _plot_groups(pushes),
                f"{top['group']} moved values most: by {100 * np.expm1(top['typical']):.1f} % on "
                f"average, {changes.format_log_change(top['push'])} with its sign.",
            )
        )
    return out


def _largest_changes(
    moved: pd.DataFrame, why: pd.DataFrame | None, differ: pd.DataFrame | None, count: int
) -> list[dict[str, Any]]:
    """The listings that moved most, each with what moved it and what changed in its record.

    Parameters
    ----------
    moved
        As `changes.value_changes` returns it.
    why
        As `changes.contribution_changes` returns it, or None.
    differ
        As `changes.differing_cells` returns it, or None.
    count
        How many listings.

    Returns
    -------
    list of dict
        Rows of the page's table, as text.
    """
    rows = []
    for one in moved[moved["change"] != 0].head(count).to_dict("records"):
        own = None if why is None else why[why["listing_key"] == one["listing_key"]]
        cells = []
        if differ is not None:
            cells = differ[differ["listing_key"] == one["listing_key"]].to_dict("records")
        place = one.get("unparsed_address")
        rows.append(
            {
                "listing_key": one["listing_key"],
                "place": place if isinstance(place, str) else "",
                "old": f"{one['old']:,.0f}",
                "new": f"{one['new']:,.0f}",
                "change": f"{100 * one['change']:+.1f} %",
                "reasons": [] if own is None else changes.explain_change(own),
                "record": [f"{part['column']}: {part['old']} → {part['new']}" for part in cells],
            }
        )
    return rows


@dataclass(frozen=True)
class DomainChanges:
    """Two runs' rows of one domain: what `changes.value_changes` says of the listings that both
    value, the valuations that one of them lacks (`new`, `gone`), `changes.contribution_changes`,
    `changes.differing_cells`, and the listings as they stand now; None for what no run has."""

    domain: str
    moved: pd.DataFrame
    new: pd.DataFrame
    gone: pd.DataFrame
    contributions: pd.DataFrame | None
    cells: pd.DataFrame | None
    listings: pd.DataFrame | None


def domain_section(part: DomainChanges, count: int) -> dict[str, Any]:
    """Everything that the page says of one domain, `count` of its largest changes among it."""
    moved, why = part.moved, part.contributions
    pushes = None if why is None else changes.changes_by_group(why)
    return {
        "domain": part.domain,
        "title": TITLES[part.domain],
        "headline": headline_sentence(moved)
        if len(moved)
        else "No listing is valued in both runs.",
        "plots": _make_pictures(moved, pushes) if len(moved) else [],
        "rows": _largest_changes(moved, why, part.cells, count),
        "listings": _count_arrivals(part.new, part.gone),
        "sold": describe_departed(part.gone, part.listings),
        "compared": part.cells is not None,
        "unexplained": 0 if why is None else changes.count_unexplained(moved, why),
    }
