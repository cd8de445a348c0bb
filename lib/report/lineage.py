"""Hashes by which a file or folder can be found again: those that dvc.lock records."""

from __future__ import annotations

import hashlib
import json


def md5(content: bytes) -> str:
    """The hash that DVC gives a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def folder_md5(files: dict[str, bytes]) -> str:
    """The hash that DVC gives a folder with these files, named relative to it."""
    listed = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    return md5(json.dumps(listed).encode()) + ".dir"
