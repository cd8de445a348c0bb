"""Keeps credentials out of whatever is written down."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from html.entities import codepoint2name
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
    """Replaces each secret, each of its letters in any form that a page, an address, a script or a
    message may give it. `pattern` is read alike by Python and JavaScript."""

    def __init__(self, secrets: Iterable[str]) -> None:
        plain = sorted(
            filter(None, secrets), key=len, reverse=True
        )  # none is cut in two by another
        encoded = [base64.b64encode(one.encode("utf-8", "replace")).decode() for one in plain]
        self.pattern = "|".join(
            ["".join(map(_letter_pattern, one)) for one in plain]
            + [re.escape(one) for one in encoded]
        )
        self.matcher = re.compile(self.pattern, re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        return self.matcher.sub(SHOWN, text) if self.pattern else text

    def error(self, error: Exception) -> str:
        """What Playwright says, in one line, with the selector that it waited for."""
        lines = str(error).splitlines()
        waited = [line.strip(" -") for line in lines[1:] if "waiting for" in line]
        return self("; ".join([*lines[:1], *waited[:1]]))


def _letter_pattern(one: str) -> str:
    """A pattern of the forms of a letter: plain; escaped as in HTML, JSON, JavaScript or Python; in
    an address.
    """
    units = one.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    name = codepoint2name.get(ord(one))
    forms = {
        one, "".join(f"\\u{code:04x}" for code in codes), f"\\u{{{ord(one):x}}}",
        f"\\U{ord(one):08x}", f"\\{one}", quote(one, safe="", errors="replace"),
        quote_plus(one, errors="replace"), repr(one)[1:-1], f"&{name};", html.escape(one),
        "&apos;" if one == "'" else one, f"\\x{ord(one):02x}", json.dumps(one)[1:-1],
    }  # fmt: skip
    spelt = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
    spelt = [f"&#0*{ord(one)};", f"&#x0*{ord(one):x};", *spelt]
    # HTML in HTML: the & of an entity is one itself
    return f"(?:{'|'.join(re.sub('^.?&', '&(?:amp;)*', form) for form in spelt)})"
