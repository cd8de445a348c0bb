"""A small demo feed, read back by somebody who knows its dialects and its truth."""

import csv
import datetime as dt
import hashlib
import io
import zipfile

import pandas as pd

START = dt.date(2022, 1, 1)
SMALL = {"sales": 200, "rentals": 40, "actives": 20, "start": START, "years": 4, "zips": 12}
ENCODINGS = {"exports/sales_2022.csv": "cp1252", "exports/leases_2022_2025.csv": "utf-8-sig"}


def read(feed):
    """Path -> rows of every export, the header first, as a reader who knows the dialects."""
    tables = {}
    for path, content in feed.files.items():
        if path.endswith(".csv"):
            text = content.decode(ENCODINGS.get(path, "utf-8"))
            delimiter = ";" if "mixed" in path else ","
            tables[path] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return tables


def whole_rows(feed):
    """All rows of the right width and with a key, as one frame of text, file and row beside."""
    frames = []
    for path, (header, *rows) in read(feed).items():
        some = [[path, n, *r] for n, r in enumerate(rows, 1) if len(r) == len(header) and r[0]]
        frames.append(pd.DataFrame(some, columns=["file", "row", *header]))
    return pd.concat(frames, ignore_index=True)


def newest(feed):
    """The last state of every listing, with what the truth says of it."""
    rows = whole_rows(feed).sort_values("MatrixModifiedDT", kind="stable")
    last = rows.groupby("Matrix_Unique_ID").tail(1).set_index("Matrix_Unique_ID")
    truth = pd.DataFrame(feed.truth["listings"]).set_index("matrix_unique_id")
    homes = pd.DataFrame(feed.truth["homes"]).set_index("home")
    return last.join(truth).join(homes[["quality", "place"]], on="home")


def good_sales(feed):
    last = newest(feed)
    return last[(last["kind"] == "good") & (last["Status"] == "Sold")]


def digest(feed):
    whole = hashlib.sha256()
    for path, content in feed.files.items():
        whole.update(path.encode() + b"\0" + content)
    return whole.hexdigest()


def entry(feed, bundle, name):
    return zipfile.ZipFile(io.BytesIO(feed.files[bundle])).read(name)
