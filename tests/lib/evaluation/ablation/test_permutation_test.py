"""The permutation test of two models' errors, against a plain loop and against scipy's."""

import numpy as np
import pytest
from scipy import stats

from lib.evaluation.ablation.permutation_test import metric_differences, permutation_p_values


def sizes(n, gap, seed):
    rng = np.random.default_rng(seed)
    base = rng.gamma(2, 0.05, n)
    return base + gap + rng.normal(0, 0.02, n), base + rng.normal(0, 0.02, n)


def naive(one, other, home, permutations, rng):
    """Each swap written out; the coins are drawn as `p_values` draws them."""
    coins = rng.random((permutations, len(set(home)))) < 0.5
    wanted = [np.median(one) - np.median(other), one.mean() - other.mean()]
    hits = [0, 0]
    for draw in coins:
        a, b = list(one), list(other)
        for i, number in enumerate(home):
            if draw[number]:
                a[i], b[i] = b[i], a[i]
        found = [np.median(a) - np.median(b), np.mean(a) - np.mean(b)]
        for k in range(2):
            hits[k] += abs(found[k]) >= abs(wanted[k]) - 1e-12
    return [(1 + hit) / (1 + permutations) for hit in hits]


@pytest.mark.parametrize("gap", [0.0, 0.01, 0.05])
def test_p_is_that_of_a_plain_loop(gap):
    one, other = sizes(40, gap, 1)
    home = np.arange(40) // 2  # two sales a home, swapped together
    got = permutation_p_values(one, other, home, 300, np.random.default_rng(5))
    wanted = naive(one, other, home, 300, np.random.default_rng(5))
    assert [got["mdape"], got["mape"]] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("gap, seed", [(0.0, 2), (0.006, 3), (0.02, 4)])
def test_p_is_near_that_of_scipy_which_tries_every_swap(gap, seed):
    one, other = sizes(11, gap, seed)
    got = permutation_p_values(one, other, np.arange(11), 40_000, np.random.default_rng(0))
    for name, middle in (("mdape", np.median), ("mape", np.mean)):
        exact = stats.permutation_test(
            (one, other),
            lambda a, b, axis, middle=middle: middle(a, axis=axis) - middle(b, axis=axis),
            permutation_type="samples", vectorized=True, n_resamples=np.inf,
        ).pvalue  # fmt: skip
        assert got[name] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4e4) + 5e-5)


def test_without_an_effect_p_is_as_often_small_as_it_says():
    """Uniform over 200 simulations, by a Kolmogorov-Smirnov test of its own."""
    found = []
    for seed in range(200):
        one, other = sizes(60, 0.0, 1000 + seed)
        found.append(
            permutation_p_values(one, other, np.arange(60), 199, np.random.default_rng(seed))
        )
    for name in ("mdape", "mape"):
        values = np.array([p[name] for p in found])
        assert stats.kstest(values, "uniform").pvalue > 0.01
        assert 0.01 <= (values < 0.05).mean() <= 0.10


def test_sales_of_one_home_are_no_independent_evidence():
    """A hundred sales of one home can only be swapped all or none: nothing is ever significant."""
    one, other = sizes(100, 0.05, 7)
    rng = np.random.default_rng(1)
    assert permutation_p_values(one, other, np.zeros(100, int), 500, rng)["mape"] == 1.0
    assert permutation_p_values(one, other, np.arange(100), 500, rng)["mape"] < 0.01


def test_equal_models_differ_by_nothing_and_p_never_is_zero():
    one, other = sizes(30, 1.0, 8)
    home = np.arange(30)
    same = permutation_p_values(one, one, home, 99, np.random.default_rng(0))
    assert same == {"mdape": 1.0, "mape": 1.0}
    assert permutation_p_values(one, other, home, 99, np.random.default_rng(0))["mape"] == 0.01


def test_batches_change_nothing(monkeypatch):
    one, other = sizes(50, 0.004, 9)
    whole = permutation_p_values(one, other, np.arange(50), 400, np.random.default_rng(3))
    monkeypatch.setattr("lib.evaluation.ablation.permutation_test.CELLS", 50 * 7)
    assert permutation_p_values(one, other, np.arange(50), 400, np.random.default_rng(3)) == whole


def test_differences_are_of_median_and_mean():
    got = metric_differences(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 1.0]))
    assert got.tolist() == [1.0, 3.0]
