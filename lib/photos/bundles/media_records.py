"""`manifest.json` of a bundle: RESO Media records, which say a photo's order, room and permission.

A record belongs to a photo of its listing by file name, by media key, or, where the numbers in
the listing's file names are exactly the records' `Order`, by number. Nothing else is guessed: if a
withheld record of a listing belongs to no photo there, each photo that no other record names may
be the one, and is withheld too.

Exports differ in how they write them, so names of fields count without case and underscores, and
the records may be a list, lines, or a list inside an object (of a listing, say). What cannot be
understood is a fault, as it may be what marks a photo private.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

WITHHELD = {"private", "agentonly", "firmonly", "officeonly"}  # RESO permissions short of public
KEYS = ("resourcerecordkey", "resourcerecordkeynumeric", "listingkey", "listingkeynumeric")
IDS = ("resourcerecordid", "listingid")
FIELDS = {
    "mediakey", "mediaurl", "order", "imageof", "permission", "preferredphotoyn",
    "resourcerecordkey", "resourcerecordkeynumeric", "resourcerecordid",
}  # fmt: skip
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"}


@dataclass(frozen=True)
class MediaRecord:
    """One record: media key, what it calls its listing (keys first, then ids), path in its URL,
    order, room label, whether it is withheld, whether it is the listing's preferred photo, and
    the manifest (entry of the bundle) that it comes from."""

    key: str
    listings: tuple[str, ...]
    path: str
    order: int | None
    room: str | None
    withheld: bool
    preferred: bool
    manifest: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def names(self) -> set[str]:
        """What a photo's file may be called by this record, in lower case."""
        return {PurePosixPath(self.path).name.lower(), self.key.lower()} - {""}


def record_from_dict(one: dict[str, Any]) -> MediaRecord:
    """The record that `as_dict` gave, back from JSON."""
    return MediaRecord(**one | {"listings": tuple(one["listings"])})


def is_manifest(entry: str) -> bool:
    """Whether a name is a manifest's: `manifest`, whatever follows, if it is no picture's."""
    name = PurePosixPath(re.split(r"[\\/]", entry)[-1].lower())
    return name.name.split(".")[0] == "manifest" and name.suffix not in PICTURES


def parse_manifest(content: bytes, manifest: str = "") -> tuple[list[MediaRecord], list[str]]:
    """(records, faults) of a manifest's bytes. Never raises: what cannot be read is a fault."""
    records: list[dict[str, Any]] = []
    faults: list[str] = []
    try:
        text = content.decode(json.detect_encoding(content)).strip("\ufeff \t\r\n")
        at, end = _skip(text, 0), len(text)
        while at < end or not (records or faults or at):
            value, at = json.JSONDecoder().raw_decode(text, at)
            at = _skip(text, at)
            _collect(value, {}, records, faults)
    except (ValueError, RecursionError) as error:
        faults.append(f"invalid JSON: {str(error)[:120]}")
    return [_record(one, manifest) for one in records], faults


def _skip(text: str, at: int) -> int:
    """The next place that is no white space."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _collect(value: object, outer: dict[str, Any], records: list, faults: list[str]) -> None:
    """Put the records in `value` into `records`, as fields by folded name; `outer` says what the
    listing is called where a record itself does not."""
    if isinstance(value, list):
        for n, one in enumerate(value):
            if isinstance(one, dict | list):
                _collect(one, outer, records, faults)
            else:
                faults.append(f"record {n} is no object")
        return
    fields = _folded(value) if isinstance(value, dict) else {}
    named = {name: fields[name] for name in (*KEYS, *IDS) if _text(fields.get(name))}
    lists = [name for name, one in fields.items() if isinstance(one, list)]
    inside = [name for name in lists if name in ("media", "value")]
    if not inside and not FIELDS & set(fields):
        inside = lists
    if len(inside) == 1:
        _collect(fields[inside[0]], named or outer, records, faults)
    elif inside or not FIELDS & set(fields):
        faults.append("neither a list of media records nor an object with one list of them")
    else:
        records.append(fields if named else fields | outer)


def _folded(one: dict[str, Any]) -> dict[str, Any]:
    """Fields by name without case and underscores; permissions that thus become one are joined."""
    fields: dict[str, Any] = {}
    for name, value in one.items():
        folded = name.replace("_", "").strip().lower()
        if folded == "permission":
            value = [*fields.get(folded, []), *(value if isinstance(value, list) else [value])]
        fields[folded] = value
    return fields


def _record(one: dict[str, Any], manifest: str) -> MediaRecord:
    order = _text(one.get("order"))
    names = (_text(one.get(name)) for name in (*KEYS, *IDS))
    return MediaRecord(
        key=_text(one.get("mediakey")),
        listings=tuple(dict.fromkeys(name for name in names if name)),
        path=_path(_text(one.get("mediaurl"))),
        order=int(order) if order.isascii() and order.isdigit() and len(order) < 7 else None,
        room=_text(one.get("imageof"))[:80] or None,
        withheld=_withheld(one.get("permission")),
        preferred=_text(one.get("preferredphotoyn")).lower() in ("true", "1", "y", "yes"),
        manifest=manifest,
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


def assign_records(
    photos: list[dict[str, Any]], records: list[MediaRecord]
) -> tuple[dict[int, MediaRecord], set[int]]:
    """For one listing: (position of a photo -> its record, positions to withhold).

    `photos` have `name` (last part of the entry's name, lower case) and `number` (in that name,
    or None).
    """
    pairs = _by_name(photos, records) or _by_number(photos, records)
    record_at: dict[int, MediaRecord] = {}
    withheld: set[int] = set()
    for position, r in pairs:
        record_at.setdefault(position, records[r])
        if records[r].withheld:
            withheld.add(position)
    placed = {r for _, r in pairs}
    if any(record.withheld and r not in placed for r, record in enumerate(records)):
        withheld |= set(range(len(photos))) - set(record_at)
    return record_at, withheld


def _by_name(photos: list[dict[str, Any]], records: list[MediaRecord]) -> list[tuple[int, int]]:
    """Pairs whose file name is the last part of the URL, or whose file is called by the key."""
    called: dict[str, list[int]] = defaultdict(list)
    for position, photo in enumerate(photos):
        for name in {photo["name"], PurePosixPath(photo["name"]).stem}:
            called[name].append(position)
    return [
        (position, r)
        for r, record in enumerate(records)
        for name in sorted(record.names())
        for position in called.get(name, [])
    ]


def _by_number(photos: list[dict[str, Any]], records: list[MediaRecord]) -> list[tuple[int, int]]:
    """Pairs by order, where both sides have the same numbers, each once."""
    orders = {record.order: r for r, record in enumerate(records)}
    numbers = {photo["number"]: p for p, photo in enumerate(photos)}
    each_once = len(orders) == len(records) and len(numbers) == len(photos)
    if not each_once or None in orders or set(orders) != set(numbers):
        return []
    return [(numbers[order], r) for order, r in orders.items()]
