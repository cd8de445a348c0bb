"""Conformal intervals in log price, from errors on sales that a model had not seen.

A new home's error is expected to rank anywhere among the scores of past errors (Vovk et al.,
Algorithmic Learning in a Random World, 2005; Lei et al., JASA 113, 2018). A score is the error over
the home's own difficulty, or beyond its own quantile (Romano et al., NeurIPS 2019); scores of like
homes alone may count (Mondrian: Vovk et al., 2003); newer ones may weigh more (Barber et al.,
Annals of Statistics 51, 2023), or the miss rate asked for may follow the misses seen (Gibbs and
Candes, NeurIPS 2021). Each tail has its own bound, since errors of prices are not symmetric.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.errors import require
from lib.common.params import Section

CENTRAL = 0.68  # the share that lies within one standard deviation, for the FSD
NEVER = np.datetime64("2262-01-01")


class AdaptiveSettings(Section):
    """How intervals follow a market that moves: not at all (scores of the past alone count), by
    newer scores that weigh more, or by `aci`, in `step`s of the miss rate asked for."""

    way: Literal["none", "recency", "aci"]
    half_life_days: float = Field(gt=0)
    least_weight: float = Field(ge=0)
    step: float = Field(gt=0, lt=1)


def weighted_tail_score(scores: np.ndarray, weights: np.ndarray, tail: float) -> float:
    """The weighted score that a new score falls under with probability `tail` at most.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Past scores, ascending.
    weights : ndarray of shape (n,)
        Their weights, above 0 and at most 1; the new score weighs 1.
    tail : float
        The probability asked for (share).

    Returns
    -------
    float
        The bound in the scores' unit; nan where the scores are too few for it.

    Notes
    -----
    With weights of 1 it is the score of rank floor((n + 1) tail) (Lei et al., JASA 113, 2018);
    weighted after Barber et al., Annals of Statistics 51, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_tail_score(np.array([-0.3, -0.1, 0.0, 0.2]), np.ones(4), tail=0.2)
    -0.3
    """
    total = np.cumsum(weights)
    if not len(total):
        return np.nan
    rank = int(np.searchsorted(total, tail * (total[-1] + 1) + 1e-9, side="right"))
    return float(scores[rank - 1]) if rank else np.nan


def split_bounds(errors: np.ndarray, coverage: float) -> tuple[float, float]:
    """Shifts in log price between which a new error lies with probability `coverage` at least.

    Parameters
    ----------
    errors : ndarray of shape (n,)
        Log price minus predicted log price; missing ones do not count.
    coverage : float
        The probability asked for (share).

    Returns
    -------
    (float, float)
        Lower and upper shift in log price.

    Raises
    ------
    RemlError
        Where n is too small for that coverage: 90 % needs 19 errors, 95 % needs 39.

    Notes
    -----
    Split conformal intervals (Vovk et al., 2005; Lei et al., JASA 113, 2018), each tail by itself.
    """
    errors = np.sort(errors[np.isfinite(errors)])
    n, tail = len(errors), (1 - coverage) / 2
    require(
        (n + 1) * tail + 1e-9 >= 1,
        f"calibrate: {n} out-of-fold errors are too few for {coverage:.0%} "
        f"intervals; they need {int(np.ceil(1 / tail - 1e-9)) - 1}",
    )
    even = np.ones(n)
    return weighted_tail_score(errors, even, tail), -weighted_tail_score(-errors[::-1], even, tail)


def choose_half_life(
    close_date: pd.Series, day: pd.Timestamp, spec: AdaptiveSettings
) -> float | None:
    """Days in which a score's weight halves.

    Parameters
    ----------
    close_date : Series of shape (n,), datetime64
        When the scored sales closed.
    day : Timestamp
        The day of the valuation.
    spec : AdaptiveSettings
        Its `half_life_days`, doubled until the scores weigh `least_weight` together.

    Returns
    -------
    float or None
        Days; None, so that all scores weigh alike, where they never weigh as much or `way` is not
        recency.
    """
    if spec.way != "recency" or close_date.isna().all():
        return None
    age = (day - close_date).dt.days.to_numpy(float)
    days = spec.half_life_days
    while days < 4 * max(age.max(initial=0.0), 1.0):
        if np.nansum(0.5 ** (age / days)) >= spec.least_weight:
            return days
        days *= 2
    return None


def adaptive_bounds(
    rows: pd.DataFrame, coverage: float, adaptive: AdaptiveSettings, half_life: float | None
) -> np.ndarray:
    """Lower and upper shift of each row's interval, from the scores that its date knows.

    Parameters
    ----------
    rows : DataFrame of n rows
        past (bool), as_of, close_date, error (log price minus estimate, missing while unknown),
        scale (the home's difficulty, above 0), group (its number), low and high (where the scores
        of each tail begin, in log price).
    coverage : float
        The share of prices that an interval is to hold.
    adaptive : AdaptiveSettings
        How intervals follow the market.
    half_life : float or None
        Days in which a score's weight halves; None where all weigh alike.

    Returns
    -------
    ndarray of shape (n, 2)
        Lower and upper shift in log price; nan for rows of the past.

    Notes
    -----
    A row knows the scores of the past and, unless the way is none, of all that closed before its
    as_of. Where a group's scores cannot bound a tail, its most extreme score does. Adaptive miss
    rates after Gibbs and Candes, NeurIPS 2021; groups after Vovk et al., 2003.
    """
    past = rows["past"].to_numpy(bool)
    as_of, closed = (rows[n].to_numpy("datetime64[ns]") for n in ("as_of", "close_date"))
    error, scale, group = (rows[n].to_numpy() for n in ("error", "scale", "group"))
    centre = rows[["low", "high"]].to_numpy(float)
    scores = (error[:, None] - centre) / scale[:, None] * [1, -1]  # of either tail: low is a miss
    orders = [np.argsort(scores[:, side], kind="stable") for side in (0, 1)]
    orders = [order[np.isfinite(scores[order, side])] for side, order in enumerate(orders)]
    never = np.isnat(closed) | (adaptive.way == "none")
    seen = np.where(past, np.datetime64("1677-10-01"), np.where(never, NEVER, closed))
    like = {  # the rows whose scores count for a group, by either tail's score
        one: [order[group[order] == one] for order in orders] for one in np.unique(group[~past])
    }
    tail = (1 - coverage) / 2
    out = np.full((len(rows), 2), np.nan)
    asked, last = np.full(2, tail), np.datetime64("1677-10-02")
    days = np.where(np.isnat(as_of), np.datetime64("1678-01-01"), as_of)
    for day in np.unique(days[~past]):
        if adaptive.way == "aci":
            news = ~past & (seen >= last) & (seen < day) & np.isfinite(error)
            for side in (0, 1):
                missed = (np.array([1, -1])[side] * (error[news] - out[news, side]) < 0).sum()
                asked[side] += adaptive.step * (tail * news.sum() - missed)
            asked, last = np.clip(asked, tail / 10, 0.5), day
        here = np.flatnonzero(~past & (days == day))
        weight = np.ones(len(rows))
        if half_life is not None:
            age = (day - closed).astype("timedelta64[D]").astype(float)
            weight = np.where(np.isnat(closed), 0.0, 0.5 ** (np.maximum(age, 0) / half_life))
        for one in np.unique(group[here]):
            mine = here[group[here] == one]
            for side, order in enumerate(like[one]):
                known = order[(seen[order] < day) & (weight[order] > 0)]
                low = weighted_tail_score(scores[known, side], weight[known], asked[side])
                if np.isnan(low) and len(known):
                    low = scores[known[0], side]
                out[mine, side] = [1, -1][side] * low * scale[mine] + centre[mine, side]
    return out
