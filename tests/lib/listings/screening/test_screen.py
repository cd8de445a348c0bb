"""Screening: as-of canaries, the severities, the verdicts, and overrides that win."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lib.common.errors import RemlError
from lib.features import build
from lib.listings.screening import overrides, screen
from tests.support.hypothesis_profiles import examples
from tests.support.screened_sales import SPEC, START, odd_sales

NONE = overrides.read_overrides(Path("no such file"))
GROUPS = [["parcel_number"]]
CELLS = ["close_price", "list_price", "living_area", "year_built", "bathrooms_total", "postal_code"]
SAME_DAY = {"bulk_sale", "bulk_sale_alike"}


TABLE = odd_sales()
VERDICTS, FLAGS = screen.screen_sales(TABLE, SPEC, NONE, GROUPS)


def flags_of(flags, keys):
    return flags[flags["listing_key"].isin(keys)].reset_index(drop=True)


def test_the_canary_market_sets_off_nearly_every_rule():
    """So that the canaries below see each rule."""
    silent = {"no_price", "no_close_date", "nominal_share", "lot_against_size",
              "unexposed_terms", "unsure_terms", "special_condition_minor",
              "bulk_sale_alike", "price_per_square_foot_outlier", "rooms_against_size",
              "list_price_unusual", "same_price_resale"}  # fmt: skip
    assert set(FLAGS["code"]) >= set(screen.CODES) - silent


@examples(8)
@given(st.integers(60, 520), st.integers(0, 2**32 - 1))
def test_canary_changing_rows_of_a_sales_day_or_later_changes_no_flag_of_that_sale(day, seed):
    """The first sale of a day, and all before that day, against a feed in which every other row of
    that day and after it is scrambled, half of them to that day. Bulk sales look at the other rows
    of their own day, and at nothing later."""
    date, rng = START + pd.Timedelta(days=day), np.random.default_rng(seed)
    late = TABLE[(TABLE["close_date"] >= date) & (TABLE["standard_status"] == "Closed")]
    if not len(late):
        return
    mine = late["listing_key"].iloc[0]
    own = TABLE["listing_key"] == mine
    date = TABLE.loc[own, "close_date"].iloc[0]
    past, every = TABLE.loc[TABLE["close_date"] < date, "listing_key"], set(screen.CODES)
    for soonest, codes in ((date, every - SAME_DAY), (date + pd.Timedelta(days=1), every)):
        changed = TABLE.copy()
        rows = (TABLE["close_date"] >= soonest) & ~own
        for name in CELLS:
            cells = rng.permutation(changed.loc[rows, name].to_numpy(copy=True))
            changed.loc[rows, name] = cells if name == "postal_code" else cells * 3
        changed.loc[rows, "close_date"] += pd.Timedelta(days=int(rng.integers(0, 300)))
        crowd = rows & (rng.random(len(rows)) < 0.5)  # so that to look at that day would tell
        changed.loc[crowd, "close_date"] = soonest
        for name in ("parcel_number", "street_number"):
            changed.loc[rows, name] = rng.choice([TABLE.loc[own, name].iloc[0], "9999"], rows.sum())
        _, flags = screen.screen_sales(changed, SPEC, NONE, GROUPS)
        for keys, seen in (([mine], codes), (past, every)):
            before, after = (
                flags_of(some[some["code"].isin(seen)], keys) for some in (FLAGS, flags)
            )
            pd.testing.assert_frame_equal(before, after)


@examples(8)
@given(st.integers(60, 520))
def test_canary_deleting_later_rows_changes_no_flag(day):
    date = START + pd.Timedelta(days=day)
    past = TABLE[TABLE["close_date"] < date]
    verdicts, flags = screen.screen_sales(past, SPEC, NONE, GROUPS)
    pd.testing.assert_frame_equal(flags, flags_of(FLAGS, past["listing_key"]))
    pd.testing.assert_frame_equal(
        verdicts,
        VERDICTS[VERDICTS["listing_key"].isin(verdicts["listing_key"])].reset_index(drop=True),
    )


def test_canary_kinds_that_are_sold_later_change_no_flag():
    """Twenty kinds that explain prices, and twenty more later whose names come first."""
    rng, table = np.random.default_rng(5), TABLE.copy()
    late = (table["close_date"] >= START + pd.Timedelta(days=300)).to_numpy()
    kind = rng.integers(20, 40, len(table)) - 20 * (late & (rng.random(len(table)) < 0.7))
    effect = rng.normal(0, 0.4, 40)
    table["property_sub_type"] = [f"kind {number:02d}" for number in kind]
    table["close_price"] *= np.exp(effect[kind])
    _, flags = screen.screen_sales(table, SPEC, NONE, GROUPS)
    early = screen.screen_sales(table[~late], SPEC, NONE, GROUPS)[1]
    pd.testing.assert_frame_equal(early, flags_of(flags, table.loc[~late, "listing_key"]))
    assert early["code"].str.startswith("price").sum() >= 5


def test_the_canaries_would_see_a_leak():
    changed = TABLE.copy()
    changed.loc[changed["close_date"] < START + pd.Timedelta(days=200), "close_price"] *= 4
    _, flags = screen.screen_sales(changed, SPEC, NONE, GROUPS)
    late = TABLE.loc[TABLE["close_date"] > START + pd.Timedelta(days=201), "listing_key"]
    assert not flags_of(flags, late).equals(flags_of(FLAGS, late))


def test_order_of_rows_changes_nothing():
    verdicts, flags = screen.screen_sales(TABLE.sample(frac=1, random_state=1), SPEC, NONE, GROUPS)
    pd.testing.assert_frame_equal(flags, FLAGS)
    pd.testing.assert_frame_equal(verdicts, VERDICTS)


def test_every_closed_sale_has_one_verdict_and_nothing_is_removed():
    wanted = build.priced_sales(TABLE)["listing_key"].tolist()
    assert VERDICTS["listing_key"].tolist() == wanted
    worst = FLAGS.groupby("listing_key")["severity"].agg(lambda some: "exclude" in set(some))
    bad = VERDICTS["listing_key"].map(worst).fillna(False).astype(bool)
    assert (VERDICTS["usable"] == ~bad).all() and bad.any() and not bad.all()
    assert (VERDICTS["severity"] == "exclude").eq(bad).all()
    first = VERDICTS[VERDICTS["codes"] != ""].iloc[0]
    own = FLAGS.loc[FLAGS["listing_key"] == first["listing_key"], "code"]
    assert first["codes"].split() == list(dict.fromkeys(own))
    assert FLAGS["reason"].str.len().min() > 10 and set(FLAGS["by"]) == {"rule"}


def test_a_sale_without_a_price_or_a_date_has_a_verdict_and_changes_no_other():
    table = TABLE.copy()
    keys = VERDICTS["listing_key"].iloc[[50, 99, 150, 199]].tolist()
    rows = [table.index[table["listing_key"] == key][0] for key in keys]
    table.loc[rows[:3], "close_price"] = [-5.0, 0.0, np.nan]
    table.loc[rows[3], "close_date"] = pd.NaT
    verdicts, flags = screen.screen_sales(table, SPEC, NONE, GROUPS)
    assert sorted(verdicts["listing_key"]) == sorted(VERDICTS["listing_key"])
    after = verdicts.set_index("listing_key")
    assert not after.loc[keys, "usable"].any()
    assert after.loc[keys, "codes"].tolist() == ["no_price"] * 3 + ["no_close_date"]
    own = flags.set_index("listing_key").loc[keys, "reason"].tolist()
    assert own == ["price -5 is none", "price 0 is none", "closed without a price",
                   "closed without a date"]  # fmt: skip
    without = screen.screen_sales(table.drop(rows), SPEC, NONE, GROUPS)[1]
    pd.testing.assert_frame_equal(without, flags_of(flags, without["listing_key"]))
    kept = build.usable_sales(table, verdicts)["listing_key"]
    assert not set(keys) & set(kept) and len(kept) == verdicts["usable"].sum()


def test_a_severity_of_ignore_drops_the_rule_and_warn_keeps_the_sale():
    code = "distress_terms"
    for severity in ("ignore", "warn"):
        spec = SPEC.model_copy(update={"severity": dict.fromkeys(screen.CODES, "ignore")})
        spec.severity[code] = severity
        verdicts, flags = screen.screen_sales(TABLE, spec, NONE, GROUPS)
        assert verdicts["usable"].all()
        assert set(flags["code"]) == ({code} if severity == "warn" else set())


def test_params_name_each_code_once():
    content = SPEC.model_dump()
    del content["severity"]["bulk_sale"]
    content["severity"]["misspelt"] = "warn"
    with pytest.raises(ValidationError, match="missing: bulk_sale; unknown: misspelt"):
        screen.ScreenParams(**content)


def test_overrides_win_both_ways_and_are_counted(tmp_path):
    good, bad = (VERDICTS.loc[VERDICTS["usable"] == yes, "listing_key"].iloc[9] for yes in (1, 0))
    path = tmp_path / "overrides.csv"
    path.write_text(
        "listing_key,domain,usable,reason,by,date\n"
        f"{good},sale,no,=HYPERLINK(1),ann,2026-01-02\n{bad},sale,YES,looked at,bob,2026-01-03\n"
    )
    given_ones = overrides.read_overrides(path)
    verdicts, flags = screen.screen_sales(TABLE, SPEC, given_ones, GROUPS)
    after = verdicts.set_index("listing_key")
    assert not after.loc[good, "usable"] and after.loc[bad, "usable"]
    assert after.loc[[good, bad], "by"].tolist() == ["override"] * 2
    assert after.loc[bad, "severity"] == "none" and "override" in after.loc[bad, "codes"]
    own = flags[flags["by"] == "override"].set_index("listing_key")
    assert own.loc[good, "reason"] == "'=HYPERLINK(1) (ann, 2026-01-02)"
    tally = screen.count_verdicts(verdicts, flags, given_ones)
    assert tally["overrides"] == {"usable": 1, "not_usable": 1, "against_the_rules": 2}
    assert tally["closed"] == tally["usable"] + tally["excluded"] == len(VERDICTS)
    # what the rules say of it stays in the table of flags
    assert (flags[flags["listing_key"] == bad]["severity"] == "exclude").any()


def test_a_feed_with_the_least_columns_is_screened():
    """No list prices, remarks, conditions, kinds, lots or sizes; and no closed row at all."""
    least = ["listing_key", "domain", "parcel_number", "street_number", "street_dir_prefix",
             "street_name", "street_suffix", "street_dir_suffix", "unit_number", "standard_status",
             "city", "state_or_province",
             "close_date", "close_price", "listing_contract_date", "purchase_contract_date",
             "living_area", "postal_code"]  # fmt: skip
    table = TABLE[least].assign(living_area=np.nan)
    assert len(screen.screen_sales(table, SPEC, NONE, GROUPS)[0]) == len(VERDICTS)
    verdicts, flags = screen.screen_sales(TABLE.iloc[:0], SPEC, NONE, GROUPS)
    assert not len(verdicts) and not len(flags) and list(verdicts) == list(VERDICTS)
    assert screen.count_verdicts(verdicts, flags, NONE)["closed"] == 0


def test_sales_of_other_classes_are_flagged_by_that_alone_and_move_no_other():
    other = {"land": TABLE.index % 7 == 1, "unknown": TABLE.index % 11 == 2}
    classes = pd.Series("residential", index=TABLE.index)
    for name, rows in other.items():
        classes[rows] = name
    table = TABLE.assign(property_class=classes)
    verdicts, flags = screen.screen_sales(table, SPEC, NONE, GROUPS)
    closed = table[table["standard_status"] == "Closed"].set_index("listing_key")
    codes = verdicts.set_index("listing_key")["codes"]
    land = closed.index[closed["property_class"] == "land"]
    assert len(land) and (codes[land] == "not_valued_class").all()
    assert set(flags_of(flags, land)["reason"]) == {"land, and the feed values residential alone"}
    assert (codes[closed.index[closed["property_class"] == "unknown"]] == "unknown_class").all()
    homes = table[table["property_class"] == "residential"]
    _, alone = screen.screen_sales(homes, SPEC, NONE, GROUPS)
    pd.testing.assert_frame_equal(alone, flags_of(flags, homes["listing_key"]))
    every = screen.screen_sales(table, SPEC, NONE, GROUPS, ["residential", "land"])[1]
    assert "not_valued_class" not in set(every["code"])
    pd.testing.assert_frame_equal(alone, flags_of(every, homes["listing_key"]))
    wanted = pd.DataFrame({"listing_key": land[:1], "domain": "sale", "usable": True, "reason": "r",
                           "by": "b", "date": "2024-01-01"})  # fmt: skip
    with pytest.raises(RemlError, match=f"{land[0]}: usable, but of a class of property"):
        screen.screen_sales(table, SPEC, wanted, GROUPS)
