"""What the agent's remarks say: their length, words about the condition, hashed words.

Nothing is fitted: words are counted from lists in params.yaml, and hashing knows no vocabulary.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.feature_extraction.text import HashingVectorizer

from lib.common.params import Section


class Text(Section):
    """Buckets that words are hashed to, and the phrases that are counted, by subject."""

    buckets: int = Field(ge=1)
    words: dict[str, list[str]]


def counted(remarks: pd.Series, phrases: list[str]) -> np.ndarray:
    """How often any of the phrases stands in each text, as whole words, in any case (n,)."""
    longest = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    parts = [r"\s+".join(map(re.escape, phrase.split())) for phrase in longest]
    pattern = re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)
    return np.array([len(pattern.findall(text)) for text in remarks], dtype=float)


def hashed(remarks: pd.Series, buckets: int) -> np.ndarray:
    """Words and pairs of words of each text in signed buckets, each row of length 1 (n, buckets);
    0 where there are none (Weinberger et al., Feature Hashing, ICML 2009)."""
    hasher = HashingVectorizer(n_features=buckets, ngram_range=(1, 2), dtype=np.float64)
    return hasher.transform(remarks.to_numpy(object)).toarray()


def remark_features(homes: pd.DataFrame, spec: Text) -> dict[str, np.ndarray]:
    """Per home (n,): characters of its remarks, counts of each subject's phrases, and the hashed
    words; missing where it has no remarks."""
    remarks = homes.get("public_remarks", pd.Series(None, index=homes.index, dtype="str"))
    known = remarks.notna().to_numpy(bool)
    texts = remarks[known].astype(object)
    columns = {"txt_characters": np.array([len(text) for text in texts], dtype=float)}
    for subject, phrases in spec.words.items():
        columns[f"txt_words_{subject}"] = counted(texts, phrases)
    buckets = hashed(texts, spec.buckets) if len(texts) else np.empty((0, spec.buckets))
    for number, bucket in enumerate(buckets.T):
        columns[f"txt_hash_{number:02d}"] = bucket
    out = {}
    for name, values in columns.items():
        out[name] = np.full(len(homes), np.nan)
        out[name][known] = values
    return out
