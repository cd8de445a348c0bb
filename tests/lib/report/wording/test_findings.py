"""Sentences of the report on what the feed holds and what stands apart."""

from lib.report.wording import findings

KINDS = ("property_type", "property_sub_type")


def test_classes_that_stand_apart_are_counted_and_those_that_are_valued_are_not():
    part = {"rows": 1200, "valued_classes": ["residential", "farm"],
            "property_classes": {"residential": 1000, "farm": 20, "land": 150, "unknown": 5,
                                 "unstated": 25}}  # fmt: skip
    empty = {"rows": 0, "valued_classes": ["residential"], "property_classes": {}}
    assert findings.class_lines({"sale": part, "rental": empty}, {"sale": {"land": 11}}) == [
        "sale, land: 150 of 1,200 listings, 11 of them on the market",
        "sale, unknown: 5 of 1,200 listings",
    ]


def test_a_feed_without_types_is_told_to_count_all_as_homes():
    text = "No property types: every listing counts as a home."

    def lacks(columns, absent=()):
        staging = {"absent_columns": list(absent), "columns": list(columns), "photo_bundles": 1}
        return findings.missing_part_sentences(staging, {"sale": {}}, {"sale": 1})

    assert text in lacks([]) and text in lacks(KINDS, KINDS)
    assert not any(text in lacks([name]) for name in KINDS)


def test_listings_whose_newest_row_cannot_be_used_are_told():
    staging = {"absent_columns": [], "columns": [], "photo_bundles": 1}
    for count, said in ((0, False), (3, True)):
        newest = {"newest_state_by": {"stamp": 7, "kept_aside": count}}
        lines = findings.missing_part_sentences(staging | newest, {"sale": {}}, {"sale": 1})
        assert any(line.startswith("3 listings: on the market, but") for line in lines) == said
