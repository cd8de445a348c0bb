"""Training in time order: no out-of-fold prediction has seen its own or a later price."""

import time

import numpy as np
import pandas as pd
import pytest

from lib.common.artifacts import LevelSettings
from lib.models.variants.training.estimators.registry import HedonicRidge, HedonicRidgeParams
from lib.models.variants.training.out_of_fold import (
    fit_and_predict,
    predict_out_of_fold,
    unseen_log_errors,
)
from tests.support.daily_sales import EDGES, INPUTS, START, daily_sales

LEVEL = LevelSettings(days=20, shrink=2)


def make():
    return HedonicRidge(HedonicRidgeParams(alpha=1e-6, without=[]), 0)


def test_each_fold_is_predicted_by_a_model_of_what_had_closed_before_it():
    table = daily_sales()
    got = predict_out_of_fold(table, INPUTS, EDGES, make)
    wanted = pd.Series(np.nan, index=table.index)
    for number, days in ((1, 60), (2, 90)):
        known = table.iloc[[i for i in range(200) if i + 7 < days]]  # closed before the fold
        model = make().fit(known[INPUTS], np.log(known["close_price"]))
        inside = table.index[table["fold"] == number]
        wanted[inside] = model.predict(table.loc[inside, INPUTS])
    pd.testing.assert_series_equal(got, wanted)
    assert got.notna().sum() == (table["fold"] > 0).sum() == 53


@pytest.mark.parametrize("row", [53, 60, 89, 112])
def test_later_prices_change_no_earlier_prediction_nor_their_own(row):
    """Row r closes on day r + 7: rows agreed up to then keep their estimate, level included."""
    table, changed = daily_sales(), daily_sales()
    changed.loc[row:, "close_price"] *= 10
    before, after = (
        fit_and_predict(t, INPUTS, EDGES, make, LEVEL)[1].set_index("listing_key")
        for t in (table, changed)
    )
    folded = table.loc[(table["fold"] > 0) & (table.index <= row + 7), "listing_key"]
    assert len(folded)
    columns = ["log_raw", "level", "log_estimate"]
    pd.testing.assert_frame_equal(before.loc[folded, columns], after.loc[folded, columns])
    if row < 100:  # and what comes later does move, or this test would see nothing
        assert not np.allclose(before["log_estimate"], after["log_estimate"])


def test_prices_of_the_test_never_reach_the_model():
    table, changed = daily_sales(), daily_sales()
    changed.loc[changed["role"] != "train", "close_price"] *= 10
    (one, _), (other, _) = (
        fit_and_predict(t, INPUTS, EDGES, make, LEVEL) for t in (table, changed)
    )
    assert one.to_json() == other.to_json()


def test_test_purged_and_subject_rows_are_predicted_by_the_model_of_the_whole_past():
    table = daily_sales()
    model, got = fit_and_predict(table, INPUTS, EDGES, make, None)
    past = table[table["role"] == "train"]
    whole = make().fit(past[INPUTS], np.log(past["close_price"]))
    assert model.to_json() == whole.to_json()
    later = got[got["role"] != "train"]
    np.testing.assert_allclose(later["log_raw"], whole.predict(table.loc[later.index, INPUTS]))
    assert sorted(later["role"].unique()) == ["purged", "subject", "test"]
    assert (got["level"] == 0).all() and (got["log_estimate"] == got["log_raw"]).all()


def test_rows_in_no_fold_and_unused_rows_get_no_prediction():
    table = daily_sales()
    _, got = fit_and_predict(table, INPUTS, EDGES, make, None)
    early = table.loc[(table["role"] == "train") & (table["fold"] == 0), "listing_key"]
    assert not set(early) & set(got["listing_key"])
    assert "unused" not in set(got["role"])


def test_a_subjects_price_is_neither_kept_nor_an_error():
    _, got = fit_and_predict(daily_sales(), INPUTS, EDGES, make, LEVEL)
    subject = got[got["role"] == "subject"]
    assert len(subject) == 1 and subject["close_price"].isna().all()
    assert len(unseen_log_errors(got)) == len(got) - 1


def test_errors_are_log_price_less_raw_prediction():
    frame = pd.DataFrame(
        {
            "close_date": [START] * 3, "close_price": [np.e**3, np.nan, 1.0],
            "log_raw": [2.5, 1.0, 1.0], "usable": [True, True, False],
        }
    )  # fmt: skip
    assert unseen_log_errors(frame)["log_error"].tolist() == pytest.approx([0.5])


def test_unusable_sales_are_predicted_and_teach_nothing():
    table, changed = daily_sales(), daily_sales()
    table.loc[::5, "usable"] = changed["usable"] = table["usable"].where(table.index % 5 > 0, False)
    changed.loc[~changed["usable"], "close_price"] *= 50
    (one, before), (other, after) = (
        fit_and_predict(t, INPUTS, EDGES, make, LEVEL) for t in (table, changed)
    )
    assert one.to_json() == other.to_json()
    columns = ["listing_key", "log_raw", "level", "log_estimate"]
    pd.testing.assert_frame_equal(before[columns], after[columns])
    assert (~before["usable"]).sum() > 10 and before["log_raw"].notna().all()
    # and it is the price that they are kept from, not the rows: usable prices do teach
    changed["usable"] = True
    assert fit_and_predict(changed, INPUTS, EDGES, make, LEVEL)[0].to_json() != one.to_json()


def test_level_follows_a_market_that_the_model_has_not_seen():
    """Prices jump by 20 % after the boundary; a few weeks later estimates have followed."""
    table = daily_sales()
    table.loc[table["close_date"] >= EDGES[-1], "close_price"] *= 1.2
    _, got = fit_and_predict(table, INPUTS, EDGES, make, LevelSettings(days=20, shrink=1))
    late = got[(got["role"] == "test") & (got["as_of"] > EDGES[-1] + pd.Timedelta(days=30))]
    raw, shifted = (
        np.median(np.log(late["close_price"]) - late[name]) for name in ("log_raw", "log_estimate")
    )
    assert raw > 0.12 and abs(shifted) < raw / 3


def grouped():
    """The table without dates: folds are groups of homes, and the rest are the test."""
    table = daily_sales()
    table["close_date"] = pd.NaT
    part = np.arange(200) % 5
    table["role"] = np.where(part == 0, "test", "train")
    return table.assign(fold=part)


def test_folds_of_groups_are_predicted_by_the_other_groups():
    table = grouped()
    got = predict_out_of_fold(table, INPUTS, [], make)
    for number in range(1, 5):
        known = table[(table["role"] == "train") & (table["fold"] != number)]
        model = make().fit(known[INPUTS], np.log(known["close_price"]))
        mine = table["fold"] == number
        np.testing.assert_array_equal(got[mine], model.predict(table.loc[mine, INPUTS]))
    assert got[table["fold"] == 0].isna().all()


def test_no_group_s_price_reaches_its_own_predictions_nor_the_test_s_the_model():
    table, changed = grouped(), grouped()
    changed.loc[changed["fold"].isin([0, 2]), "close_price"] *= 10
    (_, before), (_, after) = (fit_and_predict(t, INPUTS, [], make, None) for t in (table, changed))
    mine = table.loc[before.index, "fold"] == 2
    assert mine.sum() == 40
    np.testing.assert_array_equal(before.loc[mine, "log_raw"], after.loc[mine, "log_raw"])
    assert not np.allclose(before.loc[~mine, "log_raw"], after.loc[~mine, "log_raw"])


def test_models_are_watched_in_the_order_of_the_folds_however_long_each_fit_takes():
    """Each with the sales that it is judged on; the first folds' models are made to end last."""
    table = daily_sales()
    ended, order = [], []

    class Slow(HedonicRidge):
        def fit(self, inputs, log_price, dates=None):
            time.sleep(0.2 if len(inputs) < 80 else 0)
            ended.append(len(inputs))
            return super().fit(inputs, log_price, dates)

    class Watch:
        def measure(self, model, judged):
            return list(judged["listing_key"])

        def add(self, kind, seen):
            order.append((kind, seen))

    fit_and_predict(table, INPUTS, EDGES, lambda: Slow(make().params, 0), None, Watch())
    past = table[table["role"] == "train"]
    assert ended != sorted(ended)  # else this test would see nothing
    assert order == [
        ("folds", list(table.loc[table["fold"] == 1, "listing_key"])),
        ("folds", list(table.loc[table["fold"] == 2, "listing_key"])),
        ("training", list(past["listing_key"])),
    ]
