"""Which files are in a folder of images: bundles, manifests, and what is neither, by kind."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from lib.photos.bundles.media_records import PICTURES, is_manifest

BUNDLE, MANIFEST = "bundle", "manifest"
ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tbz2", ".tgz", ".txz", ".xz", ".zipx", ".zst"}


def list_inventory(folders: list[Path]) -> dict[str, list[Path]]:
    """All files below `folders` by kind, in a fixed order; a folder is named where it is called
    like a bundle, or is a link and so not looked into. Hidden files are left out."""
    by_kind: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        for where, inner, files in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            for name in inner:
                path = Path(where, name)
                if path.is_symlink():
                    by_kind["link to a folder"].append(path)
                elif path.suffix.lower() == ".zip":
                    by_kind["folder called .zip"].append(path)
            for name in files:
                if not name.startswith("."):
                    by_kind[_kind(Path(where, name))].append(Path(where, name))
    return {kind: sorted(paths) for kind, paths in sorted(by_kind.items())}


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if not path.exists():
        return "link that leads nowhere"
    if not path.is_file():
        return "not a plain file"
    if suffix == ".zip":
        return BUNDLE
    if is_manifest(path.name):
        return MANIFEST
    if suffix in ARCHIVES:
        return "archive other than zip"
    return "picture outside a bundle" if suffix in PICTURES else "other file"
