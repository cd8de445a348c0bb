"""Why an entry of a bundle is not used: a reason that can be counted, and a detail beside it."""

from __future__ import annotations


class RefusedError(Exception):
    """`reason` is one of few fixed texts, `detail` what is particular to the entry."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
