"""Staging rules: map headers by contract, quarantine bad rows, keep each listing's newest row.

Nothing is lost: rows in = clean + duplicates + quarantined, and each carries its file and row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd

from lib.listings import values
from lib.listings.contract import Contract, RowRule, match

LINEAGE = ["_source_file", "_source_row", "_file_sha256", "_row_sha256"]


@dataclass(frozen=True)
class Staged:
    """What staging makes of a feed: four tables whose first, third and fourth add up to rows in.

    `clean`: one row per (listing_key, domain), canonical text columns and lineage.
    `extra`: the columns that no contract entry claims, one (row, column, value) a line.
    `duplicates`, `quarantined`: lineage and `_reason` of the rows left out.
    """

    clean: pd.DataFrame
    extra: pd.DataFrame
    duplicates: pd.DataFrame
    quarantined: pd.DataFrame


def table(
    name: str,
    sha256: str,
    headers: list[str],
    rows: list[tuple[int, list[str]]],
    contract: Contract,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """One file's rows as (mapped, extra, ragged): canonical text columns with lineage, the
    unclaimed cells in long form, and the rows whose field count differs from the header's."""
    whole = [(number, row) for number, row in rows if len(row) == len(headers)]
    ragged = pd.DataFrame(
        [
            {
                "_source_file": name,
                "_source_row": number,
                "_reason": "a quote is not closed"
                if len(row) == 1 and '"' in row[0]
                else f"ragged row: {len(row)} fields where the header has {len(headers)}",
            }
            for number, row in rows
            if len(row) != len(headers)
        ],
        columns=["_source_file", "_source_row", "_reason"],
    )
    raw = pd.DataFrame([row for _, row in whole], columns=range(len(headers)), dtype="str")
    found = match(contract, headers)
    position = {header: index for index, header in reversed(list(enumerate(headers)))}
    mapped = pd.DataFrame(index=raw.index)
    for canonical in contract.columns:
        header = found.get(canonical)
        mapped[canonical] = (
            raw[position[header]] if header else pd.Series(None, index=raw.index, dtype="str")
        )
    for canonical, constant in contract.constants.items():
        mapped[canonical] = pd.Series(constant, index=raw.index, dtype="str")
    mapped = _identity(mapped, contract)
    mapped["_source_file"] = name
    mapped["_source_row"] = [number for number, _ in whole]
    mapped["_file_sha256"] = sha256
    mapped["_row_sha256"] = [_row_hash(headers, row) for _, row in whole]
    claimed = {position[header] for header in found.values()}
    unclaimed = [index for index in range(len(headers)) if index not in claimed]
    lineage = mapped[["_source_file", "_source_row"]]
    extra = pd.concat(
        [lineage.assign(column=headers[index], value=raw[index]) for index in unclaimed]
        or [lineage.assign(column="", value="").iloc[:0]],
        ignore_index=True,
    ).astype({"column": "str", "value": "str"})
    return mapped, extra[~values.blank(extra["value"])], ragged


def _row_hash(headers: list[str], row: list[str]) -> str:
    """SHA-256 of a row's cells, the same whatever the order of its columns."""
    cells = "\x1e".join(f"{h}\x1f{v.strip()}" for h, v in sorted(zip(headers, row, strict=True)))
    return hashlib.sha256(cells.encode()).hexdigest()


def _identity(mapped: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Add `listing_key` (where the contract builds it) and `domain`."""
    if contract.key:
        parts = [values.code(mapped[name], contract.columns[name].pad) for name in contract.key]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined + "-" + part
        mapped["listing_key"] = joined
    own = contract.columns.get("listing_key")
    mapped["listing_key"] = values.code(mapped["listing_key"], own.pad if own else 0)
    rule = contract.domain
    mapped["domain"] = rule.default
    if rule.column:
        lower = {raw.lower(): domain for raw, domain in rule.values.items()}
        named = mapped[rule.column].str.strip().str.lower().map(lower)
        mapped["domain"] = named.fillna(rule.default)
    return mapped


def look_up(text: pd.Series, lookup: dict[str, str]) -> pd.Series:
    """Harmonised values of a coded column, compared without case; unknown ones are missing."""
    lower = {raw.strip().lower(): value for raw, value in lookup.items()}
    lower |= {value.lower(): value for value in lookup.values()}
    return text.str.strip().str.lower().map(lower).astype("str")


def rule_faults(rows: pd.DataFrame, rule: RowRule, contract: Contract) -> pd.Series:
    """Which rows break a rule (boolean)."""
    applies = pd.Series(True, index=rows.index)
    for name, wanted in rule.when.items():
        lookup = contract.lookups.get(name)
        actual = look_up(rows[name], lookup) if lookup else values.code(rows[name])
        applies &= (actual == wanted).fillna(False).astype(bool)
    text = rows[rule.column]
    if rule.check == "present":
        broken = values.blank(text)
    elif rule.check == "is_date":
        broken = values.date(text, contract.date_formats).isna()
    else:
        amount = values.number(text)
        broken = amount.isna()
        if rule.check == "minimum":
            broken = amount < rule.value
        elif rule.check == "maximum":
            broken = amount > rule.value
    return applies & broken


def sift(mapped: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(kept, quarantined): a row is quarantined with the reason of each rule that it breaks."""
    reason = pd.Series("", index=mapped.index)
    faults = {"no listing key": values.blank(mapped["listing_key"])}
    if contract.domain.column:
        known = {raw.lower() for raw in contract.domain.values}
        text = mapped[contract.domain.column]
        faults["neither a sale nor a rental by the contract's domain rule"] = ~values.blank(
            text
        ) & ~text.str.strip().str.lower().isin(known)
    for name, lookup in contract.lookups.items():
        if name == "standard_status":
            unknown = ~values.blank(mapped[name]) & look_up(mapped[name], lookup).isna()
            faults["status is not in the contract's lookup"] = unknown
    for rule in contract.row_rules:  # rules may share a reason
        faults[rule.reason] = rule_faults(mapped, rule, contract) | faults.get(rule.reason, False)
    for text, broken in faults.items():
        reason = reason.mask(broken, reason.where(reason == "", reason + "; ") + text)
    bad = reason != ""
    return mapped[~bad], mapped[bad].assign(_reason=reason[bad])


def newest(rows: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(newest row per listing_key and domain, the older and repeated rows with a reason).

    Newest by `modification_timestamp`; ties go to the greater row hash and then to the first file
    and row, so that neither file order nor the way rows are spread over files matters.
    """
    stamp = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    if "modification_timestamp" in rows:
        stamp = values.date(rows["modification_timestamp"], contract.date_formats)
    ordered = rows.assign(_stamp=stamp).sort_values(
        ["listing_key", "domain", "_stamp", "_row_sha256", "_source_file", "_source_row"],
        ascending=[True, True, False, False, True, True],
        na_position="last",
    )
    key = ["listing_key", "domain"]
    repeated = ordered.duplicated(key)
    copy = ordered.duplicated([*key, "_row_sha256"])
    ordered = ordered.drop(columns="_stamp")
    reason = copy.map({True: "exact copy of another row", False: "older version of the listing"})
    return ordered[~repeated], ordered[repeated].assign(_reason=reason[repeated])


def stage(
    tables: list[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]], contract: Contract
) -> Staged:
    """All files' tables (see `table`) as one staged feed.

    Raises `AssertionError` if a row were lost: that would be a bug, never the user's fault.
    """
    mapped, extra, ragged = (
        pd.concat(part, ignore_index=True) for part in zip(*tables, strict=True)
    )
    kept, broken = sift(mapped, contract)
    clean, duplicates = newest(kept, contract)
    columns = ["listing_key", "domain", "_source_file", "_source_row", "_reason"]
    quarantined = pd.concat([ragged, broken], ignore_index=True).reindex(columns=columns)
    assert len(mapped) + len(ragged) == len(clean) + len(duplicates) + len(quarantined)
    order = ["_source_file", "_source_row"]
    return Staged(
        clean, extra, duplicates[columns].sort_values(order), quarantined.sort_values(order)
    )
