"""Splits in time: the past, the test after a boundary, and rolling-origin folds in the past."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from lib.common.errors import require
from lib.common.params import Section

ROLES = ("train", "test", "purged", "subject", "unused")


class SplitParams(Section):
    """The `split` section: a boundary date, or the newest fraction of sales that is the test."""

    boundary: dt.date | float
    folds: int = Field(ge=1)
    fold_share: float = Field(gt=0, le=1)  # how much of the past, its newest part, the folds cover
    minimum_train: int = Field(ge=1)  # sales that had closed before the first fold

    @field_validator("boundary")
    @classmethod
    def _fraction_is_one(cls, boundary: dt.date | float) -> dt.date | float:
        if isinstance(boundary, float) and not 0 < boundary < 1:
            raise ValueError("a fraction must lie between 0 and 1")
        return boundary


@dataclass(frozen=True)
class SplitPlan:
    """The boundary date and the fold edges: fold k (from 1) covers [edges[k-1], edges[k])."""

    boundary: pd.Timestamp
    edges: list[pd.Timestamp]


def plan_split(closed: pd.DataFrame, spec: SplitParams, name: str) -> SplitPlan:
    """Where the past ends and the folds begin.

    Parameters
    ----------
    closed : DataFrame
        Closed sales, with as_of and close_date.
    spec : SplitParams
        The boundary, and how the past is cut.
    name : str
        What the rows are, for messages.

    Returns
    -------
    SplitPlan
        The boundary and the edges of the folds.

    Raises
    ------
    RemlError
        Where a side of the boundary is empty or the past is too short for folds.
    """
    require(
        len(closed) > 0,
        f"{name}: no closed rows with a price and a date; nothing to split (does the contract's "
        "lookup turn the sold status into Closed?)",
    )
    as_of = closed["as_of"].sort_values(kind="stable").reset_index(drop=True)
    boundary = pd.Timestamp(
        as_of.iloc[int(len(as_of) * (1 - spec.boundary))]
        if isinstance(spec.boundary, float)
        else spec.boundary
    )
    past = closed[closed["close_date"] < boundary]
    where = f"{name}, split.boundary {boundary:%Y-%m-%d}"
    require(
        (as_of >= boundary).any(),
        f"{where}: no sale lies after it (the newest is "
        f"{as_of.iloc[-1]:%Y-%m-%d}); choose an earlier date or a fraction",
    )
    open_days, closings = (
        np.sort(past[name].to_numpy("datetime64[D]")) for name in ("as_of", "close_date")
    )
    # the first sale agreed after enough others had closed to learn from
    ready = (
        np.searchsorted(open_days, closings[spec.minimum_train - 1], side="right")
        if len(past) >= spec.minimum_train
        else len(past)
    )
    require(
        len(past) - ready >= 10 * spec.folds,
        f"{where}: only {len(past)} sales before it, too few for {spec.folds} folds after "
        f"{spec.minimum_train} closed ones; choose a later date or lower those params",
    )
    first = max(int(len(past) * (1 - spec.fold_share)), ready)
    at = np.linspace(first, len(open_days), spec.folds + 1).astype(int)[:-1]
    edges = [*sorted({pd.Timestamp(open_days[i]) for i in at}), boundary]
    return SplitPlan(boundary, edges)


def is_priced_sale(table: pd.DataFrame) -> pd.Series:
    """Whether each row is a closed sale with a price.

    Parameters
    ----------
    table : DataFrame of n rows
        standard_status and close_price.

    Returns
    -------
    Series of shape (n,), bool
        True for those.
    """
    return (table["standard_status"] == "Closed") & (table["close_price"] > 0)


def is_dated_sale(table: pd.DataFrame) -> pd.Series:
    """Whether each row is a closed sale with a price and a date.

    Parameters
    ----------
    table : DataFrame of n rows
        standard_status, close_price and close_date.

    Returns
    -------
    Series of shape (n,), bool
        True for those.
    """
    return is_priced_sale(table) & table["close_date"].notna()


def assign_time_roles(table: pd.DataFrame, cut: SplitPlan) -> pd.DataFrame:
    """The role and the fold of each row by a plan.

    Parameters
    ----------
    table : DataFrame of n rows
        listing_key, standard_status, close_price, close_date and as_of.
    cut : SplitPlan
        The plan.

    Returns
    -------
    DataFrame of n rows
        listing_key, role (one of ROLES) and fold (0: in none).

    Notes
    -----
    A sale that was agreed before the boundary and closed after it is `purged`: its price was not
    known to the past, and the model of the boundary knows more than its own date did. Rows with an
    as_of date that are not closed are subjects; closed rows without a price are unused.
    """
    dated = is_dated_sale(table)
    on_market = (table["standard_status"] != "Closed") & table["as_of"].notna()
    role = pd.Series("unused", index=table.index, dtype="str")
    role = role.mask(on_market, "subject").mask(dated, "purged")
    role = role.mask(dated & (table["close_date"] < cut.boundary), "train")
    role = role.mask(dated & (table["as_of"] >= cut.boundary), "test")
    fold = np.searchsorted(
        np.array(cut.edges, "datetime64[D]"), table["as_of"].to_numpy("datetime64[D]"), side="right"
    )
    fold = np.where((role == "train") & (fold < len(cut.edges)), fold, 0)
    return pd.DataFrame({"listing_key": table["listing_key"], "role": role, "fold": fold})
