"""Reasons that quarantine most of what they can judge in one file: there it is the contract or the
export that is wrong, and not the rows. The run stops, since the file would be lost in silence."""

from __future__ import annotations

import pandas as pd

from lib.common.errors import require
from lib.listings.throughout.wrong_columns import LEAST

FEW = 10  # rows that a reason judges in a file; where it hits all of so many, it is no chance
FEWEST = 5  # rows of a file; where each of so many is quarantined, it is no chance
RAISE = "or raise staging.max_quarantined_share"


def _is_broad(hit: int, judged: int, most: float, few: int) -> bool:
    """Whether more than the share `most` of the rows is hit, or each of `few` where that is all."""
    return hit > most * judged and (judged >= LEAST or few <= hit == judged)


def require_narrow_reasons(tallies: pd.DataFrame, most: float, where: str, raw: str) -> None:
    """Stop where a reason takes more than the share `most` of the rows of a file that it can judge.

    Parameters
    ----------
    tallies : DataFrame
        A row a file and reason: `file`, `reason`, `rule` (its name, or blank), `column`, `mend`,
        `hit`, `judged` and `examples`, texts of cells of `column` with their first rows.
    most : float
        `staging.max_quarantined_share`.
    where : str
        The contract's file.
    raw : str
        The folder that files are named from.

    Raises
    ------
    RemlError
        Naming the file, the rule, its share, three cells and the mend, for the widest share.
    """
    broad = [
        one for one in tallies.itertuples() if _is_broad(int(one.hit), int(one.judged), most, FEW)
    ]
    if not broad:
        return
    worst = max(broad, key=lambda one: (one.hit / one.judged, one.hit))
    cells = ", ".join(f"{cell['text']!r} (data row {cell['row']})" for cell in worst.examples)
    name = f"row rule `{worst.rule}`, " if worst.rule else ""
    require(
        False,
        f"{raw}/{worst.file}: {worst.hit:,} of the {worst.judged:,} rows that can be judged "
        f"({worst.hit / worst.judged:.0%}) break the contract: {name}{worst.reason}; "
        f"{worst.column}: {cells}; {worst.mend} ({where}), {RAISE}",
    )


def require_usable_files(
    counts: dict[str, dict[str, int]], tallies: pd.DataFrame, most: float, where: str, raw: str
) -> None:
    """Stop where more than the share `most` of the rows of one file is quarantined.

    Parameters
    ----------
    counts : dict of str to dict
        File -> `rows_in` and `quarantined`.
    tallies, most, where, raw
        As of `require_narrow_reasons`.

    Raises
    ------
    RemlError
        Naming the file, its most frequent reason and the mend.
    """
    for file, one in counts.items():
        if not _is_broad(one["quarantined"], one["rows_in"], most, FEWEST):
            continue
        mine = tallies[tallies["file"] == file].sort_values("hit", ascending=False, kind="stable")
        worst = mine.iloc[0]
        require(
            False,
            f"{raw}/{file}: {one['quarantined']:,} of {one['rows_in']:,} rows break the contract, "
            f"most often: {worst['reason']}; {worst['mend']} ({where}), {RAISE}",
        )
