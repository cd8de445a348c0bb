"""What every fit writes beside its model: learning curves, or why there are none."""

import http.server
import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd

from lib.models.variants.training import fit_variant

CURVES = pd.DataFrame(
    {"step": [10, 20, 30], "training": [0.3, 0.2, 0.123456789], "folds": [0.4, 0.3, 0.31]}
)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_curves_hold_steps_and_errors_and_nothing_else(tmp_path, monkeypatch):
    """The same bytes again, whatever lies there and DVCLive's variable says."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "plots"
    fit_variant.write_learning_curves(CURVES, folder)
    first = files(folder)
    assert list(first) == [
        "metrics.json",
        "plots/metrics/mape/folds.tsv",
        "plots/metrics/mape/training.tsv",
    ]
    told = first["plots/metrics/mape/training.tsv"].decode()
    assert told == "step\ttraining\n10\t0.3\n20\t0.2\n30\t0.123457\n"
    assert json.loads(first["metrics.json"]) == {
        "mape": {"training": 0.123457, "folds": 0.31},
        "step": 30,
    }
    monkeypatch.setenv("DVCLIVE_RESUME", "true")
    fit_variant.write_learning_curves(CURVES, folder)
    assert files(folder) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plots"], "no dvc.yaml, no report"


def test_nothing_is_sent_to_a_studio_whose_token_lies_about(tmp_path, monkeypatch):
    asked = []

    class Studio(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.send_error(500)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Studio)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STUDIO_OFFLINE", raising=False)
    for name, value in (
        ("TOKEN", "secret"),
        ("REPO_URL", "git@example.org:a/b.git"),
        ("URL", f"http://127.0.0.1:{server.server_port}"),
    ):
        monkeypatch.setenv(f"DVC_STUDIO_{name}", value)
    fit_variant.write_learning_curves(CURVES, tmp_path / "plots")
    server.shutdown()
    assert asked == []


def test_a_kind_without_sales_has_no_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit_variant.write_learning_curves(CURVES.assign(folds=np.nan), tmp_path / "plots")
    assert "plots/metrics/mape/folds.tsv" not in files(tmp_path / "plots")


def test_a_skipped_variant_leaves_the_reason_in_place_of_a_curve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit_variant.skip_variant(Path("data/train/sale_some"), "too few sales")
    assert files(tmp_path / "plots/train/sale_some") == {
        "metrics.json": b'{\n  "skipped": "too few sales"\n}\n'
    }
