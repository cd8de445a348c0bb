"""Imports that start faster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hide_packages(*packages: str) -> Iterator[None]:
    """While it lasts, `packages` that nobody has imported yet look as if not installed.

    For a library that imports an optional one, whole and slowly, for parts that we do not use:
    those fail for as long as the process lives. No other thread may import meanwhile.
    """
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: ImportError
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
