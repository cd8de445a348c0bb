"""Parameters: every fault is one line that names the file and the key."""

import datetime as dt

import pytest

from lib.common import params
from lib.common.errors import RemlError, require, require_columns

BASE = "base: {feed: demo, as_of: null, seed: 7}\n"


class Inner(params.Section):
    depth: int


class Model(params.Section):
    rate: float
    inner: Inner


@pytest.fixture
def load(tmp_path):
    """Write a params.yaml and load its `model` section."""

    def run(text):
        path = tmp_path / "params.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return params.load_sections("model", Model, path)

    return run


def test_sections_come_back_typed(load):
    base, section = load(BASE.replace("null", "2024-05-01") + "model: {rate: 1, inner: {depth: 3}}")
    assert (base.feed, base.seed, base.as_of) == ("demo", 7, dt.date(2024, 5, 1))
    assert (section.rate, section.inner.depth) == (1.0, 3)


def test_sections_cannot_be_changed_after_loading(load):
    base, _ = load(BASE + "model: {rate: 1, inner: {depth: 3}}")
    with pytest.raises(ValueError, match="frozen"):
        base.seed = 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            BASE + "model: {rate: 1, inner: {depth: 3}, rat: 2}",
            ["section model", "rat: unknown key"],
        ),
        (BASE + "model: {rate: 1, inner: {depth: 3, dept: 1}}", ["inner.dept: unknown key"]),
        (BASE + "model: {rate: fast, inner: {depth: 3}}", ["section model", "rate:", "number"]),
        (BASE + "model: {inner: {depth: 3}}", ["rate:", "required"]),
        (BASE + "model: 3", ["section model", "(top level)"]),
        (BASE, ["no `model` section"]),
        ("model: {rate: 1, inner: {depth: 3}}", ["no `base` section"]),
        (BASE.replace("seed: 7", "sede: 7") + "model: {}", ["section base", "sede: unknown key"]),
        (BASE.replace("null", "soon") + "model: {}", ["section base", "as_of:"]),
        ("base: {feed: [unclosed\nmodel: 1", ["not valid YAML", "line"]),
        ("\tbase: 1", ["not valid YAML"]),
        (b"base: \xff\xfe", ["not valid YAML"]),
        ("- a\n- b", ["expected `key: value` lines"]),
        ("", ["expected `key: value` lines"]),
    ],
)
def test_each_fault_is_one_line_naming_file_and_key(load, text, words):
    with pytest.raises(RemlError) as caught:
        load(text)
    message = str(caught.value)
    assert "params.yaml" in message and "\n" not in message
    for word in words:
        assert word in message


def test_every_fault_of_a_section_is_named_at_once(load):
    with pytest.raises(RemlError, match=r"rate: .*; inner\.depth: .*; more: unknown key"):
        load(BASE + "model: {rate: x, inner: {depth: y}, more: 1}")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(RemlError, match=r"nowhere\.yaml: no such file"):
        params.read_yaml(tmp_path / "nowhere.yaml")


def test_require_raises_only_where_the_condition_fails():
    require(True, "never seen")
    with pytest.raises(RemlError, match="mend it so"):
        require(False, "mend it so")


def test_require_columns_names_each_missing_column_and_the_table():
    require_columns(["a", "b"], ["a"], "x.csv")
    with pytest.raises(RemlError, match=r"x\.csv: missing column\(s\) c, d"):
        require_columns(["a", "b"], ["d", "a", "c"], "x.csv")
