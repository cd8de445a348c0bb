"""External series: read strictly, and seen only as they had been released."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.features import external_series

HEAD = ",".join(external_series.COLUMNS)
DAY = pd.Timestamp("2024-01-01")


def table(*rows):
    """(series, geo, period in days, release in days, value) each."""
    frame = pd.DataFrame(rows, columns=external_series.COLUMNS)
    for name in ("period", "release_date"):
        frame[name] = DAY + pd.to_timedelta(frame[name], unit="D")
    return frame


def homes(days, **places):
    return pd.DataFrame({"as_of": DAY + pd.to_timedelta(days, unit="D"), **places})


def test_a_revision_is_seen_from_the_day_after_its_release():
    released = table(
        ("rate", "US", 0, 10, 1.0), ("rate", "US", 30, 40, 2.0), ("rate", "US", 0, 50, 9.0),
        ("rate", "US", 30, 60, 2.5),
    )  # fmt: skip
    days = [10, 11, 40, 41, 51, 60, 61]
    # a late revision of the older period (day 50) does not displace the newer one
    wanted = [np.nan, 1, 1, 2, 2, 2, 2.5]
    np.testing.assert_array_equal(
        external_series.series_features(homes(days), released)["ext_rate"], wanted
    )


def test_the_narrowest_place_with_word_of_it_by_then_counts():
    released = table(
        ("jobs", "US", 0, 0, 1.0), ("jobs", "WA", 0, 10, 2.0), ("jobs", "King", 0, 20, 3.0),
        ("jobs", "98001", 0, 30, 4.0), ("jobs", "OR", 0, 0, 8.0),
    )  # fmt: skip
    here = {"postal_code": "98001", "county_or_parish": "King", "state_or_province": "WA"}
    found = external_series.series_features(homes([1, 11, 21, 31], **here), released)["ext_jobs"]
    assert found.tolist() == [1, 2, 3, 4]
    elsewhere = external_series.series_features(homes([31], postal_code=[None]), released)[
        "ext_jobs"
    ]
    assert elsewhere.tolist() == [1]


day = st.integers(0, 8)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["US", "WA"]), day, day),
        max_size=20, unique=True,
    ),
    st.lists(st.tuples(day, st.sampled_from(["WA", "OR", None])), max_size=8),
)  # fmt: skip
def test_features_are_what_a_naive_loop_finds(keys, asked):
    released = table(*[(*key, float(number)) for number, key in enumerate(keys)])
    places = pd.Series([state for _, state in asked], dtype="str")
    found = external_series.series_features(
        homes([d for d, _ in asked], state_or_province=places), released
    )
    assert set(found) == {f"ext_{key[0]}" for key in keys}
    for name, values in found.items():
        for value, (date, state) in zip(values, asked, strict=True):
            known = []
            for place in (state, "US"):
                known = known or [
                    (period, release, number)
                    for number, (one, geo, period, release) in enumerate(keys)
                    if f"ext_{one}" == name and geo == place and release < date
                ]
            np.testing.assert_equal(value, max(known)[2] if known else np.nan)


def test_no_file_is_no_series(tmp_path):
    none = external_series.read_series(tmp_path / "series.csv")
    assert list(none) == external_series.COLUMNS and not len(none)
    assert external_series.series_features(homes([1]), none) == {}


def test_a_file_reads_as_dates_and_numbers(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text(
        f"{HEAD}\nrate,US,2024-01-01,2024-02-10,5.25\nrate,01234,2024-01-01,2024-02-10,7\n"
    )
    read = external_series.read_series(path)
    assert read["value"].tolist() == [5.25, 7] and read["geo"].tolist() == ["US", "01234"]
    assert read["release_date"][0] == pd.Timestamp("2024-02-10")


def test_spaces_and_blank_lines_at_the_end_say_nothing(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text(f"{HEAD}\nrate, US,2024-01-01 ,2024-02-10, 5.25\n\n  \n\n")
    read = external_series.read_series(path)
    assert read["geo"].tolist() == ["US"] and read["value"].tolist() == [5.25]
    found = external_series.series_features(homes([60]), read)["ext_rate"]
    assert found.tolist() == [5.25]
    path.write_text(f"{HEAD}\n\n")
    none = external_series.read_series(path)
    assert not len(none) and external_series.series_features(homes([60]), none) == {}


@pytest.mark.parametrize("geo", ["US", "01234", "NA", "WA", "King", "St. Louis", "Prince George's"])
def test_every_form_of_place_is_read_as_it_stands(tmp_path, geo):
    path = tmp_path / "series.csv"
    path.write_text(f"{HEAD}\nrate,{geo},2024-01-01,2024-02-10,5\n")
    assert external_series.read_series(path)["geo"].tolist() == [geo]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", f"the first line must be {HEAD}"),
        ("", "not a UTF-8 CSV file"),
        (f"{HEAD}\nRate!,US,2024-01-01,2024-02-10,5\n", "data row 1: series_id must be lower"),
        (f"{HEAD}\nr,,2024-01-01,2024-02-10,5\n", "data row 1: no geo"),
        (f"{HEAD}\nr,98101-1234,2024-01-01,2024-02-10,5\n", "data row 1: no home has such a geo"),
        (f"{HEAD}\nr,us,2024-01-01,2024-02-10,5\n", "data row 1: no home has such a geo"),
        (f"{HEAD}\nr,USA,2024-01-01,2024-02-10,5\n", "data row 1: no home has such a geo"),
        (f"{HEAD}\nr,9810,2024-01-01,2024-02-10,5\n", "data row 1: no home has such a geo"),
        (f"{HEAD}\n\nr,US,2024-01-01,2024-02-10,5\n", "data row 1: series_id"),
        (f"{HEAD}\nr,US,2024-01,2024-02-10,5\n", "data row 1: period is no date"),
        (f"{HEAD}\nr,US,2024-01-01,x,5\n", "data row 1: release_date is no date"),
        (f"{HEAD}\nr,US,2024-01-01,2024-02-10,inf\n", "data row 1: value is no number"),
        (f"{HEAD}\n" + "r,US,2024-01-01,2024-02-10,5\n" * 2, "data row 2: this series, geo"),
    ],
)
def test_a_file_that_is_wrong_names_the_row(tmp_path, text, told):
    path = tmp_path / "series.csv"
    path.write_text(text)
    with pytest.raises(RemlError, match=r"series\.csv") as caught:
        external_series.read_series(path)
    assert told in str(caught.value)
