"""The room that a photo shows, as far as the name of its file says it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

ROOM_WORDS = {  # words in file names -> RESO ImageOf
    "bath": "Bathroom", "bathroom": "Bathroom", "bedroom": "Bedroom", "dining": "Dining Room",
    "front": "Front of Structure", "frontal": "Front of Structure", "garage": "Garage",
    "kitchen": "Kitchen", "living": "Living Room", "pool": "Pool",
}  # fmt: skip


def room_of_name(name: str) -> str | None:
    """The room (RESO ImageOf) that a file name names, in any case; None where it names none."""
    words = re.findall(r"[a-z]+", PurePosixPath(name).stem.lower())
    return next((ROOM_WORDS[word] for word in words if word in ROOM_WORDS), None)
