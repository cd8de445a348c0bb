"""Photos that came and photos that are missing, worked by hand."""

import pandas as pd

from lib.acquire.download.manifest import ManifestEntry
from lib.acquire.gaps import gap_text, photo_gaps


def photos(listing_id, state, found=0, capped=0, domain="sale", changed=""):
    return ManifestEntry(
        "photos", state, "2025-03-09T03:00:00+00:00", domain=domain, listing_id=listing_id,
        count=found, capped=capped, changed=changed,
    )  # fmt: skip


def rows(*lines):
    """Rows as `find_modified_days` gives them: (id, photos_count, ZIP, day, domain)."""
    names = ["listing_id", "photos_count", "postal_code", "day", "domain"]
    table = pd.DataFrame(lines, columns=names)
    table["day"] = pd.to_datetime(table["day"]).astype("datetime64[us]")
    table["photos_count"] = table["photos_count"].astype("float64")
    return table.assign(listing_key="k" + table["listing_id"], newest=True)


CASES = {  # id: (expected, entry or None) -> found, missing, status
    "a": ((3, photos("a", "done", 3)), (3, 0, "complete")),
    "b": ((3, photos("b", "done", 5)), (5, 0, "complete")),
    "c": ((3, photos("c", "done", 2)), (2, 1, "partial")),
    "d": ((3, photos("d", "failed")), (0, 3, "failed")),
    "e": ((3, None), (0, 3, "failed")),
    "f": ((0, None), (0, 0, "no_images")),
    "g": ((None, None), (0, 0, "no_images")),
    "h": ((None, photos("h", "done", 1)), (1, 0, "complete")),
    "i": ((130, photos("i", "done", 100, 30)), (100, 0, "complete")),
    "j": ((131, photos("j", "done", 100, 30)), (100, 1, "partial")),
    "k": ((3, photos("k", "empty")), (0, 3, "failed")),
    "l": ((3, photos("l", "done", 3, domain="rental")), (0, 3, "failed")),
    "m": ((3, photos("m", "failed", 0, 3)), (0, 3, "failed")),  # nothing came: not for the cap
}


def test_status_of_each_case():
    table = rows(
        *((i, count, "77008", "2025-03-01", "sale") for i, ((count, _), _) in CASES.items())
    )
    entries = [entry for (_, entry), _ in CASES.values() if entry]
    found = photo_gaps.photo_statuses(table, photo_gaps.fetched_photos(entries))
    got = {row.listing_id: (row.found, row.missing, row.status) for row in found.itertuples()}
    assert got == {i: wanted for i, (_, wanted) in CASES.items()}
    assert found["expected"].isna().sum() == 2 and str(found["expected"].dtype) == "Int64"
    assert set(found["status"]) == set(photo_gaps.STATUSES)


def test_the_last_entry_about_a_listing_counts_whatever_it_was_asked_for():
    entries = [
        photos("a", "done", 2, changed="monday"),
        photos("a", "done", 5, changed="tuesday"),
        photos("a", "started", changed="wednesday"),
        photos("a", "done", 1, domain="rental"),
        photos("b", "done", 4),
        photos("b", "failed"),
        ManifestEntry("listings", "done", "x", "2025-03-01", "2025-03-02", count=9),
    ]
    found = photo_gaps.fetched_photos(entries)
    assert found.values.tolist() == [
        ["sale", "a", 5, 0],
        ["rental", "a", 1, 0],
        ["sale", "b", 0, 0],
    ]
    assert photo_gaps.fetched_photos([]).empty


def test_only_the_newest_row_of_a_listing_counts():
    table = rows(("a", 2, "77008", "2025-03-01", "sale"), ("a", 4, "77009", "2025-03-05", "sale"))
    table["newest"] = [False, True]
    found = photo_gaps.photo_statuses(table, photo_gaps.fetched_photos([photos("a", "done", 2)]))
    assert found[["postal_code", "expected", "status"]].values.tolist() == [["77009", 4, "partial"]]


def test_what_the_pipeline_could_use_counts_before_what_was_fetched():
    table = rows(*((i, 3, "77008", "2025-03-01", "sale") for i in "abc"))
    had = photo_gaps.fetched_photos(
        [photos("a", "done", 3, 1), photos("b", "done", 3), photos("z", "done")]
    )
    pipeline = pd.DataFrame(
        {"domain": "sale", "listing_key": ["ka", "kc", "kgone"], "photos_found": [1, 2, 8]}
    )
    found = photo_gaps.usable_photos(pipeline, table, had).set_index("listing_id")
    assert found["found"].to_dict() == {"a": 1, "b": 3, "c": 2, "z": 0}
    assert found["capped"].to_dict() == {"a": 1, "b": 0, "c": 0, "z": 0}
    assert found["domain"].eq("sale").all()


def test_gaps_by_zip_and_day_as_a_loop_counts_them():
    lines = [
        (f"{n}", 3, ("77008", "77009", None)[n % 3], f"2025-03-0{1 + n % 4}", "sale")
        for n in range(40)
    ]
    table = rows(*lines)
    table.loc[5, "day"] = pd.NaT
    entries = [photos(f"{n}", "done", n % 5) for n in range(0, 40, 2)]
    listings = photo_gaps.photo_statuses(table, photo_gaps.fetched_photos(entries))
    counted = {}
    for row in listings.itertuples():
        zip_code = "" if pd.isna(row.postal_code) else row.postal_code
        one = counted.setdefault((str(row.day)[:10], zip_code), dict.fromkeys("lcpfnm", 0))
        one["l"] += 1
        one[row.status[0]] += 1
        one["m"] += row.missing
    wanted = {k: [*v.values()] for k, v in counted.items() if v["p"] + v["f"]}
    table = photo_gaps.missing_by_zip(listings)
    got = {(str(row[0])[:10], row[1]): list(row[2:]) for row in table.itertuples(index=False)}
    assert got == wanted
    assert list(table)[2:] == ["listings", *photo_gaps.STATUSES, "missing"]
    assert [str(day)[:10] for day in table["date"]] == sorted(
        str(day)[:10] for day in table["date"]
    )


def test_words_name_the_worst_zips():
    lines = [("a", 9, "77008", "2025-03-01", "sale"), ("b", 2, "77009", "2025-03-01", "sale"),
             ("c", 3, "77008", "2025-03-02", "sale"), ("d", 1, None, "2025-03-02", "sale"),
             ("e", 5, "77010", "2025-03-02", "sale")]  # fmt: skip
    listings = photo_gaps.photo_statuses(
        rows(*lines), photo_gaps.fetched_photos([photos("e", "done", 5)])
    )
    assert gap_text.photo_lines(listings) == [
        "photos: 1 complete, 4 failed; 15 missing",
        "  77008: photos missing 12, listings 2",
        "  77009: photos missing 2, listings 1",
        "  no ZIP: photos missing 1, listings 1",
    ]
