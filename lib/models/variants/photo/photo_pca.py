"""What models see of photo vectors: their principal components, fitted on training listings alone.

A table of inputs holds vectors in `img_vector` (all photos of a listing) and `img_vector_<room>`
(those of a room), a numpy array (d,) a cell or nothing. Each such column is standardised and
brought to its first components (Pearson, Philosophical Magazine 2, 1901), which then stand in
columns `img_pca_01`, `img_<room>_pca_01` and so on. A listing without a vector has them missing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.params import Section
from lib.models.variants.training.estimators.columns import Prefix

PREFIX, VECTOR = "img_", "img_vector"
MISSING, COUNT, REUSED = "img_missing", "img_count", "img_reused"
ROWS = 10  # training listings that a component rests on at least
FLAT = 1e-9  # of the first component's variance: less is rounding, whose direction means nothing


class PhotoPCAParams(Section):
    """How many components a photo model takes of `img_vector`, and of a room's; vectors whose names
    begin with a prefix in `without` it does not see."""

    without: list[Prefix]
    components: int = Field(ge=0)
    room_components: int = Field(ge=0)

    def of(self, name: str) -> int:
        """How many components of a vector column are taken at most."""
        if name.startswith(tuple(self.without)):
            return 0
        return self.components if name == VECTOR else self.room_components


def is_vector_input(name: str) -> bool:
    """Whether an input holds vectors."""
    return name == VECTOR or name.startswith(f"{VECTOR}_")


def source_input(name: str) -> str:
    """The vector column that a component was made of, and any other name as it is:
    `img_kitchen_pca_03` -> `img_vector_kitchen`."""
    made = re.fullmatch(r"img(_.+)?_pca_\d+", name)
    return VECTOR + (made[1] or "") if made else name


def sum_components_by_source(table: pd.DataFrame) -> pd.DataFrame:
    """Add up the components of each vector under its name.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        Numbers by input or component.

    Returns
    -------
    DataFrame of shape (n, inputs)
        Numbers by input, in the order of first appearance.
    """
    return table.T.groupby([source_input(str(name)) for name in table], sort=False).sum().T


def _names(column: str, count: int) -> list[str]:
    stem = PREFIX + column.removeprefix(VECTOR).removeprefix("_")
    return [f"{stem.rstrip('_')}_pca_{i:02d}" for i in range(1, count + 1)]


def _stacked(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(which cells hold a vector (n,), those vectors (m, d))."""
    has = np.array([isinstance(cell, np.ndarray) for cell in cells], dtype=bool)
    vectors = [np.asarray(cell, float) for cell in cells[has]]
    return has, np.stack(vectors) if vectors else np.empty((0, 0))


def _principal_components(vectors: np.ndarray, count: int) -> dict[str, Any]:
    """The first principal components of vectors, of their correlations.

    Parameters
    ----------
    vectors : ndarray of shape (m, d)
        One vector a row.
    count : int
        Components at most.

    Returns
    -------
    dict of str to list
        mean and scale (d,), and components (at most `count`, d), each with its largest loading
        above zero.

    Notes
    -----
    Pearson, Philosophical Magazine 2, 1901.
    """
    # the spread of equal numbers is 0 up to rounding, which is no scale
    mean, scale = vectors.mean(axis=0), np.where(np.ptp(vectors, axis=0), vectors.std(axis=0), 1.0)
    scaled = (vectors - mean) / scale
    size, found = np.linalg.eigh(scaled.T @ scaled / len(vectors))  # smallest first
    found = found[:, ::-1].T[: min(count, int((size > FLAT * max(size[-1], FLAT)).sum()))]
    most = np.abs(found).argmax(axis=1)
    found = found * np.sign(found[np.arange(len(found)), most])[:, None]
    return {"mean": mean.tolist(), "scale": scale.tolist(), "components": found.tolist()}


class PhotoPCA:
    """Turns vectors into components. Few training listings with a vector get fewer components (one
    for each `ROWS`), and none get none."""

    def __init__(self, settings: PhotoPCAParams) -> None:
        self.settings = settings
        self.state: dict[str, Any] = {}

    def fit(self, inputs: pd.DataFrame) -> PhotoPCA:
        """Learn from the rows of `inputs` (n, columns), the training listings."""
        self.state = {}
        for name in [str(name) for name in inputs if is_vector_input(str(name))]:
            _, vectors = _stacked(inputs[name])
            if count := min(self.settings.of(name), len(vectors) // ROWS):
                with threadpool_limits(1, "blas"):  # sums in another order give other last digits
                    made = _principal_components(vectors, count)
                self.state |= {name: made} if made["components"] else {}
        return self

    def transform(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """`inputs` without vectors, with the components of those that it has and `fit` has seen."""
        parts = [inputs[[name for name in inputs if not is_vector_input(str(name))]]]
        for name, made in self.state.items():
            if name not in inputs:
                continue
            has, vectors = _stacked(inputs[name])
            axes = np.array(made["components"])
            out = np.full((len(inputs), len(axes)), np.nan)
            if has.any():
                with threadpool_limits(1, "blas"):
                    scaled = (vectors - np.array(made["mean"])) / np.array(made["scale"])
                    out[has] = scaled @ axes.T
            parts.append(pd.DataFrame(out, index=inputs.index, columns=_names(name, len(axes))))
        return pd.concat(parts, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """What was learnt, for JSON."""
        return self.state

    @classmethod
    def from_dict(cls, state: dict[str, Any], settings: PhotoPCAParams) -> PhotoPCA:
        photos = cls(settings)
        photos.state = state
        return photos
