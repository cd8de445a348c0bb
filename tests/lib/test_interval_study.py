"""What intervals are worth, by hand and by a loop."""

import numpy as np
import pandas as pd
import pytest

from lib.models.interval_study import beside_split, interval_score, split_intervals


def test_the_interval_score_by_hand():
    """Width 20; a price outside costs 2 / 0.1 times its distance more; all over the price."""
    price = np.array([100.0, 80.0, 125.0])
    got = interval_score(price, np.full(3, 90.0), np.full(3, 110.0), 0.9)
    assert got.tolist() == pytest.approx([0.2, (20 + 20 * 10) / 80, (20 + 20 * 15) / 125])


def test_the_score_is_least_in_the_mean_at_the_true_quantiles():
    price = np.exp(np.random.default_rng(0).normal(0, 0.2, 20000))
    low, high = np.quantile(price, [0.05, 0.95])

    def mean(shift):
        ends = np.full(len(price), low - shift), np.full(len(price), high + shift)
        return (interval_score(price, *ends, 0.9) * price).mean()

    assert mean(0) < min(mean(0.05), mean(-0.05))


def test_plain_split_intervals_have_one_width():
    errors = np.linspace(-0.2, 0.3, 99)
    low, high = split_intervals(np.array([100.0, 200.0]), errors, 0.9)
    assert (high / low).tolist() == pytest.approx([np.exp(errors[-5] - errors[4])] * 2)


def test_own_and_split_intervals_stand_beside_each_other():
    rng = np.random.default_rng(1)
    estimate = rng.uniform(100, 900, 400)
    test = pd.DataFrame(
        {
            "close_price": estimate * np.exp(rng.normal(0, 0.1, 400)), "pred_close_price": estimate,
            "as_of": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(400) // 5, unit="D"),
            "pred_low_90": estimate * 0.9, "pred_high_90": estimate * 1.2,
        }
    )  # fmt: skip
    got = beside_split(test, rng.normal(0, 0.1, 999), ["90"]).set_index("intervals")
    held = test["close_price"].between(test["pred_low_90"], test["pred_high_90"])
    own = got.loc["own"]
    assert own["held"] == held.mean()
    assert own["below"] + own["above"] == pytest.approx(1 - held.mean())
    assert own["median_width"] == pytest.approx(0.3)
    fifth = test["pred_close_price"].rank().sub(1) // 80
    assert [own["fifth_least"], own["fifth_most"]] == [
        held.groupby(fifth).mean().min(), held.groupby(fifth).mean().max(),
    ]  # fmt: skip
    months = held.groupby(test["as_of"].dt.month).mean()
    assert [own["month_least"], own["month_most"]] == [months.min(), months.max()]
    assert got.loc["split", "held"] == pytest.approx(0.9, abs=0.04)
