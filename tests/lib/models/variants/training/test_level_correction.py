"""As-of level: equal to a naive loop, recovers a planted shift, and trusts few sales little."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.artifacts import LevelSettings
from lib.models.variants.training.level_correction import level_shifts
from tests.support.hypothesis_profiles import examples

START = pd.Timestamp("2024-01-01")


def dates(days):
    return pd.Series(START + pd.to_timedelta(np.asarray(days, dtype=float), unit="D"))


def errors(days, shifts):
    return pd.DataFrame({"close_date": dates(days), "log_error": np.array(shifts, dtype=float)})


@examples(60)
@given(
    seen=st.lists(st.tuples(st.integers(0, 40), st.floats(-1, 1)), max_size=30),
    as_of=st.lists(st.integers(0, 60), min_size=1, max_size=10),
    days=st.integers(1, 30),
    shrink=st.floats(0, 50),
)
def test_level_is_what_a_naive_loop_finds(seen, as_of, days, shrink):
    got = level_shifts(
        errors([d for d, _ in seen], [e for _, e in seen]),
        dates(as_of),
        LevelSettings(days=days, shrink=shrink),
    )
    for date, shift in zip(as_of, got, strict=True):
        recent = [error for day, error in seen if date - days <= day < date]
        wanted = np.median(recent) * len(recent) / (len(recent) + shrink) if recent else 0
        assert shift == pytest.approx(wanted)


def test_a_planted_shift_is_recovered_despite_wild_errors():
    rng = np.random.default_rng(0)
    shifts = 0.08 + rng.normal(0, 0.1, 2000)
    shifts[::20] = 5.0  # one sale in twenty is nonsense
    got = level_shifts(
        errors(rng.integers(0, 14, 2000), shifts), dates([14]), LevelSettings(days=14, shrink=25)
    )
    assert got[0] == pytest.approx(0.08, abs=0.02)


@pytest.mark.parametrize(("count", "trust"), [(1, 1 / 26), (25, 0.5), (75, 0.75), (0, 0)])
def test_shrink_is_the_count_that_halves_trust(count, trust):
    got = level_shifts(
        errors([1] * count, [0.2] * count), dates([2]), LevelSettings(days=14, shrink=25)
    )
    assert got.tolist() == pytest.approx([0.2 * trust])


def test_a_sale_of_the_day_itself_says_nothing():
    assert level_shifts(
        errors([5], [1.0]), dates([5, 6]), LevelSettings(days=3, shrink=0)
    ).tolist() == [
        0,
        1,
    ]


def test_without_errors_or_for_nobody():
    assert level_shifts(
        errors([], []), dates([1, 2]), LevelSettings(days=3, shrink=1)
    ).tolist() == [
        0,
        0,
    ]
    assert level_shifts(errors([1], [1]), dates([]), LevelSettings(days=3, shrink=1)).tolist() == []
