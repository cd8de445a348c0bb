"""Which listing an entry belongs to: each documented form, and what is said to be unknown."""

import pandas as pd
import pytest

from lib.photos.bundles.match_listing import ListingIndex, match_listing

ROWS = [
    ("sale", "K1", "1001"), ("sale", "K2", "1002"), ("rental", "K3", "1003"),
    ("sale", "7129300520-20141013", None), ("sale", "K5", "77"), ("sale", "K6", "77"),
    ("sale", "1", None), ("sale", "12", None), ("rental", "K1", "1001"),
]  # fmt: skip
ROLL = ListingIndex(
    pd.DataFrame(ROWS, columns=["domain", "listing_key", "listing_id"], dtype="str")
)


@pytest.mark.parametrize(
    "entry, bundle, key, number",
    [
        ("1001/01.jpg", "2025-06", "K1", 1),
        ("K2/3.jpg", "2025-06", "K2", 3),
        ("1001/a/b/IMG_0012.jpg", "2025-06", "K1", 12),
        ("photos/1001/2.jpg", "2025-06", "K1", 2),
        ("photos/1001_2.jpg", "x", "K1", 2),
        ("1001_7.jpg", "2025-06", "K1", 7),
        ("1001-7.jpg", "2025-06", "K1", 7),
        ("12_kitchen.jpg", "houses", "12", None),
        ("7129300520-20141013_4.jpg", "x", "7129300520-20141013", 4),
        ("7129300520-20141013-4.jpg", "x", "7129300520-20141013", 4),
        ("01.jpg", "1002", "K2", 1),
        ("kitchen/01.jpg", "1002", "K2", 1),
        ("1002_5.jpg", "1002", "K2", 5),
        ("1002.jpg", "x", "K2", None),
        ("../1001/01.jpg", "x", "K1", 1),
    ],
)
def test_forms(entry, bundle, key, number):
    found = match_listing(entry, bundle, "sale", ROLL)
    assert (found.listing_key, found.number) == (key, number)


@pytest.mark.parametrize(
    "entry, bundle, called",
    [
        ("9999/01.jpg", "2025-06", "9999"),
        ("9999_1.jpg", "2025-06", "9999"),
        ("9999/12_1.jpg", "2025-06", "9999"),  # a folder that is an id: its file is not asked
        ("77/01.jpg", "x", "77"),  # an id of two listings names neither
        ("1_front.jpg", "1002", "1"),  # the file says one listing, the bundle another
        ("03.jpg", "2025-06", "2025-06"),
        ("other/a.jpg", "x", "other"),
    ],
)
def test_what_fits_none_or_two_stays_unknown(entry, bundle, called):
    found = match_listing(entry, bundle, "sale", ROLL)
    assert (found.listing_key, found.listing_id) == (None, called)


def test_the_domain_of_the_folder_comes_first_and_the_other_is_looked_in():
    assert match_listing("1001/1.jpg", "x", "rental", ROLL).domain == "rental"
    assert match_listing("1001/1.jpg", "x", "sale", ROLL).domain == "sale"
    misplaced = match_listing("1003/1.jpg", "x", "sale", ROLL)
    assert (misplaced.domain, misplaced.listing_key) == ("rental", "K3")


def test_listings_without_ids():
    roll = ListingIndex(pd.DataFrame({"domain": ["sale"], "listing_key": ["5"]}))
    assert match_listing("5/1.jpg", "x", "sale", roll).listing_key == "5"
