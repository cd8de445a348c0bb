"""A project folder whose downloader talks to the fake portal, and what came of it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from lib.acquire.download import manifest
from tests.support.dag import ROOT
from tests.support.photos import image
from tests.support.portal import PASSWORD, USER, Portal

COLUMNS = (
    "Matrix_Unique_ID", "MLSNumber", "MatrixModifiedDT", "Status", "PropertyType", "ForLease",
    "ListPrice", "ClosePrice", "CloseDate", "SqFtTotal", "PostalCode", "PhotoCount",
    "PhotosModifiedDT",
)  # fmt: skip
TODAY = "2026-03-20"
RESULTS, DOWNLOAD, ZIP = "/Matrix/Results", "/Matrix/Download", "/Matrix/PhotosZip"  # of the portal


def row(number: int, day: str, photos: int = 0, zip_code: str = "77001", **more: str) -> dict:
    """A sale that was last modified on `day`."""
    values = (
        f"k{number}", str(number), f"{day}T09:30:00", "Sold", "Single-Family", "False", "300000",
        "290000", "01/15/2026", "1800", zip_code, str(photos), f"{day}T08:00:00" if photos else "",
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True)) | more


def month(count: int = 6, photos: int = 0) -> list[dict]:
    """`count` sales on each of three days, 2026-03-02, -03 and -05; every other one has photos."""
    days = ("2026-03-02", "2026-03-03", "2026-03-05")
    return [
        row(100 * d + n, day, photos * (n % 2 == 0))
        for d, day in enumerate(days, 1)
        for n in range(count)
    ]


def keys(rows: list[dict]) -> list[str]:
    """The listing keys of rows, sorted, as `Desk.keys` has them of what was downloaded."""
    return sorted(one["Matrix_Unique_ID"] for one in rows)


def album(rows: list[dict]) -> dict[str, list[bytes]]:
    """As many photos of each listing as it says it has, no two alike."""
    return {
        one["MLSNumber"]: [image(1000 * int(one["MLSNumber"]) + n) for n in range(count)]
        for one in rows
        if (count := int(one["PhotoCount"]))
    }


class Desk:
    """A folder with the project's configs, set to the portal; `run` is what a user types."""

    def __init__(self, folder: Path, portal: Portal, **changes: dict) -> None:
        self.folder, self.portal = folder, portal
        shutil.copytree(ROOT / "configs", folder / "configs", dirs_exist_ok=True)
        self.out = folder / "data/acq/har"
        quick = {"seconds": 0, "jitter": 0, "backoff": 0.05, "timeout": 20}
        self.settings(pace=quick, portal={"url": f"{portal.url}/login", "hosts": []})
        self.settings(**changes)

    def settings(self, **changes: dict) -> None:
        """Change sections of configs/acq.yaml."""
        path = self.folder / "configs/acq.yaml"
        content = yaml.safe_load(path.read_text())
        for name, some in changes.items():
            content[name] = content[name] | some if isinstance(some, dict) else some
        path.write_text(yaml.safe_dump(content))

    def command(self, *arguments: str, script: str = "har") -> tuple[list[str], dict[str, str]]:
        """The command line and the environment of a script of scripts/acquire."""
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "HAR_EMAIL": USER,
            "HAR_PASSWORD": PASSWORD,
            "REML_CACHE_DIR": str(self.folder / "cache"),
        }
        line = [sys.executable, "-m", f"scripts.acquire.{script}", "--date", TODAY, *arguments]
        return line, environment

    def run(self, *arguments: str, script: str = "har", **more: str) -> subprocess.CompletedProcess:
        """Run it to its end."""
        line, environment = self.command(*arguments, script=script)
        return subprocess.run(
            line, cwd=self.folder, env=environment | more, text=True, capture_output=True,
            check=False,
        )  # fmt: skip

    def march(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        """Download the first ten days of March."""
        return self.run("--since", "2026-03-01", "--until", "2026-03-10", *arguments, **more)

    def keys(self) -> list[str]:
        """The listing keys of all exports that the manifest vouches for, sorted."""
        names = {one.file for one in self.entries() if one.kind == "listings" and one.file}
        found = []
        for name in names:
            with (self.out / name).open(newline="") as file:
                found += [line["Matrix_Unique_ID"] for line in csv.DictReader(file)]
        return sorted(found)

    def pictures(self) -> dict[str, list[bytes]]:
        """Listing number -> the photos in the bundles, in order."""
        found: dict[str, list[bytes]] = {}
        for path in sorted(self.out.glob("ready/*/*.zip")):
            with zipfile.ZipFile(path) as bundle:
                for name in sorted(bundle.namelist()):
                    found.setdefault(name.split("/")[0], []).append(bundle.read(name))
        return found

    def entries(self) -> list[manifest.ManifestEntry]:
        """The manifest."""
        return manifest.read_manifest(self.out / "manifest.jsonl")

    def leftovers(self) -> list[str]:
        """Half files."""
        return [str(path) for path in self.out.rglob("*.part")]
