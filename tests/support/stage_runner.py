"""Shared by tests that run the whole spine in a folder: staging to report, in this process."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from click.testing import Result

from lib import demo
from lib.common import io
from tests.support.commands import run_command
from tests.support.dag import ROOT, STAGES

SPINE = [name for name in STAGES if name not in ("demo", "sample", "eda", "tune")]
SMALL = {"num_iterations": 20, "passes": 10}  # these tests look for faults, not for accuracy
EACH = ("train", "fuse")  # stages that run once a variant


def lay(folder: Path, contract: str, files: dict[str, bytes], **changes: dict) -> Path:
    """A tree with one feed called `small`: contract, raw files, and params.yaml with the sections
    in `changes` updated by the keys that they name."""
    params = yaml.load((ROOT / "params.yaml").read_text(), yaml.CSafeLoader)
    params["base"]["feed"] = "small"
    for model in [part for name in EACH for part in params[name].values()]:
        model.update({name: count for name, count in SMALL.items() if name in model})
    for section, keys in changes.items():
        params[section].update(keys)
    for section in ("evaluate", "ablate", "explain", "cards"):
        params[section]["draws"] = 20
    params["explain"] |= {"inputs": 2} | changes.get("explain", {})  # a drawing each
    whole = {f"data/raw/small/{name}": content for name, content in files.items()} | {
        "configs/feeds/small/contract.yaml": contract.encode(),
        "params.yaml": yaml.safe_dump(params).encode(),
    }
    for name, content in whole.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def shrink(params: dict) -> None:
    """A small market, few variants, few trees and draws: for tests that are not about accuracy.

    Both domains are valued, and every stage has something to do."""
    params["demo"] |= {"sales": 900, "rentals": 150, "actives": 60}
    chosen = {
        "train": ["sale_linear", "sale_lightgbm", "sale_aware", "rental_linear", "rental_lightgbm"],
        "fuse": ["sale_photo_trees"],
    }
    for stage, names in chosen.items():
        params[stage]["variants"] = {name: params[stage]["variants"][name] for name in names}
        for model in params[stage].values():
            if "num_iterations" in model:
                model["num_iterations"] = 50
    blends = {
        "sale_blend": {
            "domain": "sale", "members": ["sale_linear", "sale_lightgbm", "sale_photo_trees"]
        },
        "rental_blend": {"domain": "rental", "members": ["rental_linear", "rental_lightgbm"]},
    }  # fmt: skip
    params["blend"]["variants"] = blends
    params["split"]["minimum_train"] = 60  # so few rentals
    params["tune"]["variant"] = "sale_lightgbm"
    params["ablate"]["variants"] = []
    for stage in ("evaluate", "ablate", "explain", "cards"):
        params[stage]["draws"] = 20


def stage(folder: Path, name: str, *arguments: str) -> Result:
    """Run one stage; a traceback of it passes through and fails the test."""
    command = importlib.import_module(f"scripts.valuation.{name}").main
    return run_command(command, *arguments, folder=folder, REML_CACHE_DIR=str(folder / "cache"))


def stage_demo_feed(folder: Path, names: Iterable[str], **settings: Any) -> None:
    """Generate a demo feed in `folder` and run stages on it, with the project's params."""
    for path, content in demo.generate_feed(**settings).files.items():
        io.write_bytes(folder / "data/raw/demo" / path, content)
    shutil.copytree(ROOT / "configs", folder / "configs")
    shutil.copy(ROOT / "params.yaml", folder)
    assert run(folder, names) == ""


def run(folder: Path, names: Iterable[str] = tuple(SPINE)) -> str:
    """Run every stage of the spine, or those named; "" or the one line in which a stage stopped.

    A traceback of any stage passes through and fails the test.
    """
    sections = yaml.safe_load((folder / "params.yaml").read_text())
    for name in names:
        each = [[one] for one in sections[name]["variants"]] if name in EACH else [[]]
        for arguments in each:
            result = stage(folder, name, *arguments)
            if result.exit_code:
                last = result.output.strip().splitlines()[-1]
                assert result.exit_code == 2 and last.startswith("error: "), result.output
                return f"{name}: {last}"
    return ""


def metrics(folder: Path, name: str) -> dict:
    """The content of metrics/<name>.json."""
    return json.loads((folder / f"metrics/{name}.json").read_text())


def assert_sane(folder: Path) -> None:
    """No out holds an infinity, and no valuation is missing or beyond its interval."""
    for path in sorted((folder / "data").rglob("*.parquet")):
        frame = pd.read_parquet(path)
        numbers = frame.select_dtypes("number").to_numpy(float)
        assert not np.isinf(numbers).any(), path
        if path.name == "predictions.parquet" and len(frame):
            assert frame["log_estimate"].notna().all(), path
    for path in [path for name in EACH for path in (folder / "data" / name).rglob("model.json")]:
        assert "NaN" not in path.read_text() and "Infinity" not in path.read_text(), path
    valued = pd.read_csv(folder / "data/predict/valuations.csv")
    if len(valued):
        assert (valued["pred_close_price"] > 0).all()
        assert (valued["pred_low_90"] <= valued["pred_close_price"]).all()
        assert (valued["pred_close_price"] <= valued["pred_high_90"]).all()


def assert_missing_parts_are_told(folder: Path) -> None:
    """The first page of a run on King County's real sales says what they lack."""
    page = (folder / "data/report/index.html").read_text()
    for text in (
        "King County house sales (real)",
        "No photo bundles",
        "No rental valuations",
        "No modification timestamps",
    ):
        assert text in page
    assert "Synthetic data" not in page
