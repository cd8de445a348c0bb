"""Reasons that would take most of what they judge in one file stop the run and say why."""

import pytest

from lib.common.errors import RemlError
from lib.listings.throughout import broad_reasons
from tests.support.staged_rows import SPEC, made, row, staged

DATED = made(
    columns=SPEC["columns"] | {"close_date": {"aliases": ["Note"], "type": "date"}},
    row_rules=[
        {"name": "dated", "column": "close_date", "check": "is_date", "reason": "no date",
         "when": {"standard_status": "Closed", "domain": "sale"}},
        {"name": "low", "column": "close_price", "check": "minimum", "value": 1000,
         "when": {"for_lease": "False"}, "reason": "nominal"},
        {"name": "low lease", "column": "close_price", "check": "minimum", "value": 100,
         "when": {"for_lease": "True"}, "reason": "nominal"},
    ],
)  # fmt: skip


def rows(count, first=0, **changes):
    changes = {"note": "2024-01-01"} | changes
    return [row(key=str(first + i), **changes) for i in range(count)]


def stop(*files, most=0.5, contract=DATED):
    """What a feed of these files is stopped with, "" where nothing stops it."""
    out = staged(*files, contract=contract)
    try:
        for judge in (
            lambda: broad_reasons.require_narrow_reasons(out.reasons, most, "c.yaml", "raw"),
            lambda: broad_reasons.require_usable_files(
                out.counts, out.reasons, most, "c.yaml", "raw"
            ),
        ):
            judge()
    except RemlError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        # a rule that takes all of the few that it judges: sales, among many on the market
        (rows(12, 100, note="1.5.2024") + rows(40, 200, status="A"),
         "raw/1.csv: 12 of the 12 rows that can be judged (100%) break the contract: row rule "
         "`dated`, no date; close_date: '1.5.2024' (data row 1); add how they are written to "
         "`date_formats` (c.yaml), or raise staging.max_quarantined_share"),
        ([row(key=f"K{i}", note="2024-01-01", price=str(100 + i // 4)) for i in range(30)],
         "raw/1.csv: 30 of the 30 rows that can be judged (100%) break the contract: row rule "
         "`low`, nominal; close_price: '100' (data row 1), '101' (data row 5), '102' (data row 9); "
         "mend the aliases, unit or rule of `close_price` (c.yaml), or raise "
         "staging.max_quarantined_share"),
        (rows(20, 100, status="Settled") + rows(15, 200), "lookups.standard_status"),
        (rows(20, 100, lease="let") + rows(15, 200), "domain.values"),
        (rows(25, 100, stamp="2024/1/5"), "modification_timestamp cannot be read"),
        (rows(25, 100, stamp="5.1.2024") + rows(90, 200, stamp=""), "25 of the 25 rows"),
        ([row(key="2.02E+11", price=str(i + 5000)) for i in range(25)], "scientific notation"),
        ([["1", "2"]] * 21 + rows(20, 100), "21 of the 41 rows"),
        ([["1", "2"]] * 6, "raw/1.csv: 6 of 6 rows break the contract, most often: ragged row"),
    ],
)  # fmt: skip
def test_a_reason_that_takes_most_of_a_file_stops_with_its_cells_and_the_mend(broken, text):
    assert text in stop(rows(300), broken)
    assert not stop(rows(300), broken, most=1)


@pytest.mark.parametrize(
    "fine",
    [
        rows(19, 100, note="soon") + rows(20, 200),  # 19 of 39
        rows(9, 100, status="A", note="") + rows(2, 200, note="soon"),  # few tell nothing
        rows(4, 100, note="soon"),
        rows(60, 100, status="A", note="", price="1000"),  # the rule is of closed ones
        rows(20, 100, lease="True", price="900") + rows(5, 200, price="500") + rows(6, 300),
        [],
    ],
)
def test_rows_that_are_bad_here_and_there_stop_nothing(fine):
    assert not stop(rows(300), fine)


def test_the_share_of_a_file_counts_whatever_its_reasons():
    mixed = rows(8, 100, note="soon") + rows(8, 200, price="1") + rows(8, 300, status="Settled")
    text = stop(rows(300), mixed + rows(22, 400))
    assert text.startswith("raw/1.csv: 24 of 46 rows break the contract, most often: ")
    assert not stop(rows(300), mixed + rows(25, 400))


def test_the_widest_of_several_is_named():
    text = stop(rows(30, note="soon") + rows(5, 50), rows(30, 100, price="5"))
    assert text.startswith("raw/1.csv: 30 of the 30")
