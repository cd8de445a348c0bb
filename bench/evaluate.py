"""Bootstrap intervals of every metric, homes drawn, against `scipy.stats.bootstrap` with the same
metrics by plain formulas: rows drawn, so that it knows no homes, a twentieth of the draws, scaled.

Run as a module it does the work of one side, so that its time and memory stand alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap as peer_bootstrap

from bench import kit
from lib.evaluation.metrics.accuracy import accuracy_family, coverage_family
from lib.evaluation.metrics.bootstrap import bootstrap_intervals, home_clusters
from lib.evaluation.metrics.ratio_study import RatioStudy, value_proxy, vei_group_count

DRAWS, FEWER = 1000, 20


def sales(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates, prices (currency) and homes, of which a tenth sold twice."""
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13, 0.5, rows))
    return (
        price * np.exp(rng.normal(0, 0.12, rows)),
        price,
        rng.permutation(rows) % (rows * 9 // 10),
    )


def ours(rows: int) -> None:
    """Accuracy, two intervals, and the ratio study as it is and trimmed twice: 38 metrics."""
    estimate, price, home = sales(rows)
    study = RatioStudy(estimate, price)
    families = {
        "accuracy": accuracy_family(estimate, price),
        "80": coverage_family(price, estimate * 0.85, estimate * 1.15, estimate, 0.8),
        "90": coverage_family(price, estimate * 0.8, estimate * 1.2, estimate, 0.9),
        "untrimmed": study.family(),
        "trimmed": study.family(1.5, 0.1),
        "extreme": study.family(3.0, 0.1),
    }
    bootstrap_intervals(families, home_clusters(home), DRAWS, np.random.default_rng(1))


def of_ratios(estimate: np.ndarray, price: np.ndarray) -> list[float]:
    """The ratio study by its formulas."""
    ratio = estimate / price
    middle, n = np.median(ratio), len(ratio)
    value = value_proxy(estimate, price)
    order, by_price, place = np.argsort(value), np.argsort(price), np.arange(1, n + 1)
    gini = [2 * (place @ x[by_price]) / (n * x.sum()) - (n + 1) / n for x in (estimate, price)]
    size = n // vei_group_count(n)
    ends = np.median(ratio[order[:size]]), np.median(ratio[order[-size:]])
    return [
        middle, np.abs(ratio - middle).mean() / middle,
        ratio.mean() / (estimate.sum() / price.sum()),
        np.polyfit(np.log2(value), ratio / middle - 1, 1)[0], gini[0] / gini[1],
        (ends[1] - ends[0]) / middle,
    ]  # fmt: skip


def plain(estimate: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The same 38 metrics of one sample."""
    error = estimate / price - 1
    size, gap, ratio = np.abs(error), estimate - price, estimate / price
    out = [
        np.median(size), size.mean(), np.abs(gap).mean(), np.sqrt((gap**2).mean()),
        np.sqrt(((np.log1p(estimate) - np.log1p(price)) ** 2).mean()),
        1 - (gap**2).sum() / ((price - price.mean()) ** 2).sum(),
        (size <= 0.1).mean(), (size <= 0.2).mean(), np.isfinite(estimate).mean(), np.median(error),
    ]  # fmt: skip
    for half, level in ((0.15, 0.8), (0.2, 0.9)):
        low, high = estimate * (1 - half), estimate * (1 + half)
        beyond = np.maximum(low - price, 0) + np.maximum(price - high, 0)
        out += [
            ((price >= low) & (price <= high)).mean(), (price < low).mean(), (price > high).mean(),
            np.median((high - low) / estimate),
            ((high - low + 2 / (1 - level) * beyond) / price).mean(),
        ]  # fmt: skip
    out += of_ratios(estimate, price)
    first, third = np.quantile(ratio, [0.25, 0.75])
    for factor in (1.5, 3.0):
        far = factor * (third - first)
        kept = (ratio >= first - far) & (ratio <= third + far)
        out += of_ratios(estimate[kept], price[kept])
    return np.array(out)


def peer(rows: int) -> None:
    """The same by scipy, with fewer draws."""
    estimate, price, _ = sales(rows)
    peer_bootstrap(
        (estimate, price), plain, paired=True, vectorized=False, method="percentile",
        n_resamples=DRAWS // FEWER, batch=1, rng=np.random.default_rng(1),
    )  # fmt: skip


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """A tenth of the rows are predictions; both sides take turns."""
    rows //= 10
    costs: dict[str, list[kit.Cost]] = {"ours": [], "tenth": [], "peer": [], "nothing": []}
    sides = {"ours": ("ours", rows), "tenth": ("ours", rows // 10), "peer": ("peer", rows)}
    sides |= {"nothing": ("nothing", rows)}
    for _ in range(rounds):
        for name, (side, count) in sides.items():
            command = [sys.executable, "-m", "bench.evaluate", side, str(count)]
            costs[name].append(kit.measure(command, folder, PYTHONPATH=str(kit.ROOT)))
    best = {name: kit.best(one) for name, one in costs.items()}
    start = best["nothing"].seconds  # of the interpreter and the imports
    scaled = (best["peer"].seconds - start) * FEWER
    what = f"evaluate {rows:,} rows, {DRAWS:,} draws"
    own = best["ours"].seconds - start
    tenth = max(best["tenth"].seconds - start, 1e-9)
    return [
        kit.Finding(f"{what} / scipy", own / scaled, 1, best["ours"], 600),
        kit.Finding(f"{what} / {rows // 10:,}", own / tenth, 20, best["ours"], 600),
    ]


if __name__ == "__main__":
    {"ours": ours, "peer": peer, "nothing": lambda rows: None}[sys.argv[1]](int(sys.argv[2]))
