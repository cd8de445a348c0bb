"""The receipts of imports: one JSON object a line in a feed's imports.jsonl."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from lib.common.errors import RemlError

NEEDED = ("file", "sha256", "imported_at")


def read_receipts(path: Path) -> list[dict]:
    """The receipts so far, none where there is no such file; raises `RemlError` naming the first
    line that is no receipt, such as one that was cut."""
    done = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else [], 1):
        if line.strip():
            try:
                receipt = json.loads(line)
                done.append(receipt | {name: receipt[name] for name in NEEDED})
            except (ValueError, KeyError, TypeError) as error:
                raise RemlError(
                    f"{path}, line {number}: no receipt of an import; delete that line and "
                    "import the file that it was about again"
                ) from error
    return done


def list_imports(raw: Path) -> dict[str, str]:
    """File -> import time in UTC, as `make import` recorded it, in the order of imports: by time,
    and by the receipts' order within a second."""
    path = raw / "imports.jsonl"
    times: dict[str, str] = {}
    for receipt in read_receipts(path):
        try:
            moment = dt.datetime.fromisoformat(receipt["imported_at"]).astimezone(dt.UTC)
        except (ValueError, TypeError) as error:
            raise RemlError(
                f"{path}: {receipt['imported_at']!r}, the time of {receipt['file']}, is no ISO "
                "8601 time"
            ) from error
        times.pop(receipt["file"], None)  # a file's last import counts
        times[receipt["file"]] = moment.replace(tzinfo=None).isoformat()
    return dict(sorted(times.items(), key=lambda one: one[1]))
