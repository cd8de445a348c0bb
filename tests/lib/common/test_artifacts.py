"""model.json: typed on both ways, with the bytes that were written before."""

import json

import pytest
from pydantic import ValidationError

from lib.common import io
from lib.common.artifacts import (
    Blend,
    FittedVariant,
    Skipped,
    model_folders,
    read_fitted,
    read_model,
    visible_columns,
    write_model,
)
from lib.common.errors import RemlError
from tests.support.saved_models import make_blend, make_variant

SEEING = make_variant(
    variant="b", inputs=["x", "z"], encoder={"name": "small"}, vectors_sha256="ab",
    params={"alpha": 1, "without": []}, importances={"x": 0.1},
)  # fmt: skip
PLAIN = make_variant(variant="a", inputs=["y", "x"])
MIXED = make_blend({"a": 0.25, "b": 0.75}, {"a": PLAIN, "b": SEEING})


@pytest.mark.parametrize(
    ("artifact", "kind"),
    [(PLAIN, FittedVariant), (SEEING, FittedVariant), (MIXED, Blend),
     (Skipped(variant="c", skipped="too few"), Skipped)],
)  # fmt: skip
def test_what_is_written_is_read_as_what_it_was_and_written_alike(tmp_path, artifact, kind):
    write_model(tmp_path / "one", artifact)
    read = read_model(tmp_path / "one")
    assert isinstance(read, kind) and read == artifact
    write_model(tmp_path / "two", read)
    first, second = (tmp_path / name / "model.json" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_keys_are_those_that_readers_outside_know_in_their_order(tmp_path):
    """No tag, no photos where none are seen, a level of null where there is none."""
    write_model(tmp_path, MIXED)
    content = json.loads((tmp_path / "model.json").read_text())
    assert list(content) == ["variant", "domain", "model", "view", "weights", "members", "level",
                             "trained_before", "trained_on", "importances"]  # fmt: skip
    plain, seeing = content["members"].values()
    assert plain["level"] is None and "encoder" not in plain
    assert list(seeing) == ["variant", "domain", "model", "view", "seed", "params", "level",
                            "inputs", "features", "encoder", "vectors_sha256", "trained_before",
                            "trained_on", "importances", "state"]  # fmt: skip
    write_model(tmp_path, Skipped(variant="c", skipped="too few"))
    assert json.loads((tmp_path / "model.json").read_text()) == {
        "variant": "c", "skipped": "too few"
    }  # fmt: skip


def test_a_blend_has_the_inputs_of_its_members_and_they_are_its_parts():
    assert MIXED.inputs == ["y", "x", "z"] and MIXED.parts == [PLAIN, SEEING]
    assert PLAIN.parts == [PLAIN]


def test_an_artifact_is_not_changed_by_accident():
    with pytest.raises(ValidationError):
        PLAIN.domain = "rental"


def test_a_model_of_another_version_is_one_line_that_names_file_and_key(tmp_path):
    content = PLAIN.model_dump(exclude_unset=True) | {"colour": "red"}
    io.write_json(tmp_path / "model.json", content)
    with pytest.raises(RemlError, match=r"model\.json: colour: .*fit it again$") as error:
        read_model(tmp_path)
    assert "\n" not in str(error.value)
    del content["colour"], content["inputs"]
    io.write_json(tmp_path / "model.json", content)
    with pytest.raises(RemlError, match=r"model\.json: inputs: Field required"):
        read_model(tmp_path)


def test_a_skipped_variant_is_no_fitted_one(tmp_path):
    write_model(tmp_path, Skipped(variant="c", skipped="too few"))
    with pytest.raises(RemlError, match="it was not fitted: too few"):
        read_fitted(tmp_path)
    write_model(tmp_path, MIXED)
    assert read_fitted(tmp_path) == MIXED


def test_folders_are_found_by_name_below_the_roots_that_there_are(tmp_path):
    for name in ("train/b", "fuse/a"):
        (tmp_path / name).mkdir(parents=True)
    found = model_folders([tmp_path / root for root in ("train", "fuse", "blend")])
    assert found == {"a": tmp_path / "fuse/a", "b": tmp_path / "train/b"}


def test_what_a_model_starts_from_is_seen_though_it_is_kept_from_the_trees():
    inputs = ["comp_log_price", "comp_count", "postal_code", "txt_x"]
    params = {
        "without": ["comp_", "postal_"],
        "start": ["comp_log_price"],
        "encode": ["postal_code"],
    }
    assert visible_columns(inputs, params) == ["comp_log_price", "postal_code", "txt_x"]
    assert visible_columns(inputs, {}) == inputs
