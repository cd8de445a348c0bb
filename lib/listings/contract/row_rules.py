"""Row rules of a contract: a row that breaks one is quarantined. They are judged on text as the
export wrote it, and declared in configs/feeds/<feed>/contract.yaml."""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.contract.contract import Contract, RowRule

UNKNOWN_STATUS = "status is not in the contract's lookup"
UNKNOWN_DOMAIN = "neither a sale nor a rental by the contract's domain rule"


def look_up(text: pd.Series, lookup: dict[str, str]) -> pd.Series:
    """Harmonise a coded column by its lookup, compared without case.

    Parameters
    ----------
    text : Series of str, shape (n,)
    lookup : dict of str to str
        Code of the feed -> harmonised value; harmonised values stand for themselves.

    Returns
    -------
    Series of str, shape (n,)
        Missing where the lookup does not have the code.
    """
    lower = {raw.strip().lower(): value for raw, value in lookup.items()}
    lower |= {value.lower(): value for value in lookup.values()}
    return text.str.strip().str.lower().map(lower).astype("str")


def breaks_rule(rows: pd.DataFrame, rule: RowRule, contract: Contract) -> pd.Series:
    """Mark the rows that break a rule of the contract.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it; needs the columns that the rule names.
    rule : RowRule
    contract : Contract
        Its lookups, date formats and domain rule.

    Returns
    -------
    Series of bool, shape (n,)
    """
    applies = pd.Series(True, index=rows.index)
    if "domain" in (rule.column, *rule.when):
        rows = rows.assign(domain=assign_domains(rows, contract))
    for name, wanted in rule.when.items():
        lookup = contract.lookups.get(name)
        actual = look_up(rows[name], lookup) if lookup else parse_values.parse_code(rows[name])
        applies &= (actual == wanted).fillna(False).astype(bool)
    text = rows[rule.column]
    if rule.check == "present":
        bad = parse_values.is_blank(text)
    elif rule.check == "is_date":
        bad = parse_values.parse_moments(text, contract.date_formats_of(rule.column)).isna()
    else:
        amount = parse_values.parse_number(text)
        bad = amount.isna()
        if rule.check == "minimum":
            bad = amount < rule.value
        elif rule.check == "maximum":
            bad = amount > rule.value
    return applies & bad


def unknown_status(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Mark the rows whose status is not in the contract's lookup.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs `standard_status` as text.
    contract : Contract

    Returns
    -------
    Series of bool, shape (n,)
    """
    text = rows["standard_status"]
    return ~parse_values.is_blank(text) & look_up(text, contract.lookups["standard_status"]).isna()


def unknown_domain(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Mark the rows whose domain column holds something that the domain rule does not list.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs the column of the contract's domain rule as text.
    contract : Contract

    Returns
    -------
    Series of bool, shape (n,)
    """
    if contract.domain.others:
        return pd.Series(False, index=rows.index)
    text = rows[str(contract.domain.column)]
    listed = {raw.lower() for raw in contract.domain.values}
    return ~parse_values.is_blank(text) & ~text.str.strip().str.lower().isin(listed)


def assign_domains(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Assign each row to a domain by the contract's domain rule.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Needs the column of the rule, if it names one, as text.
    contract : Contract

    Returns
    -------
    Series of str, shape (n,)
        `sale` or `rental`.
    """
    rule = contract.domain
    if rule.column is None:
        return pd.Series(rule.default, index=rows.index, dtype="str")
    lower = {raw.lower(): name for raw, name in rule.values.items()}
    named = rows[rule.column].str.strip().str.lower().map(lower)
    blank = parse_values.is_blank(rows[rule.column])
    return named.fillna(blank.map({True: rule.default, False: rule.others or rule.default}))
