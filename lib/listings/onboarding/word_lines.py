"""Lines of a drafted contract on words: sale or lease, classes of property, statuses.

Words of the dictionary are proposed, unknown ones are comments marked CHECK.
"""

from __future__ import annotations

import difflib
import json

import yaml

from lib.listings.contract import reso
from lib.listings.contract.reso import (
    CLASSES,
    HOME,
    MUTE,
    SUB_TYPE,
    TORN,
    TYPE,
    fold_header,
    fold_word,
)
from lib.listings.onboarding.infer import ColumnGuess

LEAST_SALE = 20_000  # where half of the prices are below this, they are taken for rents
MOST_WORDS = 40  # words of the property types that are asked about


def one_line(value: object) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n...\n").strip()
    return text if text.isprintable() else json.dumps(value)  # YAML breaks lines at U+2028 too


def domain_lines(by_field: dict[str, ColumnGuess]) -> list[str]:
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
    asked = by_field.get("list_price")
    if asked and 100 * middle < asked.profile.numbers.median() and middle < LEAST_SALE:
        note = "prices paid are far below list prices: in thousands (then `multiply: 1000`)?"
        return [f"domain: {{default: sale}}     # CHECK: {note}"]
    if middle < LEAST_SALE:
        note = f"half of the prices are below {LEAST_SALE:,}"
        return [f"domain: {{default: rental}}   # CHECK: {note}"]
    return ["domain: {default: sale}     # CHECK: nothing says which rows are leases"]


def class_lines(by_field: dict[str, ColumnGuess]) -> list[str]:
    """The classes of property that are valued, and each word that is no home or is not known.

    Homes by a word of the table need no line; a sub type that says nothing of the class neither,
    beside a type that does.
    """
    told = [name for name in (TYPE, SUB_TYPE) if name in by_field]
    valued = f"valued_classes: [{HOME}]"
    if not told:
        return [f"{valued}   # CHECK: no column tells the kind of property, so all count as homes"]
    lines: list[str] = []
    doubts: list[str] = []
    listed: set[str] = set()
    for name in told:
        for word, rows in by_field[name].profile.counts.items():
            one, sure = reso.classify_word(str(word))
            if fold_word(str(word)) in listed:
                continue
            note = f"{rows:,} rows by `{name}`"
            if one == TORN or (one == MUTE and (name == TYPE or len(told) == 1)):
                listed.add(fold_word(str(word)))
                doubts.append(
                    f"  # CHECK: {one_line(str(word))} is unknown; {note} are asked about"
                )
            elif one in CLASSES and (one != HOME or not sure):
                listed.add(fold_word(str(word)))
                apart = "" if one == HOME else " stand apart"
                lines.append(f"  {one_line(str(word))}: {one}   # CHECK: {note}{apart}")
    empty = "" if lines else " {}"
    lines += doubts
    if len(lines) > MOST_WORDS:
        more = f"  # CHECK: and {len(lines) - MOST_WORDS} other words"
        lines = [*lines[:MOST_WORDS], more]
    head = [f"{valued}   # what is valued and is evidence; other classes stand apart"]
    if lines:
        head.append(f"property_classes:{empty}   # one of {', '.join(CLASSES)}")
    return head + lines


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
