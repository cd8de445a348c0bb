"""Bad input: one line that names the file and the mend, exit code not 0, nothing touched."""

import hashlib
from pathlib import Path

import pytest

HEADER = "id,date,price,sqft_living,zipcode\n"
ROW = "7129300520,20141013T000000,221900,1180,98178\n"
CONTRACT = "configs/feeds/king_county/contract.yaml"


def lay(clone, name: str, content: bytes) -> None:
    path = clone.folder / "data/raw/king_county" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def state(clone) -> dict[str, str]:
    """Hashes of all files but git's and DVC's own."""
    skipped = {".git", ".dvc", ".venv"}
    return {
        str(path.relative_to(clone.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(clone.folder).rglob("*"))
        if path.is_file()
        and not skipped & set(path.relative_to(clone.folder).parts)
        and "__pycache__" not in path.parts
    }


def no_folder(clone):
    pass


def empty_file(clone):
    lay(clone, "empty.csv", b"")


def header_only(clone):
    lay(clone, "bare.csv", HEADER.encode())


def lost_column(clone):
    lay(clone, "lost.csv", (HEADER + ROW).replace("price", "prise").encode())


def binary(clone):
    lay(clone, "photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4)


def unknown_key(clone):
    lay(clone, "fine.csv", (HEADER + ROW).encode())
    contract = clone.folder / CONTRACT
    contract.write_text(contract.read_text() + "colums: {}\n")


def mixed_feeds(clone):
    lay(clone, "fine.csv", (HEADER + ROW).encode())
    demo = (
        "Matrix_Unique_ID,MatrixModifiedDT,Status,ForLease,ClosePrice,CloseDate,SqFtTotal,"
        "PostalCode\n1,2025-01-01T00:00:00,Sold,False,1,01/01/2025,1000,77901\n"
    )
    lay(clone, "har.csv", demo.encode())


CASES = [
    (no_folder, ["data/raw/king_county: no such folder", "make import FEED=king_county"]),
    (empty_file, ["empty.csv: the file is empty", "remove it"]),
    (header_only, ["bare.csv: a header and no rows", "remove the file"]),
    (
        lost_column,
        [
            "lost.csv: the header lacks close_price",
            "nearest header is 'prise'",
            f"aliases in {CONTRACT}",
        ],
    ),
    (binary, ["photo.csv: this is a binary file", "export it as CSV"]),
    (unknown_key, [f"{CONTRACT}: colums: unknown key"]),
    (
        mixed_feeds,
        ["har.csv: this file fits feed 'demo', not 'king_county'", "move it to data/raw/demo/"],
    ),
]


@pytest.mark.parametrize("spoil, told", CASES, ids=[case.__name__ for case, _ in CASES])
@pytest.mark.parametrize("how", ["make run", "make repro"])
def test_one_line_tells_and_nothing_is_touched(clone, spoil, told, how):
    if how == "make repro":
        params = clone.folder / "params.yaml"
        params.write_text(params.read_text().replace("feed: demo", "feed: king_county"))
    spoil(clone)
    before = state(clone)
    done = clone.run(*how.split(), *(["FEED=king_county"] if how == "make run" else []))
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    for text in told:
        assert text in lines[0]
    assert "Traceback" not in done.stderr
    assert state(clone) == before


def test_a_file_put_into_the_demo_folder_is_not_deleted(clone):
    raw = clone.folder / "data/raw/demo"
    raw.mkdir(parents=True)
    (raw / "manifest.txt").write_text("manifest.txt\n")
    (raw / "my_export.csv").write_text(HEADER + ROW)
    done = clone.run("make", "repro")
    assert done.returncode != 0
    assert "my_export.csv: the demo stage owns this folder" in done.stderr
    assert (raw / "my_export.csv").is_file()


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["FEED=king_county", "FROM=nowhere.csv"], "nowhere.csv: no such file"),
        (["FEED=demo", "FROM=README.md"], "the demo stage owns that folder"),
        (["FEED=../x", "FROM=README.md"], "made of lower-case letters"),
        (["FEED=nosuch", "FROM=README.md"], "no contract for feed 'nosuch' (feeds with one: demo"),
        (["FEED=king_county", "FROM=README.md"], "README.md: "),
    ],
)
def test_import_refuses_what_is_wrong(clone, arguments, told):
    before = state(clone)
    done = clone.run("make", "import", *arguments)
    assert done.returncode != 0
    assert told in done.stderr
    assert state(clone) == before


def test_import_never_overwrites(clone):
    lay(clone, "a.csv", (HEADER + ROW).encode())
    other = clone.folder / "a.csv"
    other.write_text(HEADER + ROW + ROW)
    done = clone.run("make", "import", "FEED=king_county", "FROM=a.csv")
    assert done.returncode != 0 and "never overwritten" in done.stderr
