"""What `make` promises: help for every target, set-up once, a clean that asks first, and arguments
that reach the scripts as they were typed."""

import itertools
import re

import pytest

from tests.support.dag import ROOT
from tests.support.project_copy import copy_project

MAKEFILE = (ROOT / "Makefile").read_text()


def test_help_lists_every_target_that_people_call(clone):
    shown = clone.run("make", "help").stdout
    named = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M).group(1).split()
    for target in set(named) - {"clean-ask"}:
        assert re.search(rf"make {target}\b", shown), f"{target} has no ## comment"


def test_every_phony_target_has_a_rule():
    named = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M).group(1).split()
    assert set(named) <= set(re.findall(r"^([a-zA-Z-]+):", MAKEFILE, re.M))


def test_the_set_up_runs_once(clone):
    """Neither `make repro` nor `make test` has anything to install in a set-up environment."""
    for stamp in (".core", ".dev"):
        done = clone.run("make", "--question", f".venv/{stamp}")
        assert done.returncode == 0, f"{stamp} would be built again: {done.stdout}"


@pytest.mark.rest
def test_the_set_up_of_encoders_runs_once(clone):
    done = clone.run("make", "--question", ".venv/.photos")
    assert done.returncode == 0, f".photos would be built again: {done.stdout}"


def commands(clone, *arguments):
    """What make would run, line by line."""
    done = clone.run("make", "--dry-run", "--always-make", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_tests_need_no_torch_and_all_of_them_ask_for_everything(clone):
    asked = commands(clone, "test")
    assert not [line for line in asked if "requirements-photos" in line]
    (tests,) = [line for line in asked if "-m pytest" in line]
    *before, rest = [line for line in commands(clone, "test-all") if "-m pytest" in line]
    assert before == [tests] and "REML_TEST_ALL=1" in rest
    assert rest.endswith('-m "(rest or chaos) and not fuzz"')
    assert "REML_TEST_ALL" not in tests
    installed = [line for line in commands(clone, "test-all") if "requirements-photos" in line]
    assert installed, "torch is there when tests that need it run"


def test_every_test_is_in_one_tier():
    """Whatever marks it has: in `make test`, in the rest of `make test-all`, or in the night's."""
    tiers = [
        re.search(r"addopts = .*-m '([^']+)'", (ROOT / "pyproject.toml").read_text())[1],
        *re.findall(r'PYTEST\) .*-m "([^"]+)"', MAKEFILE),
        "chaos and fuzz",  # of `make chaos`, what test-all has not run
        re.search(r'night .*pytest .*-m "([^"]+)"', MAKEFILE)[1],
    ]
    assert len(tiers) == 4
    for has in itertools.product([True, False], repeat=3):
        marks = dict(zip(("rest", "chaos", "fuzz"), has, strict=True)) | {"hypothesis": False}
        assert [eval(tier, {}, marks) for tier in tiers].count(True) == 1, marks
    assert eval(re.search(r'pytest -q -m "(chaos)\$', MAKEFILE)[1], {}, {"chaos": True})


def test_clean_keeps_raw_data_and_caches_when_nobody_answers(clone):
    results = "runs/mine/metrics/summary.json"
    kept = ["data/raw/mine/a.csv", ".dvc/cache/files/md5/00/x", results]
    gone = ["data/staging/listings.parquet", ".ruff_cache/x"]
    for name in [*kept, *gone]:
        path = clone.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert clone.run("make", "clean").returncode == 0
    assert [name for name in kept if not (clone.folder / name).exists()] == []
    assert [name for name in gone if (clone.folder / name).exists()] == []


def test_an_old_python_is_told_plainly(clone, tmp_path):
    (clone.folder / ".venv").unlink()
    fake = tmp_path / "oldpython"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    done = clone.run("make", "repro", f"PYTHON={fake}")
    assert done.returncode != 0
    assert "is older than 3.11" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["FEED", "FROM", "SET", "PERMITTED"])
def test_arguments_are_never_run(clone, name):
    target = {"FROM": "import", "PERMITTED": "nightly"}.get(name, "run")
    feed = ["FEED=nosuch"] if name != "FEED" else []
    value = 'x"; touch ran; "$(shell touch ran)`touch ran`'
    done = clone.run("make", target, *feed, f"{name}={value}")
    assert done.returncode != 0
    assert "error: " in done.stderr and "Syntax error" not in done.stderr
    assert not (clone.folder / "ran").exists()


def test_a_file_name_arrives_as_it_is(clone):
    name = 'it\'s $HOME $(FEED) "a" b.csv'
    done = clone.run("make", "import", "FEED=king_county", f"FROM={name}")
    assert f"error: {name}: no such file" in done.stderr


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["run"], "which feed? make run FEED=name"),
        (["run", "FEED="], "which feed? make run FEED=name"),
        (["run", "FEED=demo"], "feed demo: `make repro` runs it"),
        (["import"], "which feed? make import FEED=name FROM=path.csv"),
        (["import", "FROM=a.csv"], "which feed? make import FEED=name FROM=path.csv"),
        (["import", "FEED=king_county"], "which file? make import FEED=king_county FROM=path.csv"),
        (["run", "FEED=king_county", "SET=split.folds"], "'split.folds': no NAME=VALUE"),
        (["run", "FEED=king_county", "SET=9] split.folds=3"], "'9]': no NAME=VALUE"),
    ],
)
def test_an_argument_left_out_is_told_in_one_line(clone, arguments, told):
    done = clone.run("make", *arguments)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1 and told in lines[0], done.stderr
    assert not (clone.folder / "runs").exists() and not (clone.folder / "data/raw").exists()


def test_a_folder_with_a_space_in_its_name(tmp_path):
    """Nothing is set up again, a command runs, and a set-up from nothing stays in the folder."""
    clone = copy_project(tmp_path / "my clone")
    assert clone.run("make", "--question", ".venv/.core").returncode == 0
    done = clone.run("make", "run", "FEED=king_county")
    assert "data/raw/king_county: no such folder" in done.stderr
    (clone.folder / ".venv").unlink()
    fake = (
        tmp_path / "python"
    )  # makes a .venv of commands that write down what they are called with
    fake.write_text(
        "#!/bin/sh\n"
        '[ "$2" = venv ] || exit 0\n'
        'mkdir -p "$3/bin"\n'
        "for name in python dvc; do\n"
        '  printf \'#!/bin/sh\\necho "$0 $*" >>calls\\n\' >"$3/bin/$name"\n'
        '  chmod +x "$3/bin/$name"\n'
        "done\n"
    )
    fake.chmod(0o755)
    done = clone.run("make", ".venv/.core", f"PYTHON={fake}")
    assert done.returncode == 0, done.stderr
    calls = (clone.folder / "calls").read_text()
    assert f"core.site_cache_dir {clone.folder}/.dvc/site-cache" in calls
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("my")] == ["my clone"]
