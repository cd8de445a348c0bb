"""What a photo shows: its room, and how its condition looks.

A room is what the photo's record or file name says (RESO `ImageOf`). Where it says none and the
encoder reads prompts, it is what the photo looks like: CLIP's zero-shot (Radford et al., ICML
2021), the softmax of the scaled cosines to the mean vector of each room's prompts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

UNKNOWN = "unknown"
BY_NAME, BY_LOOKS = "name", "looks"
TEMPLATES = ("a photo of {}.", "a real estate photo of {}.")  # a mean is steadier than any one


@dataclass(frozen=True)
class Room:
    """A room: its RESO `ImageOf` labels, and what prompts call it."""

    labels: tuple[str, ...]
    prompts: tuple[str, ...]


ROOMS = {
    "front": Room(
        ("Front of Structure",),
        ("the front of a house", "the exterior of a house seen from the street",
         "a house with its driveway and front yard"),
    ),
    "kitchen": Room(
        ("Kitchen", "Breakfast Area", "Pantry"),
        ("a kitchen", "a kitchen with cabinets and a stove", "a kitchen counter with a sink"),
    ),
    "bath": Room(
        ("Bathroom", "Master Bathroom", "Primary Bathroom"),
        ("a bathroom", "a bathroom with a toilet and a sink", "a shower or a bathtub"),
    ),
    "bedroom": Room(
        ("Bedroom", "Master Bedroom", "Primary Bedroom", "Guest Quarters", "Nursery"),
        ("a bedroom", "a bedroom with a bed", "a room with a bed and a nightstand"),
    ),
    "living": Room(
        ("Living Room", "Family Room", "Great Room", "Dining Room", "Dining Area", "Den",
         "Sitting Room", "Sun Room", "Bonus Room", "Game Room", "Media Room", "Loft"),
        ("a living room", "a living room with a sofa", "a dining room with a table and chairs"),
    ),
    "pool": Room(
        ("Pool", "Spa"),
        ("a swimming pool", "a backyard with a swimming pool", "a hot tub by a pool"),
    ),
    "other": Room(
        ("Aerial View", "Attic", "Back of Structure", "Balcony", "Basement", "Closet", "Community",
         "Courtyard", "Deck", "Entry", "Exercise Room", "Fence", "Fireplace", "Floor Plan",
         "Garage", "Garden", "Golf Course", "Gym", "Hobby Room", "Lake", "Laundry", "Library",
         "Lobby", "Lot", "Mud Room", "Office", "Other", "Out Buildings", "Parking", "Patio",
         "Plat Map", "Porch", "Side of Structure", "Storage", "Study", "View", "Waterfront",
         "Wine Cellar", "Workshop", "Yard"),
        ("a garage", "a laundry room", "a hallway or a staircase", "a floor plan",
         "a back yard without a pool", "an aerial view of a neighborhood", "a map"),
    ),
}  # fmt: skip

USUAL = "usual"  # what the others are weighed against; no column of its own
QUALITIES = {
    "renovated": ("a newly renovated room", "a modern remodeled interior with new finishes",
                  "a luxurious, freshly updated home"),
    "dated": ("an outdated room with old-fashioned decor", "a dated interior with old carpet",
              "a home that was last furnished decades ago"),
    "damaged": ("a damaged room in disrepair", "a neglected house that needs repairs",
                "broken walls, stains and peeling paint"),
    USUAL: ("an ordinary room", "an average home", "an ordinary house in ordinary condition"),
}  # fmt: skip
LABELS = {label.casefold(): name for name, room in ROOMS.items() for label in room.labels}


def by_name(label: str) -> str:
    """The room of a RESO `ImageOf` label, whatever its case; `unknown` where it names none."""
    return LABELS.get(label.strip().casefold(), UNKNOWN)


def ensemble(
    groups: Sequence[Sequence[str]], read: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """(len(groups), d) vectors of length 1: the mean over a group's prompts in each wording;
    `read` gives the vectors of prompts."""
    spelled = [[form.format(one) for one in group for form in TEMPLATES] for group in groups]
    vectors = read(list(itertools.chain(*spelled))).astype("float64")
    parts = np.split(vectors, np.cumsum([len(group) for group in spelled])[:-1])
    means = np.stack([part.mean(axis=0) for part in parts])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


@dataclass(frozen=True)
class Texts:
    """What photos are compared with: (rooms, d) and (qualities, d) vectors of length 1, and the
    encoder's `scale`."""

    rooms: np.ndarray
    qualities: np.ndarray
    scale: float


def texts(read: Callable[[list[str]], np.ndarray], scale: float) -> Texts:
    """The vectors of all prompts, as `read` gives them."""
    groups = [room.prompts for room in ROOMS.values()]
    return Texts(ensemble(groups, read), ensemble(list(QUALITIES.values()), read), scale)


def zero_shot(vectors: np.ndarray, texts: np.ndarray, scale: float) -> np.ndarray:
    """(n, k) probabilities that photos (n, d) show what each of the texts (k, d) says, all of
    length 1: the softmax of `scale` times the cosines."""
    logits = scale * (vectors.astype("float64") @ texts.astype("float64").T)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def by_looks(probabilities: np.ndarray, least: float) -> np.ndarray:
    """(n,) the likeliest room of (n, rooms) probabilities; `unknown` below `least`."""
    names = np.array([*ROOMS, UNKNOWN], dtype=object)
    best = probabilities.argmax(axis=1)
    return names[np.where(probabilities.max(axis=1) >= least, best, len(ROOMS))]
