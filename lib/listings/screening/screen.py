"""Which closed sales are evidence of market value: flags with reasons, and a verdict a sale.

No sale is removed here. A flag is `exclude` (the sale is no evidence) or `warn` (it is, and the
reader should know). Each rule uses what was known on the sale's own close date; see `rules`,
`outliers` and `terms`. An analyst's override wins over the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import field_validator

from lib.common.errors import require
from lib.common.params import Section
from lib.listings.contract.reso import CLASS, HOME, UNSTATED
from lib.listings.contract.row_rules import is_valued
from lib.listings.identity import same_home
from lib.listings.screening import rules, terms
from lib.listings.screening.bulk_sales import flag_bulk_sales, flag_mixed_packages
from lib.listings.screening.outliers import OutlierLimits, flag_outliers, measure_deviations
from lib.listings.throughout.broad_rules import broad_codes, find_broad_rules, soften_broad_flags

CODES = (
    "no_price",
    "no_close_date",
    "nominal_price",
    "nominal_share",
    "special_condition",
    "special_condition_minor",
    "special_condition_unknown",
    "family_terms",
    "distress_terms",
    "unsure_terms",
    "unexposed_terms",
    "quick_resale",
    "quick_resale_usual",
    "same_price_resale",
    "bulk_sale",
    "bulk_sale_alike",
    "price_outlier_low",
    "price_outlier_high",
    "price_unusual",
    "price_per_square_foot_outlier",
    "list_price_far",
    "list_price_unusual",
    "closed_before_listing",
    "closed_before_contract",
    "built_after_sale",
    "no_bedrooms",
    "no_bathrooms",
    "rooms_against_size",
    "lot_against_size",
)
CLASS_CODES = ("not_valued_class", "unknown_class")  # the contract's choice: always `exclude`
FLAGS = ["listing_key", "domain", "code", "severity", "reason", "by"]
PRICE_TOO_LOW = "nominal_price"
# rules that judge only sales with such a cell, and those that state a fact: see `broad_rules`
NEEDS = {
    "list_price_far": "list_price",
    "closed_before_listing": "listing_contract_date",
    "closed_before_contract": "purchase_contract_date",
    "built_after_sale": "year_built",
    "no_bedrooms": "bedrooms_total",
    "no_bathrooms": "bathrooms_total",
    "rooms_against_size": "bedrooms_total",
    "lot_against_size": "lot_size_square_feet",
    "special_condition": "special_listing_conditions",
    "family_terms": "public_remarks",
    "distress_terms": "public_remarks",
}
FACTS = frozenset({"no_price", "no_close_date", *CLASS_CODES})
EXCLUDE, WARN, IGNORE, NONE = "exclude", "warn", "ignore", "none"


class ScreenParams(Section):
    """The `screen` section of params.yaml."""

    severity: dict[str, Literal["exclude", "warn", "ignore"]]
    records: rules.RecordLimits
    conditions: terms.ConditionWords
    deals: rules.DealLimits
    outliers: OutlierLimits

    @field_validator("severity")
    @classmethod
    def _each_code_once(cls, severity: dict[str, str]) -> dict[str, str]:
        missing, unknown = sorted(set(CODES) - set(severity)), sorted(set(severity) - set(CODES))
        if missing or unknown:
            raise ValueError(
                f"needs each reason code (missing: {', '.join(missing) or 'none'}; "
                f"unknown: {', '.join(unknown) or 'none'})"
            )
        return severity


def closed_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Take the closed rows of a normalised table, in order of date and key: each gets a verdict.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `standard_status`, `close_date` and `listing_key`.

    Returns
    -------
    DataFrame, shape (m, k)
        Index 0..m-1.
    """
    sold = table[table["standard_status"] == "Closed"]
    return sold.sort_values(["close_date", "listing_key"]).reset_index(drop=True)


def _frames(flags: Iterable[rules.Flag]) -> list[pd.DataFrame]:
    return [
        pd.DataFrame({"row": rows, "code": code, "reason": reasons}).astype({"row": "int64"})
        for code, rows, reasons in flags
    ]


def _flag_alike(
    good: pd.DataFrame, spec: ScreenParams, groups: list[list[str]]
) -> list[pd.DataFrame]:
    """Flags of complete sales of one class of property, which are judged by each other.

    The price of a package teaches nothing of what is usual: later sales would look too cheap.
    """
    deviations, home = measure_deviations(good, spec.outliers), same_home.home_keys(good, groups)
    bulk = list(flag_bulk_sales(good, home, deviations.deviation, spec.outliers, spec.deals))
    learns = np.ones(len(good), dtype=bool)
    for code, rows, _ in bulk:
        learns[rows] &= code != "bulk_sale"
    if not learns.all():
        deviations = measure_deviations(good, spec.outliers, learns)
    return [
        *_frames(rules.flag_records(good, spec.records)),
        *_frames(rules.flag_resales(good, home, deviations.deviation, spec.deals)),
        *_frames(bulk),
        *_frames(flag_outliers(good, deviations, spec.outliers)),
        terms.flag_conditions(good, spec.conditions).astype({"row": "int64"}),
        terms.flag_remarks(good).astype({"row": "int64"}),
    ]


def _flag_mixed(
    sales: pd.DataFrame, kinds: pd.Series, complete: pd.Series, judged: pd.Series,
    spec: ScreenParams, groups: list[list[str]],
) -> list[pd.DataFrame]:  # fmt: skip
    """Flags of sales that closed together with property of another class."""
    rows = np.flatnonzero(complete)
    some = sales.take(rows).reset_index(drop=True)
    flags = flag_mixed_packages(
        some,
        same_home.home_keys(some, groups),
        kinds.take(rows).reset_index(drop=True),
        judged.to_numpy(bool)[rows],
        spec.outliers.area,
    )
    return [part.assign(row=rows[part["row"]]) for part in _frames(flags)]


def _flag_by_rules(
    sales: pd.DataFrame,
    spec: ScreenParams,
    groups: list[list[str]],
    valued: Sequence[str] = (HOME,),
) -> pd.DataFrame:
    """Flag the closed sales of one domain by every rule.

    A sale without a price or a date, or of a class that is not valued, is judged by that alone, and
    is invisible to every other sale. Classes that are valued are judged apart from each other.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        From `closed_rows`.
    spec : ScreenParams
    groups : list of list of str
        The contract's `property_key`.
    valued : sequence of str
        The contract's `valued_classes`.

    Returns
    -------
    DataFrame
        FLAGS, in order of sale and code.
    """
    complete, kinds = rules.is_complete_sale(sales), pd.Series(HOME, index=sales.index)
    judged, parts = complete, []
    if CLASS in sales:
        judged = complete & is_valued(sales[CLASS], valued)
        kinds = sales[CLASS].replace(UNSTATED, HOME)
        parts += _flag_mixed(sales, kinds, complete, judged, spec, groups)
    for kind in sorted(set(kinds[judged])) or [HOME]:
        rows = np.flatnonzero(judged & (kinds == kind))
        good = sales.take(rows).reset_index(drop=True)
        parts += [part.assign(row=rows[part["row"]]) for part in _flag_alike(good, spec, groups)]
    parts += _frames(rules.flag_incomplete(sales)) + _frames(
        rules.flag_classes(sales, list(valued))
    )
    flags = pd.concat(parts, ignore_index=True)
    flags["severity"] = flags["code"].map(spec.severity | dict.fromkeys(CLASS_CODES, EXCLUDE))
    flags = flags[flags["severity"] != IGNORE]
    broad = find_broad_rules(flags, sales, NEEDS, FACTS)
    require(
        PRICE_TOO_LOW not in broad,
        "the price of most closed sales is under screen.records.nominal of params.yaml, and no "
        "price: where close_price is in thousands, say `multiply: 1000` in contract.yaml, else "
        "lower that limit",
    )
    flags = soften_broad_flags(flags, broad)
    for name in ("listing_key", "domain"):
        flags[name] = sales[name].take(flags["row"]).to_numpy(object)
    flags = flags.assign(by="rule").sort_values(["row", "code", "reason"], kind="stable")
    return flags[FLAGS].astype("str").reset_index(drop=True)


def _flag_by_analyst(overrides: pd.DataFrame) -> pd.DataFrame:
    """Turn overrides into flags.

    Parameters
    ----------
    overrides : DataFrame
        From `overrides.read_overrides`.

    Returns
    -------
    DataFrame
        FLAGS: `exclude` for a sale that is not to be used, `none` for one that is.
    """
    return pd.DataFrame(
        {
            "listing_key": overrides["listing_key"],
            "domain": overrides["domain"],
            "code": "override",
            "severity": np.where(overrides["usable"], NONE, EXCLUDE),
            "reason": overrides["reason"] + " (" + overrides["by"] + ", " + overrides["date"] + ")",
            "by": "override",
        }
    ).astype("str")


def _decide_verdicts(sales: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """Decide of each sale whether it is evidence.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        From `closed_rows`.
    flags : DataFrame
        FLAGS by rules and analysts.

    Returns
    -------
    DataFrame, shape (n, 6)
        listing_key, domain, `usable`, `severity` (its gravest flag, or none), `codes` (joined by a
        space), `by` (rule, or override where an analyst decided).
    """
    out = sales[["listing_key", "domain"]].copy()
    decided = flags[flags["by"] == "override"].set_index("listing_key")["severity"]
    ruled = flags[flags["by"] == "rule"]

    def has(keys: Iterable[str]) -> pd.Series:
        return out["listing_key"].isin(list(keys))

    severity = pd.Series(NONE, index=out.index, dtype="str")
    for grade in (WARN, EXCLUDE):
        severity = severity.mask(has(ruled.loc[ruled["severity"] == grade, "listing_key"]), grade)
    decision = out["listing_key"].map(decided).astype("str")
    severity = decision.where(decision.notna(), severity).astype("str")
    codes = flags.groupby("listing_key")["code"].agg(lambda some: " ".join(dict.fromkeys(some)))
    out["usable"] = severity != EXCLUDE
    out["severity"] = severity
    out["codes"] = out["listing_key"].map(codes).astype("str").fillna("")
    out["by"] = pd.Series(
        np.where(decision.notna(), "override", "rule"), index=out.index, dtype="str"
    )
    return out


def screen_sales(
    table: pd.DataFrame,
    spec: ScreenParams,
    overrides: pd.DataFrame,
    groups: list[list[str]],
    valued: Sequence[str] = (HOME,),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Screen the closed sales of one domain.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The domain's normalised table.
    spec : ScreenParams
    overrides : DataFrame
        From `overrides.read_overrides`, those of other domains left out.
    groups : list of list of str
        The contract's `property_key`.
    valued : sequence of str
        The contract's `valued_classes`.

    Returns
    -------
    verdicts : DataFrame
        From `_decide_verdicts`.
    flags : DataFrame
        FLAGS.

    Raises
    ------
    RemlError
        Where an override calls a sale usable whose class the feed does not value.
    """
    sales = closed_rows(table)
    ruled = _flag_by_rules(sales, spec, groups, valued)
    other = set(ruled.loc[ruled["code"].isin(CLASS_CODES), "listing_key"])
    wrong = sorted(other & set(overrides.loc[overrides["usable"], "listing_key"]))
    require(
        not wrong,
        f"overrides.csv: {', '.join(wrong[:3])}: usable, but of a class of property that the feed "
        "does not value; correct its property_type in corrections.yml, or add the class to "
        "valued_classes of contract.yaml",
    )
    flags = pd.concat([ruled, _flag_by_analyst(overrides)], ignore_index=True)
    return _decide_verdicts(sales, flags), flags


def count_verdicts(verdict: pd.DataFrame, flags: pd.DataFrame, overrides: pd.DataFrame) -> dict:
    """Count sales by verdict, flags by code, overrides and what they changed.

    Parameters
    ----------
    verdict : DataFrame
        Verdicts of one domain.
    flags : DataFrame
        Its FLAGS.
    overrides : DataFrame
        Its overrides.

    Returns
    -------
    dict
        The domain's part of metrics/screen.json.
    """
    rules = flags[flags["by"] == "rule"]
    bad = verdict["listing_key"].isin(rules.loc[rules["severity"] == EXCLUDE, "listing_key"])
    return {
        "closed": len(verdict),
        "usable": int(verdict["usable"].sum()),
        "excluded": int((~verdict["usable"]).sum()),
        "warned": int((verdict["severity"] == WARN).sum()),
        "codes": {
            code: {
                "severity": str(part["severity"].iloc[0]),
                "sales": int(part["listing_key"].nunique()),
            }
            for code, part in rules.groupby("code")
        },
        "too_broad": broad_codes(rules),
        "overrides": {
            "usable": int(overrides["usable"].sum()),
            "not_usable": int((~overrides["usable"]).sum()),
            "against_the_rules": int((verdict["usable"] == bad).sum()),
        },
    }
