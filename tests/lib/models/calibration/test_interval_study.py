"""What intervals are worth, by hand and by a loop."""

import numpy as np
import pandas as pd
import pytest

from lib.models.calibration.interval_study import (
    compare_with_split_conformal,
    fold_intervals,
    split_conformal_intervals,
)
from tests.support.noisy_sales import SEEN_INPUTS, SPEC, noisy_sales


def test_plain_split_intervals_have_one_width():
    errors = np.linspace(-0.2, 0.3, 99)
    low, high = split_conformal_intervals(np.array([100.0, 200.0]), errors, 0.9)
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
    got = compare_with_split_conformal(test, rng.normal(0, 0.1, 999), ["90"]).set_index("intervals")
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


def test_a_fold_is_valued_by_what_lay_before_it():
    """A changed fold moves its own intervals' successors and nothing before; each fold is scored
    by a study that never saw it."""
    table, _ = noisy_sales(1200, 20)
    table = table[table["role"] == "train"]
    fold = np.repeat([0, 1, 2, 3], 300)

    def found(given):
        return {n: (t, e) for n, t, e in fold_intervals(given, SEEN_INPUTS, fold, [0.9], SPEC, 1)}

    before = found(table)
    assert list(before) == [2, 3] and [len(e) for _, e in before.values()] == [300, 600]
    assert before[2][0]["listing_key"].tolist() == table["listing_key"].tolist()[600:900]
    changed = table.copy()
    changed.loc[fold == 3, "close_price"] *= 3
    after = found(changed)
    pd.testing.assert_frame_equal(before[2][0], after[2][0])
    changed.loc[fold == 2, "close_price"] *= 3
    assert (found(changed)[3][0]["pred_high_90"] > before[3][0]["pred_high_90"]).mean() > 0.9
