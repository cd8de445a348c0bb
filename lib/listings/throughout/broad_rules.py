"""Rules that would take most of what they can judge: then it is the column or its words that are
wrong, and not the sales. Such a rule excludes none, and its flags say so."""

from __future__ import annotations

import pandas as pd

from lib.listings.throughout.wrong_columns import LEAST, SHARE

BROAD = "; but so says the rule of most sales, and then excludes none"
EXCLUDE, WARN = "exclude", "warn"


def find_broad_rules(
    flags: pd.DataFrame, sales: pd.DataFrame, needs: dict[str, str], facts: frozenset[str]
) -> dict[str, tuple[int, int]]:
    """Find the rules that would exclude more than SHARE of the sales that they can judge.

    What a column means is a property of the export and no news of the market, so that all sales may
    tell it, later ones too.

    Parameters
    ----------
    flags : DataFrame
        `row` (position of the sale), `code` and `severity`.
    sales : DataFrame, shape (n, k)
        All sales of the domain.
    needs : dict of str to str
        Code -> the column without which a rule judges nothing; the others judge every sale.
    facts : frozenset of str
        Codes that are no judgement, as a price that is not there: they take whomever they hit.

    Returns
    -------
    dict of str to tuple of int
        Code -> the sales that it would take, and of how many.
    """
    out = {}
    excluding = flags[flags["severity"] == EXCLUDE]
    for code, hit in excluding.groupby("code")["row"].nunique().items():
        name = needs.get(str(code))
        judged = int(sales[name].notna().sum()) if name in sales else len(sales)
        if code not in facts and judged >= LEAST and hit > SHARE * judged:
            out[str(code)] = (int(hit), judged)
    return out


def soften_broad_flags(flags: pd.DataFrame, broad: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """Let the flags of broad rules warn instead of exclude, and say why.

    Parameters
    ----------
    flags : DataFrame
        `code`, `severity` and `reason`.
    broad : dict of str to tuple of int
        From `find_broad_rules`.

    Returns
    -------
    DataFrame
    """
    soft = flags["code"].isin(list(broad))
    return flags.assign(
        severity=flags["severity"].mask(soft, WARN),
        reason=flags["reason"].mask(soft, flags["reason"] + BROAD),
    )


def broad_codes(flags: pd.DataFrame) -> list[str]:
    """The codes of flags that `soften_broad_flags` has softened, in order.

    Parameters
    ----------
    flags : DataFrame
        `code` and `reason`.

    Returns
    -------
    list of str
    """
    return sorted(set(flags.loc[flags["reason"].str.endswith(BROAD), "code"]))
