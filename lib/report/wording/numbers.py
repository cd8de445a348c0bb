"""Figures as people read them: shares, money, metrics and the cells of tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

MONEY = ("mae", "rmse")  # metrics in currency
MISSING = "n/a"


def format_share(value: float | None, places: int = 1) -> str:
    """A fraction in percent: 0.0815 -> 8.2 %; a missing one -> n/a."""
    return MISSING if value is None or pd.isna(value) else f"{value * 100:.{places}f} %"


def format_signed_share(value: float | None) -> str:
    """A fraction in percent with its sign: -0.0123 -> -1.2 %; a missing one -> n/a."""
    return MISSING if value is None or pd.isna(value) else f"{value * 100:+.1f} %"


def format_money(value: float | None) -> str:
    """An amount of currency, whole: 415300.4 -> 415,300; a missing one -> an empty text."""
    return "" if value is None or pd.isna(value) else f"{value:,.0f}"


def format_metric(name: str, value: float | None) -> str:
    """An accuracy metric: money, a share, or a plain number (R2, RMSLE); null -> n/a."""
    if value is None:
        return MISSING
    if name in MONEY:
        return format_money(value)
    return f"{value:.3f}" if name in ("r2", "rmsle") else format_share(value)


def format_metric_interval(name: str, one: Mapping[str, float | None]) -> str:
    """The interval of an accuracy metric: 8.6 % to 10.5 %."""
    return f"{format_metric(name, one['low'])} to {format_metric(name, one['high'])}"


def format_statistic(name: str, value: float | None) -> str:
    """A statistic of a ratio study: COD and VEI (percent) to one digit, the others to three."""
    if value is None or not np.isfinite(value):
        return MISSING
    return f"{value:.1f}" if name in ("cod", "vei") else f"{value:.3f}"


def markdown_cell(text: object) -> str:
    """A feed's own words as a cell of a Markdown table: one line, no column marks."""
    return " ".join(str(text).split()).replace("|", "\\|")
