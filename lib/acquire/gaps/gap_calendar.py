"""The days of a feed as calendars, a year and a domain each: weeks are columns, weekdays rows.
Equal days give equal bytes."""

from __future__ import annotations

import calendar

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from lib.report.plots.style import INK, MUTED, STYLE, to_svg

LOOK = STYLE | {"svg.fonttype": "none", "hatch.linewidth": 1.1}  # letters as text
RED, AMBER, PALE, GREY = "#c8102e", "#f2b134", "#eceff2", "#dfe4e9"
BLUES = ("#c6daee", "#8db6dd", "#4c86c0", "#1d4f8c")  # few listings to many
WEEKS, SIDE = 54, 0.155  # columns of the longest year; inches of a day
LEFT, BLOCK, HEAD, KEY = 5.2, 10.4, 2.6, 5.4  # in days: labels, a calendar, title, legend
Cells = list[tuple[float, float]]


def shade_thresholds(listings: pd.Series) -> list[int]:
    """The least number of listings of each shade.

    The range of the days that hold some is cut into steps of equal ratio, whole numbers, as many as
    there are BLUES or fewer.

    Parameters
    ----------
    listings
        (n,) listings a day.

    Returns
    -------
    Least numbers, rising.
    """
    most = int(listings.max()) if len(listings) else 0
    if most < 1:
        return [1]
    least = int(listings[listings > 0].min())
    steps = np.geomspace(least, most + 1, len(BLUES) + 1)[:-1]
    return sorted({min(round(float(step)), most) for step in steps})


def calendars_svg(judged: pd.DataFrame, title: str) -> str:
    """Draw the calendars as an <svg> element.

    Parameters
    ----------
    judged
        (n, 8) as `judge_days` gives it.
    title
        Above the first calendar.

    Returns
    -------
    Text of the element.
    """
    with matplotlib.rc_context(LOOK):
        return to_svg(draw_calendars(judged, title))


def draw_calendars(judged: pd.DataFrame, title: str) -> Figure:
    """Draw a calendar for each year and domain, years downwards. Whoever saves the figure sets LOOK
    around both.

    Parameters
    ----------
    judged
        (n, 8) as `judge_days` gives it.
    title
        Above the first calendar.

    Returns
    -------
    The figure.
    """
    blocks = [
        (year, domain, part)
        for year, days in judged.groupby(judged["date"].dt.year)
        for domain, part in days.groupby("domain", sort=False)
    ]
    width, height = LEFT + WEEKS + 1, HEAD + BLOCK * len(blocks) + KEY
    drawn = Figure(figsize=(width * SIDE, height * SIDE))
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-LEFT, WEEKS + 1), ylim=(height, 0))
    axes.axis("off")
    axes.text(-LEFT + 0.8, 1.5, title, fontsize=12, fontweight="bold", va="center")
    least = shade_thresholds(judged["listings"])
    for number, (year, domain, part) in enumerate(blocks):
        _calendar(axes, HEAD + BLOCK * number + 2.6, int(year), str(domain), part, least)
    _legend(axes, height - KEY + 0.6, least)
    return drawn


def _calendar(
    axes: Axes, top: float, year: int, domain: str, part: pd.DataFrame, least: list[int]
) -> None:
    """One year of one domain, Monday on top, its first row at `top`."""
    begin = pd.Timestamp(year, 1, 1)
    shift = begin.weekday()
    place = (part["date"].dt.day_of_year + shift - 1).to_numpy()
    spots = [(float(at // 7), top + float(at % 7)) for at in place]
    state = part["state"].to_numpy()
    shade = np.searchsorted(least, part["listings"].to_numpy(), side="right")
    for name in ("quiet", "empty", "partial", "gap"):
        _days(axes, name, [spot for spot, one in zip(spots, state, strict=True) if one == name])
    for level in range(len(least)):
        _fill(axes, [
            spot for spot, one, its in zip(spots, state, shade, strict=True)
            if one == "active" and its == level + 1
        ], facecolor=_blue(level, len(least)))  # fmt: skip
    ordinary = part["kind"].isin(list(calendar.day_name))
    marked = [spot for spot, plain in zip(spots, ordinary, strict=True) if not plain]
    _fill(axes, marked, 0.1, facecolor="none", edgecolor=INK, linewidth=1.1)
    _months(axes, top, year, shift, set(part["date"].dt.month))
    for row, label in ((0, "Mon"), (2, "Wed"), (4, "Fri"), (6, "Sun")):
        axes.text(-0.4, top + row + 0.5, label, fontsize=6.5, ha="right", va="center", color=MUTED)
    counts = part["state"].value_counts()
    gaps, partial = int(counts.get("gap", 0)), int(counts.get("partial", 0))
    axes.text(-LEFT + 0.8, top - 1.75, f"{year}  {domain}", fontsize=9.5, va="center")
    summary = [f"{gaps} gap day{'s' if gaps != 1 else ''}"] if gaps else []
    summary += [f"{partial} partial"] if partial else []
    axes.text(
        WEEKS, top - 1.75, ", ".join(summary) or "no gaps", fontsize=8.5, ha="right", va="center",
        color=RED if summary else MUTED, fontweight="bold" if summary else "normal",
    )  # fmt: skip


def _months(axes: Axes, top: float, year: int, shift: int, months: set[int]) -> None:
    """Names of `months` above a calendar, and a line between each two."""
    for month in sorted(months):
        at = pd.Timestamp(year, month, 1).day_of_year + shift - 1
        week, day = at // 7, at % 7
        middle = (at + calendar.monthrange(year, month)[1] / 2) / 7
        axes.text(
            middle, top - 0.55, calendar.month_abbr[month], fontsize=7, ha="center", va="center",
            color=MUTED,
        )  # fmt: skip
        if month - 1 in months:
            across = [week + 1, week + 1, week, week] if day else [week, week]
            down = [top, top + day, top + day, top + 7] if day else [top, top + 7]
            axes.plot(across, down, color=INK, linewidth=1.2, solid_capstyle="butt")


def _blue(level: int, levels: int) -> str:
    """The shade of a level: the darkest always is that of the most."""
    return BLUES[len(BLUES) - levels + level]


def _days(axes: Axes, state: str, spots: Cells) -> None:
    """Days without listings in the look of their state."""
    if state == "gap":
        _fill(axes, spots, facecolor=RED)
        _strokes(axes, spots, [(0.3, 0.3, 0.7, 0.7), (0.3, 0.7, 0.7, 0.3)], "white", 1.0)
    elif state == "partial":
        _fill(axes, spots, facecolor=AMBER, hatch="//////", edgecolor="#7a4a00", linewidth=0)
    elif state == "empty":
        _fill(axes, spots, facecolor=GREY)
        _fill(axes, spots, 0.37, facecolor=INK)
    else:
        _fill(axes, spots, facecolor=PALE)


def _fill(axes: Axes, spots: Cells, inset: float = 0.06, **look: object) -> None:
    """A square at each spot, all of them one path, so that a picture of years stays small."""
    if not spots:
        return
    corners = np.array([(inset, inset), (1 - inset, inset), (1 - inset, 1 - inset),
                        (inset, 1 - inset), (inset, inset)])  # fmt: skip
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    points = np.concatenate([corners + spot for spot in np.array(spots)])
    plain = {"edgecolor": "none", "linewidth": 0} | look
    axes.add_patch(PathPatch(Path(points, codes * len(spots)), **plain))


def _strokes(
    axes: Axes, spots: Cells, lines: list[tuple[float, ...]], colour: str, width: float
) -> None:
    """Lines (x, y, x, y within a day) at each spot, all of them one path."""
    if not spots:
        return
    ends = [np.array(line).reshape(2, 2) + spot for spot in np.array(spots) for line in lines]
    codes = [Path.MOVETO, Path.LINETO] * len(ends)
    path = Path(np.concatenate(ends), codes)
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width))


def _legend(axes: Axes, top: float, least: list[int]) -> None:
    """What the squares mean, in words."""
    words = {
        "gap": "gap: no listings, usually some",
        "partial": "fetched before the day was over",
        "quiet": "quiet: none, as usual",
        "empty": "the portal says none",
    }
    across = 0.0
    for state, label in words.items():
        _days(axes, state, [(across, top)])
        axes.text(across + 1.4, top + 0.5, label, fontsize=7.5, va="center")
        across += 1.4 + 0.45 * len(label) + 1.0
    down, across = top + 1.9, 0.0
    for level, low in enumerate(least):
        high = least[level + 1] - 1 if level + 1 < len(least) else None
        label = (
            f"{low:,}" if high == low else f"{low:,} to {high:,}" if high else f"{low:,} or more"
        )
        label += " listings" if level == len(least) - 1 else ""
        _fill(axes, [(across, down)], facecolor=_blue(level, len(least)))
        axes.text(across + 1.4, down + 0.5, label, fontsize=7.5, va="center")
        across += 1.4 + 0.45 * len(label) + 1.0
    _fill(axes, [(across, down)], 0.1, facecolor="none", edgecolor=INK, linewidth=1.1)
    axes.text(across + 1.4, down + 0.5, "holiday", fontsize=7.5, va="center")
