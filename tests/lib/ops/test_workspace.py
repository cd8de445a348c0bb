"""lib/ops/workspace.py: params.yaml comes back after a run that was killed, and only then."""

import json
import os
import subprocess

import pytest

from lib.ops import workspace

OWN = "base:\n  feed: demo   # a comment\n"
OTHER = "base:\n  feed: king_county\n"


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (
        ["init", "-q"],
        ["config", "user.email", "a@b.c"],
        ["config", "user.name", "n"],
    ):
        subprocess.run(["git", *command], check=True)
    (tmp_path / "params.yaml").write_text(OWN)
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", "x"], check=True)
    return tmp_path


def kept_by(pid):
    workspace.keep_params()
    kept = json.loads(workspace.KEPT.read_text())
    workspace.KEPT.write_text(json.dumps(kept | {"pid": pid}))


def test_what_a_killed_run_left_is_taken_back_from_git_too(repository):
    kept_by(2**22 + 1)  # no such process
    (repository / "params.yaml").write_text(OTHER)
    subprocess.run(["git", "add", "."], check=True)
    workspace.restore_params()
    assert (repository / "params.yaml").read_text() == OWN
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True)
    assert "params.yaml" not in status.stdout and not workspace.KEPT.exists()


def test_a_run_that_still_lives_is_left_alone(repository):
    kept_by(os.getppid())
    (repository / "params.yaml").write_text(OTHER)
    workspace.restore_params()
    assert (repository / "params.yaml").read_text() == OTHER and workspace.KEPT.exists()


def test_other_changes_since_are_kept(repository):
    kept_by(2**22 + 1)
    (repository / "params.yaml").write_text(OWN + "more: 1\n")
    workspace.restore_params()
    workspace.restore_params()  # and nothing kept is fine
    assert (repository / "params.yaml").read_text() == OWN + "more: 1\n"
