"""The parts of a drafted contract that are about the whole export: what tells rows apart, sales
from leases, one date format from another, and the statuses. Each is given as lines of YAML."""

from __future__ import annotations

import difflib
import json

import pandas as pd
import yaml

from lib.listings import evidence, reso
from lib.listings.infer import Guess
from lib.listings.reso import plain

LEAST_SALE = 20_000  # where half of the prices are below this, they are taken for rents


def one_line(value: object) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n...\n").strip()
    return text if text.isprintable() else json.dumps(value)  # YAML breaks lines at U+2028 too


def domain(by_field: dict[str, Guess]) -> list[str]:
    """The rule that parts sales from leases: by a column of its own, or by the property type."""
    leases = reso.dictionary().leases
    domains = {plain(word): domain for domain, words in leases.items() for word in words}
    for name in ("for_lease", "property_type"):
        if name not in by_field:
            continue
        own = [str(value) for value in by_field[name].seen.counts.index]
        known = {value: domains[plain(value)] for value in own if plain(value) in domains}
        for yes, no in (("True", "False"), ("Yes", "No"), ("Y", "N"), ("1", "0")):
            if name == "for_lease" and {yes, no} & set(own):
                known |= {yes: "rental", no: "sale"}  # the other word may stand in another file
        if known and (name == "for_lease" or "rental" in known.values()):
            lines = ["domain:", f"  column: {name}", f"  values: {one_line(known)}"]
            others = sorted(set(own) - set(known))
            if others and name == "property_type":
                lines.append("  others: sale   # CHECK: every other property type")
            elif others:
                lines += [f"  # CHECK: sale or rental? {one_line(word)}" for word in others]
            return lines
    price = by_field.get("close_price")
    middle = price.seen.numbers.median() if price else float("nan")
    if middle < LEAST_SALE:
        note = f"half of the prices are below {LEAST_SALE:,}"
        return [f"domain: {{default: rental}}   # CHECK: {note}"]
    return ["domain: {default: sale}     # CHECK: nothing says which rows are leases"]


def identity(table: pd.DataFrame, by_field: dict[str, Guess]) -> tuple[bool, list[str]]:
    """(whether rows can be told apart, the lines that say by what, and what one home goes by)."""
    homes = [["parcel_number"]] if "parcel_number" in by_field else []
    addressed = {"street_name", "unparsed_address"} & set(by_field)
    lines, found = [], "listing_key" in by_field
    base = next((name for name in ("listing_id", "parcel_number") if name in by_field), None)
    if not found and base:
        found, note = True, ""
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
    return found, lines


def formats(by_field: dict[str, Guess]) -> list[str]:
    """The date formats that the claimed date columns are written in."""
    known = reso.dictionary().fields
    texts = [
        one.seen.texts
        for name, one in by_field.items()
        if known[name].type in ("date", "timestamp")
    ]
    found = evidence.formats([text.astype("str") for text in texts])
    if not found:
        return ['date_formats: ["%Y-%m-%d"]   # CHECK: no dates found']
    note = ""
    for form in found:
        swapped = form.replace("%m", "%x").replace("%d", "%m").replace("%x", "%d")
        if swapped == form or swapped not in evidence.FORMATS:
            continue
        reads = [text for text in texts if evidence.dates(text, [form]).notna().mean() > 0.5]
        if reads and all(evidence.dates(text, [swapped]).notna().mean() > 0.9 for text in reads):
            note = f"   # CHECK: {swapped} reads them as well; is the month first?"
        elif swapped in found:
            note = f"   # CHECK: some dates read only as {form}, some only as {swapped}"
    return [f"date_formats: {one_line(found)}{note}"]


def lookup(statuses: dict[str, int]) -> list[str]:
    """Every status seen with its RESO status; one that nothing is known about as a comment."""
    known = {
        plain(word): status
        for status, words in reso.dictionary().statuses.items()
        for word in (status, *words)
    }
    lines, found = [], 0
    for raw, rows in statuses.items():
        near = difflib.get_close_matches(plain(raw), known, n=1, cutoff=0.85)
        status = known.get(plain(raw))
        if status:
            lines.append(f"    {one_line(raw)}: {status}   # {rows:,} rows")
        elif near and len(raw) > 3:
            status = known[near[0]]
            lines.append(
                f"    {one_line(raw)}: {status}   # CHECK: {rows:,} rows; a close spelling"
            )
        else:
            lines.append(
                f"    # CHECK: {one_line(raw)} is unknown; its {rows:,} rows are quarantined"
            )
        found += status is not None
    head = ["lookups:", "  standard_status:" if found else "  standard_status: {}"]
    return [*head, *lines]
