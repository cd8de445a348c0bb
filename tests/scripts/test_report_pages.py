"""Every page of the report in a real Chromium, on a phone, on a desktop and on paper."""

import itertools
import re
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from tests.support import browser as kit

SMALLEST = 7.0  # CSS pixels of the smallest letter of a picture on a phone


@pytest.fixture(scope="module")
def report(full_demo):
    return full_demo.folder / "data/report"


@pytest.fixture(params=list(kit.SIZES))
def visits(request, browser, report):
    """Every page of the report, opened at one size."""
    pages = sorted(report.glob("*.html"))
    assert pages
    opened = {path.name: kit.Visit(browser, path, kit.SIZES[request.param]) for path in pages}
    yield opened
    for visit in opened.values():
        visit.close()


def test_no_page_asks_the_network_for_anything_or_complains(visits):
    for name, visit in visits.items():
        assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == [], name
        assert visit.said == [], name


def test_every_link_leads_somewhere(visits, report):
    """Pages and files that are there, and anchors that are on them."""
    anchors = {
        path.name: set(re.findall(r'\bid="([^"]+)"', path.read_text()))
        for path in report.glob("*.html")
    }
    for name, visit in visits.items():
        links = visit.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        assert links, name
        for link in links:
            if urlsplit(link).scheme != "file":
                continue  # a reference; nothing is fetched from it
            address, anchor = urldefrag(link)
            path = report / unquote(urljoin("", address)).rsplit("/", 1)[-1]
            assert path.is_file(), f"{name}: {link}"
            assert not anchor or anchor in anchors[path.name], f"{name}: {link}"


def test_rentals_have_their_photos_shown_too(finished):
    """Though sales stand first among the valuations, and fill what the first page lists."""
    shown = (finished.folder / "data/report/photos.html").read_text()
    assert 'id="sale-' in shown and 'id="rental-' in shown


def test_the_navigation_can_be_walked(visits):
    for name, visit in visits.items():
        page, home = visit.page, visit.page.url
        others = page.locator("nav[aria-label=pages] a")
        assert page.locator("nav [aria-current=page]").count() == (len(visits) > 1), name
        assert others.count() == (len(visits) if len(visits) > 1 else 0), name
        for number in range(others.count()):
            others.nth(number).click()
            assert page.locator("h1").inner_text() == others.nth(number).inner_text()
            page.goto(home)
        for target in page.eval_on_selector_all(
            "nav.here a", "all => all.map(a => a.getAttribute('href'))"
        ):
            page.locator(f'nav.here a[href="{target}"]').click()
            top = page.eval_on_selector(target, "node => node.getBoundingClientRect().top")
            end = page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 2")
            assert -2 <= top < 60 or end, f"{name}: {target}"


def test_nothing_is_wider_than_the_window(visits):
    for name, visit in visits.items():
        page = visit.page
        assert page.evaluate(kit.WIDE) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.evaluate("scrollTo(1000, 0)")
        assert page.evaluate("scrollX") == 0, name


def test_a_wide_table_scrolls_inside_its_box(visits):
    for name, visit in visits.items():
        for table in visit.page.locator("table").all():
            box = table.locator("xpath=..")
            need, has = table.evaluate("t => [t.scrollWidth, t.parentElement.clientWidth]")
            stays = "t => t.rows[0].cells[0].getBoundingClientRect().width"
            if need > has + 1:  # and what stays while it scrolls leaves room for the rest
                assert table.evaluate(stays) <= has / 2, f"{name}: {table.inner_text()[:60]}"
                box.evaluate("box => box.scrollLeft = 10000")
                assert box.evaluate("box => box.scrollLeft") > 0, (
                    f"{name}: {table.inner_text()[:60]}"
                )


def test_pictures_and_tables_have_names_and_can_be_read(visits):
    for name, visit in visits.items():
        page = visit.page
        assert page.evaluate(kit.UNNAMED) == [], name
        for figure in page.locator("figure").all():
            told = figure.aria_snapshot()
            title = figure.locator("figcaption b").inner_text().rstrip(".")
            assert f'img "{title}"' in told, f"{name}: {told}"
        assert page.evaluate(kit.FAINT) == [], name
        assert min([99, *page.evaluate(kit.LETTERS)]) >= SMALLEST, name


def test_headings_go_down_one_step_at_a_time(visits):
    for name, visit in visits.items():
        levels = visit.page.eval_on_selector_all(
            "h1, h2, h3, h4", "all => all.map(h => Number(h.tagName[1]))"
        )
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), name


def test_on_paper_nothing_is_cut_off(browser, report):
    for path in sorted(report.glob("*.html")):
        visit = kit.Visit(browser, path, kit.A4)
        visit.page.emulate_media(media="print")
        assert not any(nav.is_visible() for nav in visit.page.locator("nav").all()), path.name
        assert visit.page.evaluate(kit.CUT) == [], path.name
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
        assert visit.page.evaluate(kit.WIDE) == [], path.name
        pdf = visit.page.pdf(
            format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
        )
        assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 1
        visit.close()
