"""Keeps credentials out of whatever is written down."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHOWN = "***"
# takes what fits a pattern off whatever of a page can be seen or is kept in it
HIDE = """(pattern) => {
  const found = new RegExp(pattern || "$^", "gi"), clean = (text) => text.replace(found, "***");
  document.title = clean(document.title);
  for (const node of document.querySelectorAll("*")) {
    for (const one of [...node.attributes])
      if (clean(one.value) !== one.value) node.setAttribute(one.name, clean(one.value));
    if (node.matches("input[type=password]")) node.value = "";
    else if (typeof node.value === "string" && clean(node.value) !== node.value)
      node.value = clean(node.value);
  }
  const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT);
  while (texts.nextNode()) texts.currentNode.data = clean(texts.currentNode.data);
}"""


class Redactor:
    """Replaces each secret, in every form that a page, an address or a message may show it in."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for one in filter(None, secrets):
            forms |= {one, quote(one), quote(one, safe=""), quote_plus(one), html.escape(one)}
            forms |= {html.escape(one, quote=False), json.dumps(one)[1:-1], repr(one)[1:-1]}
            forms.add(base64.b64encode(one.encode()).decode())
        self.forms = sorted(forms, key=len, reverse=True)  # the longest first: none is cut in two
        self.pattern = re.compile("|".join(map(re.escape, self.forms)), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        return self.pattern.sub(SHOWN, text) if self.forms else text
