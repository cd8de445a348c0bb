"""The newest state of a listing: by stamp on one time scale, by import, by how far it has gone;
what nothing tells is a conflict that is counted."""

import datetime as dt
import random

import pytest

from lib.common.errors import RemlError
from lib.common.vocabulary import STATUS_PROGRESS
from lib.listings.staging import newest_state
from tests.support.staged_rows import made, row, staged, where

FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%m/%d/%Y %H:%M"]
WORDS = {"Sold": "Closed", "A": "Active", "Off": "Withdrawn"} | {s: s for s in STATUS_PROGRESS}


def contract(**changes):
    return made(date_formats=FORMATS, lookups={"standard_status": WORDS}, **changes)


def newest(*files, imports=None, **changes):
    """(status of listing 1, what told it) where each file holds one state (stamp, status)."""
    rows = [[row(stamp=stamp, status=status, price="5000")] for stamp, status in files]
    numbers = dict(enumerate(imports or []))
    out = staged(*rows, contract=contract(**changes), imports=numbers)
    told = [by for by in newest_state.BY if out.newest[by]]
    return out.clean["standard_status"].tolist()[0], ",".join(told)


@pytest.mark.parametrize(
    ("files", "imports", "wanted"),
    [
        # no stamp: the later import, whichever way the listing went
        ([("", "A"), ("", "Sold")], [1, 2], ("Sold", "import")),
        ([("", "Pending"), ("", "A")], [1, 2], ("A", "import")),
        ([("", "A"), ("", "Sold")], [2, 1], ("A", "import")),
        # a stamp that stood still
        ([("2024-05-01 10:00:00", "A"), ("2024-05-01 10:00:00", "Sold")], [1, 2],
         ("Sold", "import")),
        # an older export that was imported later
        ([("2024-05-02 10:00:00", "Sold"), ("2024-05-01 10:00:00", "A")], [1, 2],
         ("Sold", "stamp")),
        # a day is a whole day
        ([("2024-05-01 16:00:00", "A"), ("2024-05-01", "Sold")], [1, 2], ("Sold", "import")),
        ([("2024-05-01 00:00:00", "A"), ("2024-05-01", "Sold")], [1, 2], ("Sold", "import")),
        ([("2024-05-01", "A"), ("05/01/2024 09:00", "Sold")], [2, 1], ("A", "import")),
        ([("2024-05-02", "A"), ("2024-05-01 23:59:59", "Sold")], [1, 2], ("A", "stamp")),
        # no stamp in a later import: newer than all that were imported before
        ([("2024-05-01", "A"), ("", "Sold"), ("2024-04-01", "Pending")], [1, 2, 3],
         ("Sold", "import")),
        ([("2024-05-01", "A"), ("", "Sold"), ("2024-06-01", "Pending")], [1, 2, 3],
         ("Pending", "stamp")),
        # one import: how far the listing has gone
        ([("", "Sold"), ("", "A")], [1, 1], ("Sold", "status")),
        ([("2024-05-01", "Pending"), ("2024-05-01", "Active Under Contract")], [1, 1],
         ("Pending", "status")),
        ([("", "Coming Soon"), ("", "A"), ("", "Coming Soon")], [4, 4, 4], ("A", "status")),
        # no stamp beside one in the same import: how far the listing has gone
        ([("2024-05-01", "A"), ("", "Sold")], [1, 1], ("Sold", "status")),
        ([("2024-05-01 10:00:00", "Sold"), ("", "A")], [2, 2], ("Sold", "status")),
        ([("2024-05-01 10:00:00", "A"), ("2024-05-02 09:00:00", "A"), ("", "Sold")], [1, 1, 1],
         ("Sold", "status")),
        ([("2024-06-01", "A"), ("2024-05-01", "Pending"), ("", "Sold")], [1, 2, 2],
         ("Sold", "import")),
        ([("", "Sold"), ("2024-05-01", "A"), ("2024-05-02", "A")], [1, 1, 2], ("A", "stamp")),
        # nobody imported them: what ended is newer, then the name of the file
        ([("", "Sold"), ("", "A")], None, ("Sold", "status")),
        ([("", "A"), ("", "Off")], None, ("Off", "status")),
        ([("", "Pending"), ("", "A")], None, ("A", "file_name")),
        ([("", "Sold"), ("2024-05-01", "A")], None, ("Sold", "status")),
        ([("2024-05-01", "Sold"), ("2024-05-01", "A")], [0, 1], ("A", "import")),
    ],
)  # fmt: skip
def test_the_newest_state_is_told_by(files, imports, wanted):
    assert newest(*files, imports=imports) == wanted


@pytest.mark.parametrize(
    ("files", "zone", "wanted"),
    [
        # 20:00 in UTC is two in the afternoon in Texas
        ([("2024-01-03T20:00:00+0000", "A"), ("2024-01-03 16:00:00", "Sold")], "America/Chicago",
         "Sold"),
        ([("2024-01-03T20:00:00Z", "Sold"), ("2024-01-03 13:00:00", "A")], "America/Chicago",
         "Sold"),
        ([("2024-07-03T20:00:00Z", "Sold"), ("2024-07-03 15:30:00", "A")], "America/Chicago",
         "A"),  # five hours in summer
        ([("2024-01-03T20:00:00Z", "A"), ("2024-01-03 21:30:00", "Sold")], "Europe/Vienna",
         "Sold"),
        ([("2024-01-03T20:00:00Z", "A"), ("2024-01-03T15:00:00-0600", "Sold")], None, "Sold"),
        # a day of Texas goes on after midnight in UTC
        ([("2024-01-04T03:00:00Z", "A"), ("2024-01-03", "Sold")], "America/Chicago", "Sold"),
        ([("2024-01-04T07:00:00Z", "A"), ("2024-01-03", "Sold")], "America/Chicago", "A"),
    ],
)  # fmt: skip
def test_stamps_of_several_zones_are_on_one_scale(files, zone, wanted):
    for imports in ([1, 2], [2, 1]):
        if files[1][0] == "2024-01-03" and imports == [2, 1]:
            continue  # the whole day: then the import decides
        assert newest(*files, imports=imports, time_zone=zone)[0] == wanted


@pytest.mark.parametrize("bare", ["2024-01-03 16:00:00", "2024-01-03", "01/03/2024 16:00"])
def test_stamps_with_and_without_an_offset_ask_for_the_zone(bare):
    files = [("2024-01-03T20:00:00Z", "A"), (bare, "Sold")]
    with pytest.raises(RemlError) as caught:
        newest(*files, imports=[1, 2])
    text = str(caught.value)
    assert text.startswith("1.csv, data row 1: modification_timestamp has no offset from UTC")
    assert "in 0.csv, data row 1" in text and "`time_zone: " in text
    assert newest(*files, imports=[1, 2], time_zone="America/Chicago")[0] == "Sold"


def test_a_zone_that_is_none_is_named():
    with pytest.raises(RemlError, match=r"time_zone 'America/Chicage' is no IANA name.*Chicago"):
        contract(time_zone="America/Chicage")


@pytest.mark.parametrize("none", ["9999-12-31", "1900-01-01 00:00:00", "1970-01-01"])
def test_a_placeholder_is_no_stamp(none):
    assert newest((none, "A"), ("2024-05-01", "Sold"), imports=[1, 2])[0] == "Sold"
    assert newest(("2024-05-01", "A"), (none, "Sold"), imports=[1, 2])[0] == "Sold"
    assert newest((none, "A"), ("2024-05-01", "Sold"), imports=[1, 1])[0] == "Sold"


def test_what_nothing_tells_is_a_conflict():
    states = [row(price="6000"), row(price="7000"), row(key="2"), row(key="2", note="other")]
    out = staged(states, contract=contract(), imports={0: 1})
    assert out.newest["nothing"] == 1  # the note is no column of the contract
    assert out.duplicates["_reason"].tolist().count(newest_state.CONFLICT) == 1
    again = staged(states[::-1], contract=contract(), imports={0: 1})
    assert again.clean["close_price"].tolist() == out.clean["close_price"].tolist()


def test_a_sold_home_that_comes_back_to_the_market_without_a_stamp_is_counted():
    files = [[row(stamp="", status="Sold")], [row(stamp="", status="A")]]
    out = staged(*files, contract=contract(), imports={0: 1, 1: 2})
    assert out.newest["back_on_market"] == 1
    stamped = [[row(status="Sold")], [row(stamp="2024-02-01", status="A")]]
    assert not staged(*stamped, contract=contract()).newest["back_on_market"]


def test_older_states_stand_in_their_order_and_each_once():
    first = [row(stamp="", status="Coming Soon"), row(stamp="", status="A")]
    files = [first, [row(stamp="", status="Pending")], [row(stamp="", status="Sold")], first]
    out = staged(*files, contract=contract(), imports={0: 1, 1: 2, 2: 4, 3: 3})
    assert out.older["standard_status"].tolist() == ["Pending", "Coming Soon", "A"]
    assert out.older["_source_file"].tolist() == ["1.csv", "0.csv", "0.csv"]


def beats(one, other, whole_days, past):
    """Whether a state is newer than another, as somebody who compares two would say it."""
    (day, hour), (other_day, other_hour) = (past[id(state)] for state in (one, other))
    if day != other_day:
        return day > other_day
    if day not in whole_days and hour != other_hour:
        return hour > other_hour
    if one["imported"] != other["imported"]:
        return one["imported"] > other["imported"]
    far = [STATUS_PROGRESS[state["status"]] for state in (one, other)]
    if not one["imported"]:
        ends = [(step > 5) + (step >= 8) for step in far]
        if ends[0] != ends[1]:
            return ends[0] > ends[1]
        if one["file"] != other["file"]:
            return one["file"] > other["file"]
    return far[0] > far[1]


def test_the_order_is_that_of_comparing_two_by_two():
    """Against a slow reference, on 400 listings of four states in five files."""
    rng = random.Random(5)
    imports = {0: 0, 1: 0, 2: 1, 3: 2, 4: 2}
    files, states = [[] for _ in imports], {}
    statuses = [name for name in STATUS_PROGRESS if name != "Incomplete"]
    for key in range(400):
        for _ in range(4):
            at = rng.randrange(5)
            day = f"2024-05-0{rng.randrange(1, 4)}"
            stamp = rng.choice(["", day, f"{day} 0{rng.randrange(1, 4)}:00:00"])
            state = {"stamp": stamp, "status": rng.choice(statuses), "imported": imports[at]}
            state |= {"file": f"{at}.csv", "row": len(files[at]) + 1}
            files[at].append(row(key=f"K{key}", stamp=stamp, status=state["status"]))
            states.setdefault(f"K{key}", []).append(state)
    out = staged(*files, contract=contract(row_rules=[]), imports=imports)
    kept = out.clean.set_index("listing_key")[["_source_file", "_source_row"]]
    for key, rows in states.items():
        for state in rows:  # a copy is as new as the last of its kind
            kind = [
                s for s in rows if (s["stamp"], s["status"]) == (state["stamp"], state["status"])
            ]
            state["last"] = {name: max(s[name] for s in kind) for name in ("imported", "file")}
        winner = [s for s in rows if (s["file"], s["row"]) == tuple(kept.loc[key])]
        assert len(winner) == 1
        past = {}
        for state in rows:
            state |= state["last"]
        for state in rows:
            stamps = [state["stamp"]] + [
                s["stamp"]
                for s in rows
                if not state["stamp"] and s["imported"] <= state["imported"]
            ]
            text = max(stamps, key=lambda stamp: stamp.ljust(19, "~") if stamp else "")
            hour = dt.datetime.fromisoformat(text) if text else dt.datetime.min
            past[id(state)] = (hour.date(), hour)
        whole = {past[id(s)][0] for s in rows if len(s["stamp"]) == 10}
        assert not any(beats(s, winner[0], whole, past) for s in rows), (key, rows)


@pytest.mark.parametrize(
    ("market", "ended", "imports"),
    [
        ({"stamp": "", "status": "A"}, {"stamp": "", "status": "Sold", "price": ""}, [1, 2]),
        ({"status": "Pending"}, {"stamp": "2024-02-01", "status": "Sold", "price": "1"}, None),
        ({"status": "A"}, {"status": "Sold", "price": "undisclosed"}, [1, 1]),
        ({"status": "A"}, {"stamp": "2024-02-01", "status": "Afgehandeld"}, [1, 1]),
        ({"stamp": "2024-01-05", "status": "A"}, {"stamp": "05.01.2024", "status": "Sold"}, [1, 2]),
        # nothing tells which is newer, and nobody knows what the word means
        ({"status": "A"}, {"status": "Afgehandeld"}, [1, 1]),
        ({"status": "A"}, {"stamp": "", "status": "Afgehandeld"}, None),
        ({"stamp": "", "status": "Pending"}, {"status": "Sold", "price": ""}, [1, 1]),
    ],
)
def test_a_home_is_not_on_the_market_where_the_row_that_may_have_ended_it_cannot_be_used(
    market, ended, imports
):
    files = [row(price="5000", **market)], [row(**ended), row(key="2")]
    out = staged(*files, contract=contract(), imports=dict(enumerate(imports or [])))
    assert out.clean["listing_key"].tolist() == ["2"] and not len(out.older)
    assert out.duplicates["_reason"].tolist() == [newest_state.UNREAD]
    assert out.duplicates[["_kept_file", "_kept_row"]].values.tolist() == [["1.csv", 1]]
    assert where(out.quarantined) == [("1.csv", 1)]
    assert out.counts["0.csv"]["duplicates"] == out.counts["1.csv"]["quarantined"] == 1
    assert out.newest["kept_aside"] == 1


def test_a_day_of_a_zone_that_cannot_be_used_is_compared_by_that_zone():
    """03:00 in UTC is the evening before in Texas, and that whole day is meant."""
    files = [row(stamp="2024-01-04T03:00:00Z", status="A")], [
        row(stamp="2024-01-03", status="Sold", price="")]  # fmt: skip
    out = staged(*files, contract=contract(time_zone="America/Chicago"), imports={0: 1, 1: 2})
    assert not len(out.clean) and out.newest["kept_aside"] == 1


@pytest.mark.parametrize(
    ("state", "bad"),
    [
        ({"status": "A", "stamp": "2024-02-01"}, {"status": "Sold", "price": ""}),  # older
        ({"status": "Sold"}, {"stamp": "2024-02-01", "status": "Sold", "price": ""}),  # evidence
        ({"status": "A"}, {"key": "3", "status": "Sold", "price": ""}),  # another's
        ({"status": "Sold"}, {"status": "Afgehandeld"}),
        ({"status": "A"}, {"status": "Pending", "lease": "let"}),  # still on the market
    ],
)
def test_a_quarantined_row_that_is_older_or_of_another_listing_changes_nothing(state, bad):
    out = staged([row(**state)], [row(**bad)], contract=contract(), imports={0: 1, 1: 1})
    assert out.clean["listing_key"].tolist() == ["1"] and not len(out.duplicates)
