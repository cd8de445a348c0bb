"""The baseline follows a line within what it has learnt and a little beyond, and no farther."""

import numpy as np
import pandas as pd
import pytest

from lib.models.variants.training.estimators.linear import HedonicRidge, HedonicRidgeParams


def fitted(seed=0, n=300):
    rng = np.random.default_rng(seed)
    inputs = pd.DataFrame(
        {
            "latitude": rng.uniform(47.2, 47.8, n),
            "longitude": rng.uniform(-122.5, -121.5, n),
            "living_area": rng.uniform(800, 4000, n),
            "time_years": rng.uniform(14, 16, n),
        }
    )
    log_price = 12 + 1.5 * (inputs["latitude"] - 47.5) + inputs["living_area"] / 4000
    log_price += 0.05 * inputs["time_years"] + rng.normal(0, 0.1, n)
    model = HedonicRidge(HedonicRidgeParams(alpha=1.0, without=[]), 0)
    return model.fit(inputs, log_price.to_numpy()), inputs, log_price


@pytest.mark.parametrize(
    "odd",
    [
        {"latitude": 0.0, "longitude": 0.0},
        {"latitude": -47.5, "longitude": 122.2},
        {"latitude": 29760427.0},
        {"living_area": 1e7},
        {"living_area": -1e9, "time_years": 1e5},
    ],
)
def test_no_home_however_odd_is_valued_beyond_all_reason(odd):
    model, inputs, log_price = fitted()
    home = inputs.median().to_frame().T.assign(**odd)
    value = model.predict(home)[0]
    width = np.ptp(log_price)
    assert log_price.min() - 2 * width < value < log_price.max() + 2 * width
    assert model.terms(home).to_numpy().sum() + model.state["intercept"] == pytest.approx(value)


def test_a_home_a_little_beyond_the_others_is_on_the_line():
    """Next month, and a house half as large again, as without a bound."""
    model, inputs, _ = fitted()
    coefs = np.array(model.state["coef"]) / np.array(model.state["scale"])
    middle = inputs.median().to_frame().T
    home = middle.assign(time_years=16.5, living_area=6000.0)
    step = (home - middle).to_numpy()[0] @ coefs
    assert model.predict(home)[0] - model.predict(middle)[0] == pytest.approx(step)
    again = HedonicRidge.from_json(model.to_json(), model.params, 0)
    assert again.predict(home)[0] == model.predict(home)[0]
