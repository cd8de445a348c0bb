"""A contract for an unknown export, drafted from guesses; every doubt stands in it as a comment.

Lines marked CHECK are the ones that a person has to read: what was guessed from values alone or
with little certainty, statuses that nothing is known about, columns that nothing was found for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from lib.listings.contract import parse_values, reso, spreadsheets, units
from lib.listings.onboarding import date_order
from lib.listings.onboarding.column_profile import ColumnProfile
from lib.listings.onboarding.date_order import ColumnDates
from lib.listings.onboarding.infer import MAYBE, ColumnGuess
from lib.listings.onboarding.word_lines import class_lines, domain_lines, one_line, status_lines

SURE = 0.9  # guesses below are marked CHECK
# of codes that a number has robbed of zeros on the left, a tenth or so are shorter than the rest
MOST_SHORTER = 0.25
HOME = ("parcel_number", "unparsed_address", "street_name", "latitude")  # differ between homes
NEEDED = {
    "close_price": "the price that was paid: needed to learn from sales",
    "close_date": "the day of closing: needed to know what was known when",
}
REQUIRED = ["listing_key", "listing_id", "standard_status", "living_area", "postal_code"]
RULES = """\
row_rules:
  - name: close_date
    column: close_date
    check: is_date
    when: {standard_status: Closed}
    reason: closed without a date that can be read
  - name: close_price
    column: close_price
    check: is_number
    when: {standard_status: Closed}
    reason: closed without a price that can be read
  - name: nominal
    column: close_price
    check: minimum
    value: 1000
    when: {standard_status: Closed, domain: sale}
    reason: "nominal price, under 1,000"
"""


@dataclass
class ContractDraft:
    """The text of a contract, and what it lacks (empty: it loads as it stands)."""

    text: str
    missing: list[str] = field(default_factory=list)


def draft_contract(
    source: str, table: pd.DataFrame, guesses: list[ColumnGuess], statuses: dict[str, int]
) -> ContractDraft:
    """Draft the contract of an export from the guesses about its columns.

    Parameters
    ----------
    source : str
        The export's name, for comments.
    table : DataFrame of str, shape (n, k)
        One column a header.
    guesses : list of ColumnGuess
    statuses : dict of str to int
        Each status of the whole export -> its rows.

    Returns
    -------
    Draft
    """
    by_field = {str(one.field): one for one in guesses if one.claimed}
    identity, key_lines = _propose_identity(table, by_field)
    parts = [_head(source, len(table)), *domain_lines(by_field), *key_lines]
    fields = reso.load_dictionary().fields
    dates = {name: table[one.header] for name, one in by_field.items()
             if fields[name].type in ("date", "timestamp")}  # fmt: skip
    others = [one for one in guesses if not one.claimed and one.profile.dates > SURE]
    dates |= {one.header: table[one.header] for one in others if not dates}
    written = date_order.date_columns(dates)
    formats = date_order.feed_formats(written) or ["%Y-%m-%d"]
    note = date_order.format_note(written, formats)
    if written and not dates.keys() & by_field.keys():
        note = f"of {', '.join(map(repr, dates))}, which no column reads yet; {note}".strip("; ")
    parts.append(f"date_formats: {one_line(formats)}{f'   # CHECK: {note}' if note else ''}")
    parts += class_lines(by_field)
    if "standard_status" not in by_field:
        parts.append(
            "constants: {standard_status: Closed}   # CHECK: no status column, so every row counts "
            "as closed"
        )
    parts += ["columns:", *_columns(by_field, written), *_unmatched(guesses, written)]
    parts += _shared_keys(table, by_field)
    if "standard_status" in by_field:
        parts += status_lines(statuses)
    text = "\n".join(parts) + "\n"
    missing = [
        f"{name}, {why}{_unreadable(name, guesses)}"
        for name, why in NEEDED.items()
        if name not in by_field
    ]
    if not identity:
        missing.insert(0, "listing_key or listing_id, what tells one listing from another")
    return ContractDraft(text + (RULES if not missing else _lacks(missing)), missing)


def _unreadable(name: str, guesses: list[ColumnGuess]) -> str:
    """What to do about a header that is called like a needed date and reads as none."""
    fields = reso.load_dictionary().fields
    named = [one.header for one in guesses if one.field == name and one.score >= MAYBE]
    if not named or fields[name].type != "date":
        return ""
    return f"; {named[0]!r} is called so: say how it is written by its `date_formats`"


def describe_values(profile: ColumnProfile) -> str:
    """What a column holds, without quoting what may be personal: only values that repeat often."""
    if not profile.filled:
        return "empty"
    if profile.share(profile.numbers.notna()) > 0.9:
        return f"numbers, {profile.numbers.min():g} to {profile.numbers.max():g}"
    if profile.dates > 0.9:
        return "dates"
    if profile.distinct <= 20 and profile.filled >= 5 * profile.distinct:
        some = ", ".join(str(text)[:24] for text in profile.counts.index[:3])
        return "values such as " + "".join(c if c.isprintable() else "?" for c in some)
    return f"text, {profile.distinct:,} different"


def _head(source: str, rows: int) -> str:
    source = "".join(c if c.isprintable() else "?" for c in source)
    return f"""\
# Drafted from {source} ({rows:,} rows looked at). Each column says how surely it was matched.
# Read the lines marked CHECK, mend what is wrong, delete the mark;
# see docs/guides/your-own-export.md.
title: {one_line(f"Listings of {source}")}
currency: USD                     # CHECK"""


def _columns(by_field: dict[str, ColumnGuess], written: dict[str, ColumnDates]) -> list[str]:
    """One line a claimed column, in the dictionary's order."""
    lines = []
    for name, reso_field in reso.load_dictionary().fields.items():
        if name not in by_field:
            continue
        one = by_field[name]
        body: dict[str, object] = {"aliases": [one.header]}
        if one.type:
            body["type"] = one.type
        if one.unit:
            body["unit"] = one.unit
        if reso_field.range:
            body["range"] = [int(end) if end == int(end) else end for end in reso_field.range]
        if one.multiply:
            body["multiply"] = one.multiply
        hint = _companion(name, one, by_field, body)
        if name in written and written[name].stated:
            body["date_formats"] = written[name].formats
        if name in written and written[name].doubt:
            hint += f"; CHECK: {written[name].doubt}"
        filled = one.profile.filled / max(one.profile.rows, 1)
        if name in ("close_price", "close_date", "listing_key") or (
            name in REQUIRED and filled > 0.9
        ):
            body["required"] = True
        mark = "" if one.score >= SURE else "CHECK: "
        lines.append(
            f"  {name}: {one_line(body)}   # {mark}{one.score:.2f} {one.why}"
            f"{_damage(name, one)}{hint}"
        )
    return lines


def _companion(
    name: str, one: ColumnGuess, by_field: dict[str, ColumnGuess], body: dict[str, object]
) -> str:
    """Add the column that says unit or frequency row by row to a column's `body`; a hint where
    nothing says how often a fee is paid, or words of such a column are unknown."""
    book = reso.load_dictionary()
    reso_field, hint = book.fields[name], ""
    if reso_field.unit_from in by_field:
        body["unit_from"] = reso_field.unit_from
    if reso_field.frequency_from:
        period = one.multiply or re.search("annual|year", one.header.lower())
        if period and reso_field.frequency_from in by_field:
            body["frequency_from"] = None
            hint = f"; CHECK: by its header; {reso_field.frequency_from} is not used"
        elif reso_field.frequency_from in by_field:
            body["frequency_from"] = reso_field.frequency_from
        elif not period:
            hint = "; CHECK: nothing says how often it is paid: a year; of a month, multiply: 12"
    roles = {name: book.area_words for name in _names(book, "unit_from")}
    roles |= {name: book.payment_words for name in _names(book, "frequency_from")}
    if name in roles | {units.FREQUENCY: {}}:
        texts = one.profile.texts.astype("str")
        words = units.replace_synonyms(texts, roles.get(name, book.payment_words))
        unknown = sorted(texts[words.isna()])[:5]
        if unknown:
            hint = f"; CHECK: not known: {one_line(unknown)}; say by `lookups` what they mean"
    return hint


def _names(book: reso.ResoDictionary, role: str) -> set[str]:
    return {getattr(one, role) for one in book.fields.values() if getattr(one, role)}


def _damage(name: str, one: ColumnGuess) -> str:
    """What a spreadsheet seems to have done to codes: rounded them, or lost zeros on the left."""
    reso_field, codes = reso.load_dictionary().fields[name], one.profile.counts.index.to_series()
    if reso_field.type == "postal_code":
        short = parse_values.plain_zips(codes.astype("str")).str.fullmatch("[0-9]{3,4}")
        enough = short.astype(bool).mean() > 0.01
        return "; CHECK: some have four digits, `pad: 5` restores lost zeros" if enough else ""
    if reso_field.looks != "identity":
        return ""
    text = codes.astype("str")
    damages = spreadsheets.damaged_codes_message(text)
    notes = [
        f"; CHECK: {int(one.profile.counts[rows.index].sum())} of {one.profile.filled} values "
        f"{damage}"
        for damage, rows in damages.groupby(damages)
    ]
    if text.str.fullmatch(spreadsheets.POINT_ZERO).any():
        notes.append("; CHECK: numbers with a `.0`, read without it; were zeros lost on the left?")
    digits = text[text.str.fullmatch("[0-9]+").astype(bool)]
    lengths = digits.str.len()
    if len(digits) > 20 and lengths.nunique() > 1 and not notes:
        most = lengths.max()
        lost = not digits.str.startswith("0").any() and (lengths < most).mean() < MOST_SHORTER
        notes.append(
            f"; {'CHECK: ' if lost else ''}{lengths.min()} to {most} digits: if zeros were lost, "
            f"`pad: {most}`"
        )
    return "".join(notes)


def _shared_keys(table: pd.DataFrame, by_field: dict[str, ColumnGuess]) -> list[str]:
    """A doubt where rows of several homes share a key: each would pass for a state of one listing.

    Homes are told apart by two of their parcel number, address and point."""
    key = next((by_field[name] for name in ("listing_key", "listing_id") if name in by_field), None)
    traits = [by_field[name].header for name in HOME if name in by_field]
    if key is None or len(traits) < 2:
        return []
    keyed = table[~parse_values.is_blank(table[key.header])]
    groups = keyed[traits].apply(lambda column: column.str.strip()).groupby(keyed[key.header])
    several = (groups.nunique() > 1).sum(axis=1) > 1
    rows = int(groups.size()[several].sum())
    if not rows:
        return []
    return [
        f"  # CHECK: {rows:,} rows share a {key.field} with another home's; such rows are "
        "quarantined"
    ]


def _unmatched(guesses: list[ColumnGuess], written: dict[str, ColumnDates]) -> list[str]:
    """The columns that stay out, each with what it might be, as comments."""
    lines = []
    for one in guesses:
        if one.claimed:
            continue
        holds = describe_values(one.profile)
        if one.header in written:
            holds = (
                f"CHECK: close_date, or when it was listed? Dates by {written[one.header].formats}"
            )
        if one.field and one.score >= MAYBE:
            body = {"aliases": [one.header]}
            lines.append(
                f"  # {one.field}: {one_line(body)}   # CHECK: {one.score:.2f} {one.why}; {holds}"
            )
        else:
            lines.append(f"  # not matched: {one_line(one.header)}   # {holds}")
    if not lines:
        return []
    return [
        "  # Columns below stay aside. A number that nothing knows becomes a feature as",
        "  # `local_name: {aliases: [header], type: number}`; not if it is filled after the sale.",
        *lines,
    ]


def _lacks(missing: list[str]) -> str:
    return "".join(f"# CHECK: not found: {what}\n" for what in missing)


def _propose_identity(
    table: pd.DataFrame, by_field: dict[str, ColumnGuess]
) -> tuple[bool, list[str]]:
    """Propose what tells rows apart and what makes one home.

    Parameters
    ----------
    table : DataFrame of str, shape (n, k)
    by_field : dict of str to Guess
        RESO field -> the guess that claims it.

    Returns
    -------
    identified : bool
        Whether rows can be told apart.
    lines : list of str
        YAML.
    """
    homes = [["parcel_number"]] if "parcel_number" in by_field else []
    addressed = {"street_name", "unparsed_address"} & set(by_field)
    lines, identified = [], "listing_key" in by_field
    base = next((name for name in ("listing_id", "parcel_number") if name in by_field), None)
    if not identified and base:
        identified, note = True, ""
        key, header = [str(base)], by_field[base].header
        repeats = len(table) - table[header].nunique()
        if repeats and "modification_timestamp" not in by_field and "close_date" in by_field:
            key.append("close_date")
            both = table.duplicated([header, by_field["close_date"].header]).sum()
            note = f"   # CHECK: alone it repeats in {repeats:,} rows, with the date in {both:,}"
            homes = homes or [[base]]
        lines.append(f"key: {one_line(key)}{note}")
    note = "" if homes else "   # CHECK: no parcel, no address"
    if addressed:
        note = "   # then by the address in standard form"
    lines.append(f"property_key: {one_line(homes)}{note}")
    return identified, lines
