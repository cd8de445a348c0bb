"""Which album a media record belongs to, and which photos are withheld in doubt.

A withheld record is believed wherever it may lead: by the listing's key, its id, the URL, the
folder of its manifest. One that names no listing at all may be about any photo below that folder,
and so may a manifest that cannot be read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from lib.photos.bundles.match_listing import ListingIndex, ListingMatch, match_listing
from lib.photos.bundles.media_records import MediaRecord

PRIVATE = "permission is not public"
UNREAD = "a manifest that cannot be read may mark it private"
LOST = "withheld record finds no photo"
Album = tuple[str, str]  # domain, and the listing's key or, after a `?`, what the bundle calls it
Photo = dict[str, Any]


def album_of_match(who: ListingMatch) -> Album:
    """The name of a matched album."""
    return who.domain, who.listing_key if who.listing_key is not None else f"?{who.listing_id}"


def album_of_record(
    record: MediaRecord, stem: str, domain: str, listings: ListingIndex, albums: dict[Album, Album]
) -> Album | None:
    """The album of a record in a manifest of the bundle `stem`: the first staged listing that it
    names by key, id, URL or its manifest's folder; else the first of `albums` (see
    `albums_by_folded_name`) which it names so; else None."""
    url = match_listing(record.path.lstrip("/") or "-", stem, domain, listings)
    folder = match_listing(record.manifest or "-", stem, domain, listings)
    for name in record.listings:
        if hit := listings.find(domain, name):
            return hit[0], hit[1]
    for who in (url, folder):
        if who.listing_key is not None:
            return album_of_match(who)
    # a name without a digit is no listing's: `photos/1.jpg`
    guesses = [who.listing_id or "" for who in (url, folder) if who.listing_id != stem]
    names = [*record.listings, *(one for one in guesses if re.search(r"\d", one))]
    hits = [(domain, f"?{name}") for name in names]
    hits = [one for hit in hits for one in (hit, (domain, hit[1].casefold()))]
    return next((albums[hit] for hit in hits if hit in albums), None)


def albums_by_folded_name(albums: Iterable[Album]) -> dict[Album, Album]:
    """Those albums that have photos, by name and by name without case."""
    exact = {album: album for album in sorted(albums)}
    return {(domain, name.casefold()): (domain, name) for domain, name in exact} | exact


def manifest_folder(folder: str, manifest: str) -> str:
    """The folder that a manifest is about, where `folder` is its bundle (or the folder beside the
    bundles). A name that would leave the bundle may be about all of it.
    """
    parts = re.split(r"[\\/]", manifest)[:-1]
    if ".." in parts or manifest.startswith(("/", "\\")):
        parts = []
    return str(PurePosixPath(folder, *parts))


def photos_below(photos: list[Photo], places: set[str]) -> dict[str, list[Photo]]:
    """The photos in or below each of `places`."""
    photos_in: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos if places else []:
        for folder in PurePosixPath(photo["bundle"], photo["entry"]).parents:
            if str(folder) in places:
                photos_in[str(folder)].append(photo)
    return photos_in


def photos_in_doubt(photos: list[Photo], records: list[MediaRecord]) -> list[Photo]:
    """Those of `photos` that withheld records which name no listing may be about: the ones called
    as a record says, or all if there is none.
    """
    by_name: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        for name in {photo["name"], PurePosixPath(photo["name"]).stem}:
            by_name[name].append(photo)
    wanted: set[str] = set()
    for record in records:
        hits = record.names() & set(by_name.keys())
        if not hits:
            return photos
        wanted |= hits
    return [photo for name in sorted(wanted) for photo in by_name[name]]
