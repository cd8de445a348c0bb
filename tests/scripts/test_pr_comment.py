"""The comment under a pull request, between two commits of a pipeline that has run."""

import json
import os
import shutil

import pytest
import yaml

from scripts.ops import pr_comment


def comment(clone, base="HEAD^", code=0):
    done = clone.call(pr_comment.main, "--base", base)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def copied(revised, tmp_path_factory):
    """Python and DVC leave files of their own in it, tests none."""
    return revised.copy(tmp_path_factory.mktemp("revised") / "copy")


@pytest.fixture(scope="module")
def text(copied):
    return comment(copied)


def test_it_is_byte_stable(copied, text):
    """Whatever order sets and dictionaries of strings have: this process has one of its own."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    command = ["env", f"PYTHONHASHSEED={seed}", "python", "-m", "scripts.ops.pr_comment"]
    done = copied.run(*command, "--base", "HEAD^")
    assert (done.returncode, done.stdout) == (0, text), done.stderr


def test_it_tells_figures_intervals_parameters_and_hashes(revised, text):
    assert "| `blend.level.days` | `14` | `60` |" in text.replace("_", ".")
    assert "**Synthetic data**" in text
    assert "`sale_blend` MdAPE:" in text and "95 % interval" in text
    assert "| `sale_blend` | mdape | " in text and "] | " in text
    locks = [
        {
            out["path"]: out["md5"]
            for stage in yaml.safe_load(content)["stages"].values()
            for out in stage["outs"]
        }["data/blend"][:8]
        for content in (
            revised.git("show", "HEAD^:dvc.lock"),
            (revised.folder / "dvc.lock").read_text(),
        )
    ]
    assert locks[0] != locks[1]
    assert f"| `data/blend` | `{locks[0]}` | `{locks[1]}` | changed |" in text
    assert "`sale_linear`" not in text, "a variant that nothing touched"


def test_against_itself_nothing_moved(copied):
    text = comment(copied, "HEAD")
    assert "None: every figure" in text and "None changed." in text
    path = copied.folder / "metrics/evaluate.json"
    sales = json.loads(path.read_text())["variants"]["sale_blend"]["sales"]
    assert f"`sale_blend` MdAPE: the same ({sales} sales)" in text and sales > 100
    assert "changed |" not in text


def test_a_base_without_figures_and_one_that_does_not_exist(copied):
    first = copied.git("rev-list", "--max-parents=0", "HEAD").strip()
    assert comment(copied, first)
    told = comment(copied, "nosuch", code=2)
    assert told.splitlines() == [
        "error: BASE=nosuch: git knows no such revision; name a branch, a tag or a commit "
        "(a branch of the remote: git fetch origin main, then BASE=origin/main)"
    ]


def test_a_variant_that_is_gone_and_a_cache_that_lacks_the_base(revised, tmp_path):
    """The base's cache is lost; now a variant is taken out of the summary, as if retired."""
    copied = revised.copy(tmp_path / "copy")
    path = copied.folder / "metrics/summary.json"
    summary = yaml.safe_load(path.read_text())
    gone = summary.pop("sale_linear")
    path.write_text(yaml.safe_dump(summary))
    assert gone["mdape"]
    shutil.rmtree(copied.folder / ".dvc/cache")
    text = comment(copied)
    assert "| `sale_linear` | mdape | " in text and "| gone |" in text
    assert "no comparison sale by sale: `data/evaluate/predictions.parquet` of the base" in text
    assert "Not known: no variant could be compared sale by sale." in text
    assert "These results are not those of the code and parameters here" in text
