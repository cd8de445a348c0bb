"""A real Chromium for tests, and what a page looks like from inside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.acquire.portal.browser import find_chromium
from scripts.ops import screenshots
from tests.support.needs import absent

SIZES = {
    name: {"width": width, "height": height} for name, (width, height) in screenshots.SIZES.items()
}
A4 = {"width": 703, "height": 1032}  # what margins of 12 mm leave of the sheet, in CSS pixels

# text that stands on its background with less contrast than WCAG AA asks for (4.5, large text 3)
FAINT = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map(
    (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  ).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const said = rgb(getComputedStyle(at).backgroundColor);
      if (said.length === 3 || said[3] > 0.5) return said;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const size = parseFloat(style.fontSize);
    const [a, b] = [light(rgb(style.color)), light(ground(node))].sort((x, y) => y - x);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5))
      found.push(`${node.tagName} ${node.textContent.trim().slice(0, 40)}`);
    if (size < 11) found.push(`${node.tagName} ${size}px ${node.textContent.trim().slice(0, 40)}`);
  }
  return found;
}"""
# what reaches beyond the window and does not scroll in a box of its own
WIDE = """() => [...document.querySelectorAll("body *:not(svg *)")].filter((node) => {
  const box = node.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1) return false;
  for (let at = node.parentElement; at; at = at.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return false;
  return true;
}).map((node) => `${node.tagName}.${node.className} ${node.getBoundingClientRect().right}`)"""
# the smallest lettering of each picture in CSS pixels; Matplotlib draws letters as scaled outlines
LETTERS = """() => [...document.querySelectorAll("figure svg")].map((svg) => {
  const box = svg.viewBox.baseVal, scale = svg.getBoundingClientRect().width / box.width;
  const drawn = (one) => one.getAttribute("transform").match(/scale\\(([-\\d.]+)/) || [0, 1];
  const sizes = [...svg.querySelectorAll("g[id^=text_] g[transform]")].map(
    (one) => Math.abs(Number(drawn(one)[1])) * 100);
  return Math.min(...sizes, ...[...svg.querySelectorAll("text")].map(
    (one) => parseFloat(getComputedStyle(one).fontSize))) * scale;
})"""
# tables of which a part cannot be seen, since their box is narrower and what is beyond is cut
CUT = """() => [...document.querySelectorAll("table")].filter((table) =>
  table.getBoundingClientRect().right > innerWidth + 1 ||
  table.scrollWidth > table.parentElement.clientWidth + 1
).map((table) => `${table.textContent.trim().slice(0, 60)}: ${table.scrollWidth}`)"""
# what has no name for those who cannot see it
UNNAMED = """() => [
  ...[...document.querySelectorAll("figure")].filter((one) =>
    !one.querySelector("figcaption")?.textContent.trim()).map(() => "a figure without a caption"),
  ...[...document.querySelectorAll("table")].filter((one) =>
    !one.caption?.textContent.trim() && !one.getAttribute("aria-label") &&
    !one.closest("section")?.querySelector("h2, h3")
  ).map((one) => `a table without caption or heading: ${one.textContent.trim().slice(0, 60)}`),
]"""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; none is a failure in `make test-all`, elsewhere a loud skip."""
    path = find_chromium()
    if path is None:
        absent("no Chromium on PATH (apt-get install chromium): no page was opened")
    return path


@pytest.fixture(scope="module")  # no longer: Playwright keeps an event loop running meanwhile
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium."""
    with screenshots.open_chromium(chromium) as started:
        yield started


class Visit:
    """A page opened in a window of some size: `page`, and what it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, size: dict[str, int], scale: float = 1) -> None:
        context = browser.new_context(viewport=size, device_scale_factor=scale, offline=True)
        self.page = context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(path.resolve().as_uri())

    def close(self) -> None:
        self.page.context.close()
