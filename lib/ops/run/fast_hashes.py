"""What DVC in this process has hashed or read once is not hashed or read again.

For each stage DVC walks every folder that the stage depends on, file by file and through its
patterns of what to ignore, although all stages share `lib/common` and several the photos; and it
reads params.yaml anew. `use_fast_hashes` keeps what came of it by the names, times of change,
sizes, inodes and modes of the files (DVC itself goes by fewer of them), and asks DVC where any of
them differs. The lock that a run leaves is the same (tested).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IGNORED = ("__pycache__", ".pytest_cache", ".venv")  # folders of .dvcignore

Signature = tuple[tuple[Any, ...], ...]


def stat_signature(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file: its content's time (ns), its own, size, inode and mode."""
    return (
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
    )


def sign_files(path: str) -> Signature | None:
    """Name and `stat_signature` of each file below `path`, or of the file that it is; None where it
    is neither."""
    found = []
    todo = [path]
    try:
        if not Path(path).is_dir():
            status = Path(path).stat()
            return ((path, *stat_signature(status)),)
        while todo:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        todo += [entry.path] * (entry.name not in IGNORED)
                    elif not entry.name.endswith(".pyc"):
                        found.append((entry.path, *stat_signature(entry.stat())))
    except OSError:
        return None
    return tuple(sorted(found))


class FileMemo:
    """Results by a key, each for as long as the files that it was made of stay as they were."""

    def __init__(self) -> None:
        self.kept: dict[Any, tuple[Signature, Any]] = {}

    def recall(self, key: Any, path: str, make: Callable[[], Any]) -> Any:
        signature = sign_files(path)
        if signature is None:
            return make()
        if key not in self.kept or self.kept[key][0] != signature:
            self.kept[key] = signature, make()
        return self.kept[key][1]


@contextmanager
def use_fast_hashes() -> Iterator[None]:
    """While it lasts, DVC in this process hashes files and reads params.yaml once per change."""
    from dvc.dependency import param
    from dvc.output import Output

    build, hash_meta, load = Output._build, Output._get_hash_meta, param.load_path
    memory = FileMemo()

    def build_once(self: Any, *args: Any, **settings: Any) -> Any:
        """Outs are left to DVC: it stages what it is about to keep of them."""
        if not self.IS_DEPENDENCY or self.protocol != "local":
            return build(self, *args, **settings)
        key = ("build", self.fs_path, self.hash_name, bool(settings.get("dry_run")))
        return memory.recall(key, self.fs_path, lambda: build(self, *args, **settings))

    def hash_once(self: Any) -> Any:
        if self.protocol != "local":
            return hash_meta(self)
        key = ("hash", self.fs_path, self.hash_name)
        return memory.recall(key, self.fs_path, lambda: hash_meta(self))

    def load_once(path: Any, fs: Any, **settings: Any) -> Any:
        if settings or fs.protocol != "local":
            return load(path, fs, **settings)
        return memory.recall(("load", os.fspath(path)), os.fspath(path), lambda: load(path, fs))

    Output._build, Output._get_hash_meta, param.load_path = build_once, hash_once, load_once
    try:
        yield
    finally:
        Output._build, Output._get_hash_meta, param.load_path = build, hash_meta, load
