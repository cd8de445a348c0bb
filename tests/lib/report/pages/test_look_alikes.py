"""The nearest sales by looks: a naive loop says the same, and later sales change nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.report.pages.look_alikes import DatedVectors, mean_vectors, nearest_by_photos


def naive(points, dates, homes, sold, sold_dates, sold_homes, k):
    """Home by home and sale by sale, with nothing shared."""
    index, likeness = np.full((len(points), k), -1), np.full((len(points), k), np.nan)
    for row, point in enumerate(points):
        past = [i for i in range(len(sold)) if sold_dates[i] < dates[row]]
        if not past:
            continue
        middle = [np.mean([sold[i][d] for i in past]) for d in range(len(point))]
        spread = [np.std([sold[i][d] for i in past]) or 1.0 for d in range(len(point))]
        scaled = (point - middle) / spread
        found = []
        for i in past:
            other = (sold[i] - middle) / spread
            size = np.linalg.norm(scaled) * np.linalg.norm(other)
            if sold_homes[i] != homes[row]:
                found.append((-(scaled @ other) / size if size else 0.0, i))
        for place, (cosine, i) in enumerate(sorted(found)[:k]):
            index[row, place], likeness[row, place] = i, -cosine
    return index, likeness


def market(seed, n=5, m=30, d=4):
    """Fields of the two `DatedVectors`: homes with a few dates, sales of some of the same homes."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2025-01-01") + rng.integers(0, 40, n + m)
    keys = np.array([f"home {one}" for one in rng.integers(0, 12, n + m)], dtype=object)
    points = rng.normal(3, [1, 5, 0.1, 2][:d], (n + m, d))
    return points[:n], days[:n], keys[:n], points[n:], days[n:], keys[n:]


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 30))
def test_a_naive_loop_says_the_same(seed, k, m):
    given_ = market(seed, m=m)
    index, likeness = nearest_by_photos(DatedVectors(*given_[:3]), DatedVectors(*given_[3:]), k)
    slow_index, slow_likeness = naive(*given_, k)
    assert index.tolist() == slow_index.tolist()
    assert np.allclose(likeness, slow_likeness, equal_nan=True)


def test_sales_of_the_day_itself_or_later_change_nothing():
    points, dates, homes, sold, sold_dates, sold_homes = market(1)
    dates = np.full_like(dates, np.sort(sold_dates)[len(sold) // 2])
    subjects = DatedVectors(points, dates, homes)
    before = nearest_by_photos(subjects, DatedVectors(sold, sold_dates, sold_homes), 3)
    later = sold_dates >= dates[0]
    assert later.any() and (sold_dates == dates[0]).any()
    other = DatedVectors(np.where(later[:, None], 1e6, sold), sold_dates, sold_homes)
    after = nearest_by_photos(subjects, other, 3)
    assert before[0].tolist() == after[0].tolist() and np.array_equal(before[1], after[1])


def test_by_hand():
    """Four sales on a cross: scaling leaves the directions, so the cosines are known."""
    sold = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    day = np.datetime64("2025-06-01")
    subject = DatedVectors(np.array([[2.0, 2]]), np.array([day]), np.array(["a"]))
    sales = DatedVectors(sold, np.full(4, day - 1), np.array(["a", "b", "c", "d"]))
    index, likeness = nearest_by_photos(subject, sales, 5)
    assert index.tolist() == [[1, 2, 3, -1, -1]]  # the first is the home itself
    half = np.sqrt(0.5)
    assert likeness[0, :3] == pytest.approx([half, -half, -half])
    assert np.isnan(likeness[0, 3:]).all()


def test_without_a_past_there_is_none():
    points, dates, homes, sold, sold_dates, sold_homes = market(2)
    sales = DatedVectors(sold, sold_dates + 100, sold_homes)
    index, likeness = nearest_by_photos(DatedVectors(points, dates, homes), sales, 2)
    assert (index == -1).all() and np.isnan(likeness).all()


def test_a_picture_counts_once_in_its_listing():
    table = pd.DataFrame(
        {
            "listing_key": list("bbba"), "picture": list("xxyx"),
            "vector": [np.array(v, "float32") for v in ([2, 0], [9, 9], [0, 4], [5, 5])],
        }
    )  # fmt: skip
    assert {key: mean.tolist() for key, mean in mean_vectors(table).items()} == {
        "a": [5, 5],
        "b": [1, 2],
    }
    assert list(mean_vectors(table).index) == ["a", "b"]
    assert not len(mean_vectors(table.head(0)))
