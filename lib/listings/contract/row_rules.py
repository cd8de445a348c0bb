"""Row rules of a contract: a row that breaks one is quarantined. They are judged on text as the
export wrote it, and declared in configs/feeds/<feed>/contract.yaml.

Which domain and which class of property a row is of is told by its words, too. What the words leave
open is UNKNOWN, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lib.common.errors import require
from lib.listings.contract import parse_values
from lib.listings.contract.contract import Contract, RowRule
from lib.listings.contract.reso import (
    CLASS,
    CLASSES,
    HOME,
    SUB_TYPE,
    TYPE,
    UNSTATED,
    classify_pair,
    classify_word,
    fold_word,
    load_class_words,
)

FACTS = ("living_area", "bedrooms_total", "bathrooms_total", "year_built")  # of a home
MOST_UNKNOWN = 0.01  # share of a domain's rows; more, and the words are to be explained first
WORDS_NAMED = 8
UNKNOWN_STATUS = "status is not in the contract's lookup"
UNKNOWN_DOMAIN = "neither a sale nor a rental by the contract's domain rule"


def harmonize_by_lookup(text: pd.Series, lookup: dict[str, str]) -> pd.Series:
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
        actual = (
            harmonize_by_lookup(rows[name], lookup)
            if lookup
            else parse_values.parse_code(rows[name])
        )
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


def has_unknown_status(rows: pd.DataFrame, contract: Contract) -> pd.Series:
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
    return (
        ~parse_values.is_blank(text)
        & harmonize_by_lookup(text, contract.lookups["standard_status"]).isna()
    )


def has_unknown_domain(rows: pd.DataFrame, contract: Contract) -> pd.Series:
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


def _contract_words(contract: Contract) -> dict[str, str]:
    """The words that a contract gives a class, folded, as the source or its lookups write them."""
    own = {fold_word(word): str(name) for word, name in contract.property_classes.items()}
    for name in (TYPE, SUB_TYPE):
        for raw, canonical in contract.lookups.get(name, {}).items():
            if fold_word(canonical) in own:
                own.setdefault(fold_word(raw), own[fold_word(canonical)])
    return own


def assign_classes(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Assign each row its class of property by the words of its type and sub type.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it, with `domain`; the two columns as far as the contract has them.
    contract : Contract

    Returns
    -------
    DataFrame, shape (n, 2)
        `property_class` (one of CLASSES, UNSTATED, UNKNOWN), and `asked`, the column whose word
        leaves it UNKNOWN. Of a lease a home in a building of several counts as a home.
    """
    own, nothing = _contract_words(contract), pd.Series("", index=rows.index, dtype="str")
    cells = pd.DataFrame(
        {
            name: rows[name].fillna("")
            if name in contract.columns
            else nothing + contract.constants.get(name, "")
            for name in (TYPE, SUB_TYPE)
        }
    )
    for name in (TYPE, SUB_TYPE):
        # a word of the feed's own that its lookup explains is that explanation
        lookup = {raw.strip().lower(): to for raw, to in contract.lookups.get(name, {}).items()}
        raw = cells[name].drop_duplicates()
        known = {
            text: lookup[text.strip().lower()]
            for text in raw
            if text.strip().lower() in lookup
            and fold_word(text) not in own
            and classify_word(text)[0] not in CLASSES
        }
        cells[name] = cells[name].replace(known) if known else cells[name]
    cells["let"] = rows["domain"] == "rental"
    pairs = cells.drop_duplicates()
    of_let = dict.fromkeys(map(fold_word, load_class_words().let), HOME) | own
    found = [
        classify_pair(kind, sub, of_let if let else own)
        for kind, sub, let in pairs.itertuples(index=False)
    ]
    table = pairs.assign(
        property_class=pd.Series([name for name, _ in found], index=pairs.index, dtype="str"),
        asked=pd.Series([column for _, column in found], index=pairs.index, dtype="str"),
    )
    out = cells.merge(table, how="left", on=list(cells)).set_axis(rows.index)
    out[CLASS] = out[CLASS].mask(out["let"] & (out[CLASS] == "income"), HOME)
    return out[[CLASS, "asked"]]


def lacks_home_facts(table: pd.DataFrame) -> pd.Series:
    """Mark rows that state nothing of a home, though the feed states most of it elsewhere.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings; any of FACTS.

    Returns
    -------
    Series of bool, shape (n,)
        False throughout where fewer than three of FACTS are filled in half of the rows.
    """
    facts = pd.DataFrame({n: table[n].fillna(0) > 0 for n in FACTS if n in table})
    usual = facts.loc[:, facts.mean() >= 0.5] if len(facts) else facts
    if usual.shape[1] < 3:
        return pd.Series(False, index=table.index)
    return ~facts.any(axis=1)


def is_valued(classes: pd.Series, valued: Sequence[str]) -> pd.Series:
    """Mark rows that are evidence and may be valued: of a class that the feed values, or of none
    that it states.

    Parameters
    ----------
    classes : Series of str, shape (n,)
        `property_class`.
    valued : sequence of str
        The contract's `valued_classes`.

    Returns
    -------
    Series of bool, shape (n,)
    """
    return classes.isin([*valued, UNSTATED])


def require_known_classes(rows: pd.DataFrame, contract: Contract, where: str) -> None:
    """Stop where the words of too many rows are unknown: they are to be explained, not guessed.

    Parameters
    ----------
    rows : DataFrame, shape (n, k)
        Text as the export wrote it, with `domain`, `_source_file` and `_source_row`.
    contract : Contract
    where : str
        The contract's file.

    Raises
    ------
    RemlError
        Naming each word with its rows, the first of these rows, and the line to add.
    """
    asked = assign_classes(rows, contract)["asked"]
    share = asked.notna().groupby(rows["domain"]).mean()
    if not (share > MOST_UNKNOWN).any():
        return
    parts = []
    for name in sorted(asked.dropna().unique()):
        words = rows.loc[asked == name, name].str.strip()
        counts = words.value_counts().rename_axis("word").reset_index()
        counts = counts.sort_values(["count", "word"], ascending=[False, True])
        shown = [f"{w!r} ({n:,} rows)" for w, n in counts.head(WORDS_NAMED).to_numpy()]
        more = f" and {len(counts) - WORDS_NAMED} others" * (len(counts) > WORDS_NAMED)
        parts.append(f"{name} {', '.join(shown)}{more}")
    first = rows[asked.notna()].iloc[0]
    word = str(first[asked[first.name]]).strip()
    require(
        False,
        f"{where}: nothing says which class of property these words mean: {'; '.join(parts)}; "
        f"first in {first['_source_file']}, data row {first['_source_row']}. "
        f"Add a line such as `property_classes: {{{word!r}: residential}}` "
        f"(classes: {', '.join(CLASSES)})",
    )
