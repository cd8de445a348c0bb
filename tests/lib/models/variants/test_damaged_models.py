"""A model.json of another version, or a damaged one, ends in one line: file, key and mend."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from lib.common import io
from lib.common.artifacts import FittedVariant, read_model
from lib.common.errors import RemlError
from lib.models.serving.served_variants import read_intervals
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.predict import model_inputs, rebuild_estimator
from scripts.valuation import blend
from tests.support.dag import ROOT
from tests.support.daily_sales import INPUTS
from tests.support.saved_models import PARAMS, make_blend, make_variant, train_and_save

SAVED = {name: train_and_save(name, None)[0] for name in ("linear", "lightgbm")}


def variant(**fields):
    """The content of a model.json of `linear` with these fields in place of its own."""
    return SAVED["linear"].model_dump(exclude_unset=True) | fields


def less(content, key):
    """A mapping without a key."""
    return {name: value for name, value in content.items() if name != key}


def mixed(**fields):
    """The content of a blend of a ridge and of trees."""
    members = dict(SAVED)
    content = make_blend({"linear": 0.5, "lightgbm": 0.5}, members).model_dump(exclude_unset=True)
    return content | fields


RIDGE = variant()
MEMBERS = mixed()["members"]
FAULTY = {
    "a list": ([], r"\(top level\)"),
    "nothing": (None, r"\(top level\)"),
    "a number": (7, r"\(top level\)"),
    "a text": ("weights", r"\(top level\)"),
    "an empty object": ({}, "variant"),
    "an unknown key": (variant(colour="red"), "colour"),
    "a missing key": (less(RIDGE, "inputs"), "inputs"),
    "no params": (less(RIDGE, "params"), "params"),
    "a seed in words": (variant(seed="seven"), "seed"),
    "an unknown model": (variant(model="perceptron"), "model"),
    "a day that is none": (variant(trained_before="May"), "trained_before"),
    "an older setting": (variant(params=RIDGE["params"] | {"l1_ratio": 1}), "params.l1_ratio"),
    "a setting of another kind": (variant(params=RIDGE["params"] | {"alpha": "x"}), "params.alpha"),
    "a state that is no JSON": (variant(state="{"), "state"),
    "a state of another kind": (variant(state="[1]"), "state"),
    "a state that lacks a part": (variant(state=json.dumps({"numbers": []})), "state"),
    "weights of others": (mixed(weights={"linear": 1.0}), r"\(top level\)"),
    "members that are none": (mixed(members={"linear": 1, "lightgbm": 2}), "members.linear"),
    "a member of an unknown model": (
        mixed(members=MEMBERS | {"linear": variant(model="perceptron")}), "members.linear.model"),
    "a member's older setting": (
        mixed(members=MEMBERS | {"linear": variant(params={"l2": 1})}), "members.linear.params"),
    "a member without a state": (
        mixed(members=MEMBERS | {"linear": less(RIDGE, "state")}), "members.linear.state"),
    "a skipped one with more": ({"variant": "v", "skipped": "few", "seed": 1}, "seed"),
}  # fmt: skip


def require_one_line(error, path, key):
    """The error is one line that begins with file and key and ends with the mend."""
    said = str(error.value)
    assert said.startswith(f"{path}: {key.replace(chr(92), '')}") and "\n" not in said, said
    assert said.endswith("fit it again") and "make repro" in said, said


def load_all(folder):
    """Read a model.json and load every estimator in it."""
    for part in read_model(folder).parts:
        rebuild_estimator(part)


@pytest.mark.parametrize(("content", "key"), FAULTY.values(), ids=FAULTY)
def test_what_cannot_be_loaded_names_file_key_and_mend(tmp_path, content, key):
    path = tmp_path / "model.json"
    io.write_json(path, content)
    with pytest.raises(RemlError) as error:
        load_all(tmp_path)
    require_one_line(error, path, key)


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("state", ["", "null", "{}", '{"booster": 1}', '"text"'])
def test_no_kind_of_model_takes_a_state_that_is_none(name, state):
    saved = make_variant(model=name, params=params_of(name), state=state)
    with pytest.raises(RemlError, match=r"^model\.json: state: .* fit it again$"):
        rebuild_estimator(saved)


def params_of(name):
    """Settings that a kind of model takes."""
    return PARAMS[name].model_dump()


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9])
def test_trees_whose_text_is_cut_are_refused(cut):
    state = json.loads(SAVED["lightgbm"].state)
    text = state["booster"]
    saved = SAVED["lightgbm"].model_copy(
        update={"state": json.dumps(state | {"booster": text[: int(cut * len(text))]})}
    )
    with pytest.raises(RemlError, match=r"model\.json: state: booster: [^\n]* fit it again$"):
        rebuild_estimator(saved)


@pytest.mark.parametrize("gone", [INPUTS[:1], INPUTS[1:3], INPUTS])
def test_inputs_that_the_feature_table_has_no_more_are_named(gone):
    features = pd.DataFrame(np.zeros((2, len(INPUTS))), columns=INPUTS).drop(columns=gone)
    with pytest.raises(RemlError, match=f"model.json: inputs: .* has no {', '.join(gone)};"):
        model_inputs(features, SAVED["linear"])


@pytest.mark.parametrize("text", ["", "{", '{"variant": "v"', "\x00\xff", '{"variant": NaN,}'])
def test_a_cut_file_is_one_line(tmp_path, text):
    (tmp_path / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RemlError, match=r"model\.json: not valid JSON: .*make repro") as error:
        read_model(tmp_path)
    assert "\n" not in str(error.value)


INTERVALS = {
    "method": "split", "columns": ["x"], "coverages": {"90": 0.9}, "models": {}, "floor": 0.0,
    "adaptive": {"rate": 0.0, "half_life_days": []},
    "abstention": {}, "reach": {"x": [0.0, 1.0]}, "counted": False,
    "groups": {"by": "none", "edges": []}, "half_life": None,
}  # fmt: skip


def intervals():
    """Intervals with the settings of params.yaml, as `calibrate` writes them."""
    section = io_params()["calibrate"]
    return INTERVALS | {name: section[name] for name in ("adaptive", "abstention")}


def io_params():
    """params.yaml."""
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def test_intervals_are_read_as_they_were_written(tmp_path):
    io.write_json(tmp_path / "model.json", intervals())
    assert read_intervals(tmp_path / "model.json") == intervals()


@pytest.mark.parametrize("key", sorted(INTERVALS))
def test_intervals_that_lack_a_key_name_it(tmp_path, key):
    io.write_json(tmp_path / "model.json", less(intervals(), key))
    with pytest.raises(RemlError) as error:
        read_intervals(tmp_path / "model.json")
    require_one_line(error, tmp_path / "model.json", f"{key}: Field required")


@pytest.mark.parametrize("cut", [0.0, 0.2, 0.8])
def test_intervals_whose_trees_are_cut_are_refused(tmp_path, cut):
    trees = json.loads(SAVED["lightgbm"].state)["booster"]
    io.write_json(tmp_path / "model.json", intervals() | {"models": {"low_90": trees}})
    assert read_intervals(tmp_path / "model.json")["models"] == {"low_90": trees}
    io.write_json(
        tmp_path / "model.json",
        intervals() | {"models": {"low_90": trees[: int(cut * len(trees))]}},
    )
    with pytest.raises(RemlError, match=r"models\.low_90.* fit it again$"):
        read_intervals(tmp_path / "model.json")


@pytest.mark.parametrize("content", [[], None, 3])
def test_intervals_that_are_no_object_are_refused(tmp_path, content):
    io.write_json(tmp_path / "model.json", content)
    with pytest.raises(RemlError) as error:
        read_intervals(tmp_path / "model.json")
    require_one_line(error, tmp_path / "model.json", r"\(top level\)")


@pytest.mark.parametrize("content", [[], {}, variant(colour="red"), variant(domain=None)])
def test_a_stage_ends_with_that_line_and_no_traceback(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    for name in io_params()["blend"]["variants"]["sale_blend"]["members"]:
        io.write_json(tmp_path / f"data/train/{name}/model.json", content)
    ran = CliRunner().invoke(blend.main, [])
    assert ran.exit_code == 2 and "model.json: " in ran.output and "fit it again" in ran.output
    assert ran.output.count("\n") == 1


def test_a_sound_one_loads():
    assert isinstance(SAVED["linear"], FittedVariant) and rebuild_estimator(SAVED["linear"])
