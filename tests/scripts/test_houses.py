"""The houses with photos: laid out from the set as it is published, and through the pipeline."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lib.common import params
from lib.common.errors import RemlError
from lib.models.variants.training import training_table
from scripts.acquire import houses
from scripts.ops import import_file
from tests.support import stage_runner
from tests.support.commands import run_command
from tests.support.dag import ROOT
from tests.support.photos import image

INFO = "4 4 4053 85255 869500\n3 2.5 1600 62234 80000\n"


@pytest.fixture
def source(tmp_path):
    """Two houses as the set has them."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / houses.INFO).write_text(INFO)
    for n in (1, 2):
        for i, view in enumerate(houses.VIEWS):
            (folder / f"{n}_{view}.jpg").write_bytes(image(10 * n + i))
    return folder


def invoke(source, out):
    return run_command(houses.main, "--from", str(source), "--out", str(out))


def digest(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_table_and_a_bundle_are_laid_out_and_the_source_stays(source, tmp_path):
    before = digest(source)
    result = invoke(source, tmp_path / "out")
    assert result.exit_code == 0 and "2 houses, 8 photos" in result.output
    assert (tmp_path / "out/houses.csv").read_text() == (
        "house,bedrooms,bathrooms,area_sqft,zip,price,photos\n"
        "1,4,4,4053,85255,869500,4\n2,3,2.5,1600,62234,80000,4\n"
    )
    with zipfile.ZipFile(tmp_path / "out/houses.zip") as bundle:
        content = {name: bundle.read(name) for name in bundle.namelist()}
    assert content == {
        f"{n}/{n}_{view}.jpg": (source / f"{n}_{view}.jpg").read_bytes()
        for n in (1, 2) for view in houses.VIEWS
    }  # fmt: skip
    again = digest(tmp_path / "out")
    assert set(map(str, again)) == {"houses.csv", "houses.zip"} and digest(source) == before
    invoke(source, tmp_path / "out")
    assert digest(tmp_path / "out") == again


def gone(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


def written(text):
    return lambda folder: (folder / houses.INFO).write_text(text)


FAULTS = {
    "a photo is missing": (gone("2_kitchen.jpg"), "1 of 8 photos are missing: 2_kitchen.jpg;"),
    "many are": (
        gone(*[f"{n}_{view}.jpg" for n in (1, 2) for view in houses.VIEWS[:3]]),
        "6 of 8 photos are missing: 1_frontal.jpg, 1_kitchen.jpg, 1_bedroom.jpg, 2_frontal.jpg, "
        "2_kitchen.jpg and 1 more;",
    ),
    "a photo too many": (
        lambda folder: shutil.copy(folder / "1_frontal.jpg", folder / "3_frontal.jpg"),
        "1 photos belong to none of the 2 houses of HousesInfo.txt: 3_frontal.jpg",
    ),
    "no table": (gone(houses.INFO), "HousesInfo.txt: no such file"),
    "an empty table": (written("\n"), "no houses in it"),
    "a gap": (written(INFO.replace("\n", "\n\n", 1)), "line 2: expected 5 numbers"),
    "a cell too few": (written("4 4 4053 85255\n"), "line 1: expected 5 numbers"),
    "a word": (written(INFO + "3 2 n/a 1 2\n"), "line 3: expected 5 numbers"),
    "no text": (lambda f: (f / houses.INFO).write_bytes(b"\xff\xfe\x00"), "not a text file"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_set_is_one_line_and_nothing_is_written(name, source, tmp_path):
    change, said = FAULTS[name]
    change(source)
    result = invoke(source, tmp_path / "out")
    assert result.exit_code == 2 and said in result.output
    assert str(source) in result.output and result.output.strip().count("\n") == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inner", ["", "below/deeper", "../set/below"])
def test_the_source_is_never_written_to(inner, source):
    before = digest(source)
    result = invoke(source, source / inner)
    assert result.exit_code == 2 and "stays as it is" in result.output
    assert digest(source) == before and not (source / "below").exists()


def test_without_a_folder_there_is_one_line(tmp_path):
    assert "no such folder" in invoke(tmp_path / "none", tmp_path / "out").output
    (tmp_path / "file").write_text("")
    (tmp_path / "set").mkdir()
    assert "not a folder" in invoke(tmp_path / "set", tmp_path / "file").output


def lay(folder: Path) -> None:
    """A tree with the feed's own contract, and params.yaml with what the feed changes in it."""
    shutil.copytree(ROOT / "configs/feeds/houses", folder / "configs/feeds/houses")
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    own = yaml.safe_load((ROOT / "configs/feeds/houses/params.yaml").read_text())
    for name, value in params.flatten_params({"base": {"feed": "houses"}} | own).items():
        *path, last = name.split(".")
        section = settings
        for part in path:
            section = section[part]
        section[last] = value
    settings["base"]["feed"] = "houses"
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))


@pytest.mark.real
def test_the_real_houses_from_the_published_set_to_vectors(real_data, tmp_path, monkeypatch):
    """By the commands of the docs; each house has four rooms, and pictures that several houses
    show hold those together."""
    lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert invoke(real_data / "houses", tmp_path / "in").exit_code == 0
    for name in ("houses.csv", "houses.zip"):
        arguments = ["--feed", "houses", "--from", f"in/{name}", "--domain", "sale"]
        run_command(import_file.main, *arguments, code=0)
    for stage in ("staging", "photos", "normalize", "screen", "features", "split", "embed"):
        result = stage_runner.stage(tmp_path, stage)
        assert result.exit_code == 0, result.output

    counts = stage_runner.metrics(tmp_path, "staging")
    assert (counts["rows_in"], counts["clean"], counts["quarantined"]) == (160, 160, 0)
    assert stage_runner.metrics(tmp_path, "photos")["listings"]["sale"]["missing"] == 0
    told = stage_runner.metrics(tmp_path, "split")["sale"]
    assert told["grouped"] == "no sale has a close date" and told["groups_by_picture"] > 0
    assert told["train"] + told["test"] == 160 and 32 <= told["test"] <= 40
    assert "no closed rows" in stage_runner.metrics(tmp_path, "split")["rental"]["skipped"]

    vectors = pd.read_parquet(tmp_path / "data/embed/vectors.parquet")
    rooms = vectors.groupby("listing_key")["room"].agg(set)
    whole = sum(one == {"front", "kitchen", "bedroom", "bath"} for one in rooms)
    assert len(rooms) == 160 and whole >= 159  # one house shows one photo as two rooms
    lines = (tmp_path / "data/photos/manifest.jsonl").read_text().splitlines()
    same = pd.Series([json.loads(line)["sha1"] for line in lines]).nunique()
    assert vectors["picture"].nunique() < same  # copies that are not equal to the byte
    roles = pd.read_parquet(tmp_path / "data/split/sale.parquet").set_index("listing_key")
    placed = vectors.join(roles, on="listing_key").groupby("picture")[["role", "fold"]].nunique()
    assert (placed == 1).all(axis=None)
    table = pd.read_parquet(tmp_path / "data/features/sale.parquet")
    assert {"living_area", "postal_code"} <= set(
        training_table.dateless_inputs(list(table.columns))
    )


def test_the_contract_refuses_another_table(tmp_path, monkeypatch):
    lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("other.csv").write_text("house,area\n1,2\n")
    result = run_command(import_file.main, "--feed", "houses", "--from", "other.csv", code=2)
    assert "zip" in result.output
    with pytest.raises(RemlError, match="no such file"):
        houses.read_houses(tmp_path / houses.INFO)
