"""Exports of chance content, and mutations of them, for the fuzz of staging.

A file is made of chunks, the header and each row, and a mutation falls on chunks. So it is known
without any reader which rows nobody touched.
"""

import csv
import io
import random
import re
from dataclasses import dataclass

HEADER = ["ML#", "Modified", "Status", "Price", "Remarks", "Note", "Agent"]
CELLS = {
    "Modified": ["2024-01-01", "2024-02-03", "", "soon"],
    "Status": ["Sold", "A", "", "Bought"],
    "Price": ["5000", "$9,000", "", "call"],
    "Remarks": ["", "plain", "a, b; c", 'said "so"', '"', "two\nlines", "x\r\ny, z\n", "Café £",
                "tab\there | there", "l" * 300, " pad "],
    "Note": ["", "n", "naïve", "O'Hare", '5" pipe', "0"],
    "Agent": ["", "7", "Zoë", "a b"],
}  # fmt: skip
WORDS = [
    "\0", "\0\0\0", "\ufeff", "\x1a", "\x1b[31m", "\u2028", "\x85", "\x0b", "\n", "\r", "\r\n",
    "\r\r\n", "\n\r", "\\", "\\N", '\\"', "'", "=1+1", "\U0001f3e0", "NULL", "#", '""', '"""',
]  # fmt: skip
LEADING = ["\n", "\r\n\r\n", "\ufeff", " ", "\0"]
NOISE = [b"\xff", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b'"']
END = re.compile(r"\r\n|\r|\n")


@dataclass
class Export:
    """A file as it grows: the text of its header and rows, and the cells of each that nobody has
    touched (else None). `known` is false once bytes were changed wherever they fell."""

    chunks: list[str]
    cells: list[list[str] | None]
    delimiter: str
    end: str
    encoding: str
    width: int
    known: bool = True

    def touch(self, at: int, chunk: str) -> None:
        """Put a changed chunk in its place."""
        self.chunks[at], self.cells[at] = chunk, None

    def ended(self, at: int) -> bool:
        """Whether a chunk ends its line."""
        return self.chunks[at].endswith(("\n", "\r"))

    def bare(self, at: int) -> tuple[str, str]:
        """A chunk without its line end, and that."""
        body = self.chunks[at].rstrip("\r\n")
        return body, self.chunks[at][len(body) :]


def sound(rng: random.Random) -> Export:
    """An export without faults."""
    width = rng.choice([3, 5, 7, 7, 7])
    delimiter, end = rng.choice(",,;\t|"), rng.choice(["\n", "\n", "\r\n", "\r"])
    table = [HEADER[:width]]
    for number in range(rng.choice([0, 1, 3, 8, 8, 20])):
        key = rng.choice([number, number, 5]) if number > 5 else number  # some come again
        row = [f"K{key:04d}", *(rng.choice(CELLS[name]) for name in HEADER[1:width])]
        simple = rng.random() < 0.3
        table.append([re.sub(r'[\r\n"]', "", cell) for cell in row] if simple else row)
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    chunks = []
    for row in table:
        text = io.StringIO(newline="")
        # before 3.13 csv leaves the line ends that are not its own unquoted
        careful = csv.QUOTE_ALL if any(END.search(cell) for cell in row) else quoting
        csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=careful).writerow(row)
        chunks.append(text.getvalue())
    if rng.random() < 0.3:
        chunks[-1] = chunks[-1].removesuffix(end)
    encoding = rng.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"])
    return Export(chunks, [*table], delimiter, end, encoding, width)


def spot(rng: random.Random, export: Export) -> int:
    """A chunk to touch; the header seldom."""
    if len(export.chunks) == 1 or rng.random() < 0.1:
        return 0
    return rng.randrange(1, len(export.chunks))


def put(export, text: str, at: int, where: int) -> None:
    """Text into a chunk."""
    chunk = export.chunks[at]
    export.touch(at, chunk[:where] + text + chunk[where:])


def flip(rng, export) -> None:
    at = spot(rng, export)
    chunk = list(export.chunks[at])
    for _ in range(rng.choice([1, 1, 3, 12]) if chunk else 0):
        where = rng.randrange(len(chunk))
        chunk[where] = chr(ord(chunk[where]) ^ 1 << rng.randrange(7))
    export.touch(at, "".join(chunk))


def drop_quote(rng, export) -> None:
    places = [
        (at, found.start())
        for at, chunk in enumerate(export.chunks)
        for found in re.finditer('"', chunk)
    ]
    if places:
        at, where = rng.choice(places)
        export.touch(at, export.chunks[at][:where] + export.chunks[at][where + 1 :])


def add_quote(rng, export) -> None:
    """A stray quote, where a cell begins or anywhere."""
    at = spot(rng, export)
    chunk = export.chunks[at]
    starts = [0, *(found.end() for found in re.finditer(re.escape(export.delimiter), chunk))]
    put(export, '"', at, rng.choice([rng.choice(starts), rng.randrange(len(chunk) + 1)]))


def two_quotes(rng, export) -> None:
    add_quote(rng, export)
    add_quote(rng, export)


def add_word(rng, export) -> None:
    at = spot(rng, export)
    word = rng.choice([*WORDS, export.delimiter, export.delimiter * 40])
    put(export, word, at, rng.randrange(len(export.chunks[at]) + 1))


def huge(rng, export) -> None:
    at = spot(rng, export)
    word = rng.choice(["x", "x y", "\0", "é", export.delimiter])
    count = rng.choice([3000, 70_000, 300_000])
    put(export, word * count, at, rng.randrange(len(export.chunks[at]) + 1))


def change_delimiter(rng, export) -> None:
    """Another delimiter in one row, or in all."""
    new = rng.choice([mark for mark in ",;\t|:" if mark != export.delimiter])
    places = range(len(export.chunks)) if rng.random() < 0.2 else [spot(rng, export)]
    for at in places:
        export.touch(at, export.chunks[at].replace(export.delimiter, new))


def change_ends(rng, export) -> None:
    """Line ends of another kind behind some rows, which stay what they are."""
    for at in range(len(export.chunks)):
        body, end = export.bare(at)
        if end and rng.random() < 0.5:
            export.chunks[at] = body + rng.choice(["\n", "\r\n", "\r"])


def ragged(rng, export) -> None:
    at = spot(rng, export)
    body, end = export.bare(at)
    longer = body + export.delimiter * rng.choice([1, 1, 3])
    export.touch(at, rng.choice([longer, body.rpartition(export.delimiter)[0]]) + end)


def add_chunk(rng, export) -> None:
    """The header again, or lines without a row."""
    at = rng.randrange(1, len(export.chunks) + 1)
    header = export.bare(0)[0] + export.end
    export.chunks.insert(at, rng.choice([header, export.end * 2, export.end, " " + export.end]))
    export.cells.insert(at, None)


def repeat_rows(rng, export) -> None:
    at = rng.randrange(len(export.chunks))
    export.chunks += export.chunks[max(at, 1) :]
    export.cells += export.cells[max(at, 1) :]


def swap(rng, export) -> None:
    if len(export.chunks) > 2:
        one, other = rng.sample(range(1, len(export.chunks)), 2)
        for part in (export.chunks, export.cells):
            part[one], part[other] = part[other], part[one]


def cut(rng, export) -> None:
    at = rng.randrange(len(export.chunks))
    del export.chunks[at + 1 :], export.cells[at + 1 :]
    export.touch(at, export.chunks[at][: rng.randrange(len(export.chunks[at]) + 1)])


def lead(rng, export) -> None:
    """Something before the header; empty lines do not touch it, nor marks of encoding in front."""
    word = rng.choice(LEADING)
    marked = "\ufeff" in export.chunks[0] or export.encoding == "cp1252"
    export.chunks[0] = word + export.chunks[0]
    if word in (" ", "\0") or ("\ufeff" in export.chunks[0] and marked):
        export.cells[0] = None


MUTATIONS = [flip, flip, drop_quote, add_quote, add_quote, two_quotes, add_word, add_word, ragged,
             change_delimiter, change_ends, add_chunk, repeat_rows, swap, cut, lead]  # fmt: skip


def mutate(rng: random.Random, export: Export) -> tuple[list[str], bytes]:
    """One to three mutations: their names, and the bytes of the file."""
    names = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        one = huge if rng.random() < 0.02 else rng.choice(MUTATIONS)
        one(rng, export)
        names.append(one.__name__)
    for at in range(1, len(export.chunks)):
        if not export.ended(at - 1):  # it runs into this one
            export.cells[at] = export.cells[at - 1] = None
    encodings = [export.encoding.removesuffix("-sig").replace("utf-16", "utf-16-le")]
    if export.encoding != "utf-16" and rng.random() < 0.1:
        encodings = ["utf-8", "cp1252"]
        names.append("mixed encodings")
    content = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfe"}.get(export.encoding, b"")
    for at, chunk in enumerate(export.chunks):
        encoding = rng.choice(encodings)
        content += chunk.encode(encoding, errors="replace")
        if chunk.encode(encoding, errors="replace").decode(encoding) != chunk:
            export.cells[at] = None
    if rng.random() < 0.15:
        content, export.known = spoiled(rng, content), False
        names.append("spoiled")
    return names, content


def spoiled(rng: random.Random, content: bytes) -> bytes:
    """Bytes changed, dropped or put in anywhere."""
    body = bytearray(content)
    for _ in range(rng.choice([1, 2, 9]) if body else 0):
        at, way = rng.randrange(len(body) or 1), rng.randrange(3)
        length = {0: 1, 1: rng.choice([1, 1, 2, 200]), 2: 0}[way]
        body[at : at + length] = {0: bytes([rng.randrange(256)]), 1: b""}.get(
            way, rng.choice(NOISE)
        )
    return bytes(body)
