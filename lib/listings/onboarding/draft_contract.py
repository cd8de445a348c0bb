"""A contract for an unknown export, drafted from guesses; every doubt stands in it as a comment.

Lines marked CHECK are the ones that a person has to read: what was guessed from values alone or
with little certainty, statuses that nothing is known about, columns that nothing was found for.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field

import pandas as pd
import yaml

from lib.listings.contract import reso
from lib.listings.contract.reso import fold_header
from lib.listings.onboarding import column_profile
from lib.listings.onboarding.column_profile import ColumnProfile
from lib.listings.onboarding.infer import MAYBE, Guess

LEAST_SALE = 20_000  # where half of the prices are below this, they are taken for rents
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


def draft_contract(
    source: str, table: pd.DataFrame, guesses: list[Guess], statuses: dict[str, int]
) -> Draft:
    """Draft the contract of an export from the guesses about its columns.

    Parameters
    ----------
    source : str
        The export's name, for comments.
    table : DataFrame of str, shape (n, k)
        One column a header.
    guesses : list of Guess
    statuses : dict of str to int
        Each status of the whole export -> its rows.

    Returns
    -------
    Draft
    """
    by_field = {str(one.field): one for one in guesses if one.claimed}
    identity, key_lines = propose_identity(table, by_field)
    parts = [_head(source, len(table)), *domain_lines(by_field), *key_lines]
    parts += date_format_lines(by_field)
    if "standard_status" not in by_field:
        parts.append(
            "constants: {standard_status: Closed}   # CHECK: no status column, so every row counts "
            "as closed"
        )
    parts += ["columns:", *_columns(by_field), *_unmatched(guesses)]
    if "standard_status" in by_field:
        parts += status_lines(statuses)
    text = "\n".join(parts) + "\n"
    missing = [f"{name}, {why}" for name, why in NEEDED.items() if name not in by_field]
    if not identity:
        missing.insert(0, "listing_key or listing_id, what tells one listing from another")
    return Draft(text + (RULES if not missing else _lacks(missing)), missing)


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


def _columns(by_field: dict[str, Guess]) -> list[str]:
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
        filled = one.profile.filled / max(one.profile.rows, 1)
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
    reso_field, texts = reso.load_dictionary().fields[name], one.profile.texts.astype("str")
    digits = texts[texts.str.fullmatch("[0-9]+").astype(bool)]
    lengths = digits.str.len()
    if reso_field.type == "postal_code" and (lengths == 4).mean() > 0.01:
        return "; CHECK: some have four digits, `pad: 5` restores lost zeros"
    if reso_field.looks == "identity" and len(digits) > 20 and lengths.nunique() > 1:
        most = lengths.max()
        return f"; {lengths.min()} to {most} digits: if zeros were lost, `pad: {most}`"
    return ""


def _unmatched(guesses: list[Guess]) -> list[str]:
    """The columns that stay out, each with what it might be, as comments."""
    lines = []
    for one in guesses:
        if one.claimed:
            continue
        holds = describe_values(one.profile)
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


def one_line(value: object) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n...\n").strip()
    return text if text.isprintable() else json.dumps(value)  # YAML breaks lines at U+2028 too


def domain_lines(by_field: dict[str, Guess]) -> list[str]:
    """The rule that parts sales from leases: by a column of its own, or by the property type."""
    leases = reso.load_dictionary().leases
    domains = {fold_header(word): domain for domain, words in leases.items() for word in words}
    for name in ("for_lease", "property_type"):
        if name not in by_field:
            continue
        values = [str(value) for value in by_field[name].profile.counts.index]
        assigned = {
            value: domains[fold_header(value)] for value in values if fold_header(value) in domains
        }
        for yes, no in (("True", "False"), ("Yes", "No"), ("Y", "N"), ("1", "0")):
            if name == "for_lease" and {yes, no} & set(values):
                assigned |= {yes: "rental", no: "sale"}  # the other word may stand in another file
        if assigned and (name == "for_lease" or "rental" in assigned.values()):
            lines = ["domain:", f"  column: {name}", f"  values: {one_line(assigned)}"]
            others = sorted(set(values) - set(assigned))
            if others and name == "property_type":
                lines.append("  others: sale   # CHECK: every other property type")
            elif others:
                lines += [f"  # CHECK: sale or rental? {one_line(word)}" for word in others]
            return lines
    price = by_field.get("close_price")
    middle = price.profile.numbers.median() if price else float("nan")
    if middle < LEAST_SALE:
        note = f"half of the prices are below {LEAST_SALE:,}"
        return [f"domain: {{default: rental}}   # CHECK: {note}"]
    return ["domain: {default: sale}     # CHECK: nothing says which rows are leases"]


def propose_identity(table: pd.DataFrame, by_field: dict[str, Guess]) -> tuple[bool, list[str]]:
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


def date_format_lines(by_field: dict[str, Guess]) -> list[str]:
    """The date formats that the claimed date columns are written in."""
    fields = reso.load_dictionary().fields
    texts = [
        one.profile.texts
        for name, one in by_field.items()
        if fields[name].type in ("date", "timestamp")
    ]
    detected = column_profile.detect_date_formats([text.astype("str") for text in texts])
    if not detected:
        return ['date_formats: ["%Y-%m-%d"]   # CHECK: no dates found']
    note = ""
    for form in detected:
        swapped = form.replace("%m", "%x").replace("%d", "%m").replace("%x", "%d")
        if swapped == form or swapped not in column_profile.FORMATS:
            continue
        reads = [
            text for text in texts if column_profile.parse_dates(text, [form]).notna().mean() > 0.5
        ]
        if reads and all(
            column_profile.parse_dates(text, [swapped]).notna().mean() > 0.9 for text in reads
        ):
            note = f"   # CHECK: {swapped} reads them as well; is the month first?"
        elif swapped in detected:
            note = f"   # CHECK: some dates read only as {form}, some only as {swapped}"
    return [f"date_formats: {one_line(detected)}{note}"]


def status_lines(statuses: dict[str, int]) -> list[str]:
    """Every status of the export with its RESO status; an unknown one as a comment."""
    by_word = {
        fold_header(word): status
        for status, words in reso.load_dictionary().statuses.items()
        for word in (status, *words)
    }
    lines, recognized = [], 0
    for raw, rows in statuses.items():
        near = difflib.get_close_matches(fold_header(raw), by_word, n=1, cutoff=0.85)
        status = by_word.get(fold_header(raw))
        if status:
            lines.append(f"    {one_line(raw)}: {status}   # {rows:,} rows")
        elif near and len(raw) > 3:
            status = by_word[near[0]]
            lines.append(
                f"    {one_line(raw)}: {status}   # CHECK: {rows:,} rows; a close spelling"
            )
        else:
            lines.append(
                f"    # CHECK: {one_line(raw)} is unknown; its {rows:,} rows are quarantined"
            )
        recognized += status is not None
    head = ["lookups:", "  standard_status:" if recognized else "  standard_status: {}"]
    return [*head, *lines]
