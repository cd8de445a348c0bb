"""A lock written by libyaml has the bytes that DVC itself writes."""

import io
import os
import string
import subprocess
import sys
from collections import OrderedDict

from dvc import dvcfile
from dvc.utils.serialize import load_yaml
from dvc.utils.serialize._yaml import dumps_yaml, parse_yaml, parse_yaml_for_update
from hypothesis import given
from hypothesis import strategies as st

from lib.ops.run.fast_lock import use_fast_lock, write_lock
from tests.support.dag import ROOT

SHARED = {"low": 0.01, "high": 100.0, "log": True}
CONTENT = {
    "schema": "2.0",
    "stages": OrderedDict(
        staging={
            "cmd": "python -m scripts.valuation.staging",
            "deps": [{"path": "data/raw/b\u00fcro", "hash": "md5", "md5": "0" * 32, "size": 12}],
            "params": {
                "params.yaml": OrderedDict(
                    {
                        "base.as_of": None,
                        "a.date": "2025-03-01",
                        "a.shares": [0.5, 1, -2.25],
                        "e": {},
                    }
                ),
            },
        },
        odd={
            "cmd": "x",
            "params": {
                "floats": [1e-05, 1e16, 0.1, -3.0],
                "text": ["1e3", "7e-3", "0o17", "yes", "on", "null", "~", "12:30:00", "", "a: b"],
            },
        },
        tune={"cmd": "x", "params": {"params.yaml": {"one": SHARED, "other": SHARED, "none": []}}},
    ),
}


def written(content: dict) -> str:
    stream = io.StringIO()
    write_lock(content, stream)
    return stream.getvalue()


def test_the_bytes_are_those_of_dvc():
    assert written(CONTENT) == dumps_yaml(CONTENT)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.from_regex(r"[0-9]{1,8}[eE.o:_-][0-9]{1,3}", fullmatch=True),
)


@given(st.dictionaries(st.text(string.printable, min_size=1), st.lists(VALUES)))
def test_what_is_read_back_is_what_was_written(content):
    text = written({"stages": content})
    assert parse_yaml(text, "dvc.lock") == {"stages": content}


def test_the_committed_lock_read_and_written_stays_as_it_is():
    path = ROOT / "dvc.lock"
    text = path.read_text()
    assert written(load_yaml(path)) == text == dumps_yaml(parse_yaml_for_update(text, path))


def test_it_lasts_no_longer_than_its_block_and_leaves_files_with_comments_alone(tmp_path):
    slow = dvcfile.modify_yaml
    (tmp_path / "dvc.yaml").write_text("a: 1  # why\n")
    with use_fast_lock():
        assert dvcfile.modify_yaml is not slow
        with dvcfile.modify_yaml(tmp_path / "dvc.yaml") as content:
            content["b"] = 2
    assert dvcfile.modify_yaml is slow
    assert (tmp_path / "dvc.yaml").read_text() == "a: 1  # why\nb: 2\n"


def test_a_run_through_it_leaves_the_lock_of_a_plain_run(tmp_path):
    pipeline = (
        "stages:\n  one:\n    cmd: echo 1 > one.txt\n    params: [a]\n    outs: [one.txt]\n"
        "  two:\n    cmd: cp one.txt two.txt\n    deps: [one.txt]\n    outs: [two.txt]\n"
    )
    locks = []
    for name, command in (("plain", "dvc"), ("fast", "scripts.ops.guarded dvc")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "dvc.yaml").write_text(pipeline)
        (folder / "params.yaml").write_text("a: {b: null, c: [1, 0.5], d: '2025-03-01'}\n")
        run = [sys.executable, "-m", *command.split()]
        own = {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
        own["DVC_SITE_CACHE_DIR"] = str(folder / "site")
        for arguments in (["init", "--no-scm", "-q"], ["repro"]):
            subprocess.run([*run, *arguments], cwd=folder, env=os.environ | own, check=True)
        locks.append((folder / "dvc.lock").read_bytes())
    assert locks[0] == locks[1] and b"two.txt" in locks[0]
