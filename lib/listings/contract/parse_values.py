"""Text to typed values. Each parser takes a string Series and returns one of equal length, with
missing where the text is blank or does not parse; nothing is guessed or clipped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from lib.listings.contract.contract import Column

YES = {"true", "yes", "y", "1", "t"}
NO = {"false", "no", "n", "0", "f"}
FIRST_SHORT_YEAR = 1950  # the year that 50 means where years have two digits
# of dates that are one number: where they begin, units in a day, and the days from there that a
# listing's date may lie (1950 to 2099), so that a price or an id is hardly taken for one
SERIAL_UNITS: dict[str, tuple[str, int, tuple[float, float]]] = {
    "excel serial": ("1899-12-30", 1, (18_264, 73_050)),
    "unix seconds": ("1970-01-01", 86_400, (1_000, 47_482)),
    "unix milliseconds": ("1970-01-01", 86_400_000, (1_000, 47_482)),
}


def parse_distinct(text: pd.Series, parse: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Parse a text column, each distinct text once.

    Parameters
    ----------
    text : Series of str, shape (n,)
        Text as the export wrote it.
    parse : callable
        Takes a Series of distinct texts and returns a Series of equal length.

    Returns
    -------
    Series, shape (n,)
        What `parse` gives for each row; missing where the text is.
    """
    codes, distinct = pd.factorize(text)
    parsed = parse(pd.Series(distinct, dtype="str"))
    return parsed.reindex(codes).set_axis(text.index)


def is_blank(text: pd.Series) -> pd.Series:
    """Mark texts that are missing or only white space.

    Parameters
    ----------
    text : Series of str, shape (n,)

    Returns
    -------
    Series of bool, shape (n,)
    """
    return text.isna() | (text.str.strip() == "")


def parse_code(text: pd.Series, pad: int = 0) -> pd.Series:
    """Trim codes, blank ones set missing.

    Parameters
    ----------
    text : Series of str, shape (n,)
    pad : int
        Characters up to which zeros on the left are restored; 0 restores none.

    Returns
    -------
    Series of str, shape (n,)

    Examples
    --------
    >>> parse_code(pd.Series([" 7002", "77001", " "]), pad=5).tolist()
    ['07002', '77001', nan]
    """
    trimmed = text.str.strip().mask(is_blank(text))
    return trimmed.str.zfill(pad) if pad else trimmed


def parse_number(text: pd.Series, multiply: float = 1.0) -> pd.Series:
    """Parse decimal numbers.

    Currency signs, spaces and commas between groups of three digits are dropped. A decimal comma
    ("2,5", "350.000,00") is not guessed at: it gives missing.

    Parameters
    ----------
    text : Series of str, shape (n,)
    multiply : float
        What each number is multiplied with, to bring it into another unit.

    Returns
    -------
    Series of float64, shape (n,)

    Examples
    --------
    >>> parse_number(pd.Series(["$350,000", "2,5", "1e3"])).tolist()
    [350000.0, nan, 1000.0]
    """
    plain = text.str.replace(r"[$€£\s]", "", regex=True)
    grouped = plain.str.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?").fillna(False)
    plain = plain.where(~grouped.astype(bool), plain.str.replace(",", ""))
    fits = plain.str.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
    return (
        pd.to_numeric(plain.where(fits.fillna(False).astype(bool)), errors="coerce").astype(
            "float64"
        )
        * multiply
    )


def parse_stamps(
    text: pd.Series, formats: list[str], zone: str | None = None
) -> tuple[pd.Series, pd.Series]:
    """Parse moments and their offsets by the first format that fits.

    Parameters
    ----------
    text : Series of str, shape (n,)
    formats : list of str
        Formats of strptime or words of `contract.SERIALS`, tried in order. Years of two digits
        (%y) lie between 1950 and 2049.
    zone : str or None
        The contract's `time_zone`, which stamps without an offset are in. An hour that comes twice
        in autumn counts as standard time, one that spring leaves out as the hour after it.

    Returns
    -------
    moments : Series of datetime64[us], shape (n,)
        In UTC where the text has an offset (%z) or `zone` is given, so that they compare; as
        written where neither is.
    offsets : Series of float64, shape (n,)
        Minutes east of UTC; missing where neither is, 0 for seconds since 1970.
    """
    trimmed = text.str.strip()
    parsed = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    minutes = pd.Series(float("nan"), index=text.index, dtype="float64")
    for form in formats:
        left = trimmed.where(parsed.isna())
        if not left.notna().any():
            break
        moments = _moments(left, form)
        if "%z" in form or "%Z" in form:
            minutes = minutes.mask(moments.notna(), _offset(left))
        if form.startswith("unix"):
            minutes = minutes.mask(moments.notna(), 0.0)
        parsed = parsed.fillna(moments)
    if zone:
        local = parsed.where(minutes.isna())
        daylight = np.zeros(len(local), dtype="bool")
        placed = local.dt.tz_localize(zone, ambiguous=daylight, nonexistent="shift_forward")
        moments = placed.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
        minutes = minutes.fillna((local - moments).dt.total_seconds() / 60)
        parsed = moments.fillna(parsed)
    return parsed, minutes


def _moments(text: pd.Series, form: str) -> pd.Series:
    """Moments by one format. strptime takes 50 to 68 for 2050 to 2068: no home was sold then."""
    if form in SERIAL_UNITS:
        return _serial_moments(text, *SERIAL_UNITS[form])
    moments = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    moments = moments.dt.tz_localize(None).astype("datetime64[us]")
    if "%y" in form:
        late = moments.dt.year >= FIRST_SHORT_YEAR + 100
        moments = moments.mask(late, moments - pd.DateOffset(years=100)).astype("datetime64[us]")
    return moments


def _serial_moments(
    text: pd.Series, origin: str, scale: int, span: tuple[float, float]
) -> pd.Series:
    """Moments written as a number of days, seconds or milliseconds; `scale` of them are a day, and
    one outside `span` (in days) is another kind of number."""
    # no number of days begins with 0, as 053123 does, which is a date of six digits
    plain = text.where(text.str.fullmatch(r"[1-9][0-9]*(\.[0-9]*)?").fillna(False).astype(bool))
    days = pd.to_numeric(plain, errors="coerce").astype("float64") / scale
    micros = (days.where(days.between(*span)) * 86_400_000_000).round(-3)
    return pd.Timestamp(origin) + pd.to_timedelta(micros, unit="us").astype("timedelta64[us]")


def _offset(text: pd.Series) -> pd.Series:
    """Minutes east of UTC at the end of a stamp: +05:30 is 330, -0600 is -360, Z is 0."""
    parts = text.str.extract(r"([+-])([0-9]{2}):?([0-9]{2})(?::?[0-9.]+)?\Z")
    size = pd.to_numeric(parts[1]) * 60 + pd.to_numeric(parts[2])
    return size.where(parts[0] != "-", -size).astype("float64").fillna(0.0)


def parse_moments(text: pd.Series, formats: list[str], zone: str | None = None) -> pd.Series:
    """Parse moments as `parse_stamps` does, without their offsets.

    Parameters
    ----------
    text : Series of str, shape (n,)
    formats : list of str
        Formats of strptime, tried in order.
    zone : str or None
        The contract's `time_zone`.

    Returns
    -------
    Series of datetime64[us], shape (n,)
    """
    return parse_stamps(text, formats, zone)[0]


def parse_offsets(text: pd.Series, formats: list[str], zone: str | None = None) -> pd.Series:
    """Parse the offsets of moments as `parse_stamps` does.

    Parameters
    ----------
    text : Series of str, shape (n,)
    formats : list of str
        Formats of strptime, tried in order.
    zone : str or None
        The contract's `time_zone`.

    Returns
    -------
    Series of float64, shape (n,)
        Minutes east of UTC; missing without an offset.
    """
    return parse_stamps(text, formats, zone)[1]


def parse_days(text: pd.Series, formats: list[str]) -> pd.Series:
    """Parse calendar days as written: a stamp's offset does not move its day.

    Parameters
    ----------
    text : Series of str, shape (n,)
    formats : list of str
        Formats of strptime, tried in order.

    Returns
    -------
    Series of datetime64[us], shape (n,)
        Midnight of each day.
    """
    moments, minutes = parse_stamps(text, formats)
    return (
        moments + pd.to_timedelta(minutes.fillna(0), unit="m").astype("timedelta64[us]")
    ).dt.normalize()


def parse_yes_no(text: pd.Series) -> pd.Series:
    """Parse answers of yes and no, whatever their case.

    Parameters
    ----------
    text : Series of str, shape (n,)

    Returns
    -------
    Series of float64, shape (n,)
        1.0 for a word of YES, 0.0 for one of NO, missing otherwise.
    """
    lower = text.str.strip().str.lower()
    values = {word: 1.0 for word in YES} | {word: 0.0 for word in NO}
    return lower.map(values).astype("float64")


def pad_zips(zips: pd.Series) -> pd.Series:
    """Write ZIP codes as text where they have become numbers: without `.0` and thousands
    separators, with five digits or nine.

    Parameters
    ----------
    zips : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
        What is no number of three to nine digits stays as it was.

    Examples
    --------
    >>> pad_zips(pd.Series(["2139", "2139.0", "21391234", "2139-1234", "x"])).tolist()
    ['02139', '02139', '021391234', '02139-1234', 'x']
    """
    plain = plain_zips(zips)
    parts = plain.str.extract(r"\A([0-9]{3,4})([- ][0-9]{4})?\Z")
    plain = plain.mask(parts[0].notna(), parts[0].str.zfill(5) + parts[1].fillna(""))
    long = plain.str.fullmatch("[0-9]{7,8}").fillna(False).astype(bool)
    return plain.mask(long, plain.str.zfill(9))


def plain_zips(zips: pd.Series) -> pd.Series:
    """Write ZIP codes without what numbers bring: 73301.0 and 73,301 are 73301.

    Parameters
    ----------
    zips : Series of str, shape (n,)

    Returns
    -------
    Series of str, shape (n,)
    """
    plain = zips.str.strip().str.replace(r"\A([0-9-]+)\.0+\Z", r"\1", regex=True)
    grouped = plain.str.fullmatch("[0-9]{1,3}(,[0-9]{3})+").fillna(False)
    return plain.mask(grouped.astype(bool), plain.str.replace(",", ""))


def parse_postal_code(text: pd.Series, pad: int = 0) -> pd.Series:
    """Parse US ZIP codes written as 77901, 77901-1234 or 779011234; 77901.0 and 77,901 are what
    tools make of such a number.

    Parameters
    ----------
    text : Series of str, shape (n,)
    pad : int
        Whether zeros on the left are restored (5) or not (0).

    Returns
    -------
    Series of str, shape (n,)
        Five ASCII digits; missing for anything else, and for 00000.
    """
    plain = pad_zips(text) if pad else plain_zips(text)
    return plain.str.extract(r"\A(?!00000)([0-9]{5})(?:[- ]?[0-9]{4})?\Z", expand=False)


def parse_plus4(text: pd.Series, pad: int = 0) -> pd.Series:
    """Parse the last four digits of US ZIP codes written as 77901-1234 or 779011234.

    Parameters
    ----------
    text : Series of str, shape (n,)
    pad : int
        Whether zeros on the left are restored (5) or not (0).

    Returns
    -------
    Series of str, shape (n,)
        Four ASCII digits; missing where there are none.
    """
    plain = pad_zips(text) if pad else plain_zips(text)
    return plain.str.extract(r"\A(?!00000)[0-9]{5}[- ]?([0-9]{4})\Z", expand=False)


def parse_column(
    text: pd.Series, column: Column, formats: list[str], zone: str | None = None
) -> pd.Series:
    """Parse one column by its contract type (for baths use `baths.parse_baths_notation`).

    Parameters
    ----------
    text : Series of str, shape (n,)
    column : Column
        The contract's column: its type, padding and factor.
    formats : list of str
        The contract's date formats; the column's own go before them.
    zone : str or None
        The contract's `time_zone`.

    Returns
    -------
    Series, shape (n,)
        float64 for numbers, counts and yes/no; datetime64[us] for dates and timestamps; else text.
    """
    formats = column.date_formats or formats
    if column.type == "number":
        return parse_number(text, column.multiply)
    if column.type == "count":
        amount = parse_number(text)
        return amount.where((amount >= 0) & (amount % 1 == 0))
    if column.type == "date":
        return parse_days(text, formats)
    if column.type == "timestamp":
        return parse_moments(text, formats, zone)
    if column.type == "yes_no":
        return parse_yes_no(text)
    if column.type == "postal_code":
        return parse_postal_code(text, column.pad)
    return parse_code(text, column.pad)
