"""The workflow that comments on pull requests: what it may do, and that its script does it."""

import os
import re
import subprocess

import yaml

from tests.support.dag import ROOT

TEXT = (ROOT / ".github/workflows/pr-comment.yml").read_text()
FLOW = yaml.safe_load(TEXT)
JOBS = FLOW["jobs"]
RUNS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]


def test_it_has_the_least_permissions_and_never_runs_a_forks_code_with_them():
    assert FLOW["permissions"] == {}
    assert JOBS["compare"]["permissions"] == {"contents": "read"}
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}
    assert "pull_request_target" not in TEXT and "workflow_run" not in TEXT
    used = [step.get("uses", "") for step in JOBS["comment"]["steps"]]
    assert not any("checkout" in one for one in used), "the job that may write runs no code of ours"
    (checkout,) = [s for s in JOBS["compare"]["steps"] if "checkout" in s.get("uses", "")]
    assert checkout["with"]["persist-credentials"] is False


def test_nothing_from_outside_is_put_into_a_shells_text():
    assert RUNS
    for text in RUNS:
        assert "${{" not in text
    named = re.findall(r"\$\{\{ (github\.event[\w.]+)", TEXT)
    assert set(named) <= {
        "github.event.pull_request.number",
        "github.event.pull_request.head.repo.full_name",
    } | {"github.event.pull_request"}


def git(folder, *arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_script_compares_the_merge_with_what_it_is_merged_into(tmp_path):
    """In a repository with a merge, `make` a stub that writes what it runs on."""
    folder, stubs = tmp_path / "work", tmp_path / "stubs"
    folder.mkdir()
    stubs.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "code").write_text("base")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    git(folder, "checkout", "-qb", "branch")
    (folder / "code").write_text("changed")
    git(folder, "commit", "-qam", "change")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "branch")
    (stubs / "make").write_text(
        "#!/bin/sh\n"
        'echo "$*" >>"$CALLS"\n'
        '[ "$1" = repro ] && cat code >figures\n'
        'case "$*" in *pr-comment*) git show "${3#BASE=}:figures"; echo; cat figures;; esac\n'
    )
    (stubs / "make").chmod(0o755)
    own = {"PATH": f"{stubs}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"),
           "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}  # fmt: skip
    (script,) = [text for text in RUNS if "pr-comment" in text]
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=os.environ | own, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[:2] == ["repro", "repro"] and calls[2].startswith("--silent pr-comment BASE=")
    assert (folder / "comment.md").read_text() == "base\nchanged"
    assert (tmp_path / "summary").read_text() == "base\nchanged"
