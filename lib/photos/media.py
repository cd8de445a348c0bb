"""`manifest.json` of a bundle: RESO Media records, which say a photo's order, room and permission.

A record belongs to a photo of its listing by file name, by media key, or, where the numbers in
the listing's file names are exactly the records' `Order`, by number. Nothing else is guessed: if a
withheld record of a listing belongs to no photo there, each photo that no other record names may
be the one, and is withheld too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

WITHHELD = {"private", "agentonly", "firmonly", "officeonly"}  # RESO permissions short of public


@dataclass(frozen=True)
class Media:
    """One record: media key, listing as the record names it, path in its URL, order, room label,
    whether it is withheld and whether it is the listing's preferred photo."""

    key: str
    listing: str
    path: str
    order: int | None
    room: str | None
    withheld: bool
    preferred: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def parse(content: bytes) -> tuple[list[Media], list[str]]:
    """(records, faults) of a manifest's bytes. Never raises: what cannot be read is a fault."""
    try:
        parsed = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return [], [f"invalid JSON: {str(error)[:120]}"]
    for name in ("media", "Media", "value"):
        if isinstance(parsed, dict) and name in parsed:
            parsed = parsed[name]
    if not isinstance(parsed, list):
        return [], ["neither a list nor an object with `media` or `value`"]
    faults = [f"record {n} is no object" for n, one in enumerate(parsed) if not _is_record(one)]
    return [_record(one) for one in parsed if _is_record(one)], faults


def _is_record(one: object) -> bool:
    return isinstance(one, dict)


def _record(one: dict[str, Any]) -> Media:
    order = _text(one.get("Order"))
    return Media(
        key=_text(one.get("MediaKey")),
        listing=_text(one.get("ResourceRecordKey")) or _text(one.get("ResourceRecordID")),
        path=_path(_text(one.get("MediaURL"))),
        order=int(order) if order.isascii() and order.isdigit() and len(order) < 7 else None,
        room=_text(one.get("ImageOf"))[:80] or None,
        withheld=_withheld(one.get("Permission")),
        preferred=_text(one.get("PreferredPhotoYN")).lower() in ("true", "1", "y", "yes"),
    )


def _withheld(permission: object) -> bool:
    """Whether a permission (text, comma-joined text or list) names less than the public."""
    parts = permission if isinstance(permission, list) else [permission]
    words = [word for part in parts for word in str(part or "").split(",")]
    return any("".join(filter(str.isalnum, word)).lower() in WITHHELD for word in words)


def _text(value: object) -> str:
    """A scalar as printable text; lists give their first member."""
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "".join(letter for letter in str(value).strip() if letter.isprintable())


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:  # brackets that are no address
        return url


def assign(photos: list[dict[str, Any]], records: list[Media]) -> tuple[dict[int, Media], set[int]]:
    """For one listing: (position of a photo -> its record, positions to withhold).

    `photos` have `name` (last part of the entry's name, lower case) and `number` (in that name,
    or None).
    """
    pairs = _by_name(photos, records) or _by_number(photos, records)
    found: dict[int, Media] = {}
    withheld: set[int] = set()
    for position, r in pairs:
        found.setdefault(position, records[r])
        if records[r].withheld:
            withheld.add(position)
    placed = {r for _, r in pairs}
    if any(record.withheld and r not in placed for r, record in enumerate(records)):
        withheld |= set(range(len(photos))) - set(found)
    return found, withheld


def _by_name(photos: list[dict[str, Any]], records: list[Media]) -> list[tuple[int, int]]:
    """Pairs whose file name is the last part of the URL, or whose file is called by the key."""
    called: dict[str, list[int]] = defaultdict(list)
    for position, photo in enumerate(photos):
        for name in {photo["name"], PurePosixPath(photo["name"]).stem}:
            called[name].append(position)
    return [
        (position, r)
        for r, record in enumerate(records)
        for name in sorted({PurePosixPath(record.path).name.lower(), record.key.lower()} - {""})
        for position in called.get(name, [])
    ]


def _by_number(photos: list[dict[str, Any]], records: list[Media]) -> list[tuple[int, int]]:
    """Pairs by order, where both sides have the same numbers, each once."""
    orders = {record.order: r for r, record in enumerate(records)}
    numbers = {photo["number"]: p for p, photo in enumerate(photos)}
    whole = len(orders) == len(records) and len(numbers) == len(photos)
    if not whole or None in orders or set(orders) != set(numbers):
        return []
    return [(numbers[order], r) for order, r in orders.items()]
