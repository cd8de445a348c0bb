"""The groups by which a model's inputs are shown, each with a plain title.

A group is made of prefixes of input names; the longest that fits counts. Explanations are added up
by group, and `ablate` takes a group out at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

BASELINE, LEVEL, OTHER = "baseline", "level", "other"


@dataclass(frozen=True)
class FeatureGroup:
    """What people call a group, and the prefixes of its inputs."""

    title: str
    prefixes: tuple[str, ...] = ()


# in the order in which they are shown
GROUPS: dict[str, FeatureGroup] = {
    "size": FeatureGroup(
        "Size and rooms",
        ("living_area", "own_log_living", "bedrooms_", "bathrooms_", "stories", "above_grade_",
         "below_grade_"),
    ),
    "age": FeatureGroup(
        "Age and condition", ("own_age", "local_condition", "local_year_renovated")
    ),
    "lot": FeatureGroup("Lot", ("lot_", "own_log_lot")),
    "amenities": FeatureGroup(
        "Kind, quality and amenities",
        ("property_sub_type", "property_type", "garage_", "fireplaces_", "pool_", "association_",
         "local_"),
    ),
    "location": FeatureGroup(
        "Location",
        ("postal_code", "latitude", "longitude", "geo_", "waterfront_", "local_view",
         "local_living_area_15", "local_lot_size_15"),
    ),
    "market": FeatureGroup(
        "Comparables and the market", ("comp_", "mkt_", "own_previous_", "ext_")
    ),
    "time": FeatureGroup("Time", ("time_",)),
    "remarks": FeatureGroup("Remarks", ("txt_",)),
    "photos": FeatureGroup("Photos", ("img_",)),
    "list_price": FeatureGroup("List price", ("own_log_list_price",)),
    OTHER: FeatureGroup("Other"),
    LEVEL: FeatureGroup("Latest sales (level)", (LEVEL,)),
}  # fmt: skip
# an input -> what is computed from it alone, and so moves with it
DERIVED = {
    "living_area": "own_log_living_area",
    "lot_size_square_feet": "own_log_lot_size",
}  # by the natural logarithm, both


def group_of_input(name: str) -> str:
    """The group of an input."""
    if name == BASELINE:
        return BASELINE
    fits = [
        (len(prefix), key)
        for key, group in GROUPS.items()
        for prefix in group.prefixes
        if name.startswith(prefix)
    ]
    return max(fits)[1] if fits else OTHER


def underived_input(name: str) -> str:
    """The input that a derived input is computed from, or the input itself."""
    return next((base for base, made in DERIVED.items() if made == name), name)


def group_title(group: str) -> str:
    """What people call a group."""
    return "Baseline" if group == BASELINE else GROUPS[group].title


def inputs_by_group(names: list[str]) -> dict[str, list[str]]:
    """The inputs of each group that has any, in the order of `GROUPS`."""
    inputs_by_group = {
        key: [name for name in names if group_of_input(name) == key] for key in GROUPS
    }
    return {key: inputs for key, inputs in inputs_by_group.items() if inputs}
