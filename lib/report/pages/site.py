"""The report: a folder of a few HTML pages that need no network, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
# every page there may be, in the order of the navigation; a page is <name>.html
PAGES = {
    "index": "Valuation report",
    "accuracy": "Accuracy",
    "ratio_study": "Ratio study",
    "intervals": "Intervals",
    "explanation": "What drives the values",
    "photos": "Photos",
}


def picture_context(title: str, svg: str, caption: str) -> dict[str, Any]:
    """One figure for the macro `figures`; `caption` states the finding, `svg` is not escaped."""
    return {"title": title, "svg": Markup(svg), "caption": caption}


def template_environment() -> jinja2.Environment:
    """The templates of the pages. Everything is escaped except the plots' SVG."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_pages(contexts: dict[str, dict[str, Any]], shared: dict[str, Any]) -> dict[str, str]:
    """The HTML of each page by its name. `contexts` has what each page's own template needs; a page
    without one is left out of the navigation, too. `shared` (feed, source, which is feed.json,
    as_of) is for all.
    """
    templates = template_environment()
    pages = {name: title for name, title in PAGES.items() if name in contexts}
    return {
        name: templates.get_template(f"{name}.html").render(
            shared | contexts[name] | {"page": name, "pages": pages}
        )
        + "\n"
        for name in pages
    }


def render_single_page(template: str, title: str, context: dict[str, Any]) -> str:
    """The HTML of a page in the same frame that is no part of the report: an index.html of its
    own folder."""
    here = {"page": "index", "pages": {"index": title}}
    return template_environment().get_template(template).render(context | here) + "\n"
