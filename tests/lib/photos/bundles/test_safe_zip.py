"""Hostile archives: each bad entry is refused with its reason, the good ones are kept."""

import io
import stat
import struct
import zipfile
from dataclasses import replace

import pytest

from lib.photos.bundles import safe_zip
from tests.support.photos import (
    LIMITS,
    SETTINGS,
    directory_entry,
    fates,
    image,
    patched,
    unpacked,
    zipped,
)

GOOD = ("good/01.jpg", image(1))


def fate(folder, *entries, **options):
    """What became of entries that lie beside a good one, which has to be kept."""
    found = fates(unpacked(folder, zipped([GOOD, *entries], **options)))
    assert found.pop(GOOD[0]) == "photo"
    return found


@pytest.mark.parametrize(
    "name, reason",
    [
        ("../x.jpg", "path leaves the bundle"),
        ("a/../../x.jpg", "path leaves the bundle"),
        ("/etc/x.jpg", "absolute path"),
        ("C:/x.jpg", "absolute path"),
        ("c:x.jpg", "absolute path"),
        ("..\\x.jpg", "backslash in the name"),
        ("a\\x.jpg", "backslash in the name"),
        ("a/\x01.jpg", "control character in the name"),
        ("a/\x9b31m.jpg", "control character in the name"),
        (".", "empty name"),
        ("x" * 1025 + ".jpg", "name is longer than 1024 characters"),
    ],
)
def test_names_that_lead_elsewhere_or_hide_something(tmp_path, name, reason):
    assert fate(tmp_path, (name, image(2))) == {name: reason}


def test_a_nul_in_a_name(tmp_path):
    content = zipped([GOOD, ("a/0Z.jpg", image(2))]).replace(b"a/0Z.jpg", b"a/0\0.jpg")
    assert fates(unpacked(tmp_path, content)) == {
        GOOD[0]: "photo",
        "a/0\0.jpg": "control character in the name",
    }


def special(kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a/special.jpg")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "kind, reason",
    [
        (stat.S_IFLNK, "link"),
        (stat.S_IFCHR, "not a plain file"),
        (stat.S_IFDIR, "not a plain file"),
        (stat.S_IFIFO, "not a plain file"),
        (stat.S_IFSOCK, "not a plain file"),
        (stat.S_IFBLK, "not a plain file"),
    ],
)
def test_links_and_special_files(tmp_path, kind, reason):
    assert fate(tmp_path, (special(kind), b"/etc/passwd")) == {"a/special.jpg": reason}


def test_folders_are_no_entries_unless_they_have_content(tmp_path):
    assert fate(tmp_path, ("plain/", b"")) == {}
    assert fate(tmp_path, ("full/", b"x" * 10)) == {"full/": "folder with content"}


def test_an_encrypted_entry(tmp_path):
    content = zipped([GOOD, ("a/secret.jpg", image(2))])
    content = patched(content, directory_entry(content, 1) + 8, "<H", 1)
    assert fates(unpacked(tmp_path, content))["a/secret.jpg"] == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bound(tmp_path, method):
    content = zipped([("a/1.jpg", image(2))], method=method)
    reason = "compression method other than stored or deflated"
    assert fates(unpacked(tmp_path, content)) == {"a/1.jpg": reason}


def test_an_unknown_method(tmp_path):
    content = zipped([GOOD, ("a/1.jpg", image(2))])
    content = patched(content, directory_entry(content, 1) + 10, "<H", 99)
    reason = "compression method other than stored or deflated"
    assert fates(unpacked(tmp_path, content)) == {GOOD[0]: "photo", "a/1.jpg": reason}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_repeated_name(tmp_path):
    index = unpacked(tmp_path, zipped([GOOD, ("a/1.jpg", image(2)), ("a/1.jpg", image(3))]))
    assert [one["entry"] for one in index["photos"]] == [GOOD[0], "a/1.jpg"]
    assert [one["reason"] for one in index["rejected"]] == ["name occurs twice"]


def test_a_bomb_by_ratio(tmp_path):
    white = b"BM" + b"\0" * 5_000_000
    reason = "entry shrinks by more than photos.max_ratio"
    assert fate(tmp_path, ("a/bomb.jpg", white)) == {"a/bomb.jpg": reason}


def test_a_bomb_whose_header_claims_a_small_size(tmp_path):
    """zipfile stops at the size that the header claims, and the checksum tells."""
    content = zipped([GOOD, ("a/bomb.jpg", b"\0" * 5_000_000)])
    content = patched(content, directory_entry(content, 1) + 24, "<L", 100)
    assert fates(unpacked(tmp_path, content)) == {
        GOOD[0]: "photo",
        "a/bomb.jpg": "entry is damaged",
    }


def test_an_entry_that_is_too_large_is_left_before_its_end(tmp_path):
    limits = replace(LIMITS, max_entry_bytes=100_000, max_ratio=1e9)
    bomb = zipped([GOOD, ("a/large.jpg", b"\0" * 3_000_000)])
    found = unpacked(tmp_path, bomb, replace(SETTINGS, limits=limits))
    assert fates(found)["a/large.jpg"] == "entry is larger than photos.max_entry_bytes"
    size = int(found["rejected"][0]["detail"].split()[1])
    assert size <= 100_000 + safe_zip.CHUNK


def test_the_bundle_as_a_whole_is_bounded(tmp_path):
    limits = replace(LIMITS, max_bundle_bytes=3 * len(image(1)))
    many = zipped([(f"a/{n}.jpg", image(1)) for n in range(6)])
    found = unpacked(tmp_path, many, replace(SETTINGS, limits=limits))
    assert len(found["photos"]) == 3
    reasons = {one["reason"] for one in found["rejected"]}
    assert reasons == {"bundle unpacks to more than photos.max_bundle_bytes"}
    assert found["entries"] == 6


def test_a_hundred_thousand_entries(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as bundle:
        bundle.writestr(*GOOD)
        for n in range(100_000):
            bundle.writestr(f"a/{n}.jpg", b"")
    found = unpacked(tmp_path, stream.getvalue())
    assert len(found["photos"]) == 1
    reasons = [one["reason"] for one in found["rejected"]]
    assert reasons.count("more entries than photos.max_entries") == 100_001 - LIMITS.max_entries
    assert found["entries"] == 100_001 == len(found["photos"]) + len(found["rejected"])


def test_a_bomb_whose_entries_share_their_bytes(tmp_path):
    """Two directory entries that point at one local entry (Fifield's bomb in small)."""
    content = zipped([GOOD, ("a/1.jpg", image(2)), ("a/2.jpg", image(3))])
    first, second = directory_entry(content, 1), directory_entry(content, 2)
    offset = struct.unpack_from("<L", content, first + 42)[0]
    content = patched(content, second + 42, "<L", offset)
    assert fates(unpacked(tmp_path, content)) == {
        GOOD[0]: "photo",
        "a/1.jpg": "photo",
        "a/2.jpg": "entry overlaps another",
    }


def test_a_packed_size_that_reaches_into_the_next_entry(tmp_path):
    content = zipped([GOOD, ("a/1.jpg", image(2)), ("a/2.jpg", image(3))])
    content = patched(content, directory_entry(content, 1) + 20, "<L", 1 << 20)
    found = fates(unpacked(tmp_path, content))
    assert found["a/2.jpg"] == "entry overlaps another" and found[GOOD[0]] == "photo"


def test_an_entry_s_header_and_name_are_bytes_of_its_own():
    def at(name, place):
        info = zipfile.ZipInfo(name)
        info.header_offset, info.compress_size = place, 100
        return info

    first, end = at("name", 1000), 1000 + 30 + len("name") + 100
    assert safe_zip.overlapping_entries([first, at("other", end)]) == set()
    assert safe_zip.overlapping_entries([first, at("other", end - 1)]) == {1}


def test_an_archive_in_the_archive(tmp_path):
    assert fate(tmp_path, ("a/inner.jpg", zipped([GOOD]))) == {
        "a/inner.jpg": "archive inside the archive"
    }


def test_damaged_bytes_of_one_entry(tmp_path):
    content = bytearray(zipped([GOOD, ("a/1.jpg", image(2))], method=zipfile.ZIP_STORED))
    content[content.index(b"a/1.jpg") + 200] ^= 0xFF
    assert fates(unpacked(tmp_path, bytes(content))) == {
        GOOD[0]: "photo",
        "a/1.jpg": "entry is damaged",
    }


@pytest.mark.parametrize("flag", [False, True], ids=["code page 437", "false UTF-8 flag"])
def test_names_in_odd_encodings_keep_their_photos(tmp_path, flag):
    content = zipped([GOOD, ("12345/kXche.jpg", image(2))]).replace(b"kXche", b"k\x81che")
    if flag:
        at = directory_entry(content, 1)
        content = patched(content, at + 8, "<H", 0x800)
    assert fates(unpacked(tmp_path, content)) == {GOOD[0]: "photo", "12345/küche.jpg": "photo"}


def test_utf8_names(tmp_path):
    assert fate(tmp_path, ("12345/кухня 厨房.jpg", image(2))) == {"12345/кухня 厨房.jpg": "photo"}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_download_that_broke_off_keeps_what_came(tmp_path, method):
    content = zipped([(f"a/{n}.jpg", image(n)) for n in range(4)], method=method)
    cut = content.index(b"a/3.jpg") + 60  # within the last entry
    found = fates(unpacked(tmp_path, content[:cut]))
    assert found.pop(None) == "bundle is damaged"
    assert found.pop("a/3.jpg") in ("entry is damaged", "image is damaged")
    assert found == {f"a/{n}.jpg": "photo" for n in range(3)}


def test_a_stream_that_broke_off_keeps_what_came(tmp_path):
    """Entries written to a pipe tell their sizes behind their data."""

    class Pipe(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as bundle:
        for n in range(3):
            bundle.writestr(f"a/{n}.jpg", image(n))
    whole = fates(unpacked(tmp_path, pipe.written))
    assert whole == {f"a/{n}.jpg": "photo" for n in range(3)}
    found = fates(unpacked(tmp_path, pipe.written[: pipe.written.index(b"PK\x01\x02")]))
    assert found == whole | {None: "bundle is damaged"}


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"not a zip at all" * 100, b"\0" * 5000, image(1)], ids=repr
)
def test_what_is_no_archive(tmp_path, content):
    index = unpacked(tmp_path, content)
    assert fates(index) == {None: "bundle is not a zip file"}
    assert index["entries"] == 0


def test_an_empty_archive(tmp_path):
    assert fates(unpacked(tmp_path, zipped([]))) == {}


def test_bytes_before_the_archive_do_no_harm(tmp_path):
    assert fates(unpacked(tmp_path, b"#!/bin/sh\n" * 50 + zipped([GOOD]))) == {GOOD[0]: "photo"}


def test_a_huge_directory_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.photos.bundles.safe_zip.MAX_DIRECTORY", 100)
    found = fates(unpacked(tmp_path, zipped([(f"a/{n}.jpg", b"") for n in range(9)])))
    assert found == {None: "bundle's directory is too large"}
