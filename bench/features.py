"""The feature table of generated sales: how its cost grows with them; and its search for
comparables against a loop that looks at every earlier sale for each home."""

from __future__ import annotations

import resource
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bench import kit
from lib.common import io, params
from lib.features import build
from lib.features.nearby import comparables

START, DAYS, TOWNS = pd.Timestamp("2020-01-01"), 1461, 60
SAMPLE = 200  # homes that the loop serves
WORDS = ["bright", "home", "renovated", "kitchen", "new", "roof", "needs", "work", "quiet", "view"]


def sales(rows: int, domain: str = "sale") -> pd.DataFrame:
    """A normalised table of that many listings: 95 in 100 sold over four years, in towns a few
    kilometres wide, one in ten a resale; the others withdrawn."""
    rng = np.random.default_rng(rows)
    town = rng.integers(0, TOWNS, rows)
    center = np.random.default_rng(1).uniform(0, 1, (TOWNS, 2))
    home = [f"home{i}" for i in rng.integers(0, int(rows * 0.9) + 1, rows)]
    close = START + pd.to_timedelta(rng.integers(0, DAYS, rows), unit="D")
    agreed = close - pd.to_timedelta(rng.integers(5, 50, rows), unit="D")
    area = np.exp(rng.normal(7.5, 0.35, rows)).round()
    price = np.exp(6 + 0.8 * np.log(area) + 0.01 * town + rng.normal(0, 0.2, rows)).round()
    price = price if domain == "sale" else (price / 200).round()
    words = np.array(WORDS, dtype=object)[rng.integers(0, len(WORDS), (5000, 12))]
    remarks = np.array([" ".join(line) for line in words], dtype=object)
    table = pd.DataFrame(
        {
            "listing_key": [f"{domain}{i:07d}" for i in range(rows)],
            "property_key": home,
            "own_home_key": home,
            "standard_status": "Closed",
            "listing_contract_date": agreed - pd.to_timedelta(rng.integers(1, 90, rows), unit="D"),
            "purchase_contract_date": agreed,
            "modification_timestamp": close + pd.Timedelta(hours=18),
            "_modification_utc_offset_minutes": np.nan,
            "as_of": agreed,
            "close_date": close,
            "close_price": price,
            "list_price": price * rng.uniform(0.98, 1.08, rows),
            "living_area": area,
            "lot_size_square_feet": np.exp(rng.normal(9, 0.5, rows)).round(),
            "year_built": rng.integers(1920, 2020, rows).astype(float),
            "bedrooms_total": rng.integers(1, 6, rows).astype(float),
            "bathrooms_total": rng.integers(1, 4, rows).astype(float),
            "garage_spaces": rng.integers(0, 3, rows).astype(float),
            "latitude": 47 + center[town, 0] + rng.normal(0, 0.03, rows),
            "longitude": -122 + center[town, 1] + rng.normal(0, 0.04, rows),
            "postal_code": [f"98{number:03d}" for number in town],
            "property_sub_type": rng.choice(["House", "Condo", "Townhouse"], rows),
            "public_remarks": remarks[rng.integers(0, len(remarks), rows)],
        }
    )
    withdrawn = table.index % 20 == 7
    table.loc[withdrawn, "standard_status"] = "Withdrawn"
    gone = ["as_of", "close_date", "purchase_contract_date"]
    table.loc[withdrawn, [*gone, "close_price"]] = np.nan
    return table


def stage(folder: Path, rows: int) -> kit.Cost:
    """The features stage on `rows` sales and a tenth as many rentals."""
    tree = kit.tree(folder / f"tree{rows}")
    for domain, count in (("sale", rows), ("rental", rows // 10)):
        table = sales(count, domain)
        io.write_parquet(tree / f"data/normalize/{domain}.parquet", table, ["listing_key"])
        closed = table[table["standard_status"] == "Closed"]
        verdicts = closed[["listing_key"]].assign(usable=True)
        io.write_parquet(tree / f"data/screen/{domain}.parquet", verdicts, ["listing_key"])
    cost = kit.stage("features", tree)
    shutil.rmtree(tree)
    return cost


def naive(homes: pd.DataFrame, past: pd.DataFrame, spec: comparables.NeighbourMetric) -> np.ndarray:
    """The distances (n, k) that `comparables.find` gives, each home against every sale."""
    at = comparables.metric_coordinates(homes, homes["as_of"], spec, False)
    points = comparables.metric_coordinates(past, past["close_date"], spec, False)
    out = np.full((len(homes), spec.k), np.inf)
    for row, home in enumerate(homes.itertuples()):
        may = (past["close_date"] < home.as_of) & (past["own_home_key"] != home.own_home_key)
        gaps = np.sort(np.sqrt(((points[may.to_numpy()] - at[row]) ** 2).sum(axis=1)))[: spec.k]
        out[row, : len(gaps)] = gaps
    return out


def search(rows: int) -> kit.Finding:
    """Time a home takes among `rows` sales: ours for all homes, the loop's for a sample."""
    _, settings = params.load_sections("features", build.FeaturesParams, kit.ROOT / "params.yaml")
    table = sales(rows)
    homes, past = table[table["as_of"].notna()], build.priced_sales(table)
    began, busy = time.perf_counter(), time.process_time()
    _, distance = comparables.find_comparables(homes, past, settings.comparables)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    some = np.linspace(0, len(homes) - 1, min(SAMPLE, len(homes))).astype(int)
    began = time.perf_counter()
    wanted = naive(homes.iloc[some], past, settings.comparables)
    loop = time.perf_counter() - began
    np.testing.assert_allclose(distance[some], wanted, rtol=1e-9)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = (seconds / len(homes)) / (loop / len(some))
    cost = kit.Cost(seconds, peak, cpu)
    return kit.Finding(f"comparables {rows:,} sales / loop, a home", ratio, 1, cost, 6000)


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """Half of `rows` against a twentieth, and the search among the latter. The large table is built
    once: it takes minutes, and other work disturbs long runs least."""
    large, small = rows // 2, rows // 20
    tenth = kit.best([stage(folder, small) for _ in range(rounds)])
    whole = stage(folder, large)
    what = f"features {large:,} sales / {small:,}"
    return [kit.Finding(what, whole.seconds / tenth.seconds, 13, whole, 6000), search(small)]
