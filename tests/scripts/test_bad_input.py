"""Bad input: one line that names the file and the mend, exit code not 0, nothing touched."""

import hashlib
import json
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from lib.common.errors import RemlError
from scripts.ops import import_file, preflight
from scripts.ops import run as run_command

HEADER = "id,date,price,sqft_living,zipcode\n"
ROW = "7129300520,20141013T000000,221900,1180,98178\n"
CONTRACT = "configs/feeds/king_county/contract.yaml"


def lay(clone, name: str, content: bytes) -> None:
    path = clone.folder / "data/raw/king_county" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


Done = namedtuple("Done", "returncode stdout stderr")


def make(clone, target: str, *given: str) -> Done:
    """What make's recipe for `target` does first with NAME=value as `given`, in this process; that
    make says the same is a test of its own."""
    command = {"run": preflight, "repro": preflight, "import": import_file}[target].main
    options = [f"--{name.lower()}={value}" for name, value in (one.split("=") for one in given)]
    done = clone.call(command, *options)
    return Done(done.exit_code, done.stdout, done.stderr)


def told_by(done) -> list[str]:
    """The lines on stderr, but make's own."""
    return [line for line in done.stderr.splitlines() if not line.startswith("make")]


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


def folder_named_like_a_file(clone):
    lay(clone, "fine.csv", (HEADER + ROW).encode())
    (clone.folder / "data/raw/king_county/parts.csv").mkdir()


def dangling_link(clone):
    lay(clone, "fine.csv", (HEADER + ROW).encode())
    (clone.folder / "data/raw/king_county/moved.csv").symlink_to("/nowhere/sales.csv")


def edit_params(clone, old, new):
    lay(clone, "fine.csv", (HEADER + ROW).encode())
    params = clone.folder / "params.yaml"
    assert old in params.read_text()
    params.write_text(params.read_text().replace(old, new))


def unknown_param(clone):
    edit_params(clone, "num_leaves:", "num_leafs:")


def wrong_param(clone):
    edit_params(clone, "listings: 25", "listings: many")


def mistyped_section(clone):
    edit_params(clone, "\ncalibrate:", "\ncallibrate:")


def section_of_no_stage(clone):
    edit_params(clone, "\nreport:", "\nextras: {a: 1}\n\nreport:")


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
    (folder_named_like_a_file, ["parts.csv: a folder with the name of a CSV file", "rename it"]),
    (dangling_link, ["moved.csv: a link to /nowhere/sales.csv", "remove the link"]),
    (unknown_param, ["params.yaml, section train: ", "lightgbm.num_leafs: unknown key"]),
    (wrong_param, ["params.yaml, section report: listings: ", "integer"]),
    (
        mistyped_section,
        ["params.yaml: no `calibrate` section", "no stage reads a `callibrate` section"],
    ),
    (section_of_no_stage, ["params.yaml: no stage reads a `extras` section", "remove it"]),
]


@pytest.mark.parametrize("spoil, told", CASES, ids=[case.__name__ for case, _ in CASES])
@pytest.mark.parametrize("how", ["run", "repro"])
def test_one_line_tells_and_nothing_is_touched(clone, spoil, told, how):
    if how == "repro":
        params = clone.folder / "params.yaml"
        params.write_text(params.read_text().replace("feed: demo", "feed: king_county"))
    spoil(clone)
    before = state(clone)
    done = make(clone, how, *(["FEED=king_county"] if how == "run" else []))
    assert done.returncode != 0
    lines = told_by(done)
    assert len(lines) == 1, done.stderr
    for text in told:
        assert text in lines[0]
    assert "Traceback" not in done.stderr
    assert state(clone) == before


@pytest.mark.parametrize(
    "spoil, given",
    [
        (lost_column, ["run", "FEED=king_county"]),
        (mistyped_section, ["repro"]),
        (folder_named_like_a_file, ["import", "FEED=king_county", "FROM=nowhere.csv"]),
    ],
)
def test_make_says_what_the_command_says(clone, spoil, given):
    spoil(clone)
    before = state(clone)
    done, called = clone.run("make", *given, timeout=60), make(clone, *given)
    assert done.returncode != 0 and called.returncode != 0
    assert told_by(done) == told_by(called) and len(told_by(done)) == 1
    assert state(clone) == before


@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize("name", ["my_export.csv", "exports/mine.csv", "sale/images/a.zip"])
def test_a_file_put_into_the_demo_folder_is_not_deleted(clone, name, manifest):
    raw = clone.folder / "data/raw/demo"
    path = raw / name
    path.parent.mkdir(parents=True)
    if manifest:
        (raw / "manifest.txt").write_text("manifest.txt\n")
    path.write_text(HEADER + ROW)
    done = make(clone, "repro")
    assert done.returncode != 0
    assert f"{name}: the demo stage owns this folder" in done.stderr
    assert path.is_file()


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
    done = make(clone, "import", *arguments)
    assert done.returncode != 0
    assert told in done.stderr
    assert state(clone) == before


def test_import_never_overwrites(clone):
    lay(clone, "a.csv", (HEADER + ROW).encode())
    other = clone.folder / "a.csv"
    other.write_text(HEADER + ROW + ROW)
    done = make(clone, "import", "FEED=king_county", "FROM=a.csv")
    assert done.returncode != 0 and "never overwritten" in done.stderr


LEDGER = "data/raw/king_county/imports.jsonl"


def imported(clone, name="a.csv"):
    """Import a file with one row; what the ledger then says."""
    (clone.folder / name).write_text(HEADER + ROW)
    done = make(clone, "import", "FEED=king_county", f"FROM={name}")
    assert done.returncode == 0, done.stderr
    lines = (clone.folder / LEDGER).read_text().splitlines()
    return done.stdout, [json.loads(line)["file"] for line in lines]


def test_a_copy_without_a_receipt_gets_one(clone):
    """An import that was killed between the two."""
    lay(clone, "a.csv", (HEADER + ROW).encode())
    assert imported(clone)[1] == ["a.csv"]
    output, files = imported(clone)
    assert "already imported" in output and files == ["a.csv"]


def test_a_file_that_is_gone_or_changed_is_no_import(clone):
    imported(clone)
    copy = clone.folder / "data/raw/king_county/a.csv"
    copy.unlink()
    output, files = imported(clone)
    assert "already imported" not in output and files == ["a.csv"]
    assert copy.read_text() == HEADER + ROW
    copy.write_text(HEADER + ROW + ROW)
    assert imported(clone, "b.csv")[1] == ["a.csv", "b.csv"]


@pytest.mark.parametrize("line", ['{"file": "a.csv", "sha', "[1]", "{}", "\x00"])
def test_a_broken_ledger_is_told_in_one_line(clone, line):
    imported(clone)
    ledger = clone.folder / LEDGER
    ledger.write_text(ledger.read_text() + line)
    before = state(clone)
    (clone.folder / "b.csv").write_text(HEADER + ROW + ROW)
    done = make(clone, "import", "FEED=king_county", "FROM=b.csv")
    (clone.folder / "b.csv").unlink()
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"{LEDGER}, line 2: no receipt of an import; delete that line" in done.stderr
    assert state(clone) == before


def test_only_an_archive_is_a_photo_bundle(clone):
    bundle = clone.folder / "photos.zip"
    bundle.write_text("no archive\n")
    done = make(clone, "import", "FEED=king_county", "FROM=photos.zip")
    assert done.returncode != 0 and "photos.zip: not a zip archive" in done.stderr
    assert not (clone.folder / "data/raw").exists()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("1/01.jpg", b"x")
    done = make(clone, "import", "FEED=king_county", "FROM=photos.zip")
    assert done.returncode == 0, done.stderr
    assert (clone.folder / "data/raw/king_county/sale/images/photos.zip").is_file()


@pytest.mark.parametrize(
    "change", ["train.boosting.learning_rate=0.5", "+train.feature_sets.x=[a]"]
)
def test_a_change_that_would_reach_no_model_is_refused(change):
    with pytest.raises(RemlError, match=r"reaches none; name a model's own key"):
        run_command.refuse_shared(["split.folds=3", change])
    run_command.refuse_shared(["split.folds=3", "train.kriged.learning_rate=0.5"])
