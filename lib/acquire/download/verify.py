"""Whether what arrived is complete and is what was asked for: the reason why not, or ""."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import pandas as pd

from lib.acquire.portal.windows import Window

MOST_BYTES = 50_000_000  # of one photo, unpacked


def export_fault(rows: pd.DataFrame, expected: int, window: Window) -> str:
    """Say what is wrong with an export: its number of rows, listings that came twice, rows of other
    days or ZIP codes.

    A listing that was modified while we looked has left the window: the next try finds it gone.
    Rows without key or day, which staging will quarantine, are counted and cannot be judged.

    Parameters
    ----------
    rows
        (n, columns) `domain`, `listing_key`, `day` (that of its last change), `_reason` (why its
        contract refuses the row), and `postal_code` where the contract has it.
    expected
        How many listings the page said.
    window
        What was searched for.

    Returns
    -------
    The reason, or "".
    """
    if len(rows) != expected:
        return f"{len(rows):,} rows came and the page says {expected:,}"
    keys = rows.loc[rows["_reason"].isna(), ["domain", "listing_key"]]
    if keys.duplicated().any():
        return f"{int(keys.duplicated().sum()):,} listings came twice"
    dated = rows["day"].dropna().dt.date
    strays = dated[(dated < window.since) | (dated > window.until)]
    if len(strays):
        return (
            f"{len(strays):,} rows are of other days, such as {strays.iloc[0]}: the portal "
            "answered another search"
        )
    if window.zips and "postal_code" in rows:
        codes = rows["postal_code"].dropna().str.strip().str[:5]
        others = sorted(set(codes) - set(window.zips))
        if others:
            return f"rows of other ZIP codes, such as {others[0]}: it answered another search"
    return ""


def zip_fault(path: Path, expected: int | None) -> str:
    """Say what is wrong with a zip of photos: whether it opens, has so many entries (None: any),
    each with the bytes that its checksum says. Returns the reason, or "".
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            photos = [one for one in bundle.infolist() if not one.is_dir()]
            if expected is not None and len(photos) != expected:
                return f"{len(photos)} photos came and {expected} were asked for"
            if any(one.file_size > MOST_BYTES for one in photos):
                return f"a photo of more than {MOST_BYTES:,} bytes"
            broken = bundle.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        return f"not a whole zip ({error})"
    return f"{broken} is damaged" if broken else ""
