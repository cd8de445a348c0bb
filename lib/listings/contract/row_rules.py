"""Row rules of a contract, judged on text as the export wrote it."""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.contract.contract import Contract, RowRule

UNKNOWN_STATUS = "status is not in the contract's lookup"
UNKNOWN_DOMAIN = "neither a sale nor a rental by the contract's domain rule"


def look_up(text: pd.Series, lookup: dict[str, str]) -> pd.Series:
    """Harmonised values of a coded column, compared without case; unknown ones are missing."""
    lower = {raw.strip().lower(): value for raw, value in lookup.items()}
    lower |= {value.lower(): value for value in lookup.values()}
    return text.str.strip().str.lower().map(lower).astype("str")


def breaks_rule(rows: pd.DataFrame, rule: RowRule, contract: Contract) -> pd.Series:
    """Which rows break a rule (boolean). `rows` need the columns that the rule names."""
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
        bad = parse_values.parse_moments(text, contract.date_formats).isna()
    else:
        amount = parse_values.parse_number(text)
        bad = amount.isna()
        if rule.check == "minimum":
            bad = amount < rule.value
        elif rule.check == "maximum":
            bad = amount > rule.value
    return applies & bad


def unknown_status(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Which rows carry a status that the contract's lookup does not know (boolean)."""
    text = rows["standard_status"]
    return ~parse_values.is_blank(text) & look_up(text, contract.lookups["standard_status"]).isna()


def unknown_domain(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """Which rows hold something in the domain's column that its rule does not know (boolean)."""
    if contract.domain.others:
        return pd.Series(False, index=rows.index)
    text = rows[str(contract.domain.column)]
    known = {raw.lower() for raw in contract.domain.values}
    return ~parse_values.is_blank(text) & ~text.str.strip().str.lower().isin(known)


def assign_domains(rows: pd.DataFrame, contract: Contract) -> pd.Series:
    """`sale` or `rental` for each row, by the contract's domain rule."""
    rule = contract.domain
    if rule.column is None:
        return pd.Series(rule.default, index=rows.index, dtype="str")
    lower = {raw.lower(): name for raw, name in rule.values.items()}
    named = rows[rule.column].str.strip().str.lower().map(lower)
    blank = parse_values.is_blank(rows[rule.column])
    return named.fillna(blank.map({True: rule.default, False: rule.others or rule.default}))
