"""`value`: any file of properties in the feed's format, as the pipeline values listings."""

import csv
import io

import pandas as pd
import pytest

from scripts.ops import value as command


def rows_of(finished) -> tuple[list[str], list[dict]]:
    text = (finished.folder / "data/raw/demo/exports/active.csv").read_text()
    reader = csv.DictReader(io.StringIO(text))
    # a home without a size is not valued; that case has a test of its own
    rows = [row for row in reader if row["SqFtTotal"] != "0"]
    newest: dict[str, str] = {}  # the stage values each listing as it stands last
    for row in sorted(rows, key=lambda row: row["MatrixModifiedDT"]):
        newest[row["Matrix_Unique_ID"]] = row["MatrixModifiedDT"]
    last = [row for row in rows if row["MatrixModifiedDT"] == newest[row["Matrix_Unique_ID"]]]
    return list(reader.fieldnames), last


def value(finished, tmp_path, fields, rows, *options):
    file, out = tmp_path / "homes.csv", tmp_path / "valued.csv"
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, fields, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return finished.call(command.main, "--subjects", str(file), "--out", str(out), *options), out


def test_a_file_of_the_same_homes_gets_the_same_values(finished, tmp_path):
    """What is served equals what the pipeline says: one code path. A file brings no photos, so of
    homes whose photos the pipeline has seen it says something else."""
    fields, rows = rows_of(finished)
    done, out = value(finished, tmp_path, fields, rows[:80])
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("valued without photos: sale_blend looks at photos") == 1
    stage = pd.read_csv(finished.folder / "data/predict/valuations.csv")
    mine = pd.read_csv(out).sort_values("listing_key").reset_index(drop=True)
    same = stage[stage["listing_key"].isin(mine["listing_key"])]
    same = same.sort_values("listing_key").reset_index(drop=True)
    vectors = pd.read_parquet(finished.folder / "data/embed/vectors.parquet")
    pictured = vectors.loc[vectors["domain"] == "sale", "listing_key"]
    plain = (same["domain"] == "rental") | ~same["listing_key"].astype("str").isin(pictured)
    assert plain.sum() > 10 and (~plain).sum() > 10
    pd.testing.assert_frame_equal(mine.loc[plain, same.columns], same[plain], check_dtype=False)
    moved = mine["pred_close_price"] / same["pred_close_price"] - 1
    assert moved[~plain].abs().median() > 0.005


def test_a_file_without_keys_or_sale_columns_is_valued_and_bad_rows_are_named(finished, tmp_path):
    fields, rows = rows_of(finished)
    few = [
        name
        for name in fields
        if name
        not in (
            "Matrix_Unique_ID",
            "MLSNumber",
            "MatrixModifiedDT",
            "Status",
            "ClosePrice",
            "CloseDate",
            "PendingDate",
            "ListPrice",
        )
    ]
    done, out = value(finished, tmp_path, few, rows[:5], "--as-of", "2025-06-01")
    assert done.exit_code == 0, done.stderr
    valued = pd.read_csv(out)
    assert valued["listing_key"].tolist() == [f"homes-row-{n}" for n in range(1, 6)]
    assert (valued["as_of"] == "2025-06-01").all()
    assert (valued["comp_1_close_date"] < "2025-06-01").all()
    with (tmp_path / "homes.csv").open("a") as handle:
        handle.write("too,short\n")
    again = finished.call(
        command.main, "--subjects", str(tmp_path / "homes.csv"), "--out", str(out)
    )
    assert "data row 6: not valued: ragged row" in again.stderr
    assert "5 valued" in again.stdout and "1 left out" in again.stdout


@pytest.mark.parametrize(
    "content, told",
    [
        (None, "no such file"),
        ("", "the file is empty"),
        ("a,b\n1,2\n", "the header lacks"),
        ("SqFtTotal,PostalCode,ForLease\n", "a header and no rows"),
    ],
)
def test_a_wrong_file_is_one_line(finished, tmp_path, content, told):
    file = tmp_path / "wrong.csv"
    if content is not None:
        file.write_text(content)
    done = finished.call(command.main, "--subjects", str(file), "--out", str(tmp_path / "out.csv"))
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1 and told in done.stderr and "wrong.csv" in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_every_row_is_valued_or_left_out_with_a_reason(finished, tmp_path):
    fields, rows = rows_of(finished)
    spoilt = [rows[0] | {"SqFtTotal": ""}, rows[1] | {"YearBuilt": "new"},
              dict.fromkeys(fields, "")]  # fmt: skip
    done, out = value(finished, tmp_path, fields, spoilt)
    assert done.exit_code == 0, done.stderr
    assert len(pd.read_csv(out)) == 1
    assert "data row 1: not valued: no living area that can be read" in done.stderr
    assert "data row 2: valued without year_built 'new': not a count" in done.stderr
    assert "data row 3: not valued: " in done.stderr
    assert "1 valued" in done.stdout and "2 left out" in done.stdout


def test_a_day_that_the_model_knows_the_future_of_is_refused(finished, tmp_path):
    fields, rows = rows_of(finished)
    done, out = value(finished, tmp_path, fields, rows[:3], "--as-of", "2023-06-01")
    assert done.exit_code == 2 and "would know its future" in done.stderr
    assert not out.exists()
