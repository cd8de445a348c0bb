"""The page of photos: what it says follows the figures, whom it shows had agreed, and it can be
read in a real Chromium."""

import base64
import io
import itertools

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lib.common.artifacts import Skipped
from lib.photos.image import rooms
from lib.report.pages import photo_homes, photos, site
from tests.support import browser as kit
from tests.support.photos import drawn, image
from tests.support.saved_models import make_blend, make_variant

ENCODER = {"encoder": "small", "library": "open_clip", "model": "ViT-B-32", "weights": "ab" * 32,
           "dims": 3, "texts": True, "photos_per_second": 20}  # fmt: skip


def gain(value, half=0.01, **more):
    return {"value": value, "low": value - half, "high": value + half, "relative": value} | more


def lift(**changes):
    """The part of one variant in metrics/ablate.json."""
    thick = {"kind": "price band", "slice": "1 low", "sales": 60, "thin": False}
    thin = {"kind": "photo coverage", "slice": "no photo", "sales": 9, "thin": True}
    return {
        "domain": "sale", "sales": 120, "homes": 110, "with_photos": 90, "verdict": "help",
        "errors": {n: {"mape": 0.1, "mdape": 0.08} for n in ("with", "without", "shuffled")},
        "lift": {n: gain(0.02, p=0.001) for n in ("mape", "mdape")},
        "control": {n: gain(0.0, p=0.6) for n in ("mape", "mdape")},
        "guard": {"limit": 0.1, "metric": "mape", "relative": 0.2, "fired": True},
        "checks": [
            {"name": "one", "figure": 0.1, "passed": True, "told": "All is well."},
            {"name": "two", "figure": 0.9, "passed": False, "told": "It leaks."},
            {"name": "three", "figure": None, "passed": None, "told": "Nothing there."},
        ],
        "slices": [
            thick | {"mape": gain(0.05)},
            thick | {"slice": "2", "mape": gain(-0.03)},
            thick | {"slice": "3", "mape": gain(0.001)},
            thin | {"mape": gain(0.5)},
        ],
        "cost": {"encoder": "small", "photos_per_listing": 3.0, "photos_per_second": 20.0,
                 "seconds": 150.0, "dollars": 0.004},
        "told": "photos help: MAPE is 12 % without photos and 10 % with them.",
    } | changes  # fmt: skip


def market():
    """Four open homes (one not to be shown, one without photos) and five sales, their photos and
    valuations."""
    keys = ["o1", "o2", "o3", "o4", "s1", "s2", "s3", "s4", "s5"]
    closed = [key.startswith("s") for key in keys]
    listings = pd.DataFrame(
        {
            "domain": "sale", "listing_key": keys,
            "property_key": ["p1", "p2", "p3", "p4", "p1", "p6", "p7", "p8", "p9"],
            "unparsed_address": [f"{n} A Rather Long Boulevard Name, Somewhere" for n in range(9)],
            "postal_code": "77001",
            "standard_status": np.where(closed, "Closed", "Active"),
            "close_date": pd.to_datetime([None] * 4 + ["2025-01-01"] * 4 + ["2025-06-01"]),
            "close_price": [np.nan] * 4 + [1e5, 2e5, 3e5, 4e5, 5e5],
            "usable": [False] * 4 + [True, True, False, True, True],
            "internet_entire_listing_display_yn": pd.Series([True] * 9),
        }
    )  # fmt: skip
    listings.loc[2, "internet_entire_listing_display_yn"] = False
    rows = []
    for at, key in enumerate(keys):
        for order in range(1, 1 if key == "o4" else 9 if key == "o1" else 3):
            room, by = (("kitchen", "name"), ("unknown", ""), ("bath", "looks"))[order % 3]
            sha1 = f"{key}-{order}" if key != "s2" else f"o2-{order}"
            vector = np.array([at, order, at * order % 5], "float32")
            rows.append(("sale", key, sha1, order, f"{key}/{order}.jpg", room, by, sha1, vector))
    names = [
        "domain",
        "listing_key",
        "sha1",
        "order",
        "file",
        "room",
        "room_by",
        "picture",
        "vector",
    ]
    valued = listings.head(4)[["domain", "listing_key", "unparsed_address", "postal_code"]]
    valued = valued.assign(as_of="2025-06-01", pred_close_price=250_000.0, pred_abstention=np.nan)
    return valued, pd.DataFrame(rows, columns=names), listings


def contributions(**log):
    """The photos' contribution of each home, cut into two inputs."""
    rows = [("sale", key, f"img_{i}", "photos", v / 2) for key, v in log.items() for i in "ab"]
    rows += [("sale", key, "baseline", "baseline", 12.0) for key in ("o1", "o2")]
    names = ["domain", "listing_key", "input", "group", "log_contribution"]
    return pd.DataFrame(rows, columns=names)


def show(file):
    return photo_homes.thumbnail_data_uri(image(sum(file.encode())))


def cards(most=9, a_home=6, k=3, said=None):
    valued, vectors, listings = market()
    some = photo_homes.choose_homes(valued, vectors, listings, most)
    said = contributions(o1=0.0953, o2=-0.02) if said is None else said
    return photo_homes.home_cards(
        some, photo_homes.Gallery(vectors, listings, said, show, a_home, k)
    )


def context(lifts=None, homes=None, skipped=None):
    ablated = {"photos": {"sale_photo_trees": lift()} if lifts is None else lifts}
    scores = {
        name: {"fold_mape": error, "fold_mdape": error / 2}
        for name, error in [("sale_linear", 0.12), ("sale_photo_trees", 0.1), ("sale_blend", 0.09),
                            ("sale_aware", 0.02), ("rental_linear", 0.2)]
    } | {"sale_photo_net": {"mape": 0.1}}  # fmt: skip
    seeing = make_variant(inputs=["living_area", "img_count"])
    saved = {
        "sale_linear": make_variant(inputs=["living_area"]), "sale_photo_trees": seeing,
        "sale_photo_net": seeing,
        "sale_blend": make_blend({"sale_photo_trees": 1.0}, {"sale_photo_trees": seeing}),
        "sale_aware": make_variant(view="aware"),
        "rental_linear": make_variant(domain="rental"),
        "sale_late_fusion": Skipped(variant="sale_late_fusion", skipped="no photo"),
    }  # fmt: skip
    skipped = {"sale_late_fusion": "no photo"} if skipped is None else skipped
    vectors = market()[1]
    homes = cards() if homes is None else homes
    facts = photos.PhotoFacts(ablated, scores, saved, skipped, ENCODER, vectors, homes)
    return photos.photos_context(facts)


def page(**parts):
    source = {"title": "A feed", "currency": "USD", "synthetic": True}
    shared = {"feed": "small", "source": source, "as_of": "2025-06-01"}
    return site.render_pages({"photos": context(**parts)}, shared)["photos"]


def test_only_homes_with_photos_that_may_be_shown_get_a_card():
    valued, vectors, listings = market()
    chosen = photo_homes.choose_homes(valued, vectors, listings, 9)
    assert chosen["listing_key"].tolist() == ["o1", "o2"]
    assert chosen["property_key"].tolist() == ["p1", "p2"]
    assert photo_homes.choose_homes(valued, vectors, listings, 1)["listing_key"].tolist() == ["o1"]
    named = "internet_automated_valuation_display_yn"
    asked = listings.drop(columns="internet_entire_listing_display_yn").assign(**{named: "Y"})
    asked.loc[0, named] = "N"
    chosen = photo_homes.choose_homes(valued, vectors, asked, 9)
    assert chosen["listing_key"].tolist() == ["o2", "o3"]
    bare = asked.drop(columns=named)
    assert photo_homes.choose_homes(valued, vectors, bare, 9)["listing_key"].tolist() == [
        "o1",
        "o2",
        "o3",
    ]


def test_rentals_and_sales_take_turns_wherever_they_stand_in_the_list():
    valued, vectors, listings = market()
    both = [
        pd.concat([one, one.assign(domain="rental")], ignore_index=True)
        for one in (valued, vectors, listings)
    ]
    chosen = photo_homes.choose_homes(*both, 3)
    keys = list(zip(chosen["domain"], chosen["listing_key"], strict=True))
    assert keys == [("sale", "o1"), ("rental", "o1"), ("sale", "o2")]


@pytest.mark.parametrize("word", ["N", "no", "False", False, 0, 0.0])
def test_every_way_to_say_no_is_understood(word):
    name = photo_homes.CONSENT[0]
    assert photo_homes.is_hidden(pd.DataFrame({name: [word]})).tolist() == [True]


@pytest.mark.parametrize("word", ["Y", "true", True, 1.0, None, np.nan, ""])
def test_silence_is_no_refusal(word):
    name = photo_homes.CONSENT[0]
    assert photo_homes.is_hidden(pd.DataFrame({name: [word]})).tolist() == [False]


def test_homes_that_look_alike_are_usable_sales_of_others_from_before():
    """s1 is o1 itself, s3 no evidence, s5 closed on the day of the valuation."""
    first, second = cards()
    assert {one["key"] for one in first["near"]} == {"s2", "s4"}
    assert {one["key"] for one in second["near"]} == {"s1", "s2", "s4"}
    likeness = [float(one["likeness"]) for one in second["near"]]
    assert likeness == sorted(likeness, reverse=True)
    by_key = {one["key"]: one for one in second["near"]}
    assert by_key["s4"]["price"] == "400,000" and by_key["s4"]["date"] == "2025-01-01"
    assert by_key["s4"]["photo"]["alt"].endswith("of 7 A Rather Long Boulevard Name, Somewhere")
    assert all(card["near"] is None for card in cards(k=0))


def test_a_sale_that_may_not_be_shown_is_no_look_alike():
    valued, vectors, listings = market()
    listings.loc[listings["listing_key"] == "s4", "internet_entire_listing_display_yn"] = False
    some = photo_homes.choose_homes(valued, vectors, listings, 1)
    gallery = photo_homes.Gallery(vectors, listings, contributions(), show, 1, 3)
    card = photo_homes.home_cards(some, gallery)[0]
    assert [one["key"] for one in card["near"]] == ["s2"]


def test_photos_bear_their_room_and_how_it_is_known():
    card = cards()[0]
    assert len(card["photos"]) == 6 and card["more"] == 2
    told = [(one["room"], one["by"]) for one in card["photos"][:3]]
    assert told == [("Photo 1", "room not known"), ("Bathroom", "by its looks"),
                    ("Kitchen", "by its name")]  # fmt: skip
    where = "0 A Rather Long Boulevard Name, Somewhere"
    assert [one["alt"] for one in card["photos"][:2]] == [
        f"Photo 1 of {where}", f"Bathroom of {where}",
    ]  # fmt: skip
    assert set(photo_homes.WORDS) <= set(rooms.ROOMS)


def test_what_photos_added_is_the_product_of_their_inputs():
    assert [card["added"] for card in cards()] == ["+10.0 %", "-2.0 %"]
    assert photo_homes.homes_finding(cards()) == (
        "Photos are part of the value of 2 of these homes: they raised 1 and lowered 1, and moved "
        "0 A Rather Long Boulevard Name, Somewhere the most, by +10.0 %."
    )
    some = cards(said=contributions(o2=0.01))
    assert [card["added"] for card in some] == ["", "+1.0 %"]
    assert photo_homes.homes_finding(some).endswith("In 1 more they did not count.")
    assert "did not count in any" in photo_homes.homes_finding(cards(said=contributions()))


def test_a_thumbnail_is_a_small_jpeg_of_the_same_shape_and_bytes():
    stream = io.BytesIO()
    drawn(1, (1000, 500)).save(stream, "JPEG")
    made = photo_homes.thumbnail_data_uri(stream.getvalue())
    assert made == photo_homes.thumbnail_data_uri(stream.getvalue())
    head, _, rest = made.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(rest))).size == (200, 100)


def test_a_place_falls_back_to_zip_and_key():
    row = {"listing_key": "k", "postal_code": "77001", "unparsed_address": np.nan}
    assert photo_homes.home_label(row) == "77001"
    assert photo_homes.home_label(row | {"postal_code": np.nan}) == "k"


def test_slices_are_called_better_or_worse_only_where_the_interval_says_so():
    assert photos.slice_finding(lift()["slices"]) == (
        "In 1 of 3 slices the whole interval lies above zero; photos take the most off in price "
        "band 1 low (+5.00 points). They surely hurt in price band 2. Grey: 1 with under 30 sales."
    )
    assert photos.slice_finding(lift()["slices"][3:]).startswith("Every slice has under 30 sales")


def test_the_verdict_stands_first_and_what_was_skipped_says_why():
    part = photos.lift_context("v", lift())
    assert part["lead"] == "Photos help." and part["told"].startswith("MAPE is 12 % without")
    assert [check["mark"] for check in part["checks"]] == ["passed", "failed", "nothing to look at"]
    assert part["rows"][3]["cells"][0] == {
        "value": "+2.00",
        "small": ["+1.00 to +3.00", "p = 0.0010"],
    }
    skipped = photos.lift_context("v", {"skipped": "no photo", "told": "not measured: no photo"})
    assert (skipped["lead"], skipped["told"]) == ("Not measured.", "No photo.")


def test_the_folds_tell_which_way_of_using_photos_is_best():
    sale = context()["folds"]
    assert [part["title"] for part in sale] == ["Sales"]
    assert [row["name"] for row in sale[0]["rows"]] == [
        "sale_blend", "sale_photo_trees", "sale_linear",
    ]  # fmt: skip
    assert sale[0]["finding"] == (
        "Of what sees photos, sale_blend (MAPE 9.00 %) did best on the folds of the past, 3.00 "
        "points below the best of the others, sale_linear (MAPE 12.00 %)."
    )
    worse = photos.fold_context("sale", {"a": {"fold_mape": 0.2}, "b": {"fold_mape": 0.1}}, {"a"})
    assert "10.00 points above the best" in worse["finding"]
    assert photos.fold_context("sale", {"a": {"mape": 0.2}}, {"a"}) is None


def test_pictures_are_counted_once_and_rooms_by_how_they_are_known():
    vectors = market()[1]
    told = photos.encoder_finding(ENCODER, vectors)
    assert "weights abababababab) made 3 numbers" in told[0] and "reads prompts as well" in told[0]
    assert "22 photos of 8 listings show 20 pictures: 2 photos are the same file" in told[1]
    assert "counts once among sales and once among rentals" in told[1]
    close = vectors.assign(picture=vectors["picture"].replace("s4-1", "s1-1"))
    assert "and 1 nearly the same picture" in photos.encoder_finding(ENCODER, close)[1]
    assert photos.room_rows(vectors) == [
        {"name": "Bathroom", "cells": ["10", "", "10"]},
        {"name": "Kitchen", "cells": ["2", "2", ""]},
        {"name": "not known", "cells": ["10", "", ""]},
    ]
    unknown = vectors.assign(room="unknown", room_by="")
    assert photos.room_finding(unknown).startswith("The room is known of 0.0 % of the photos: 0 by")
    assert photos.room_rows(unknown) == [{"name": "not known", "cells": ["22", "", ""]}]


def test_the_page_is_the_same_bytes_twice_and_says_nothing_missing():
    html = page()
    assert html == page()
    words = html.replace("data:image/jpeg;base64,", "")
    assert "nan" not in words.split("<section")[-1].split("<img")[0]
    assert "It leaks." in html and "sale_late_fusion was not fitted: no photo." in html
    assert "http:" not in html.split("</style>")[1].split("<svg")[0]


def test_a_page_without_verdict_folds_or_homes_stands():
    skipped = {"sale_photo_net": {"skipped": "no photo", "told": "not measured: no photo"}}
    assert "<b>Not measured.</b> No photo." in page(lifts=skipped)
    bare = page(lifts={}, homes=[])
    assert 'href="#lift"' not in bare and "No listing on the market has photos" in bare


def test_what_is_not_asked_for_leaves_no_heading():
    """report.photo_homes 0: no section; report.look_alike 0: no sales beside a home."""
    assert "Sold homes that look most like it" in page() and "Likeness is" in page()
    alone = page(homes=cards(k=0))
    assert "Sold homes that" not in alone and "Likeness" not in alone
    assert "had been sold before" not in alone and "0 A Rather Long Boulevard" in alone
    shared = {"feed": "f", "source": {"title": "A", "currency": "USD", "synthetic": True}}
    none = site.render_pages(
        {"photos": context() | {"homes": None}}, shared | {"as_of": "2025-06-01"}
    )
    assert "one by one" not in none["photos"] and "#homes" not in none["photos"]


@pytest.fixture(params=list(kit.SIZES))
def visit(request, browser, tmp_path):
    path = tmp_path / "photos.html"
    path.write_text(page(lifts={"sale_photo_trees": lift(), "sale_photo_net": lift(checks=[])}))
    opened = kit.Visit(browser, path, kit.SIZES[request.param])
    yield opened
    opened.close()


@pytest.mark.rest
def test_the_page_can_be_read_on_a_phone_and_on_a_desktop(visit):
    window = visit.page
    assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == []
    assert visit.said == []
    assert window.evaluate(kit.WIDE) == [] and window.evaluate(kit.FAINT) == []
    assert window.evaluate(kit.UNNAMED) == []
    assert min(window.evaluate(kit.LETTERS)) >= 7
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    levels = window.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for table in window.locator("table").all():
        assert table.locator("xpath=..").get_attribute("class") == "wide"
    for figure in window.locator("figure").all():
        title = figure.locator("figcaption b").inner_text().rstrip(".")
        assert f'img "{title}"' in figure.aria_snapshot()
    seen = "all => all.map(i => [i.naturalWidth > 0, i.alt.length > 5])"
    pictures = window.eval_on_selector_all("img", seen)
    assert len(pictures) == 6 + 2 + 2 + 3 and all(loaded and named for loaded, named in pictures)


@pytest.mark.rest
def test_on_paper_no_card_is_cut_off(browser, tmp_path):
    path = tmp_path / "photos.html"
    path.write_text(page())
    visit = kit.Visit(browser, path, kit.A4)
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate(kit.CUT) == [] and visit.page.evaluate(kit.WIDE) == []
    assert not any(nav.is_visible() for nav in visit.page.locator("nav").all())
    visit.close()
