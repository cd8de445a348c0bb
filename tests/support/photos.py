"""What the photo tests share: small images, zips of any kind, and a feed to run the stage on."""

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from lib.photos.bundles.safe_zip import UnpackLimits
from lib.photos.bundles.unpack import UnpackSettings, read_index, unpack_bundle
from lib.photos.image.decode import ImageLimits
from scripts.valuation import photos
from tests.support.commands import run_command
from tests.support.dag import ROOT

LOOK = ImageLimits(max_pixels=1_000_000, min_side=16, quality=90)
LIMITS = UnpackLimits(max_entries=1000, max_bundle_bytes=50_000_000, max_entry_bytes=8_000_000,
                max_ratio=100)  # fmt: skip
SETTINGS = UnpackSettings(LIMITS, LOOK)


def embed_params(where: Path, **changes) -> None:
    """The project's params with changes to section `embed`."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["embed"] |= changes
    (where / "params.yaml").write_text(yaml.safe_dump(content))


def drawn(seed: int = 0, size: tuple[int, int] = (48, 36), mode: str = "RGB") -> Image.Image:
    """A small image of blocks of chance colours."""
    rng = np.random.default_rng(seed)
    blocks = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return blocks.resize(size, Image.Resampling.BILINEAR).convert(mode)


def image(seed: int = 0, kind: str = "JPEG", **options) -> bytes:
    """Bytes of a small image; `options` go to Pillow's `save`, or `size` and `mode` to `drawn`."""
    drawing = {name: options.pop(name) for name in ("size", "mode") if name in options}
    stream = io.BytesIO()
    drawn(seed, **drawing).save(stream, kind, **options)
    return stream.getvalue()


def exif_block(gps: bool = True, orientation: int = 1) -> bytes:
    """An EXIF block, with a place in it if wanted."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A camera", orientation
    if gps:
        place = exif.get_ifd(0x8825)
        place[1], place[2], place[3], place[4] = "N", (29.0, 45.0, 30.0), "W", (95.0, 22.0, 5.0)
    return exif.tobytes()


def zipped(entries, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of (name or ZipInfo, bytes), repeated names allowed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as bundle:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            one = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            bundle.writestr(one, content, method)
    return stream.getvalue()


def unpacked(folder: Path, content: bytes, settings: UnpackSettings = SETTINGS) -> dict:
    """The index of a bundle with these bytes."""
    bundle, out = folder / "bundle.zip", folder / "out"
    bundle.write_bytes(content)
    out.mkdir(exist_ok=True)
    unpack_bundle(bundle, settings, out)
    return read_index(out)


def fates(index: dict) -> dict[str, str]:
    """Entry -> "photo", "manifest" or its reason."""
    found = dict.fromkeys((one["entry"] for one in index["photos"]), "photo")
    found |= dict.fromkeys(index["manifests"], "manifest")
    return found | {one["entry"]: one["reason"] for one in index["rejected"]}


def directory_entry(content: bytes, number: int) -> int:
    """Where the central directory's entry `number` begins."""
    at = -1
    for _ in range(number + 1):
        at = content.index(b"PK\x01\x02", at + 1)
    return at


def patched(content: bytes, at: int, form: str, value: int) -> bytes:
    """The bytes with a number of `struct` format `form` put at `at`."""
    changed = bytearray(content)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


class Feed:
    """A folder in which the stage runs: raw bundles, staged listings, params."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self.images = {d: folder / f"data/raw/demo/{d}/images" for d in ("sale", "rental")}
        for path in self.images.values():
            path.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("REML_CACHE_DIR", str(folder / "cache"))
        self.params(workers=1)

    def params(self, **changes) -> None:
        """The project's params, with changes to section `photos`."""
        content = yaml.safe_load((ROOT / "params.yaml").read_text())
        content["photos"] |= {"min_side": 16} | changes
        Path("params.yaml").write_text(yaml.safe_dump(content))

    def listings(
        self, *rows: tuple, columns=("domain", "listing_key", "listing_id", "photos_count")
    ):
        """Staged listings: domain, listing_key, listing_id, photos_count (text, as staged)."""
        frame = pd.DataFrame(rows, columns=list(columns), dtype="str")
        Path("data/staging").mkdir(parents=True, exist_ok=True)
        frame.to_parquet("data/staging/listings.parquet")

    def bundle(self, name: str, entries, domain: str = "sale") -> None:
        """A bundle of entries, or of bytes as they are."""
        content = entries if isinstance(entries, bytes) else zipped(entries)
        (self.images[domain] / name).write_bytes(content)

    def run(self) -> "Feed":
        """Run the stage; it has to end well."""
        self.output = run_command(photos.main, code=0).output
        return self

    def lines(self, name: str) -> list[dict]:
        """The records of a JSONL out."""
        return [json.loads(one) for one in Path("data/photos", name).read_text().splitlines()]

    def fates(self) -> dict[str, str]:
        """Entry -> "photo" or its reason, over all bundles."""
        found = {one["entry"]: "photo" for one in self.lines("manifest.jsonl")}
        return found | {one["entry"]: one["reason"] for one in self.lines("rejected.jsonl")}

    def statuses(self) -> dict[str, str]:
        """listing_key -> status."""
        table = pd.read_parquet("data/photos/listing_photos.parquet")
        return dict(zip(table["listing_key"], table["status"], strict=True))

    def digest(self) -> dict[str, str]:
        """Path -> hash of every out."""
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted([*Path("data/photos").rglob("*"), Path("metrics/photos.json")])
            if path.is_file()
        }
