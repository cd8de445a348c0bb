"""The calendar picture: each day stands where a wall calendar has it, in the look of its state."""

import calendar
import datetime as dt
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from lib.acquire.gaps import gap_calendar as plot

CYCLE = ["active", "quiet", "gap", "empty", "partial", "active", "gap"]


def judged(first, last, domains=("sale", "rental")):
    """Days whose states and listings go round, not in step with weeks."""
    lines = []
    for n, day in enumerate(pd.date_range(first, last, unit="us")):
        for domain in domains:
            state = CYCLE[(n + n // 7) % 7]
            count = 1 + n % 40 if state == "active" else 0
            kind = "Memorial Day" if (day.month, day.day) == (5, 27) else day.day_name()
            lines.append((day, domain, count, state, kind))
    return pd.DataFrame(lines, columns=["date", "domain", "listings", "state", "kind"])


def drawn(table):
    with matplotlib.rc_context(plot.LOOK):
        return plot.draw_calendars(table, "har")


def squares(figure, colour):
    """Middles (x, y) of all squares filled with a colour."""
    found = set()
    for patch in figure.axes[0].patches:
        if to_hex(patch.get_facecolor()) == colour and patch.get_facecolor()[3] > 0:
            corners = patch.get_path().vertices.reshape(-1, 5, 2)
            found |= {tuple(middle) for middle in np.round(corners[:, :4].mean(axis=1), 3)}
    return found


def wall(first, last, states):
    """(week, weekday) of days, by walking month for month through a wall calendar's weeks."""
    found, week = {}, -1
    for month in range(1, 13):
        for line in calendar.Calendar().monthdayscalendar(first.year, month):
            if month == 1 and line[0] in (0, 1) and week < 0:
                week = 0
            elif line[0]:  # a Monday: a new week
                week += 1
            for weekday, day in enumerate(line):
                one = dt.date(first.year, month, day) if day else None
                if one and first <= one <= last:
                    found[one] = (max(week, 0), weekday)
    return {spot for day, spot in found.items() if day in states}


@pytest.mark.parametrize("year", [2023, 2024, 2028])  # begins on a Sunday, a Monday, a Saturday
def test_gaps_stand_where_a_wall_calendar_has_them(year):
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 20)
    table = judged(first, last, ("sale",))
    gaps = set(table.loc[table["state"] == "gap", "date"].dt.date)
    figure = drawn(table)
    top = plot.HEAD + 2.6
    wanted = {(week + 0.5, round(top + day + 0.5, 3)) for week, day in wall(first, last, gaps)}
    assert len(wanted) == len(gaps)
    legend = squares(figure, plot.RED) - wanted
    assert wanted <= squares(figure, plot.RED) and len(legend) == 1


def test_each_state_has_a_look_of_its_own_and_the_legend_names_it():
    table = judged(dt.date(2023, 3, 1), dt.date(2024, 11, 30))
    figure = drawn(table)
    count = table["state"].value_counts()
    for state, colour in (("gap", plot.RED), ("partial", plot.AMBER), ("quiet", plot.PALE),
                          ("empty", plot.GREY)):  # fmt: skip
        assert len(squares(figure, colour)) == count[state] + 1, state
    shaded = [len(squares(figure, blue)) for blue in plot.BLUES]
    assert sum(shaded) == count["active"] + len(plot.BLUES)
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert {to_hex(patch.get_facecolor()) for patch in hatched} == {plot.AMBER}
    texts = [text.get_text() for text in figure.axes[0].texts]
    for said in ("gap: no listings, usually some", "holiday", "quiet: none, as usual",
                 "fetched before the day was over", "the portal says none"):  # fmt: skip
        assert texts.count(said) == 1
    assert [text for text in texts if text.startswith("20")] == [
        "2023  sale", "2023  rental", "2024  sale", "2024  rental",
    ]  # fmt: skip
    assert texts.count("Dec") == 2 and texts.count("Jan") == 2 and texts.count("Mar") == 4


def test_how_many_gaps_a_calendar_has_stands_beside_it():
    table = judged(dt.date(2024, 1, 1), dt.date(2024, 12, 31), ("sale", "rental"))
    table.loc[table["domain"] == "rental", "state"] = "quiet"
    table.loc[table["date"] == "2024-05-07", "state"] = "gap"
    sale = table.loc[table["domain"] == "sale", "state"].value_counts()
    texts = [text.get_text() for text in drawn(table).axes[0].texts]
    assert f"{sale['gap']} gap days, {sale['partial']} partial" in texts
    assert "1 gap day" in texts
    table.loc[table["state"] == "gap", "state"] = "active"
    table.loc[table["state"] == "partial", "state"] = "active"
    assert "no gaps" in [text.get_text() for text in drawn(table).axes[0].texts]


@pytest.mark.parametrize(
    ("counts", "least"),
    [([], [1]), ([0, 0], [1]), ([1], [1]), ([0, 3, 3], [3]), ([1, 15], [1, 2, 4, 8]),
     ([0, 1, 2], [1, 2]), ([10, 9999], [10, 56, 316, 1778])],
)  # fmt: skip
def test_shades_are_steps_of_equal_ratio(counts, least):
    assert plot.shade_thresholds(pd.Series(counts, dtype="int64")) == least


def test_more_listings_are_darker_and_the_legend_has_the_bounds():
    table = judged(dt.date(2024, 1, 1), dt.date(2024, 12, 31), ("sale",))
    table["state"], table["listings"] = "active", 1
    table.loc[10, "listings"] = 15
    figure = drawn(table)
    spot = (10 // 7 + 0.5, round(plot.HEAD + 2.6 + 10 % 7 + 0.5, 3))  # 1 January was a Monday
    assert spot in squares(figure, plot.BLUES[-1])
    assert len(squares(figure, plot.BLUES[0])) == 365 + 1
    texts = [text.get_text() for text in figure.axes[0].texts]
    for said in ("1", "2 to 3", "4 to 7", "8 or more listings"):
        assert said in texts


def test_equal_days_give_equal_bytes_and_the_picture_stays_small():
    table = judged(dt.date(2022, 6, 1), dt.date(2024, 5, 31))
    text = plot.calendars_svg(table, "har")
    assert text == plot.calendars_svg(table.copy(), "har")
    assert text.startswith("<svg") and len(text) < 300_000
    assert "gap: no listings" in text and not re.search(r"<dc:date>", text)
