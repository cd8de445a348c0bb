"""Files: written whole or not at all, in bytes that depend on the content alone."""

import datetime as dt
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common import io
from lib.common.errors import RemlError

ROOT = Path(__file__).parents[3]
FRAME = pd.DataFrame(
    {
        "key": ["b", "a", "d", "c"],
        "price": [1.5, np.nan, 3.0, 4.0],
        "day": pd.to_datetime(["2024-01-02", None, "2024-01-01", "2023-05-05"]),
    }
)


def test_writing_makes_folders_and_leaves_only_the_target(tmp_path):
    path = tmp_path / "a" / "b" / "x.bin"
    assert io.write_bytes(path, b"new") == path
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_target_stays_whole_when_a_write_is_killed_halfway(tmp_path):
    """The writer is stopped by SIGKILL inside the write; the target keeps its old bytes."""
    path = tmp_path / "x.json"
    io.write_json(path, {"old": 1})
    # a pipe as temporary file: the write begins, and blocks once the pipe is full
    os.mkfifo(tmp_path / ".x.json.part")
    pipe = os.open(tmp_path / ".x.json.part", os.O_RDWR)
    code = (
        "from pathlib import Path; from lib.common import io; print('at it', flush=True); "
        f"io.write_json(Path({str(path)!r}), list(range(200_000)))"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"at it\n"
    began, _, _ = select.select([pipe], [], [], 60)
    writer.kill()
    assert writer.wait() == -signal.SIGKILL
    assert began and os.read(pipe, 6) == b"[\n  0,"
    os.close(pipe)
    assert json.loads(path.read_text()) == {"old": 1}


@given(order=st.permutations(range(4)))
def test_parquet_bytes_do_not_depend_on_row_order_or_index(tmp_path_factory, order):
    folder = tmp_path_factory.mktemp("parquet")
    one = io.write_parquet(folder / "one.parquet", FRAME, ["key"])
    two = io.write_parquet(folder / "two.parquet", FRAME.iloc[list(order)], ["key"])
    assert one.read_bytes() == two.read_bytes()


def test_parquet_comes_back_sorted_and_equal(tmp_path):
    path = io.write_parquet(tmp_path / "x.parquet", FRAME, ["key"])
    pd.testing.assert_frame_equal(
        io.read_parquet(path), FRAME.sort_values("key", ignore_index=True)
    )
    assert list(io.read_parquet(path, columns=["price"])) == ["price"]


def test_parquet_same_in_another_process(tmp_path):
    """No clock, hash seed or run id gets into the bytes."""
    code = (
        "import sys; from pathlib import Path; from lib.common import io; import pandas as pd; "
        "io.write_parquet(Path(sys.argv[1]), pd.DataFrame({'k': ['b', 'a'], 'v': [1, 2]}), ['k'])"
    )
    files = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for seed, file in enumerate(files):
        subprocess.run(
            [sys.executable, "-c", code, str(file)],
            cwd=ROOT,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
    assert files[0].read_bytes() == files[1].read_bytes()


def test_csv_has_no_index_and_unix_line_ends(tmp_path):
    frame = FRAME.iloc[[2, 0]]
    path = io.write_csv(tmp_path / "x.csv", frame)
    assert path.read_bytes() == b"key,price,day\nd,3.0,2024-01-01\nb,1.5,2024-01-02\n"


def test_json_keeps_key_order_and_ends_in_a_newline(tmp_path):
    path = io.write_json(tmp_path / "x.json", {"b": 1, "a": ["é", None, True]})
    assert list(io.read_json(path)) == ["b", "a"]
    assert io.read_json(path) == {"b": 1, "a": ["é", None, True]}
    assert path.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize(
    "number", [np.nan, np.inf, -np.inf, np.float64("nan"), np.float32("nan")], ids=repr
)
def test_json_refuses_what_json_cannot_say(tmp_path, number):
    with pytest.raises(ValueError, match=r"[Oo]ut of range float"):
        io.write_json(tmp_path / "x.json", {"deep": [number]})
    assert list(tmp_path.iterdir()) == []


def test_json_numbers_stay_numbers_whatever_made_them(tmp_path):
    given_numbers = [np.int64(5), np.float32(0.5), np.bool_(True), np.float64(2.5)]
    path = io.write_json(tmp_path / "x.json", given_numbers)
    assert json.loads(path.read_text()) == [5, 0.5, True, 2.5]


def test_json_writes_dates_as_text(tmp_path):
    path = io.write_json(tmp_path / "x.json", [dt.date(2024, 5, 1)])
    assert json.loads(path.read_text()) == ["2024-05-01"]


@pytest.mark.parametrize("read", [io.read_json, io.read_parquet])
def test_missing_file_is_named_with_its_mend(tmp_path, read):
    with pytest.raises(RemlError, match=r"nowhere: no such file; `make repro`"):
        read(tmp_path / "nowhere")
