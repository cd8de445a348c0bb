"""How many of the faults that a synthetic feed planted were found, against its hidden truth.

No stage imports this; `scripts/ops/fault_recall.py` does, to measure the stages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

DOMAINS = ("sale", "rental")
COLUMNS = {  # of faults that leave a cell nobody can use -> the column that must be listed for it
    "zero_square_feet": "living_area",
    "year_built_zero": "year_built",
    "year_built_future": "year_built",
    "unparseable_pending_date": "purchase_contract_date",
    "acres_hold_square_feet": "lot_size_square_feet",
}
SAME = {"postal_plus_four", "postal_spaces", "quoted_newline", "accented_remarks"}
PHOTOS = {"shared_photo", "photo_gps"}  # of another stage


@dataclass(frozen=True)
class StageResults:
    """What the stages wrote: staged rows, quarantine and duplicates of `staging`, both domains'
    tables and the issues of `normalize`, flags and both domains' verdicts of `screen`."""

    staged: pd.DataFrame
    quarantined: pd.DataFrame
    duplicates: pd.DataFrame
    normalized: pd.DataFrame
    issues: pd.DataFrame
    flags: pd.DataFrame
    screened: pd.DataFrame


def _places(table: pd.DataFrame) -> set[tuple[str, int]]:
    return set(zip(table["_source_file"], table["_source_row"].astype(int), strict=True))


def _make_finder(results: StageResults) -> Callable[[dict[str, Any]], bool]:
    """A function that says whether a fault of the truth was found."""
    aside = _places(results.quarantined)
    dropped = _places(results.duplicates)
    copied = results.quarantined[results.quarantined["_copies"] > 1]
    copies = set(copied["listing_key"].dropna())
    issues = set(zip(results.issues["listing_key"], results.issues["column"], strict=True))
    flags = set(zip(results.flags["listing_key"], results.flags["code"], strict=True))
    flagged = {key for key, _ in flags}
    tables = results.normalized.drop_duplicates("listing_key").set_index("listing_key")

    def same(fault: dict[str, Any]) -> bool:
        home = tables.loc[fault["matrix_unique_id"]]
        if fault["column"] == "PostalCode":
            return home["postal_code"] == fault["right"]
        return home["public_remarks"].split() == fault["written"].split()

    def found(fault: dict[str, Any]) -> bool:
        kind, key = fault["kind"], fault["matrix_unique_id"]
        rows = {(file, int(row)) for file, row in fault["rows"]}
        if "duplicate" in kind:
            left = rows - aside - dropped
            return len(left) <= 1 or (bool(rows & aside) and len(left) < len(rows))
        if fault["effect"] == "quarantine":
            return rows <= aside or (bool(rows & aside) and (key in copies or kind in NAMELESS))
        if fault["effect"] == "screen":
            return key in flagged
        if kind in SAME:
            return same(fault)
        if kind == "missing_coordinates":
            return bool(tables.loc[key, ["latitude", "longitude"]].isna().all())
        return (key, COLUMNS[kind]) in issues or (key, "lot_against_size") in flags

    return found


NAMELESS = {"missing_identity"}  # copies of such a row cannot be told by their key


def score_recall(truth: dict[str, Any], results: StageResults) -> dict[str, Any]:
    """`kinds` (kind -> found, planted), and of the sales that `screen` excludes against the planted
    bad ones: `precision`, `recall`, the keys `missed` and `wrong`."""
    found = _make_finder(results)
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for fault in truth["faults"]:
        if fault["kind"] not in PHOTOS:
            kinds[fault["kind"]][0] += found(fault)
            kinds[fault["kind"]][1] += 1
    bad = {f["matrix_unique_id"]: f["kind"] for f in truth["faults"] if f["effect"] == "screen"}
    excluded = set(results.screened.loc[~results.screened["usable"], "listing_key"])
    hit = excluded & set(bad)
    return {
        "kinds": {kind: tuple(count) for kind, count in sorted(kinds.items())},
        "planted": len(bad),
        "excluded": len(excluded),
        "precision": len(hit) / max(len(excluded), 1),
        "recall": len(hit) / max(len(bad), 1),
        "missed": {key: bad[key] for key in sorted(set(bad) - excluded)},
        "wrong": sorted(excluded - set(bad)),
    }


def format_recall(truth: dict[str, Any], results: StageResults, misses: bool = False) -> list[str]:
    """`score_recall` as lines for people; with `misses` also each bad sale that is still usable and
    each good one that is not, with the reasons."""
    got = score_recall(truth, results)
    total = [sum(column) for column in zip(*got["kinds"].values(), strict=True)]
    lines = [f"planted faults found: {total[0]} of {total[1]} ({total[0] / total[1]:.1%})"]
    lines += [f"  {kind}: {n} of {of}" for kind, (n, of) in got["kinds"].items() if n < of]
    lines.append(
        f"screen against {got['planted']} planted bad sales: excluded {got['excluded']}, "
        f"precision {got['precision']:.3f}, recall {got['recall']:.3f}"
    )
    if misses:
        reasons = results.flags.groupby("listing_key")["reason"].agg("; ".join)
        lines += [
            f"  missed {key} ({kind}): {reasons.get(key, 'no flag')}"
            for key, kind in got["missed"].items()
        ]
        lines += [f"  wrong {key}: {reasons[key]}" for key in got["wrong"]]
    return lines
