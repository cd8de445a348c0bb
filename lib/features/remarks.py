"""Features of the agent's remarks: their length, words about the condition, hashed words.

Nothing is fitted: words are counted from lists in params.yaml, and hashing needs no vocabulary.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.feature_extraction.text import HashingVectorizer

from lib.common.params import Section


class RemarkSettings(Section):
    """Buckets that words are hashed to, and the phrases that are counted, by subject."""

    buckets: int = Field(ge=1)
    words: dict[str, list[str]]


def count_phrases(remarks: pd.Series, phrases: list[str]) -> np.ndarray:
    """Count how often any of some phrases occurs in each text, as whole words, in any case.

    Parameters
    ----------
    remarks
        (n,) text.
    phrases
        Words, or words with spaces between them.

    Returns
    -------
    (n,) float64 counts.

    Examples
    --------
    >>> import pandas as pd
    >>> texts = pd.Series(["New kitchen, new roof", "As is"])
    >>> count_phrases(texts, ["new", "new kitchen"]).tolist()
    [2.0, 0.0]
    """
    longest = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    parts = [r"\s+".join(map(re.escape, phrase.split())) for phrase in longest]
    pattern = re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)
    return np.array([len(pattern.findall(text)) for text in remarks], dtype=float)


def _hash_words(remarks: pd.Series, buckets: int) -> np.ndarray:
    """Hash words and pairs of words of each text into signed buckets.

    Parameters
    ----------
    remarks
        (n,) text.
    buckets
        How many.

    Returns
    -------
    (n, buckets) float64, each row of length 1; 0 where there are no words.

    References
    ----------
    Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009.
    """
    hasher = HashingVectorizer(n_features=buckets, ngram_range=(1, 2), dtype=np.float64)
    return hasher.transform(remarks.to_numpy(object)).toarray()


def remark_features(homes: pd.DataFrame, settings: RemarkSettings) -> dict[str, np.ndarray]:
    """Features of the remarks of each home.

    Parameters
    ----------
    homes
        (n, columns), with `public_remarks` if the feed has them.
    settings
        Buckets, and phrases by subject.

    Returns
    -------
    (n,) arrays: `txt_characters`, `txt_words_<subject>`, `txt_hash_<bucket>`; missing where a home
    has no remarks.
    """
    remarks = homes.get("public_remarks", pd.Series(None, index=homes.index, dtype="str"))
    has_remarks = remarks.notna().to_numpy(bool)
    texts = remarks[has_remarks].astype(object)
    columns = {"txt_characters": np.array([len(text) for text in texts], dtype=float)}
    for subject, phrases in settings.words.items():
        columns[f"txt_words_{subject}"] = count_phrases(texts, phrases)
    buckets = (
        _hash_words(texts, settings.buckets) if len(texts) else np.empty((0, settings.buckets))
    )
    for number, bucket in enumerate(buckets.T):
        columns[f"txt_hash_{number:02d}"] = bucket
    out = {}
    for name, values in columns.items():
        out[name] = np.full(len(homes), np.nan)
        out[name][has_remarks] = values
    return out
