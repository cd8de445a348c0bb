"""Features with what their listings' photos say beside them, for models that look at photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lib.common import io
from lib.models.serving import sees_photos
from lib.photos import pooling


def photographed(features: pd.DataFrame, saved: dict[str, Any], vectors: Path) -> pd.DataFrame:
    """All feature rows of a domain, with the `img_` columns of `lib.photos.pooling` where the saved
    variant or blend looks at photos. `vectors` is the file that `embed` wrote."""
    if not sees_photos(saved):
        return features
    table = io.read_parquet(vectors)
    return pooling.beside(features, table[table["domain"] == saved["domain"]])
