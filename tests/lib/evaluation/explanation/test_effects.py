"""Effects: ALE finds what was planted, also where inputs go along and partial dependence errs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence as reference

from lib.evaluation.explanation.effects import (
    accumulated_local_effects,
    bin_edges,
    partial_dependence,
    set_input,
)


def homes(n=600, seed=0, noise=0.02):
    """`x` and `near`, which nearly is x."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    return pd.DataFrame({"x": x, "near": x + rng.normal(0, noise, n), "other": rng.normal(size=n)})


def cliff(rows):
    """2 x, and a cliff where x lies far above `near`: no such home exists."""
    return (2 * rows["x"] + 100 * np.maximum(rows["x"] - rows["near"] - 0.3, 0)).to_numpy()


def curve(predict, rows, name="x", bins=10, draws=50):
    return accumulated_local_effects(predict, rows, name, bins, draws, np.random.default_rng(1))


def test_ale_recovers_a_planted_effect_where_partial_dependence_fails():
    rows = homes()
    got = curve(cliff, rows)
    np.testing.assert_allclose(np.diff(got.effect), 2 * np.diff(got.edges), atol=1e-9)
    fooled = partial_dependence(cliff, rows, "x", got.edges)
    assert fooled[-1] - fooled[0] > 10 > 2 * 2


def test_a_learnt_effect_is_recovered_too_though_two_inputs_share_it():
    """The model sees x through `near` alone; ALE of both together must be the planted slope."""
    rows = homes()

    def through(rows):
        return (0.5 * rows["x"] + 1.5 * rows["near"] ** 2).to_numpy()

    x, near = curve(through, rows), curve(through, rows, "near")
    np.testing.assert_allclose(np.diff(x.effect), 0.5 * np.diff(x.edges), atol=1e-9)
    np.testing.assert_allclose(np.diff(near.effect), 1.5 * np.diff(near.edges**2), atol=1e-9)
    none = curve(through, rows, "other")
    assert np.abs(none.effect).max() < 1e-12


def naive(predict, rows, name, at):
    """Apley and Zhu's definition, home by home."""
    total = [0.0]
    for low, high in itertools.pairwise(at):
        steps = []
        for i in range(len(rows)):
            value = rows[name].iloc[i]
            if low < value <= high or (value == low == at[0]):
                one = rows.iloc[[i]]
                steps.append(
                    (predict(one.assign(**{name: high})) - predict(one.assign(**{name: low})))[0]
                )
        total.append(total[-1] + np.mean(steps))
    return np.array(total) - np.interp(rows[name], at, total).mean()


def test_ale_equals_the_definition_home_by_home():
    rows = homes(80, seed=3)

    def wavy(rows):
        return (np.sin(6 * rows["x"]) * (1 + rows["near"]) + rows["other"]).to_numpy()

    got = curve(wavy, rows, bins=7)
    np.testing.assert_allclose(got.effect, naive(wavy, rows, "x", got.edges), atol=1e-12)
    assert abs(np.interp(rows["x"], got.edges, got.effect).mean()) < 1e-12


def test_the_band_holds_the_effect_and_narrows_with_homes():
    def wavy(rows):
        return (rows["x"] * rows["other"]).to_numpy()

    few, many = curve(wavy, homes(100), draws=200), curve(wavy, homes(3000), draws=200)
    for got in (few, many):
        assert (got.low <= got.effect + 1e-12).all() and (got.effect <= got.high + 1e-12).all()
    assert (many.high - many.low).max() < 0.5 * (few.high - few.low).max()


def test_partial_dependence_equals_that_of_scikit_learn():
    rows = homes(50)

    class Fixed(RegressorMixin, BaseEstimator):
        def fit(self, rows, y):
            self.fitted_ = True
            return self

        def predict(self, rows):
            return cliff(rows)

    model = Fixed().fit(rows, None)
    wanted = reference(model, rows, ["x"], kind="average", method="brute", grid_resolution=9)
    got = partial_dependence(cliff, rows, "x", wanted["grid_values"][0])
    np.testing.assert_allclose(got, wanted["average"][0], rtol=1e-12)


def test_what_is_computed_from_an_input_moves_with_it():
    rows = pd.DataFrame({"living_area": [100.0, 200.0], "own_log_living_area": np.log([100, 200])})
    got = set_input(rows, "living_area", 300.0)
    np.testing.assert_allclose(got["own_log_living_area"], np.log(300))
    at = curve(lambda r: r["own_log_living_area"].to_numpy(), rows, "living_area", bins=2)
    assert at.effect[-1] - at.effect[0] == pytest.approx(np.log(2))


def test_homes_without_a_value_are_left_out_and_one_value_has_no_curve():
    rows = homes(100)
    rows.loc[::2, "x"] = np.nan
    assert curve(cliff, rows).homes == 50
    assert curve(cliff, rows.assign(x=1.0)) is None and curve(cliff, rows.assign(x=np.nan)) is None
    two = curve(cliff, rows.assign(x=np.tile([0.0, 1.0], 50)))
    assert two.edges.tolist() == [0, 1]


def test_a_few_odd_homes_do_not_stretch_the_range():
    rows = homes(600)
    rows.loc[:2, "x"] = [50.0, -50.0, 1e6]
    got = curve(cliff, rows)
    assert 0 <= got.edges[0] < 0.03 and 0.97 < got.edges[-1] <= 1
    np.testing.assert_allclose(np.diff(got.effect), 2 * np.diff(got.edges), atol=1e-9)


def test_edges_are_values_that_homes_have():
    values = pd.Series([0.0, 0, 0, 0, 1, 2, 3, np.nan])
    assert bin_edges(values, 4).tolist() == [0, 2, 3]
    assert set(bin_edges(values, 50)) == {0, 1, 2, 3} and not len(bin_edges(values[:0], 3))
