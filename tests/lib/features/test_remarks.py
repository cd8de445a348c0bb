"""What the remarks say: phrases as whole words, hashed words that know no other row."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import murmurhash3_32

from lib.features.remarks import RemarkSettings, count_phrases, remark_features

SPEC = RemarkSettings(buckets=5, words={"work": ["needs work", "as is", "fixer", "fixer upper"]})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Needs work. Sold AS IS!", 2),
        ("needs\n  work", 1),
        ("fixer upper", 1),  # the longer phrase, once
        ("homework, needs workers, fixers, Texas island", 0),
        ("as-is", 0),
        ("", 0),
    ],
)
def test_phrases_are_whole_words_in_any_case(text, count):
    assert count_phrases(pd.Series([text]), SPEC.words["work"]).tolist() == [count]


def test_phrases_are_words_and_no_patterns():
    assert count_phrases(pd.Series(["a.c", "abc"]), ["a.c"]).tolist() == [1, 0]


def naive(text, buckets):
    """Words of two letters or more and their pairs, each to a bucket with a sign."""
    words = [word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split()]
    words = [word for word in words if len(word) > 1]
    row = np.zeros(buckets)
    for term in [*words, *(f"{a} {b}" for a, b in pairwise(words))]:
        number = murmurhash3_32(term, seed=0)
        row[abs(number) % buckets] += 1 if number >= 0 else -1
    length = np.sqrt((row**2).sum())
    return row / length if length else row


def test_features_are_what_a_naive_loop_finds():
    texts = ["Bright home, bright rooms. A view!", None, "", "?!", "Zwei Bäder"]
    found = pd.DataFrame(remark_features(pd.DataFrame({"public_remarks": texts}), SPEC))
    assert found["txt_characters"].tolist()[2:] == [0, 2, 10]
    assert found.loc[1].isna().all() and found.drop(index=1).notna().all().all()
    for row, text in enumerate(texts):
        if text is not None:
            hashed = found.loc[row, [f"txt_hash_0{i}" for i in range(5)]].to_numpy(float)
            np.testing.assert_allclose(hashed, naive(text, 5), atol=1e-15)


def test_no_remarks_at_all_give_the_same_columns():
    none = remark_features(pd.DataFrame({"public_remarks": [None, None]}), SPEC)
    assert list(none) == list(remark_features(pd.DataFrame({"public_remarks": ["x"]}), SPEC))
    assert np.isnan(np.column_stack(list(none.values()))).all()
    assert list(remark_features(pd.DataFrame({"listing_key": ["k"]}), SPEC)) == list(none)
