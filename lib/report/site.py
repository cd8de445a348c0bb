"""The report: a folder of a few HTML pages that need no network, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("pages")
# every page there may be, in the order of the navigation; a page is <name>.html
PAGES = {
    "index": "Valuation report",
    "accuracy": "Accuracy",
    "ratio_study": "Ratio study",
}


def picture(title: str, svg: str, caption: str) -> dict[str, Any]:
    """One figure for the macro `figures`; `caption` states the finding, `svg` is not escaped."""
    return {"title": title, "svg": Markup(svg), "caption": caption}


def render(contexts: dict[str, dict[str, Any]], shared: dict[str, Any]) -> dict[str, str]:
    """The HTML of each page by its name. `contexts` has what each page's own template needs; a page
    without one is left out of the navigation, too. `shared` (feed, contract, as_of) is for all.
    Everything is escaped except the plots' SVG.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages = {name: title for name, title in PAGES.items() if name in contexts}
    return {
        name: environment.get_template(f"{name}.html").render(
            shared | contexts[name] | {"page": name, "pages": pages}
        )
        + "\n"
        for name in pages
    }
