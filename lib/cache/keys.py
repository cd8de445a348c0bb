"""Keys of what a cache keeps: hashes of files, code, settings and versions, as one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from lib.common.io import file_sha256


def key_of(*parts: str) -> str:
    """One key from hashes, settings and versions, in the order given."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def code_hash(files: Iterable[Path]) -> str:
    """One hash of source files, by name and content, whatever their order."""
    return key_of(*(part for file in sorted(files) for part in (file.name, file_sha256(file))))


def room_files(*modules: ModuleType) -> list[Path]:
    """Every file of the folders that the modules lie in: code, and what it opens beside itself."""
    rooms = {Path(str(module.__file__)).parent for module in modules}
    return sorted(path for room in rooms for path in room.iterdir() if path.is_file())
