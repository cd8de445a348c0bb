"""Late fusion: trees that see no photos, and a linear model of the photos for what the trees miss.

The photo part learns from the residuals of trees that had not seen the sale: the training rows are
cut into parts along their closing dates, and each part is predicted by trees grown on the others.
Residuals of trees on their own training rows would be too small to learn from.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.models.variants.photo.photo_pca import (
    MISSING,
    PREFIX,
    ROWS,
    PhotoPCA,
    PhotoPCAParams,
    sum_components_by_source,
)
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.boosting import BoostedTrees, BoostedTreesParams
from lib.models.variants.training.estimators.columns import Standardizer, columns_without_prefixes


class LateFusionParams(BoostedTreesParams, PhotoPCAParams):
    """The `fuse.late_fusion` section: `ridge` is the penalty on the photo part's standardised
    inputs, `parts` how many the training rows are cut into."""

    ridge: float = Field(ge=0, allow_inf_nan=False)
    parts: int = Field(ge=2)


def split_by_date(dates: pd.DataFrame | None, rows: int, count: int) -> list[np.ndarray]:
    """Row numbers of the training rows, in parts that are contiguous in close_date.

    Parameters
    ----------
    dates : DataFrame or None
        close_date of the rows; without it the order of the rows counts.
    rows : int
        Training rows.
    count : int
        Parts at most.

    Returns
    -------
    list of ndarray of int64
        The row numbers of each part that has some.
    """
    order = np.arange(rows)
    if dates is not None:
        order = (
            dates["close_date"].reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
        )
    return [part for part in np.array_split(order, count) if len(part)]


def drop_photo_inputs(inputs: pd.DataFrame) -> pd.DataFrame:
    """The inputs that do not come from photos.

    Parameters
    ----------
    inputs : DataFrame of shape (n, inputs)
        Inputs of a model.

    Returns
    -------
    DataFrame
        Those whose names do not begin with `img_`.
    """
    return inputs[[name for name in inputs if not str(name).startswith(PREFIX)]]


class LateFusion(BoostedTrees):
    """Log price = what trees say + what a ridge regression says of the photos, 0 without any."""

    params: LateFusionParams

    def __init__(self, params: LateFusionParams, seed: int) -> None:
        super().__init__(params, seed)
        self.photos = PhotoPCA(params)
        self.photo_model: dict[str, Any] = {"numbers": []}

    def _residuals(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None
    ) -> np.ndarray:
        """Log price less what trees say that had not seen the sale (n,)."""
        rows, out = np.arange(len(inputs)), np.empty(len(inputs))
        for part in split_by_date(dates, len(inputs), self.params.parts):
            rest = np.setdiff1d(rows, part)
            told = None if dates is None else dates.iloc[rest]
            trees = BoostedTrees(self.params, self.seed).fit(
                inputs.iloc[rest], log_price[rest], told
            )
            out[part] = log_price[part] - trees.predict(inputs.iloc[part])
        return out

    def _looked_at(self, inputs: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
        """(which homes have photos (n,), what their photos say in numbers)."""
        read = self.photos.transform(inputs)
        has = read.get(MISSING, pd.Series(1.0, read.index)).eq(0).to_numpy(bool)
        told = columns_without_prefixes(read, self.params.without)
        return has, read[[name for name in told if name.startswith(PREFIX) and name != MISSING]]

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> LateFusion:
        plain = drop_photo_inputs(inputs)
        super().fit(plain, log_price, dates)
        self.photos.fit(inputs)
        has, read = self._looked_at(inputs)
        told = read[has].loc[:, read[has].notna().any()]
        self.photo_model = {"numbers": []}
        if len(told) >= ROWS and len(list(told)):
            self._learn(told, self._residuals(plain, log_price, dates)[has])
            self.photo_model["gains"] = (self.photo_terms(inputs) ** 2).sum().to_dict()
        return self

    def _learn(self, read: pd.DataFrame, missed: np.ndarray) -> None:
        """Fit the photo part on training homes with photos."""
        values = read.to_numpy(float)
        centre, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        moves = np.nanmax(values, axis=0) > np.nanmin(values, axis=0)
        self.photo_model = {
            "numbers": list(read),
            "centre": centre.tolist(),
            "scale": np.where(moves, scale, 1.0).tolist(),
        }
        from sklearn.linear_model import Ridge  # slow to import, and only fits need it

        ridge = Ridge(alpha=self.params.ridge, solver="cholesky")
        with threadpool_limits(1, "blas"):  # sums in another order give other last digits
            ridge.fit(self._scaled(read), missed)
        self.photo_model |= {"coef": ridge.coef_.tolist(), "constant": float(ridge.intercept_)}

    def _scaled(self, read: pd.DataFrame) -> np.ndarray:
        """Standardised numbers; a room without a photo stands at the mean of those with one."""
        values = read.reindex(columns=self.photo_model["numbers"]).to_numpy(float)
        centre, scale = np.array(self.photo_model["centre"]), np.array(self.photo_model["scale"])
        return Standardizer(centre, scale).transform(values)

    def photo_terms(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """What each photo input adds to log price (n, inputs), 0 for homes without photos; what the
        mean photos add stands under `img_missing`."""
        if not self.photo_model["numbers"]:
            return pd.DataFrame(index=inputs.index)
        has, read = self._looked_at(inputs)
        terms = self._scaled(read) * np.array(self.photo_model["coef"])
        table = pd.DataFrame(terms, index=inputs.index, columns=self.photo_model["numbers"])
        table = sum_components_by_source(table).assign(**{MISSING: self.photo_model["constant"]})
        return table.mul(has.astype(float), axis=0)

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        return super().predict(inputs) + self.photo_terms(inputs).to_numpy(float).sum(axis=1)

    def staged_predict(self, inputs: pd.DataFrame, steps: list[int]) -> np.ndarray:
        photos = self.photo_terms(inputs).to_numpy(float).sum(axis=1)
        return super().staged_predict(inputs, steps) + photos

    def feature_importances(self) -> dict[str, float]:
        """Total gain of each input's splits; of photo inputs the sum of squares that they explain,
        which gains are in a squared error, summed over as many homes."""
        return super().feature_importances() | self.photo_model.get("gains", {})

    def to_json(self) -> str:
        return json.dumps(
            {"trees": super().to_json(), "photos": self.photos.to_dict(), "seen": self.photo_model}
        )

    @classmethod
    def from_json(cls, text: str, params: Any, seed: int) -> LateFusion:
        state = parse_state(text, "trees", "photos", "seen")
        model = cls(params, seed)
        trees = BoostedTrees.from_json(state["trees"], params, seed)
        model.state, model.booster = trees.state, trees.booster
        model.photos = PhotoPCA.from_dict(state["photos"], params)
        model.photo_model = state["seen"]
        return model
