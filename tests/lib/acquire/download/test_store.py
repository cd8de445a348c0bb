"""What a download keeps, and what is made of the files that a killed one left."""

import datetime as dt
import json
import stat

from lib.acquire.download import manifest, store
from lib.acquire.download.manifest import ManifestEntry, photo_file_stem, window_file_stem
from lib.acquire.download.verify import zip_fault
from lib.acquire.portal.windows import Window
from tests.support.photos import image, zipped

DAY = dt.date(2026, 3, 2)
ALBUM = ManifestEntry(
    "photos", "started", "", domain="sale", listing_id="7", changed="x", expected=4
)
WINDOW = ManifestEntry(
    "listings", "started", "", since="2026-03-02", until="2026-03-02", expected=2
)


def lay(folder, **files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def recover(folder, *entries):
    path = folder / manifest.NAME
    manifest.add_entries(path, *entries)
    taken = store.recover_files(
        folder,
        manifest.read_manifest(path),
        lambda file, entry: zip_fault(file, None) if entry.kind == "photos" else "",
    )
    return taken, manifest.latest_entries(manifest.read_manifest(path))


def test_files_that_were_checked_and_not_noted_are_taken_in(tmp_path):
    photos = zipped([(f"{n}.jpg", image(n)) for n in range(3)])
    name = window_file_stem(Window(DAY, DAY))
    lay(tmp_path, **{
        f"photos/{photo_file_stem(ALBUM)}.zip": photos,
        f"listings/{name}_0123abcd.csv": b"a\n1\n2\n",
    })  # fmt: skip
    taken, found = recover(tmp_path, ALBUM, WINDOW)
    album, window = found[ALBUM.key()], found[WINDOW.key()]
    assert taken == 2
    assert (album.state, album.expected, album.count, album.capped) == ("done", 4, 3, 1)
    assert (window.state, window.count, window.file) == ("done", 2, f"listings/{name}_0123abcd.csv")
    assert recover(tmp_path)[0] == 0


def test_a_day_so_far_stays_partial_and_broken_files_are_not_taken_in(tmp_path):
    name = window_file_stem(Window(DAY, DAY, partial=True))
    lay(tmp_path, **{
        f"photos/{photo_file_stem(ALBUM)}.zip": zipped([("1.jpg", image(1))])[:50],
        f"listings/{name}_0123abcd.csv": b"a\n1\n",
    })  # fmt: skip
    taken, found = recover(tmp_path, ALBUM, WINDOW)
    assert taken == 1 and found[WINDOW.key()].state == "partial"
    assert found[ALBUM.key()].state == "started"


def test_half_files_unnoted_bundles_and_bundled_zips_go_and_nothing_else(tmp_path):
    noted = ManifestEntry(
        "photos", "done", "", domain="sale", listing_id="8", file="ready/sale/a.zip"
    )
    waiting = ManifestEntry(
        "photos", "done", "", domain="sale", listing_id="9", file="photos/9.zip"
    )
    lay(tmp_path, **{
        "ready/sale/a.zip": b"", "ready/sale/orphan.zip": b"", "ready/sale/.bundle.part": b"",
        f"photos/{photo_file_stem(noted)}.zip": b"", "photos/9.zip": b"", "photos/.9.part": b"",
        "listings/.x.part": b"", "listings/x.csv": b"",
    })  # fmt: skip
    recover(tmp_path, noted, waiting)
    assert names(tmp_path) == ["listings/x.csv", "manifest.jsonl", "photos/9.zip",
                               "ready/sale/a.zip"]  # fmt: skip


def test_a_session_is_private_and_of_a_permitted_host_alone(tmp_path):
    def kept(origin, storage):
        content = json.dumps({"origin": origin, "storage": storage}).encode()
        store.write_private(tmp_path / store.SESSION, content)
        return store.read_session(tmp_path, ["127.0.0.1", "mls.example.org"])

    assert store.read_session(tmp_path, []) == ("", None)
    assert kept("https://mls.example.org", {"cookies": []})[0] == "https://mls.example.org"
    assert stat.S_IMODE((tmp_path / store.SESSION).stat().st_mode) == 0o600
    for origin in ("http://mls.example.org", "https://evil.example.org", None, 7):
        assert kept(origin, {}) == ("", None), origin
    assert kept("http://127.0.0.1:5", [])[1] is None
    (tmp_path / store.SESSION).write_bytes(b"\xff{")
    assert store.read_session(tmp_path, ["127.0.0.1"]) == ("", None)


def test_what_was_transferred_on_a_day_counts_failed_tries_and_each_album_once():
    at = "2026-03-02T23:59:59+00:00"
    entries = [
        ManifestEntry("listings", "done", at, spent=12, count=4),
        ManifestEntry("listings", "failed", at, since="x", spent=8),
        ManifestEntry("listings", "done", "2026-03-03T00:00:00+00:00", spent=99),
        *[
            ManifestEntry("photos", state, at, listing_id="1")
            for state in ("started", "started", "done")
        ],
    ]
    assert store.count_fetched_on(entries, DAY) == (20, 1)
