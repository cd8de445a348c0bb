"""One of two runs that are compared: odd folders end in one line that names the file."""

import pytest

from lib.common.errors import RemlError
from lib.ops.compare.revisions import is_stage_changed, read_run_folder

HEADER = "listing_key,domain,as_of,pred_close_price\n"


@pytest.mark.parametrize(
    "content", [b"", b"x,y\n1,2\n", b"\xff\xfe\x00\x01", HEADER.encode() + b'1,"sale\n']
)
def test_odd_valuations_are_named(tmp_path, content):
    (tmp_path / "valuations.csv").write_bytes(content)
    with pytest.raises(RemlError, match=f"{tmp_path}.*valuations"):
        read_run_folder(tmp_path).valuations()


def test_a_cut_off_json_file_is_named(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/predict.json").write_text('{"feed": "de')
    with pytest.raises(RemlError, match=r"metrics/predict\.json"):
        read_run_folder(tmp_path).json("metrics/predict.json")


def test_values_that_are_no_positive_number_are_left_out(tmp_path):
    rows = "".join(
        f"{i},sale,2025-01-01,{v}\n" for i, v in enumerate(["100", "0", "", "x", "-5", "inf"])
    )
    (tmp_path / "valuations.csv").write_text(HEADER + rows)
    got = read_run_folder(tmp_path).valuations()
    assert got["listing_key"].tolist() == ["0"] and got["pred_close_price"].tolist() == [100.0]


def test_outs_that_are_missing_from_the_cache_alone_are_no_change():
    assert not is_stage_changed([{"changed outs": {"data/blend": "not in cache"}}])
    assert is_stage_changed([{"changed outs": {"data/blend": "modified"}}])
    assert is_stage_changed(
        [{"changed outs": {"a": "not in cache"}}, {"changed deps": {"b": "modified"}}]
    )
    assert is_stage_changed([{"changed deps": {"params.yaml": {"train.x": "modified"}}}])
    assert is_stage_changed(["changed command"])
