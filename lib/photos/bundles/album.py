"""From unpacked bundles to albums: each listing's distinct, public photos in order."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lib.photos.bundles.match_listing import ListingIndex, match_listing
from lib.photos.bundles.media_records import MediaRecord, assign_records
from lib.photos.bundles.permissions import (
    LOST,
    PRIVATE,
    UNREAD,
    Album,
    Photo,
    album_of_match,
    album_of_record,
    albums_by_folded_name,
    manifest_folder,
    photos_below,
    photos_in_doubt,
)
from lib.photos.image.rooms import room_of_name

FIELDS = (
    "domain", "listing_key", "listing_id", "sha1", "order", "file", "width", "height", "format",
    "bytes", "phash", "room", "bundle", "entry", "had_exif", "had_gps",
)  # fmt: skip


@dataclass(frozen=True)
class Bundle:
    """A bundle of a feed, or a manifest beside the bundles: its path below the raw folder, its
    domain, its index, and the folder that the names of its entries begin in (a bundle itself).
    """

    name: str
    domain: str
    index: dict[str, Any]
    folder: str = ""

    def place(self, manifest: str) -> str:
        """The folder that a manifest in it is about."""
        return manifest_folder(self.folder or self.name, manifest)


@dataclass(frozen=True)
class Albums:
    """`photos` (records of the manifest, with `offset` and `length` of the JPEG in its bundle),
    `rejected` (bundle, entry, reason, detail), and the listings of which any entry came."""

    photos: list[Photo]
    rejected: list[dict[str, Any]]
    came: set[Album]


def gather_albums(bundles: list[Bundle], manifests: list[Bundle], listings: ListingIndex) -> Albums:
    """The albums of all listings; `manifests` are the manifests that lie beside the bundles. The
    order of `bundles` does not matter."""
    photos: list[Photo] = []
    rejected: list[dict[str, Any]] = []
    came: set[Album] = set()
    everything = sorted([*manifests, *bundles], key=lambda one: one.name)
    for bundle in everything:
        stem = PurePosixPath(bundle.name).stem
        for line in bundle.index["photos"]:
            who = match_listing(line["entry"], stem, bundle.domain, listings)
            photos.append(line | vars(who) | {"bundle": bundle.name})
        for line in bundle.index["rejected"]:
            rejected.append({"bundle": bundle.name} | line)
            if line["entry"] is not None and line["reason"] != "manifest":
                came.add(
                    album_key(vars(match_listing(line["entry"], stem, bundle.domain, listings)))
                )
    albums: dict[Album, list[Photo]] = defaultdict(list)
    for photo in photos:
        albums[album_key(photo)].append(photo)
    came |= set(albums)
    records, withheld, lost = _placed(everything, albums, photos, listings)
    kept, refused = _albums(albums, records, withheld)
    rejected += refused + lost
    rejected.sort(key=lambda one: (one["bundle"], one["entry"] or "", one["reason"], one["detail"]))
    return Albums(kept, rejected, came)


def _placed(
    bundles: list[Bundle],
    albums: dict[Album, list[Photo]],
    photos: list[Photo],
    listings: ListingIndex,
) -> tuple[dict[Album, list[MediaRecord]], dict[str, str], list[dict[str, Any]]]:
    """(records by album, reason by sha1 of photos withheld in doubt, a line for each withheld
    record that finds no photo)."""
    records: dict[Album, list[MediaRecord]] = defaultdict(list)
    nameless: dict[str, list[MediaRecord]] = defaultdict(list)
    lost: list[dict[str, Any]] = []
    unread: set[str] = set()
    by_any_name = albums_by_folded_name(albums)
    for bundle in bundles:
        stem = PurePosixPath(bundle.name).stem
        unread |= {bundle.place(name) for name in bundle.index["unread"]}
        for record in bundle.index["media"]:
            album = album_of_record(record, stem, bundle.domain, listings, by_any_name)
            if album:
                records[album].append(record)
            elif record.withheld and not record.listings:
                nameless[bundle.place(record.manifest)].append(record)
            elif not record.listings:
                who = match_listing(record.path.lstrip("/") or "-", stem, bundle.domain, listings)
                records[album_of_match(who)].append(record)
            if record.withheld and (album or record.listings) and album not in albums:
                detail = ", ".join(record.listings) or (album or ("", ""))[1]
                lost.append(
                    {"bundle": bundle.name, "entry": record.manifest or None, "reason": LOST,
                     "detail": f"{detail}: {record.path or record.key}"[:200]}
                )  # fmt: skip
    inside = photos_below(photos, unread | set(nameless))
    withheld = {photo["sha1"]: UNREAD for name in unread for photo in inside[name]}
    for name, records_there in nameless.items():
        withheld |= {
            photo["sha1"]: PRIVATE for photo in photos_in_doubt(inside[name], records_there)
        }
    return records, withheld, lost


def album_key(photo: Photo) -> Album:
    """What a photo's album is called: the listing, or what the bundle calls it after a `?`."""
    key = photo["listing_key"]
    return photo["domain"], f"?{photo['listing_id']}" if key is None else key


def _albums(
    albums: dict[Album, list[Photo]],
    records: dict[Album, list[MediaRecord]],
    withheld: dict[str, str],
) -> tuple[list[Photo], list[dict[str, Any]]]:
    """(photos in order within their albums, refusals): withheld photos and repeated ones out.

    `withheld` has a reason by content, so that under no other name or listing do they come back.
    """
    for name, album in albums.items():
        record_at, hidden = assign_records(album, records.get(name, []))
        for position, photo in enumerate(album):
            record = record_at.get(position)
            photo["sort"] = _rank(photo, record)
            photo["room"] = (record.room if record else None) or room_of_name(photo["name"])
        withheld |= {album[position]["sha1"]: PRIVATE for position in hidden}
    kept, refused = [], []
    for name in sorted(albums):
        sha1s: set[str] = set()
        for photo in sorted(albums[name], key=lambda one: one["sort"]):
            if photo["sha1"] in withheld:
                refused.append(_refusal(photo, withheld[photo["sha1"]]))
            elif photo["sha1"] in sha1s:
                refused.append(_refusal(photo, "same photo twice in a listing"))
            else:
                sha1s.add(photo["sha1"])
                photo["order"] = len(sha1s)
                photo["file"] = _file(photo)
                kept.append(photo)
    return kept, refused


def _rank(photo: Photo, record: MediaRecord | None) -> tuple:
    """What a listing's photos are sorted by: the preferred one, the record's order, the number
    in the file's name, the name, the bundle."""
    order = record.order if record and record.order is not None else None
    number = photo["number"]
    return (
        not (record and record.preferred),
        (order is None, order or 0),
        (number is None, number or 0),
        photo["name"],
        photo["entry"],
        photo["bundle"],
    )


def _refusal(photo: Photo, reason: str) -> dict[str, Any]:
    return {"bundle": photo["bundle"], "entry": photo["entry"], "reason": reason, "detail": ""}


def _file(photo: Photo) -> str:
    """Where a photo goes, relative to the stage's folder."""
    key = photo["listing_key"]
    folder = (
        f"unmatched-{safe_folder_name(photo['listing_id'])}"
        if key is None
        else safe_folder_name(key)
    )
    return f"images/{photo['domain']}/{folder}/{photo['order']:03d}_{photo['sha1'][:12]}.jpg"


def manifest_record(photo: Photo) -> dict[str, Any]:
    """A photo as its line of the manifest."""
    return {field: photo[field] for field in FIELDS}


def safe_folder_name(key: str) -> str:
    """A key as a folder's name: letters, digits, `.`, `_` and `-`. A key that has others, begins
    with a dot, or is long, ends in a hash of itself, so that two keys never share a folder."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:80].lstrip(".")
    if plain == key and not plain.startswith("unmatched-"):
        return plain
    return f"{plain or 'x'}~{hashlib.sha1(key.encode('utf-8', 'replace')).hexdigest()[:8]}"
