"""What each input adds to a home's log price: exactly additive, for every model and every blend.

log estimate = baseline + the sum over inputs + the level correction. So the estimate is
exp(baseline) times exp(contribution) of each, and exp(contribution) - 1 is what people read as a
percentage.

Trees: SHAP values by the trees' own counts (Lundberg, Erion and Lee, arXiv:1802.03888, 2018), as
LightGBM computes them. The price that boosting starts from counts for the input that it came from,
against its mean over the training rows. Linear: coefficient times value, less its mean over the
training rows; so is the photo part of late fusion. A net: DeepLIFT's rescale rule against the mean
training home (`lib.models.variants.photo.photo_mlp`). A blend: the weighted sum of its members'.
Baselines are therefore one number for all homes. Components of a vector count for the vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import Blend, Model
from lib.evaluation.feature_groups import BASELINE, GROUPS, group_of_input
from lib.models.variants.photo.late_fusion import LateFusion
from lib.models.variants.photo.photo_mlp import PhotoMLP
from lib.models.variants.photo.photo_pca import is_vector_input, source_input
from lib.models.variants.predict import map_members, model_inputs, rebuild_estimator
from lib.models.variants.training.estimators.boosting import ENCODED, BoostedTrees
from lib.models.variants.training.estimators.columns import first_finite
from lib.models.variants.training.estimators.linear import HedonicRidge
from lib.models.variants.training.training_table import add_log_list_price

Centres = dict[str, Any]
LONG = ["listing_key", "domain", "variant", "input", "group", "value", "log_contribution"]


def _start_input(names: list[str], inputs: pd.DataFrame) -> np.ndarray:
    """Which of `names` each row's start came from (n,): the first for a row that has none."""
    by = np.full(len(inputs), names[0], dtype=object)
    for name in reversed(names):
        by[np.isfinite(first_finite(inputs, [name]))] = name
    return by


def contribution_centres(past: pd.DataFrame, saved: Model) -> Centres:
    """What contributions are measured against.

    Parameters
    ----------
    past : DataFrame
        The feature rows that the saved model was trained on.
    saved : Model
        A fitted variant or a blend.

    Returns
    -------
    dict of str to Any
        Means (log price) of the model's terms over `past`, by name; of a blend, those of each
        member.
    """
    if isinstance(saved, Blend):
        each = map_members(lambda _, member: contribution_centres(past, member), saved)
        return dict(zip(saved.weights, each, strict=True))
    model: Any = rebuild_estimator(saved)
    inputs = model_inputs(past, saved)
    if isinstance(model, HedonicRidge):
        return model.terms(inputs).mean().to_dict()
    photos = model.photo_terms(inputs).mean().to_dict() if isinstance(model, LateFusion) else {}
    return {"start": float(model.start_values(inputs).mean())} | photos


def _beyond_start(model: Any, inputs: pd.DataFrame, centre: Centres) -> tuple[float, pd.DataFrame]:
    """(baseline, contributions (n, inputs)) of all that a model adds to what it starts from."""
    if isinstance(model, PhotoMLP):
        return model.terms(inputs)
    if not isinstance(model, BoostedTrees):
        return 0.0, pd.DataFrame(index=inputs.index)
    base, table = model.shap_values(inputs)
    names = [source_input(str(name).removeprefix(ENCODED)) for name in table]
    table = table.T.groupby(names, sort=False).sum().T
    if isinstance(model, LateFusion):
        terms = model.photo_terms(inputs)
        base += sum(centre[name] for name in terms)
        table = table.join(terms - pd.Series({n: centre[n] for n in terms}, dtype="float64"))
    return base, table


def log_contributions(
    features: pd.DataFrame, saved: Model, centre: Centres
) -> tuple[float, pd.DataFrame]:
    """What each input adds to the log price: with the baseline, contributions add up to
    `log_estimates_before_level`.

    Parameters
    ----------
    features : DataFrame
        Feature rows of n homes, at least one.
    saved : Model
        A fitted variant or a blend.
    centre : dict of str to Any
        What `contribution_centres` gives of the same model.

    Returns
    -------
    baseline : float
        Log price, the same for all homes.
    table : DataFrame of shape (n, inputs)
        Contributions in log price, indexed as `features`.
    """
    if isinstance(saved, Blend):
        base, total = 0.0, pd.DataFrame(index=features.index)
        each = map_members(
            lambda name, member: log_contributions(features, member, centre[name]), saved
        )
        for weight, (own, part) in zip(saved.weights.values(), each, strict=True):
            base += weight * own
            total = total.add(weight * part, fill_value=0.0)
        order = saved.inputs
        return base, total[[name for name in dict.fromkeys(order) if name in total]]
    model: Any = rebuild_estimator(saved)
    inputs = model_inputs(features, saved)
    if isinstance(model, HedonicRidge):
        terms = model.terms(inputs)
        base = model.state["intercept"] + sum(centre[name] for name in terms)
        return base, terms - pd.Series(centre, dtype="float64")
    base, table = _beyond_start(model, inputs, centre)
    base, beyond_mean = base + centre["start"], model.start_values(inputs) - centre["start"]
    names = [name for name in model.params.start if name in inputs]
    if (
        not names
    ):  # nobody has a start: the mean is one number, and `beyond_mean` zero but for rounding
        return base, table
    by = _start_input(names, inputs)
    for name in names:
        if (by == name).any():
            table[name] = table.get(name, 0.0) + np.where(by == name, beyond_mean, 0.0)
    return base, table


def cells_as_text(values: pd.Series) -> np.ndarray:
    """Cells as texts: numbers to eight digits; missing ones stay missing.

    Parameters
    ----------
    values : Series of shape (n,)
        Cells of one type.

    Returns
    -------
    ndarray of object of shape (n,)
        Texts, None where missing.
    """
    texts = values.map("{:.8g}".format) if pd.api.types.is_numeric_dtype(values) else values
    return texts.astype(object).where(values.notna(), None).to_numpy()


def contributions_to_long(
    features: pd.DataFrame, saved: Model, base: float, table: pd.DataFrame
) -> pd.DataFrame:
    """Contributions as one row a home and input; a home's rows add up to its log estimate.

    Parameters
    ----------
    features : DataFrame
        Feature rows of n homes, with listing_key.
    saved : Model
        The fitted variant or the blend.
    base : float
        The baseline (log price), which becomes an input of its own.
    table : DataFrame of shape (n, inputs)
        What `log_contributions` gave of `features`, and the column `level`.

    Returns
    -------
    DataFrame
        The columns of LONG; `value` is text, missing for vectors and what is no feature.
    """
    with_base = table.assign(**{BASELINE: base})
    cells = add_log_list_price(features) if "list_price" in features else features
    parts = [
        pd.DataFrame(
            {
                "listing_key": features["listing_key"].to_numpy(),
                "domain": saved.domain,
                "variant": saved.variant,
                "input": name,
                "group": group_of_input(str(name)),
                "value": cells_as_text(cells[name])
                if name in cells and not is_vector_input(name)
                else None,
                "log_contribution": with_base[name].to_numpy(float),
            }
        )
        for name in with_base
    ]
    return pd.concat(parts, ignore_index=True)


def contributions_by_group(table: pd.DataFrame) -> pd.DataFrame:
    """Contributions added up by group.

    Parameters
    ----------
    table : DataFrame of shape (n, inputs)
        Contributions in log price.

    Returns
    -------
    DataFrame of shape (n, groups)
        Sums in log price, in the order of GROUPS; groups without inputs are left out.
    """
    names = {group: [n for n in table if group_of_input(str(n)) == group] for group in GROUPS}
    return pd.DataFrame(
        {group: table[own].sum(axis=1) for group, own in names.items() if own}, index=table.index
    )
