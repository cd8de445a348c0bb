"""Splits of undated feeds: groups stay whole, whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.models.split import group_folds
from lib.models.split.time_folds import SplitParams

SPEC = SplitParams(boundary=0.25, folds=3, fold_share=1.0, minimum_train=10)
NO_PHOTOS = pd.DataFrame({"listing_key": [], "picture": []}, dtype="object")
DAY = pd.Timestamp("2024-05-06")


def table(homes, dates=None):
    """A closed sale a home; `homes` are property keys."""
    count = len(homes)
    return pd.DataFrame(
        {
            "listing_key": [f"k{i:03d}" for i in range(count)], "property_key": homes,
            "standard_status": "Closed", "close_price": 100.0, "as_of": DAY,
            "close_date": pd.to_datetime(pd.Series(dates or [None] * count)),
        }
    )  # fmt: skip


def naive(keys, homes, photos):
    """Groups by merging sets until none meet."""
    sets = [{("key", key), ("home", home)} for key, home in zip(keys, homes, strict=True)]
    sets += [{("key", key), ("photo", picture)} for key, picture in photos]
    merged = True
    while merged:
        merged = False
        for i in range(len(sets)):
            for j in range(i + 1, len(sets)):
                if sets[i] & sets[j]:
                    sets[i] |= sets.pop(j)
                    merged = True
                    break
            if merged:
                break
    return [next(n for n, one in enumerate(sets) if ("key", key) in one) for key in keys]


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 6)), max_size=12),
)
def test_groups_are_those_of_a_naive_merge(homes, pairs):
    frame = table([f"p{home}" for home in homes])
    keys = frame["listing_key"].tolist()
    photos = [(keys[i], f"s{picture}") for i, picture in pairs if i < len(keys)]
    got = group_folds.home_group_numbers(
        frame, pd.DataFrame(photos, columns=["listing_key", "picture"], dtype="object")
    )
    wanted = naive(keys, frame["property_key"], photos)
    assert pd.factorize(got)[0].tolist() == pd.factorize(np.array(wanted))[0].tolist()


def test_homes_without_a_key_are_groups_of_their_own():
    frame = table(["a", None, None, "a"])
    assert pd.factorize(group_folds.home_group_numbers(frame, NO_PHOTOS))[0].tolist() == [
        0,
        1,
        2,
        0,
    ]


def test_a_group_lies_in_one_place_and_the_order_of_rows_does_not_matter():
    frame = table([f"p{i % 50}" for i in range(90)])
    group = group_folds.home_group_numbers(frame, NO_PHOTOS)
    got = group_folds.assign_group_roles(frame, group, SPEC, 7, "sale listings")
    places = got.assign(home=frame["property_key"]).groupby("home")[["role", "fold"]].nunique()
    assert (places == 1).all(axis=None)
    count = got["role"].value_counts()
    assert 22 <= count["test"] <= 24 and count["train"] == 90 - count["test"]
    train = got[got["role"] == "train"]
    assert (
        sorted(train["fold"].unique()) == [1, 2, 3]
        and (got.loc[got["role"] == "test", "fold"] == 0).all()
    )
    shuffled = frame.sample(frac=1, random_state=1)
    again = group_folds.assign_group_roles(
        shuffled, group_folds.home_group_numbers(shuffled, NO_PHOTOS), SPEC, 7, "sale listings"
    )
    pd.testing.assert_frame_equal(again.sort_values("listing_key"), got, check_like=True)
    other = group_folds.assign_group_roles(frame, group, SPEC, 8, "sale listings")
    assert not other["role"].equals(got["role"])


def test_rows_on_the_market_are_subjects_and_rows_without_a_price_unused():
    frame = table([f"p{i}" for i in range(60)])
    frame.loc[0, "standard_status"], frame.loc[1, "close_price"] = "Active", np.nan
    got = group_folds.assign_group_roles(
        frame, group_folds.home_group_numbers(frame, NO_PHOTOS), SPEC, 7, "sale listings"
    )
    assert got["role"].tolist()[:2] == ["subject", "unused"]
    assert (got["role"].isin(["train", "test"])).sum() == 58


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ([None] * 3, "no sale has a close date"),
        (["2024-05-06"] * 3, "all sales closed on 2024-05-06"),
        (["2024-05-06", "2024-05-07", None], ""),
    ],
)
def test_what_counts_as_undated(dates, said):
    assert group_folds.undated_reason(table(["a", "b", "c"], dates)) == said


def test_no_sale_at_all_is_not_called_undated():
    assert group_folds.undated_reason(table(["a"]).assign(close_price=np.nan)) == ""


@pytest.mark.parametrize(
    ("homes", "changes", "said"),
    [
        (60, {"boundary": "2024-01-01"}, "choose a fraction"),
        (12, {}, "too few for 3 folds"),
        (60, {"minimum_train": 50}, "they need 50 sales"),
    ],
)
def test_too_little_says_what_to_change(homes, changes, said):
    frame = table([f"p{i}" for i in range(homes)])
    spec = SplitParams.model_validate(SPEC.model_dump() | changes)
    with pytest.raises(RemlError, match=said):
        group_folds.assign_group_roles(
            frame, group_folds.home_group_numbers(frame, NO_PHOTOS), spec, 7, "sale listings"
        )
