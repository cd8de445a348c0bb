"""The invented metro: ZIP areas on a plane, subdivisions in them, a smooth field of desirability.

Every name is made up, the ZIP prefix 732 is not assigned by the postal service, and the plane lies
in the open sea, so that no row can be taken for a real home.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

STATE = "TX"
ORIGIN_LAT, ORIGIN_LON = 27.60, -94.40  # the middle of the Gulf of Mexico
KM_PER_DEGREE = 111.32
ZIP_SPACING_KM = 7.0

CITIES = ("Quillmont", "Marrowby", "Ostrelle", "Tarnwick", "Pellhaven", "Grindale")
AREAS = ("Lowfen", "Marrow Shore", "Upper Quill", "Tarn Side", "Pell Heights", "Old Grind")
SUB_FIRST = (
    "Brindle", "Corvane", "Thistlewick", "Ombrel", "Solvane", "Dappleby", "Fennimore", "Harrowgate",
    "Café", "Peñasol", "Fjörden", "Çelmar", "Ivorle", "Kestrel", "Lunden", "Mossgarth", "Nettlebed",
    "Orlop", "Quenby", "Ravel",
)  # fmt: skip
SUB_SECOND = (
    "Hollow", "Landing", "Row", "Terrace", "Crossing", "Meadow", "Bend", "Reach", "Green", "Point",
    "Commons", "Grove", "Rise", "Quay", "Park",
)  # fmt: skip
STREET_FIRST = (
    "Pellwick", "Amberjay", "Dunnock", "Sorrelby", "Wexcombe", "Tamsin", "Ferrow", "Culver Moss",
    "Hobbin", "Jessamy", "Larkhollow", "Nimbus", "Oxlip", "Pomfrey", "Rookery", "Snapdragon",
    "Trelliswood", "Underbough", "Vesper Oak", "Yarrowmere",
)  # fmt: skip
STREET_KIND = ("Ln", "Dr", "St", "Ct", "Way", "Cir")
SUBDIVISIONS_PER_ZIP = 5
MAX_ZIPS = len(SUB_FIRST) * len(SUB_SECOND) // SUBDIVISIONS_PER_ZIP


@dataclass(frozen=True)
class Zip:
    """One postal area: its labels, its centre (km from the origin) and its log price effect."""

    code: str
    city: str
    area: str
    district: str
    x: float
    y: float
    effect: float
    shore: bool


@dataclass(frozen=True)
class Subdivision:
    """One subdivision: centre in km, typical year built, typical size, yearly fee in dollars."""

    name: str
    zip_index: int
    x: float
    y: float
    built: float
    sqft: float
    fee: int
    streets: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """The whole metro; `bumps` has one row (x km, y km, height in log price, radius km) a hill."""

    zips: tuple[Zip, ...]
    subdivisions: tuple[Subdivision, ...]
    bumps: np.ndarray

    def effect(self, zip_index: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Log price effect of a spot: its ZIP's own plus the smooth field; one value a home."""
        own = np.array([z.effect for z in self.zips])[zip_index]
        bump_x, bump_y, height, radius = self.bumps.T
        squared = (x[:, None] - bump_x) ** 2 + (y[:, None] - bump_y) ** 2
        return own + (height * np.exp(-squared / (2 * radius**2))).sum(axis=1)


def to_degrees(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude in degrees of points given in km east and north of the origin.

    Parameters
    ----------
    x, y
        Kilometres east and north, shape (n,).

    Returns
    -------
    tuple of ndarray
        Latitude and longitude, shape (n,) each.
    """
    lat = ORIGIN_LAT + y / KM_PER_DEGREE
    lon = ORIGIN_LON + x / (KM_PER_DEGREE * np.cos(np.radians(ORIGIN_LAT)))
    return lat, lon


def draw_places(rng: np.random.Generator, zips: int) -> Places:
    """An invented metro of `zips` postal areas with five subdivisions each.

    Raises ValueError unless 1 <= zips <= MAX_ZIPS.
    """
    if not 1 <= zips <= MAX_ZIPS:
        raise ValueError(f"zips must be between 1 and {MAX_ZIPS}, got {zips}")
    areas = tuple(_draw_zip(rng, i, zips) for i in range(zips))
    names = [f"{first} {second}" for first, second in product(SUB_FIRST, SUB_SECOND)]
    rng.shuffle(names)
    subdivisions = tuple(
        _draw_subdivision(rng, names.pop(), i, zone)
        for i, zone in enumerate(areas)
        for _ in range(SUBDIVISIONS_PER_ZIP)
    )
    return Places(areas, subdivisions, _draw_bumps(rng, areas))


def _draw_zip(rng: np.random.Generator, index: int, total: int) -> Zip:
    columns = int(np.ceil(np.sqrt(total)))
    row, column = divmod(index, columns)
    city = CITIES[index // 2 % len(CITIES)]
    return Zip(
        code=f"{73201 + index}",
        city=city,
        area=f"{index // 3 + 1} - {AREAS[index // 3 % len(AREAS)]}",
        district=f"{index // 2 + 1} - {city}",
        x=ZIP_SPACING_KM * (column + 0.5 * (row % 2)) + rng.normal(0, 0.5),
        y=ZIP_SPACING_KM * 0.87 * row + rng.normal(0, 0.5),
        effect=rng.normal(0, 0.16),
        shore=row == 0,  # the southern edge of the plane is the coast
    )


def _draw_subdivision(
    rng: np.random.Generator, name: str, zip_index: int, zone: Zip
) -> Subdivision:
    has_fee = rng.random() < 0.6
    streets = rng.choice(len(STREET_FIRST), size=6, replace=False)
    return Subdivision(
        name=name,
        zip_index=zip_index,
        x=zone.x + rng.normal(0, 1.6),
        y=zone.y + rng.normal(0, 1.6),
        built=rng.uniform(1948, 2017),
        sqft=float(np.exp(rng.normal(np.log(1950), 0.22))),
        fee=int(rng.integers(8, 60)) * 25 if has_fee else 0,
        streets=tuple(f"{STREET_FIRST[s]} {rng.choice(STREET_KIND)}" for s in streets),
    )


def _draw_bumps(rng: np.random.Generator, areas: tuple[Zip, ...]) -> np.ndarray:
    count = 2 * len(areas) + 2
    x, y = np.array([z.x for z in areas]), np.array([z.y for z in areas])
    return np.column_stack(
        [
            rng.uniform(x.min() - 4, x.max() + 4, count),
            rng.uniform(y.min() - 4, y.max() + 4, count),
            rng.normal(0, 0.13, count),
            rng.uniform(2.5, 6.0, count),
        ]
    )
