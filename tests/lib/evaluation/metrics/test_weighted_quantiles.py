"""Order statistics of rows that count several times equal those of the repeated rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evaluation.metrics.weighted_quantiles import WeightedOrder


@given(st.integers(0, 30), st.integers(0, 2**32 - 1), st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 1]))
def test_quantiles_equal_those_of_repeated_rows(n, seed, share):
    rng = np.random.default_rng(seed)
    values = np.sort(rng.integers(0, 9, n) / 7)
    counts = rng.integers(0, 3, (6, n)).astype(float)
    ranked = WeightedOrder(counts)
    for draw, got in zip(counts, ranked.quantile(values, share), strict=True):
        again = np.repeat(values, draw.astype(int))
        expected = np.quantile(again, share) if len(again) else np.nan
        assert got == pytest.approx(expected, nan_ok=True)


def test_the_running_total_counts_each_draw_on_its_own():
    counts = np.array([[2.0, 0, 1], [0, 3, 1]])
    assert WeightedOrder(counts).running_counts().tolist() == [[2, 2, 3], [0, 3, 4]]
    assert WeightedOrder(counts).size.tolist() == [3, 4]
