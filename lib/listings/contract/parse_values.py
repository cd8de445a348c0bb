"""Text to typed values. Each parser takes a string Series and returns one of equal length, with
missing where the text is blank or does not parse; nothing is guessed or clipped."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from lib.listings.contract.contract import Column

YES = {"true", "yes", "y", "1", "t"}
NO = {"false", "no", "n", "0", "f"}


def parse_distinct(text: pd.Series, parse: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """`parse` of a text column, worked out once for each distinct text."""
    codes, distinct = pd.factorize(text)
    found = parse(pd.Series(distinct, dtype="str"))
    return found.reindex(codes).set_axis(text.index)


def is_blank(text: pd.Series) -> pd.Series:
    """Where the text is missing or only white space (boolean)."""
    return text.isna() | (text.str.strip() == "")


def parse_code(text: pd.Series, pad: int = 0) -> pd.Series:
    """Trimmed text, blank as missing, left-padded with zeros to `pad` characters."""
    trimmed = text.str.strip().mask(is_blank(text))
    return trimmed.str.zfill(pad) if pad else trimmed


def parse_number(text: pd.Series, multiply: float = 1.0) -> pd.Series:
    """Decimal numbers (float64); currency signs, spaces and commas between groups of three digits
    are dropped. A decimal comma ("2,5", "350.000,00") is not guessed at: it gives missing."""
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


def parse_stamps(text: pd.Series, formats: list[str]) -> tuple[pd.Series, pd.Series]:
    """(moments, offsets) by the first of `formats` (strptime) that fits.

    Moments (datetime64[us]) are in UTC where the text has an offset (%z), so that they compare, and
    as written where it has none. Offsets (float64) are minutes east of UTC, missing without one.
    """
    trimmed = text.str.strip()
    parsed = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    minutes = pd.Series(float("nan"), index=text.index, dtype="float64")
    for form in formats:
        left = trimmed.where(parsed.isna())
        if not left.notna().any():
            break
        found = pd.to_datetime(left, format=form, errors="coerce", utc=True)
        found = found.dt.tz_localize(None).astype("datetime64[us]")
        if "%z" in form:
            minutes = minutes.mask(found.notna(), _offset(left))
        parsed = parsed.fillna(found)
    return parsed, minutes


def _offset(text: pd.Series) -> pd.Series:
    """Minutes east of UTC at the end of a stamp: +05:30 is 330, -0600 is -360, Z is 0."""
    parts = text.str.extract(r"([+-])([0-9]{2}):?([0-9]{2})(?::?[0-9.]+)?\Z")
    size = pd.to_numeric(parts[1]) * 60 + pd.to_numeric(parts[2])
    return size.where(parts[0] != "-", -size).astype("float64").fillna(0.0)


def parse_moments(text: pd.Series, formats: list[str]) -> pd.Series:
    """The moments of `stamps` (datetime64[us])."""
    return parse_stamps(text, formats)[0]


def parse_offsets(text: pd.Series, formats: list[str]) -> pd.Series:
    """The offsets of `stamps` (float64, minutes)."""
    return parse_stamps(text, formats)[1]


def parse_days(text: pd.Series, formats: list[str]) -> pd.Series:
    """Calendar days as written (datetime64[us]): a stamp's offset does not move its day."""
    moments, minutes = parse_stamps(text, formats)
    return (
        moments + pd.to_timedelta(minutes.fillna(0), unit="m").astype("timedelta64[us]")
    ).dt.normalize()


def parse_yes_no(text: pd.Series) -> pd.Series:
    """1.0 for yes, 0.0 for no, missing otherwise (float64, ready for a model)."""
    lower = text.str.strip().str.lower()
    values = {word: 1.0 for word in YES} | {word: 0.0 for word in NO}
    return lower.map(values).astype("float64")


def parse_postal_code(text: pd.Series) -> pd.Series:
    """The five ASCII digits of a US ZIP code written as 77901, 77901-1234 or 779011234; 00000 is
    none."""
    return text.str.strip().str.extract(r"\A(?!00000)([0-9]{5})(?:[- ]?[0-9]{4})?\Z", expand=False)


def parse_plus4(text: pd.Series) -> pd.Series:
    """The last four digits of a US ZIP code written as 77901-1234 or 779011234."""
    return text.str.strip().str.extract(r"\A(?!00000)[0-9]{5}[- ]?([0-9]{4})\Z", expand=False)


def parse_baths(text: pd.Series, decimal: bool) -> pd.DataFrame:
    """Columns `bathrooms_full`, `bathrooms_half` (counts) and `bathrooms_total` (float64).

    HAR writes 2.1 for two full and one half bath: 2.5 in total; 2.25 is not its way. Decimal feeds
    write 2.25 or 2.5, which is the total as it stands, any remainder counted as one half bath.
    """
    if not decimal:  # one digit after the point: 2.25 is no count of half baths
        text = text.where(text.str.fullmatch(r"\s*[0-9]+(\.[0-9])?\s*").fillna(False).astype(bool))
    value = parse_number(text)
    value = value.where(value >= 0)
    full = value // 1
    part = (value - full).round(6)
    half = (part > 0).astype("float64").where(value.notna()) if decimal else (part * 10).round()
    total = value if decimal else full + half / 2
    return pd.DataFrame({"bathrooms_full": full, "bathrooms_half": half, "bathrooms_total": total})


def parse_baths_notation(kind: str, text: pd.Series) -> pd.DataFrame:
    """`baths` by the notation that a contract names; 2/1 is two full baths and one half."""
    if kind != "baths_full_slash_half":
        return parse_baths(text, kind == "baths_decimal")
    parts = text.str.extract(r"\A\s*([0-9]{1,3})\s*/\s*([0-9]{1,3})\s*\Z")
    return combine_baths(parse_number(parts[0]), parse_number(parts[1]))


def combine_baths(full: pd.Series, half: pd.Series) -> pd.DataFrame:
    """The columns of `baths` from two counts; a total only where both are known."""
    return pd.DataFrame(
        {"bathrooms_full": full, "bathrooms_half": half, "bathrooms_total": full + half / 2}
    )


def parse_column(text: pd.Series, column: Column, formats: list[str]) -> pd.Series:
    """One column by its contract type (for the kinds of baths use `baths_by`)."""
    if column.type == "number":
        return parse_number(text, column.multiply)
    if column.type == "count":
        amount = parse_number(text)
        return amount.where((amount >= 0) & (amount % 1 == 0))
    if column.type == "date":
        return parse_days(text, formats)
    if column.type == "timestamp":
        return parse_moments(text, formats)
    if column.type == "yes_no":
        return parse_yes_no(text)
    if column.type == "postal_code":
        return parse_postal_code(parse_code(text, column.pad))
    return parse_code(text, column.pad)
