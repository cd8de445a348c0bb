"""What every estimator asks of a frame of inputs: which columns it sees, which hold categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.errors import require


@dataclass(frozen=True)
class Standardizer:
    """Brings numbers to mean 0 and spread 1, by `centre` and `scale` (columns,) of the training
    rows. A missing number stands at `median`, or at the mean where there is none."""

    centre: np.ndarray
    scale: np.ndarray
    median: np.ndarray | None = None

    def transform(self, values: np.ndarray) -> np.ndarray:
        """`values` (n, columns), nan where missing, in standard deviations from the centre."""
        if self.median is None:
            return np.where(np.isfinite(values), (values - self.centre) / self.scale, 0.0)
        return (np.where(np.isfinite(values), values, self.median) - self.centre) / self.scale


Prefix = Annotated[str, Field(min_length=1)]  # every name begins with an empty one


def columns_without_prefixes(inputs: pd.DataFrame, without: list[str]) -> list[str]:
    """The columns whose names begin with none of some prefixes.

    Parameters
    ----------
    inputs : DataFrame of shape (n, columns)
        Inputs of a model.
    without : list of str
        Prefixes.

    Returns
    -------
    list of str
        Names, in the frame's order.
    """
    return [name for name in inputs if not name.startswith(tuple(without))]


def require_any_column(columns: object) -> None:
    """Raise `RemlError` where `columns`, those that a model could learn from, are none."""
    require(
        bool(columns),
        "the model has no input to learn from; take prefixes out of `without` of its section of "
        "params.yaml",
    )


def text_categories(inputs: pd.DataFrame, columns: list[str]) -> dict[str, list[str]]:
    """The values of each text column.

    Parameters
    ----------
    inputs : DataFrame of shape (n, columns)
        Inputs of a model.
    columns : list of str
        The columns that are looked at.

    Returns
    -------
    dict of str to list of str
        Sorted values by column; columns of numbers are left out.
    """
    return {
        name: sorted(inputs[name].dropna().unique())
        for name in columns
        if not pd.api.types.is_numeric_dtype(inputs[name])
    }


def first_finite(inputs: pd.DataFrame, names: list[str]) -> np.ndarray:
    """The first number that each row has among some columns.

    Parameters
    ----------
    inputs : DataFrame of n rows
        Inputs; columns that it lacks are passed over.
    names : list of str
        The columns, the preferred one first.

    Returns
    -------
    ndarray of shape (n,), float64
        nan where a row has none.

    Examples
    --------
    >>> import pandas as pd
    >>> first_finite(pd.DataFrame({"a": [1.0, None], "b": [2.0, 3.0]}), ["a", "b"]).tolist()
    [1.0, 3.0]
    """
    found = np.full(len(inputs), np.nan)
    for name in names:
        if name in inputs:
            found = np.where(np.isfinite(found), found, inputs[name].to_numpy(float))
    return found
