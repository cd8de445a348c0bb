"""`accuracy`: it reads each variant's test sales by key, and names a feed that is not there."""

import numpy as np
import pandas as pd
from click.testing import CliRunner

from scripts.ops import accuracy

DAY = pd.Timestamp("2024-01-01")


def test_a_feed_that_is_not_there_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(accuracy.main, ["--feed", "nosuch"])
    assert done.exit_code == 2
    assert "data/raw/nosuch: no such folder; bring the sales in with make import" in done.output


def test_test_sales_stand_beside_each_variants_estimate(tmp_path):
    """Whatever order the files have; sales of the past and other domains stay out."""
    keys = ["a", "b", "c"]
    for root, name, estimates in (
        ("train", "sale_linear", [1.0, 2.0, 3.0]),
        ("blend", "sale_blend", [30.0, 20.0, 10.0]),
        ("train", "rental_linear", [0.0, 0.0, 0.0]),
    ):
        table = pd.DataFrame(
            {
                "listing_key": keys if root == "train" else keys[::-1],
                "role": ["train", "test", "test"] if root == "train" else ["test", "test", "train"],
                "as_of": DAY,
                "close_price": 5.0,
                "log_estimate": np.log(np.maximum(estimates, 1e-9)),
            }
        )
        folder = tmp_path / "data" / root / name
        folder.mkdir(parents=True)
        table.to_parquet(folder / "predictions.parquet")
    got = accuracy.read_test_sales(tmp_path)
    assert list(got) == ["as_of", "close_price", "sale_linear", "sale_blend"]
    assert got["sale_linear"].round(9).to_dict() == {"b": 2.0, "c": 3.0}
    assert got["sale_blend"].round(9).to_dict() == {"b": 20.0, "c": 30.0}
