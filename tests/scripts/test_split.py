"""What the split of an undated feed takes for the same picture."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from structlog.testing import capture_logs

from lib.demo.pictures import draw_photo
from lib.models.split import time_folds
from scripts.valuation import split

SPEC = time_folds.SplitParams(boundary=0.25, folds=2, fold_share=1.0, minimum_train=10)


def drawn(seed):
    content = draw_photo(np.random.default_rng(seed), "kitchen", 0.1, 0.5, None)
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Forty listings with a photo each of one kind of kitchen; k30 shows that of k02 smaller."""
    monkeypatch.chdir(tmp_path)
    lines = []
    for i in range(40):
        image = drawn(2).resize((120, 90)) if i == 30 else drawn(i)
        file = f"images/sale/k{i:02d}.jpg"
        (split.PHOTOS / file).parent.mkdir(parents=True, exist_ok=True)
        image.save(split.PHOTOS / file, quality=80)
        lines.append({"domain": "sale", "listing_key": f"k{i:02d}", "sha1": f"{i:02d}",
                      "file": file})  # fmt: skip
    other = {"sha1": "99", "file": "images/none.jpg"}
    lines.append(other | {"domain": "rental", "listing_key": "k00"})  # of another domain, and of
    lines.append(other | {"domain": "sale", "listing_key": None})  # no listing: neither is opened
    text = "".join(json.dumps(one) + "\n" for one in lines)
    (split.PHOTOS / "manifest.jsonl").write_text(text)
    return lines


def table(count=40):
    keys = [f"k{i:02d}" for i in range(count)]
    return pd.DataFrame(
        {
            "listing_key": keys, "property_key": keys, "standard_status": "Closed",
            "close_price": 100.0, "as_of": pd.Timestamp("2024-01-01"),
            "close_date": pd.Series([None] * count, dtype="datetime64[ns]"),
        }
    )  # fmt: skip


def test_a_copy_of_a_photo_joins_two_listings_and_alike_photos_do_not(shown):
    got = split.read_pictures("sale", table()["listing_key"]).set_index("listing_key")["picture"]
    assert got.pop("k30") == "02"
    assert got.to_dict() == {f"k{i:02d}": f"{i:02d}" for i in range(40) if i != 30}
    told, roles = split.split_domain(table(), SPEC, "sale", 7)
    assert told["groups_by_picture"] == 1 and told["grouped"] == "no sale has a close date"
    sides = roles.set_index("listing_key").loc[["k02", "k30"], ["role", "fold"]]
    assert len(sides.drop_duplicates()) == 1


def test_a_photo_that_cannot_be_opened_counts_by_its_sha1(shown):
    """k03 is cut off, k05 gone; k03's bytes are k02's as well, whose smaller copy k30 shows."""
    for one in shown[3], shown[30]:
        one["sha1"] = "02" if one is shown[3] else "00a"
    text = "".join(json.dumps(one) + "\n" for one in shown)
    (split.PHOTOS / "manifest.jsonl").write_text(text)
    cut, gone = (split.PHOTOS / shown[i]["file"] for i in (3, 5))
    cut.write_bytes(cut.read_bytes()[:300])
    gone.unlink()
    with capture_logs() as said:
        got = split.read_pictures("sale", table()["listing_key"]).set_index("listing_key")[
            "picture"
        ]
    assert got[["k02", "k03", "k30", "k05"]].tolist() == ["00a", "00a", "00a", "05"]
    assert [(one["event"], one["photos"]) for one in said] == [("split.photos_unread", 2)]


def test_only_photos_of_the_table_are_opened(shown, monkeypatch):
    opened = []
    read = Image.open
    monkeypatch.setattr(
        Image, "open", lambda path, **more: opened.append(path.stem) or read(path, **more)
    )
    split.read_pictures("sale", table(20)["listing_key"])
    assert sorted(opened) == [f"k{i:02d}" for i in range(20)]


def test_a_dated_feed_needs_no_photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(40), unit="D")
    dated = table().assign(close_date=days, as_of=days)
    told, _ = split.split_domain(dated, SPEC, "sale", 7)
    assert "grouped" not in told and "groups_by_picture" not in told
