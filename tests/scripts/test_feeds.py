"""Staging and photos as they are run, on feeds of other kinds: all header families of the `har`
contract, and the 160 real houses under a contract of their own."""

import hashlib
import json
import shutil
from collections import Counter, defaultdict

import pandas as pd
import pytest
import yaml

from scripts.valuation import photos, staging
from tests.support import exports
from tests.support.dag import ROOT
from tests.support.exports import HOUSES
from tests.support.gold_samples import invoke
from tests.support.photos import image, zipped


def lay(folder, feed: str, contract: bytes, files: dict[str, bytes]):
    """A tree with one feed: its contract, params.yaml and raw files."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["base"]["feed"] = feed
    files = {f"data/raw/{feed}/{name}": content for name, content in files.items()} | {
        f"configs/feeds/{feed}/contract.yaml": contract,
        "params.yaml": yaml.safe_dump(params).encode(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def run(folder) -> dict:
    """Staging, then photos: what the two counted, the tables, and the hash of every out."""
    for stage in (staging, photos):
        invoke(stage.main, folder)
    data = folder / "data"
    paths = [*(data / "staging").rglob("*"), *(data / "photos").rglob("*"),
             *(folder / "metrics").glob("*")]  # fmt: skip
    return {
        "staging": json.loads((folder / "metrics/staging.json").read_text()),
        "clean": pd.read_parquet(data / "staging/listings.parquet"),
        "manifest": [
            json.loads(line) for line in (data / "photos/manifest.jsonl").read_text().splitlines()
        ],
        "rejected": [
            json.loads(line) for line in (data / "photos/rejected.jsonl").read_text().splitlines()
        ],
        "statuses": pd.read_parquet(data / "photos/listing_photos.parquet"),
        "bytes": {
            path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.is_file()
        },
    }


@pytest.mark.parametrize("family", exports.FAMILIES)
def test_each_header_family_from_export_to_photos(family, tmp_path):
    truth, made = exports.FAMILIES[family]
    table = made()
    number = next(header for header, field in truth.items() if field == "listing_id")
    ids = table[number].drop_duplicates().tolist()
    bundle = zipped([(f"{one}/01.jpg", image(i)) for i, one in enumerate(ids[:5])])
    contract = (ROOT / "configs/feeds/har/contract.yaml").read_bytes()
    lay(tmp_path, "har", contract, {
        "export.csv": table.to_csv(index=False).encode(), "sale/images/2025-01.zip": bundle,
    })  # fmt: skip
    out = run(tmp_path)
    counts = out["staging"]
    assert counts["rows_in"] == len(table)
    assert counts["clean"] + counts["duplicates"] + counts["quarantined"] == len(table)
    assert counts["clean"] > 0.8 * len(ids) and counts["quarantined"] < 0.05 * len(table)
    assert set(out["clean"]["domain"]) == {"sale", "rental"}

    assert out["rejected"] == [] and len(out["manifest"]) == 5
    name = {row.listing_id: row.listing_key for row in out["clean"].itertuples()}
    assert {one["listing_id"]: one["listing_key"] for one in out["manifest"]} == {
        one: name.get(one) for one in ids[:5]
    }
    listings = out["statuses"].merge(out["clean"], on=["domain", "listing_key"])
    assert len(listings) == len(out["clean"]) == len(out["statuses"])
    for row in listings.itertuples():
        said = 0 if pd.isna(row.photos_count_y) else int(row.photos_count_y)
        found = int(row.listing_id in ids[:5])
        wanted = ("complete" if found >= said else "partial") if found else "missing"
        assert row.status == (wanted if found or said else "no_images")
        assert row.photos_found == found


@pytest.fixture(scope="module")
def houses(real_data):
    """(the houses as CSV, house -> its photos' names and bytes)."""
    lines = (real_data / "houses/HousesInfo.txt").read_text().split("\n")
    rows = [
        ",".join([str(n), *line.split(), "4"]) for n, line in enumerate(filter(str.strip, lines), 1)
    ]
    pictures = defaultdict(dict)
    for path in (real_data / "houses").glob("*.jpg"):
        pictures[path.name.split("_")[0]][path.name] = path.read_bytes()
    table = "\n".join(["house,bedrooms,bathrooms,area_sqft,zip,price,photos", *rows])
    return table.encode(), dict(pictures)


@pytest.mark.real
def test_the_real_houses_as_a_feed_of_their_own(houses, tmp_path):
    """One house lacks a photo, one all, and one has nothing but pictures cut short."""
    table, pictures = houses
    sent = {house: dict(some) for house, some in pictures.items()}
    fewer = next(h for h in sent if len(set(sent[h].values())) == 4)
    del sent[fewer][f"{fewer}_kitchen.jpg"]
    none, broken = [h for h in sent if h != fewer][:2]
    del sent[none]
    sent[broken] = {name: content[:300] for name, content in sent[broken].items()}
    files = {"houses.csv": table}
    for part in range(4):  # as <house>_<room>.jpg, or in a folder per house
        files[f"sale/images/part-{part}.zip"] = zipped([
            (f"{house}/{name}" if part % 2 else name, content)
            for house, some in sent.items() if int(house) % 4 == part
            for name, content in some.items()
        ])  # fmt: skip
    out = run(lay(tmp_path, "houses", HOUSES.encode(), files))

    counts = out["staging"]
    assert (counts["rows_in"], counts["clean"], counts["quarantined"]) == (160, 160, 0)
    prices = [line.split(b",")[5].decode() for line in table.split(b"\n")[1:]]
    clean = out["clean"].set_index("listing_key")["close_price"]
    assert clean[[str(n) for n in range(1, 161)]].tolist() == prices

    distinct = {house: len(set(some.values())) for house, some in sent.items()}
    good = {house: n for house, n in distinct.items() if house != broken}
    assert Counter(one["listing_key"] for one in out["manifest"]) == good
    entries = sum(map(len, sent.values()))
    assert entries == 640 - 1 - 4 and len(out["manifest"]) + len(out["rejected"]) == entries
    reasons = Counter(one["reason"] for one in out["rejected"])
    assert reasons.pop("same photo twice in a listing", 0) == sum(
        len(sent[house]) - n for house, n in good.items()
    )
    assert reasons.total() == 4 and len(reasons) == 1  # the pictures that were cut short
    statuses = dict(out["statuses"][["listing_key", "status"]].itertuples(index=False))
    assert statuses == {
        house: "missing" if house == none else "failed" if house == broken
        else "complete" if good[house] == 4 else "partial"
        for house in pictures
    }  # fmt: skip

    assert run(tmp_path)["bytes"] == out["bytes"]
    shutil.rmtree(tmp_path / "cache")
    assert run(tmp_path)["bytes"] == out["bytes"]
