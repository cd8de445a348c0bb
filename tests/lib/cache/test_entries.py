"""The cache: finished entries only, whatever is killed or runs at the same time."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lib.cache.entries import cache_root, find_or_build
from lib.cache.keys import code_hash, key_of


@pytest.fixture(autouse=True)
def own_root(tmp_path, monkeypatch):
    monkeypatch.setenv("REML_CACHE_DIR", str(tmp_path / "cache"))


def fill(text: str):
    return lambda folder: (folder / "x").write_text(text)


def test_an_entry_is_built_once():
    first = find_or_build("kind", "key", fill("one"))
    again = find_or_build("kind", "key", fill("two"))
    assert first == again == cache_root() / "kind/key"
    assert (again / "x").read_text() == "one"


def test_the_root_is_in_the_home_folder_unless_told(monkeypatch):
    monkeypatch.delenv("REML_CACHE_DIR")
    assert cache_root() == Path.home() / ".cache/reml"


def test_a_build_that_fails_leaves_nothing():
    def broken(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        find_or_build("kind", "key", broken)
    assert list((cache_root() / "kind").iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_what_a_running_one_builds_is_not():
    code = (
        "import os, signal; from lib.cache.entries import find_or_build\n"
        "def build(folder):\n"
        "    (folder / 'half').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "find_or_build('kind', 'key', build)"
    )
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "."})
    assert killed.returncode == -9
    left = list((cache_root() / "kind").iterdir())
    assert len(left) == 1 and not (cache_root() / "kind/key").exists()
    live = cache_root() / f"kind/.key.{os.getppid()}.abc"
    live.mkdir()
    find_or_build("kind", "key", fill("one"))
    assert sorted((cache_root() / "kind").iterdir()) == sorted([live, cache_root() / "kind/key"])


def test_of_two_that_build_the_same_one_wins_and_both_get_it():
    both = threading.Barrier(2)

    def slow(folder: Path) -> None:
        (folder / "x").write_text("same")
        both.wait(5)

    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(find_or_build("kind", "key", slow)))
        for _ in range(2)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [cache_root() / "kind/key"] * 2
    assert [path.name for path in (cache_root() / "kind").iterdir()] == ["key"]


def test_keys_tell_parts_apart(tmp_path):
    assert key_of("ab", "c") != key_of("a", "bc")
    one, two = tmp_path / "a.py", tmp_path / "b.py"
    one.write_text("1")
    two.write_text("2")
    before = code_hash([one, two])
    assert before == code_hash([two, one])
    two.write_text("3")
    assert before != code_hash([one, two])
