"""The net: scikit-learn's own word in a few lines of numpy, and a word for each input."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neural_network import MLPRegressor

from lib.models.variants.photo.photo_mlp import FAR
from tests.support.vectors import homes, make

INPUTS, PRICE, _ = homes(200)
NEW = homes(50, seed=3)[0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_says_what_scikit_learn_says():
    model = make("photo_net", nets=1).fit(INPUTS, PRICE)
    premium = PRICE - PRICE.mean()
    own = MLPRegressor(
        hidden_layer_sizes=(model.params.hidden,), alpha=model.params.penalty, random_state=7,
        learning_rate_init=model.params.learning_rate, max_iter=model.params.passes,
        n_iter_no_change=model.params.passes,
    )  # fmt: skip
    own.fit(model._matrix(INPUTS), premium / premium.std())
    wanted = PRICE.mean() + premium.std() * own.predict(model._matrix(NEW))
    np.testing.assert_allclose(model.predict(NEW), wanted, rtol=1e-9)


def test_several_nets_are_averaged():
    both = make("photo_net", nets=2).fit(INPUTS, PRICE)
    first, second = (type(both)(both.params, 7), type(both)(both.params, 7))
    for one, at in ((first, 0), (second, 1)):
        one.photos, one.state = both.photos, both.state | {"nets": [both.state["nets"][at]]}
    mean = (first.predict(NEW) + second.predict(NEW)) / 2
    np.testing.assert_allclose(both.predict(NEW), mean, rtol=1e-12)
    assert not np.allclose(first.predict(NEW), second.predict(NEW), atol=1e-4)


def rescaled(model, matrix):
    """DeepLIFT's rescale rule, unit by unit and input by input, against the row of zeros."""
    parts = np.zeros_like(matrix)
    for net in model.state["nets"]:
        for weights, bias, out in zip(net["hidden"], net["bias"], net["out"], strict=True):
            for row, values in enumerate(matrix):
                at = sum(w * x for w, x in zip(weights, values, strict=True)) + bias
                change = max(at, 0) - max(bias, 0)
                for i, (w, x) in enumerate(zip(weights, values, strict=True)):
                    if at != bias:
                        parts[row, i] += out * change * w * x / (at - bias)
    return parts / len(model.state["nets"])


def test_contributions_follow_the_rescale_rule():
    model = make("photo_net").fit(INPUTS, PRICE)
    base, table = model.terms(NEW)
    parts = pd.DataFrame(rescaled(model, model._matrix(NEW)), columns=model._columns())
    np.testing.assert_allclose(table["size"], parts["size"], atol=1e-12)
    np.testing.assert_allclose(table["postal_code"], parts["postal_code"].sum(axis=1), atol=1e-12)
    rooms = [name.startswith("img_kitchen_pca") for name in parts]
    kitchen = parts.loc[:, rooms].sum(axis=1)
    np.testing.assert_allclose(table["img_vector_kitchen"], kitchen, atol=1e-12)
    whole = model.predict(NEW) - PRICE.mean()
    np.testing.assert_allclose(base + table.sum(axis=1), whole, atol=1e-12)


def test_the_mean_training_home_is_what_contributions_are_measured_against():
    model = make("photo_net").fit(INPUTS, PRICE)
    np.testing.assert_allclose(model._matrix(INPUTS).mean(axis=0), 0, atol=1e-12)


def test_an_input_far_beyond_training_moves_the_estimate_no_further():
    model = make("photo_net").fit(INPUTS, PRICE)
    spread = INPUTS["size"].std(ddof=0)
    far = INPUTS["size"].mean() + FAR * spread
    at, beyond = (model.predict(NEW.assign(size=size)) for size in (far, far * 1e6))
    np.testing.assert_allclose(beyond, at, rtol=1e-12)
    near = model.predict(NEW.assign(size=far - spread))
    assert not np.allclose(near, at, atol=1e-6)


def test_gaps_are_flagged_where_training_had_some():
    gappy = INPUTS.assign(size=INPUTS["size"].where(INPUTS.index % 3 > 0))
    low = PRICE - 0.5 * gappy["size"].isna().to_numpy()
    model = make("photo_net").fit(gappy, low)
    assert "size" in model.state["flags"] and "img_count" not in model.state["flags"]
    known = NEW.assign(size=gappy["size"].median())
    assert (model.predict(known.assign(size=np.nan)) < model.predict(known)).all()


def test_a_number_that_never_changed_in_training_counts_for_nothing():
    """Weights that nothing moved are chance, and few sales leave them as they began."""
    few, price, _ = homes(60)
    constant = few.assign(pool_private_yn=0.0, stories=1.0)
    model = make("photo_net").fit(constant, price)
    moved = constant.assign(pool_private_yn=1.0, stories=3.0)
    assert model.predict(moved).tolist() == model.predict(constant).tolist()
    gaps = constant.assign(stories=np.where(np.arange(60) % 3, 1.0, np.nan))
    assert "stories" in make("photo_net").fit(gaps, price)._columns()  # that it is missing tells
