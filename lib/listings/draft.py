"""A contract for an unknown export, drafted from guesses; every doubt stands in it as a comment.

Lines marked CHECK are the ones that a person has to read: what was guessed from values alone or
with little certainty, statuses that nothing is known about, columns that nothing was found for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from lib.listings import proposals, reso
from lib.listings.evidence import Evidence
from lib.listings.infer import MAYBE, Guess
from lib.listings.proposals import one_line

SURE = 0.9  # guesses below are marked CHECK
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
class Draft:
    """The text of a contract, and what it lacks (empty: it loads as it stands)."""

    text: str
    missing: list[str] = field(default_factory=list)


def draft(
    source: str, table: pd.DataFrame, guesses: list[Guess], statuses: dict[str, int]
) -> Draft:
    """The contract for `table` (text, one column a header) as `guesses` understand it.

    `source` names the export in comments. `statuses`: each status of the whole export -> its rows.
    """
    by_field = {str(one.field): one for one in guesses if one.claimed}
    identity, key_lines = proposals.identity(table, by_field)
    parts = [_head(source, len(table)), *proposals.domain(by_field), *key_lines]
    parts += proposals.formats(by_field)
    if "standard_status" not in by_field:
        parts.append(
            "constants: {standard_status: Closed}   # CHECK: no status column, so every row counts "
            "as closed"
        )
    parts += ["columns:", *_columns(by_field), *_unmatched(guesses)]
    if "standard_status" in by_field:
        parts += proposals.lookup(statuses)
    text = "\n".join(parts) + "\n"
    missing = [f"{name}, {why}" for name, why in NEEDED.items() if name not in by_field]
    if not identity:
        missing.insert(0, "listing_key or listing_id, what tells one listing from another")
    return Draft(text + (RULES if not missing else _lacks(missing)), missing)


def about(seen: Evidence) -> str:
    """What a column holds, without quoting what may be personal: only values that repeat often."""
    if not seen.filled:
        return "empty"
    if seen.share(seen.numbers.notna()) > 0.9:
        return f"numbers, {seen.numbers.min():g} to {seen.numbers.max():g}"
    if seen.dates > 0.9:
        return "dates"
    if seen.distinct <= 20 and seen.filled >= 5 * seen.distinct:
        some = ", ".join(str(text)[:24] for text in seen.counts.index[:3])
        return "values such as " + "".join(c if c.isprintable() else "?" for c in some)
    return f"text, {seen.distinct:,} different"


def _head(source: str, rows: int) -> str:
    source = "".join(c if c.isprintable() else "?" for c in source)
    return f"""\
# Drafted from {source} ({rows:,} rows looked at). Each column says how surely it was matched.
# Read the lines marked CHECK, mend what is wrong, delete the mark; see docs/your-own-export.md.
title: {one_line(f"Listings of {source}")}
currency: USD                     # CHECK"""


def _columns(by_field: dict[str, Guess]) -> list[str]:
    """One line a claimed column, in the dictionary's order."""
    lines = []
    for name, known in reso.dictionary().fields.items():
        if name not in by_field:
            continue
        one = by_field[name]
        body: dict[str, object] = {"aliases": [one.header]}
        if one.type:
            body["type"] = one.type
        if one.unit:
            body["unit"] = one.unit
        if known.range:
            body["range"] = [int(end) if end == int(end) else end for end in known.range]
        filled = one.seen.filled / max(one.seen.rows, 1)
        if name in ("close_price", "close_date", "listing_key") or (
            name in REQUIRED and filled > 0.9
        ):
            body["required"] = True
        mark = "" if one.score >= SURE else "CHECK: "
        lines.append(
            f"  {name}: {one_line(body)}   # {mark}{one.score:.2f} {one.why}{_zeros(name, one)}"
        )
    return lines


def _zeros(name: str, one: Guess) -> str:
    """A hint where codes look as if they had lost leading zeros."""
    known, texts = reso.dictionary().fields[name], one.seen.texts.astype("str")
    digits = texts[texts.str.fullmatch("[0-9]+").astype(bool)]
    lengths = digits.str.len()
    if known.type == "postal_code" and (lengths == 4).mean() > 0.01:
        return "; CHECK: some have four digits, `pad: 5` restores lost zeros"
    if known.looks == "identity" and len(digits) > 20 and lengths.nunique() > 1:
        most = lengths.max()
        return f"; {lengths.min()} to {most} digits: if zeros were lost, `pad: {most}`"
    return ""


def _unmatched(guesses: list[Guess]) -> list[str]:
    """The columns that stay out, each with what it might be, as comments."""
    lines = []
    for one in guesses:
        if one.claimed:
            continue
        holds = about(one.seen)
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
