"""The feature spec: every input told in full, built exactly, refused by name where not."""

import numpy as np
import pandas as pd
import pytest

from lib.common import dictionary
from lib.common.errors import RemlError
from lib.features import spec
from tests.support.market import FEATURES, INDEX, NAMES, NEAR, RENTALS, SERIES, TABLE, evidence_of

ENTRIES = dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]
HAS = evidence_of(TABLE).available
INPUTS = {name: entry for name, entry in ENTRIES.columns.items() if entry.kind != "key"}


def test_every_input_tells_kind_inputs_window_as_of_unit_and_range():
    for name, entry in INPUTS.items():
        told = [entry.kind, entry.inputs, entry.window, entry.as_of or ENTRIES.as_of, entry.unit]
        assert all(told), name
        assert entry.range is not None or entry.type == "text", name


def test_the_kit_holds_every_entry_that_is_not_a_feeds_own_attribute():
    """So that the tests of this folder are about all kinds. Its sub type tells all of its type."""
    for name, entry in (one for one in INPUTS.items() if one[0] != spec.TYPE):
        built = [column for column in NAMES if ENTRIES.entry(column) is entry]
        assert built or entry.kind == "own", name


def test_what_is_built_is_the_spec():
    spec.enforce_spec(FEATURES, NEAR, INDEX, HAS)


def test_a_column_that_nobody_listed_is_named():
    with pytest.raises(RemlError, match="built but not listed: mkt_secret; add an entry"):
        spec.enforce_spec(FEATURES.assign(mkt_secret=1.0), NEAR, INDEX, HAS)


@pytest.mark.parametrize("name", ["comp_spread", "mkt_yield_zip", "own_age"])
def test_an_entry_that_nobody_built_is_named(name):
    with pytest.raises(RemlError, match=f"not built: {name}; build it"):
        spec.enforce_spec(FEATURES.drop(columns=name), NEAR, INDEX, HAS)


def test_an_entry_whose_windows_are_all_missing_is_named():
    lost = [name for name in FEATURES if name.startswith("mkt_zip_sales_")]
    with pytest.raises(RemlError, match=r"not built: mkt_zip_sales_\[0-9\]\*d;"):
        spec.enforce_spec(FEATURES.drop(columns=lost), NEAR, INDEX, HAS)


def test_an_entry_may_be_lacking_where_the_feed_lacks_its_inputs():
    gone = [name for name in FEATURES if "mkt_other" in name or "yield" in name]
    without = {name for name in HAS if not name.startswith("other.")}
    spec.enforce_spec(FEATURES.drop(columns=gone), NEAR, INDEX, frozenset(without))


def test_a_column_of_another_type_is_named():
    with pytest.raises(RemlError, match="comp_spread is listed as number and was built as"):
        spec.enforce_spec(FEATURES.assign(comp_spread="x"), NEAR, INDEX, HAS)


def test_a_value_outside_its_range_is_a_fault_of_ours():
    with pytest.raises(AssertionError, match=r"comp_spread outside 0\.0 to None in 1 row"):
        bad = FEATURES["comp_spread"].where(FEATURES.index != FEATURES.index[0], -1.0)
        spec.enforce_spec(FEATURES.assign(comp_spread=bad), NEAR, INDEX, HAS)
    with pytest.raises(AssertionError, match="comparables: rank outside"):
        spec.enforce_spec(FEATURES, NEAR.assign(rank=0), INDEX, HAS)
    with pytest.raises(AssertionError, match="index: sales outside"):
        spec.enforce_spec(FEATURES, NEAR, INDEX.assign(sales=-1), HAS)


def test_what_a_feed_has():
    closed = TABLE[TABLE["standard_status"] == "Closed"].assign(list_price=np.nan)
    has = spec.available_inputs(closed, RENTALS.iloc[:0], SERIES.iloc[:0])
    assert "close_price" in has and "as_of" in has
    assert not has & {"list_price", "unsold_listings", "other.close_price", "series"}
    assert {"unsold_listings", "other.close_price", "series"} <= HAS
    assert spec.available_inputs(pd.DataFrame({"standard_status": []}), None, None) == frozenset()


@pytest.mark.parametrize(
    ("types", "subs", "told"),
    [
        (["R", "R", "R"], None, False),  # one word
        (["R", "M", "R"], None, True),
        (["R", None, None], None, False),
        (["R", "M", "R"], ["House", "Mobile", "Condo"], False),  # the sub type tells it
        (["R", "M", "R"], ["House", "House", "Condo"], True),
        (["R", "M", "R"], [None, None, None], True),
    ],
)
def test_the_property_type_is_an_input_where_it_tells_more_than_the_sub_type(types, subs, told):
    table = pd.DataFrame({"property_type": types, "standard_status": "Closed"})
    if subs:
        table["property_sub_type"] = subs
    has = spec.available_inputs(table, None, None)
    assert ("property_type" in has) == told
    assert ("kind_of_home" in has) == (told or bool(subs and subs[0]))
