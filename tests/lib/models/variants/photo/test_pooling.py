"""Inputs of listings from their photos, against a loop, and with listings that come later."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.vocabulary import PHOTO_ROOMS, UNKNOWN_ROOM
from lib.models.variants.photo import pooling
from tests.support.hypothesis_profiles import examples

QUALITIES = ["quality_renovated", "quality_dated"]


def listings(*rows):
    """A table of (listing_key, as_of)."""
    table = pd.DataFrame(rows, columns=["listing_key", "as_of"])
    return table.assign(as_of=pd.to_datetime(table["as_of"]), own_age=1.5)


def photos(*rows, alike=(), quality=True):
    """Rows of (listing_key, order, sha1, room, vector); `alike` are pairs of sha1."""
    table = pd.DataFrame(rows, columns=["listing_key", "order", "sha1", "room", "vector"])
    mates = {name: set() for name in table["sha1"]}
    for one, other in alike:
        mates[one].add(other)
        mates[other].add(one)
    table["alike"] = pd.Series(
        [np.array(sorted(mates[one])) for one in table["sha1"]], dtype=object
    )
    table["vector"] = [np.asarray(one, "float32") for one in table["vector"]]
    for position, name in enumerate(QUALITIES):
        table[name] = [
            (sum(one.encode()) + position) % 7 / 7 if quality else np.nan for one in table["sha1"]
        ]
    return table


def naive(table, vectors):
    """What `add_photo_columns` gives, by a loop over listings in order of their dates."""
    before, out = set(), {}
    for row in table.sort_values(["as_of", "listing_key"]).itertuples():
        own = vectors[vectors["listing_key"] == row.listing_key].sort_values(["order", "sha1"])
        fresh, again = [], []
        for place, photo in enumerate(own.itertuples()):
            near = {photo.sha1, *photo.alike}
            kept = again if near & before else fresh
            if not any(own["sha1"].iloc[other] in near for other in kept):
                kept.append(place)
        before |= set(own["sha1"])
        used = own.iloc[fresh]
        told = {"img_missing": float(used.empty), "img_count": len(used)}
        told["img_reused"] = len(again)
        for room in (None, *PHOTO_ROOMS):
            some = used if room is None else used[used["room"] == room]
            mean = None if some.empty else np.mean(np.stack(some["vector"]), axis=0)
            told["img_vector" + (f"_{room}" if room else "")] = mean
            for name in QUALITIES:
                if vectors[name].notna().any():
                    told[f"img_{room}_{name}" if room else f"img_{name}"] = some[name].mean()
        out[row.listing_key] = told
    return pd.DataFrame([out[key] for key in table["listing_key"]], index=table.index)


def assert_like(got, wanted):
    """The same columns, and the same cells up to rounding."""
    assert set(pooling.photo_columns(got)) == set(wanted)
    for name in wanted:
        for one, other in zip(got[name], wanted[name], strict=True):
            if other is None:
                assert one is None, name
            else:
                np.testing.assert_allclose(one, np.asarray(other, "float64"), atol=1e-6)


photo = st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(0, 5))
pair = st.tuples(st.integers(0, 5), st.integers(0, 5))
ROOM = ["kitchen", "front", UNKNOWN_ROOM]


@examples(30)
@given(st.lists(photo, min_size=3, max_size=16), st.lists(pair, min_size=1, max_size=6),
       st.lists(st.integers(1, 4), min_size=5, max_size=5), st.booleans(),
       st.randoms())  # fmt: skip
def test_each_input_is_that_of_a_loop_over_listings(drawn, alike, days, quality, chance):
    """Listings 5 and 6 have photos and are not in the table; any order of rows.
    What is alike to what is drawn too, so that there are chains."""
    table = listings(*[(f"k{i}", f"2024-01-0{day}") for i, day in enumerate(days)])
    shown = {p for *_, p in drawn}
    rows = [(f"k{k}", o, f"p{p}", ROOM[p % 3], [p, p**2 % 11, -p]) for k, o, p in drawn]
    pairs = {(f"p{a}", f"p{b}") for a, b in alike if a != b and {a, b} <= shown}
    vectors = photos(*rows, alike=pairs, quality=quality)
    table = table.sample(frac=1, random_state=chance.randint(0, 99))
    got = pooling.add_photo_columns(
        table, vectors.sample(frac=1, random_state=chance.randint(0, 99))
    )
    assert_like(got, naive(table, vectors))
    pd.testing.assert_frame_equal(got[table.columns], table)


def test_a_photo_counts_for_the_listing_that_shows_it_first():
    table = listings(("late", "2024-03-01"), ("b", "2024-02-01"), ("a", "2024-02-01"))
    vectors = photos(
        ("late", 1, "shared", "kitchen", [1, 1]), ("b", 1, "shared", "kitchen", [2, 2]),
        ("a", 1, "shared", "kitchen", [4, 0]), ("a", 2, "again", "bath", [0, 4]),
        ("a", 3, "copy", "bath", [9, 9]), ("elsewhere", 1, "again", "bath", [7, 7]),
        ("b", 2, "copied", "bath", [5, 5]), ("late", 2, "shared", "pool", [1, 1]),
        alike=[("again", "copy"), ("shared", "copied")],
    )  # fmt: skip
    got = pooling.add_photo_columns(table, vectors).set_index("listing_key")
    assert got["img_count"].to_dict() == {"late": 0, "b": 0, "a": 2}
    assert got["img_reused"].to_dict() == {"late": 1, "b": 1, "a": 0}
    assert got["img_missing"].to_dict() == {"late": 1, "b": 1, "a": 0}
    assert got.loc["a", "img_vector"].tolist() == [2, 2]
    assert got.loc["a", "img_vector_bath"].tolist() == [0, 4]
    assert got.loc["a", "img_vector"].dtype == np.float32
    assert got.loc["b", "img_vector"] is None and got.loc["a", "img_vector_pool"] is None


def test_a_later_photo_that_is_like_two_does_not_join_them():
    """C, shown last, is alike to A and B, which are not alike: both count, and C does not. D is
    alike to C alone, which was shown before though it does not count."""
    rows = [(key, 1, f"p{key}", "kitchen", [i, 1]) for i, key in enumerate("abcd")]
    table = listings(*[(key, f"2024-0{i}-01") for i, key in enumerate("abcd", 1)])
    pairs = [("pa", "pc"), ("pb", "pc"), ("pc", "pd")]
    got = pooling.add_photo_columns(table, photos(*rows, alike=pairs))
    assert got["img_count"].tolist() == [1, 1, 0, 0]
    assert got["img_reused"].tolist() == [0, 0, 1, 1]
    before = pooling.add_photo_columns(table.head(2), photos(*rows[:2]))
    for name in pooling.photo_columns(got):
        for one, other in zip(got[name], before[name], strict=False):
            np.testing.assert_array_equal(one, other)


def test_of_copies_within_a_listing_one_counts_in_order():
    """q is a copy of p, and r of q alone: p and r count, q does not. In b the copy of what a
    showed is told from its fellow, which a did not show."""
    rows = [("a", 1, "p", "bath", [1]), ("a", 2, "q", "bath", [2]), ("a", 3, "r", "bath", [5]),
            ("b", 1, "s", "bath", [7]), ("b", 2, "t", "bath", [9])]  # fmt: skip
    alike = [("p", "q"), ("q", "r"), ("q", "s"), ("s", "t")]
    table = listings(("a", "2024-01-01"), ("b", "2024-01-02"))
    got = pooling.add_photo_columns(table, photos(*rows, alike=alike))
    assert got["img_count"].tolist() == [2, 1] and got["img_reused"].tolist() == [0, 1]
    assert [cell.tolist() for cell in got["img_vector"]] == [[3], [9]]


@pytest.mark.parametrize("change", ["gone", "others", "joined"])
def test_nothing_that_comes_later_changes_an_earlier_listing(change):
    """Canary: later listings show the same photos, other ones, or are not there at all;
    or a later photo is alike to all the earlier ones."""
    rng = np.random.default_rng(3)
    table = listings(*[(f"k{i:02d}", f"2024-{1 + i // 5:02d}-01") for i in range(40)])
    rows = [
        (f"k{i:02d}", order, f"p{rng.integers(60)}", rng.choice(PHOTO_ROOMS), rng.normal(size=4))
        for i in range(40) for order in (1, 2, 3)
    ]  # fmt: skip
    vectors = photos(*rows)
    early, late = table["as_of"] < "2024-05-01", vectors["listing_key"] >= "k20"
    before = pooling.add_photo_columns(table, vectors)[early]
    assert (before["img_reused"] > 0).any() and (before["img_count"] > 0).any()
    if change == "gone":
        table, vectors = table[early], vectors[~late]
    elif change == "joined":
        names = vectors.loc[~late, "sha1"].unique()
        vectors.loc[late & (vectors["order"] == 1), "sha1"] = "new"
        mates = {name: np.array(["new"]) for name in names} | {"new": names}
        vectors["alike"] = [mates.get(one, np.array([], str)) for one in vectors["sha1"]]
    else:
        vectors.loc[late, "sha1"] = rng.choice(vectors.loc[~late, "sha1"], late.sum())
        vectors.loc[late, "vector"] = pd.Series(
            [np.full(4, 99, "float32")] * late.sum(), index=vectors.index[late]
        )
    after = pooling.add_photo_columns(table, vectors).loc[before.index]
    for name in before:
        if name.startswith("img_vector"):
            for one, other in zip(before[name], after[name], strict=True):
                np.testing.assert_array_equal(one, other)
        else:
            pd.testing.assert_series_equal(before[name], after[name])


def test_columns_do_not_depend_on_which_rooms_are_shown():
    table = listings(("a", "2024-01-01"))
    full = photos(*[("a", i, f"p{i}", room, [1]) for i, room in enumerate(PHOTO_ROOMS)])
    bare = photos(("z", 1, "p", UNKNOWN_ROOM, [1]))
    assert pooling.photo_columns(pooling.add_photo_columns(table, full)) == pooling.photo_columns(
        pooling.add_photo_columns(table, bare)
    )
    without = pooling.photo_columns(pooling.add_photo_columns(table, photos(quality=False)))
    assert set(without) == {"img_missing", "img_count", "img_reused", "img_vector"} | {
        f"img_vector_{room}" for room in PHOTO_ROOMS
    }
    assert not pooling.photo_columns(table)
