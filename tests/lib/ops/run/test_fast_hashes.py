"""DVC with what it hashed kept in memory leaves the lock, and runs the stages, of a plain DVC."""

import os
import subprocess
import sys

import pytest

from lib.ops.run.fast_hashes import FileMemo, sign_files
from tests.support.dag import ROOT

PIPELINE = """\
stages:
  one:
    cmd: sh one.sh
    deps: [code]
    params: [a]
    outs: [out]
  two:
    cmd: sh two.sh
    deps: [code/a.py, out]
    params: [b]
    outs: [two.txt]
  three:
    cmd: cat code/sub/b.py two.txt > three.txt
    deps: [code, out, two.txt]
    params: [a, b]
    outs:
      - three.txt: {cache: false}
"""


FILES = {
    "code/a.py": "a\n",
    "code/sub/b.py": "b\n",
    "code/__pycache__/a.pyc": "0",
    "one.sh": "mkdir -p out; cat code/a.py code/sub/b.py > out/one; touch out/two\n",
    "two.sh": "cat out/one > two.txt; echo new > code/sub/b.py; touch code/x.pyc\n",
    "dvc.yaml": PIPELINE,
    "params.yaml": "a: 1\nb: {c: 2}\n",
    ".dvcignore": "__pycache__/\n*.pyc\n",
}


def lay(folder):
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run(folder, command, *arguments):
    own = {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": f"{folder}/site"}
    line = [sys.executable, "-m", *command.split(), *arguments]
    done = subprocess.run(line, cwd=folder, env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [text for text in done.stdout.splitlines() if text.startswith(("Running", "Stage"))]


def change_params(folder):
    """Stage one, which looks at the whole of code, does not look at bytecode or at `b`."""
    (folder / "params.yaml").write_text("a: 1\nb: {c: 3}\n")
    (folder / "code/y.pyc").write_text("ignored")


def test_locks_and_what_runs_again_are_those_of_plain_dvc(tmp_path):
    told = {}
    for name, command in (("plain", "dvc"), ("fast", "scripts.ops.guarded dvc")):
        folder = tmp_path / name
        lay(folder)
        run(folder, command, "init", "--no-scm", "-q")
        told[name] = []
        for change in (
            lambda at: None,
            lambda at: None,  # code changed under way: stage one runs again
            lambda at: (at / "code/sub/b.py").write_text("NEW\n"),  # as many bytes
            change_params,
            lambda at: (at / "out/two").unlink(),
        ):
            change(folder)
            lines = run(folder, command, "repro")
            told[name].append((lines, (folder / "dvc.lock").read_text()))
    assert told["fast"] == told["plain"]
    first = told["plain"][0][0]
    assert [line.split("'")[1] for line in first if line.startswith("Running")] == [
        "one", "two", "three",
    ]  # fmt: skip


def replace(path):
    """Other content of the same length, in a new file of that name."""
    other = path.with_name("other")
    other.write_text("B")
    other.replace(path)


def rewrite_unseen(path):
    """Other content of the same length, its time put back."""
    status = path.stat()
    path.write_text("B")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        replace,
        lambda path: path.write_text("longer"),
        lambda path: path.unlink(),
        lambda path: path.chmod(0o755),
        lambda path: rewrite_unseen(path),
        lambda path: path.with_name("new.py").touch(),
        lambda path: path.rename(path.with_name("moved.py")),
    ],
)
def test_a_result_is_kept_until_a_file_changes(tmp_path, change):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a.py").write_text("A")
    memory, made = FileMemo(), []

    def ask():
        return memory.recall("key", str(tmp_path), lambda: made.append(1) or len(made))

    assert [ask(), ask()] == [1, 1]
    (tmp_path / "deep/__pycache__").mkdir()
    (tmp_path / "deep/__pycache__/a.pyc").touch()
    assert ask() == 1
    change(tmp_path / "deep/a.py")
    assert [ask(), ask()] == [2, 2]


def test_what_is_not_there_is_asked_for_each_time(tmp_path):
    memory, made = FileMemo(), []
    for _ in range(2):
        memory.recall("key", str(tmp_path / "none"), lambda: made.append(1))
    assert len(made) == 2 and sign_files(str(tmp_path / "none")) is None
