"""scripts/acquire/weights.py on a hub cache that the test lays out, and where nothing answers."""

import os
import subprocess
import sys

import pytest

from lib.common import io
from tests.support.commands import run_command
from tests.support.dag import ROOT
from tests.support.encoders import TINY, TINY_TAG, entry, hub, params, tiny_model

pytestmark = [pytest.mark.rest, pytest.mark.usefixtures("encoders_installed")]
REPO = f"timm/{TINY}.{TINY_TAG}"


@pytest.fixture(scope="module")
def checkpoint(encoders_installed, tmp_path_factory):
    import torch

    path = tmp_path_factory.mktemp("weights") / "tiny.bin"
    torch.save(tiny_model().state_dict(), path)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf/hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


def run(name: str, code: int = 0) -> str:
    from scripts.acquire import weights

    return run_command(weights.main, name, code=code).output


def test_it_says_path_size_checksum_and_how_to_pin_them(here, checkpoint):
    where = hub(here / "hf", REPO, "pytorch_model.bin", checkpoint)
    params(here, {"tiny": entry("timm", TINY, TINY_TAG)})
    said, found = run("tiny"), io.file_sha256(checkpoint)
    assert f"{where}: {checkpoint.stat().st_size / 1e6:,.0f} MB, SHA-256 {found}" in said
    assert f"embed.encoders.tiny.sha256: {found}" in said
    assert "embed.encoder: tiny" in said


def test_a_pin_is_checked(here, checkpoint):
    hub(here / "hf", REPO, "pytorch_model.bin", checkpoint)
    found = io.file_sha256(checkpoint)
    params(here, {"tiny": entry("timm", TINY, TINY_TAG, sha256=found)})
    assert "to pin" not in run("tiny")
    params(here, {"tiny": entry("timm", TINY, TINY_TAG, sha256="0" * 64)})
    assert "sha256 in params.yaml pins 000" in run("tiny", 2)


def test_a_path_needs_no_download(here, checkpoint):
    params(here, {"tiny": entry("timm", TINY, str(checkpoint))})
    assert f"{checkpoint}: " in run("tiny")


@pytest.mark.parametrize("name, says", [
    ("tiny", f"cannot download model.safetensors of {REPO} (no internet, or HF_HUB_OFFLINE"),
    ("nope", "no encoder 'nope' in embed.encoders (descriptor, tiny)"),
    ("descriptor", "encoder descriptor is built in"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(here, name, says):
    builtin = entry("builtin", "descriptor", None)
    params(here, {"tiny": entry("timm", TINY, TINY_TAG), "descriptor": builtin})
    said = run(name, 2)
    assert says in said and said.count("\n") == 1


def test_a_real_process_honours_the_hubs_variables(tmp_path, checkpoint):
    hub(tmp_path / "home", REPO, "model.safetensors", checkpoint)
    params(tmp_path, {"tiny": entry("timm", TINY, TINY_TAG)})
    command = [sys.executable, "-m", "scripts.acquire.weights", "tiny"]
    variables = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    for home, code in (("home", 0), ("other", 2)):
        environment = os.environ | variables | {"HF_HOME": str(tmp_path / home)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert code or str(tmp_path / "home") in done.stdout
