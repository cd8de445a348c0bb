"""The room that a photo shows, by the name of its file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

ROOMS = {  # words in file names -> RESO ImageOf
    "bath": "Bathroom", "bathroom": "Bathroom", "bedroom": "Bedroom", "dining": "Dining Room",
    "front": "Front of Structure", "frontal": "Front of Structure", "garage": "Garage",
    "kitchen": "Kitchen", "living": "Living Room", "pool": "Pool",
}  # fmt: skip


def room_of_name(name: str) -> str | None:
    """The room (RESO ImageOf) that a file name says, in any letters; None where it says none."""
    words = re.findall(r"[a-z]+", PurePosixPath(name).stem.lower())
    return next((ROOMS[word] for word in words if word in ROOMS), None)
