"""The agent's words. They name what the table names, and betray quality only faintly."""

from __future__ import annotations

from typing import Any

import numpy as np

OPENINGS = (
    "Welcome to this", "Charming", "Do not miss this", "Come and see this", "Well placed",
    "Here is a", "Rare", "Sunny",
)  # fmt: skip
CLOSINGS = (
    "Book a showing today.", "Close to shops and schools.", "Room sizes to be verified.",
    "Easy drive to the harbour.", "Quiet street.", "Call for the gate code.", "",
    "Big family room.", "Perfect for a growing family.", "Not a short sale.",
    "Real estate transfer tax paid by the seller.",
)  # fmt: skip
NOUNS = {"Free Standing": "house", "Townhouse": "townhouse", "Condominium": "flat"}
FINE_WORDS = ("updated throughout", "renovated kitchen", "new fixtures", "meticulously kept")
POOR_WORDS = ("needs work", "bring your contractor", "priced for its condition", "as is")


def write_remarks(rng: np.random.Generator, home: Any, lease: bool) -> str:
    """Two to five sentences on `home`, a row of the homes frame; ASCII but for place names."""
    parts = [
        f"{rng.choice(OPENINGS)} {home.beds} bedroom {NOUNS[home.dwelling]} in "
        f"{home.subdivision}, {home.city}."
    ]
    if home.pool:
        parts.append("Private pool, fenced yard.")
    if home.waterfront:
        parts.append("On the water.")
    # Slopes far below 1 keep the words a faint hint: agents praise most homes.
    if rng.random() < _chance(0.45 * home.quality - 0.9):
        parts.append(f"{str(rng.choice(FINE_WORDS)).capitalize()}.")
    elif rng.random() < _chance(-0.6 * home.quality - 2.3):
        parts.append(f"{str(rng.choice(POOR_WORDS)).capitalize()}.")
    if lease:
        parts.append("Available now, 12 month lease.")
    parts.append(str(rng.choice(CLOSINGS)))
    return " ".join(parts).strip()


def _chance(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))
