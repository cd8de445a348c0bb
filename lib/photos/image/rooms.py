"""What a photo shows: its room, and how its condition looks.

A room is what the photo's record or file name says (RESO `ImageOf`). Where neither says one and the
encoder reads prompts, it is what the photo looks like: CLIP's zero-shot (Radford et al., ICML
2021), the softmax of the scaled cosines to the mean vector of each room's prompts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from lib.common.vocabulary import UNKNOWN_ROOM

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
ROOM_WORDS = {  # words in file names -> RESO ImageOf
    "bath": "Bathroom", "bathroom": "Bathroom", "bedroom": "Bedroom", "dining": "Dining Room",
    "front": "Front of Structure", "frontal": "Front of Structure", "garage": "Garage",
    "kitchen": "Kitchen", "living": "Living Room", "pool": "Pool",
}  # fmt: skip


def room_of_name(name: str) -> str | None:
    """The room (RESO ImageOf) that a file name names, in any case; None where it names none."""
    words = re.findall(r"[a-z]+", PurePosixPath(name).stem.lower())
    return next((ROOM_WORDS[word] for word in words if word in ROOM_WORDS), None)


def room_of_label(label: str) -> str:
    """The room of a RESO `ImageOf` label, whatever its case; `unknown` where it names none."""
    return LABELS.get(label.strip().casefold(), UNKNOWN_ROOM)


def mean_prompt_vectors(
    groups: Sequence[Sequence[str]], read: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """Mean vector of each group of prompts, over its prompts in each wording of `TEMPLATES`.

    Parameters
    ----------
    groups
        Prompts by group.
    read
        Gives the (k, d) vectors of k prompts.

    Returns
    -------
    (groups, d) float64, each of length 1.
    """
    spelled = [[form.format(one) for one in group for form in TEMPLATES] for group in groups]
    vectors = read(list(itertools.chain(*spelled))).astype("float64")
    parts = np.split(vectors, np.cumsum([len(group) for group in spelled])[:-1])
    means = np.stack([part.mean(axis=0) for part in parts])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


@dataclass(frozen=True)
class PromptVectors:
    """What photos are compared with.

    Parameters
    ----------
    rooms
        (rooms, d) vectors of length 1, in the order of `ROOMS`.
    qualities
        (qualities, d) vectors of length 1, in the order of `QUALITIES`.
    scale
        The encoder's, by which a cosine is multiplied.
    """

    rooms: np.ndarray
    qualities: np.ndarray
    scale: float


def encode_prompts(read: Callable[[list[str]], np.ndarray], scale: float) -> PromptVectors:
    """The vectors of all prompts of rooms and qualities.

    Parameters
    ----------
    read
        Gives the (k, d) vectors of k prompts.
    scale
        The encoder's, by which a cosine is multiplied.

    Returns
    -------
    What photos are compared with.
    """
    groups = [room.prompts for room in ROOMS.values()]
    return PromptVectors(
        mean_prompt_vectors(groups, read),
        mean_prompt_vectors(list(QUALITIES.values()), read),
        scale,
    )


def zero_shot_probabilities(vectors: np.ndarray, texts: np.ndarray, scale: float) -> np.ndarray:
    """Probabilities that photos show what each of some texts says.

    Parameters
    ----------
    vectors
        (n, d) of the photos, each of length 1.
    texts
        (k, d) of the texts, each of length 1.
    scale
        By which a cosine is multiplied.

    Returns
    -------
    (n, k) float64, the softmax of `scale` times the cosines (Radford et al., ICML 2021).

    Examples
    --------
    >>> photo, texts = np.array([[1.0, 0.0]]), np.eye(2)
    >>> zero_shot_probabilities(photo, texts, np.log(3)).round(2).tolist()
    [[0.75, 0.25]]
    """
    logits = scale * (vectors.astype("float64") @ texts.astype("float64").T)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def likeliest_room(probabilities: np.ndarray, least: float) -> np.ndarray:
    """The likeliest room of each photo.

    Parameters
    ----------
    probabilities
        (n, rooms) in the order of `ROOMS`.
    least
        The probability below which a room is `unknown`.

    Returns
    -------
    (n,) object, names of rooms.
    """
    names = np.array([*ROOMS, UNKNOWN_ROOM], dtype=object)
    best = probabilities.argmax(axis=1)
    return names[np.where(probabilities.max(axis=1) >= least, best, len(ROOMS))]
