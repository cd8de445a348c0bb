"""Rooms by name and by looks, against cases worked by hand."""

import numpy as np
import pytest

from lib.common.vocabulary import PHOTO_ROOMS, UNKNOWN_ROOM
from lib.photos.image import rooms


def test_zero_shot_is_the_softmax_of_scaled_cosines():
    """cosines 1 and 0.6 at scale 5: odds e^(5 - 3) = e^2 = 7.389 to 1, so 0.8808 and 0.1192."""
    photos = np.array([[1.0, 0.0], [0.6, 0.8]], dtype="float32")
    texts = np.array([[1.0, 0.0], [0.6, 0.8]], dtype="float32")
    likely = rooms.zero_shot_probabilities(photos, texts, 5.0)
    assert likely == pytest.approx(np.array([[0.8808, 0.1192], [0.1192, 0.8808]]), abs=5e-5)


def test_large_scales_do_not_overflow():
    likely = rooms.zero_shot_probabilities(np.eye(3), np.eye(3), 1e5)
    assert likely == pytest.approx(np.eye(3)) and np.isfinite(likely).all()


def test_a_room_by_looks_needs_its_probability():
    likely = np.full((3, len(rooms.ROOMS)), 0.05)
    likely[0, 1] = 0.7
    likely[1, 1] = 0.49
    likely[2, 6] = 0.5
    assert rooms.likeliest_room(likely, 0.5).tolist() == ["kitchen", "unknown", "other"]


def test_an_ensemble_is_the_direction_of_the_mean_of_its_prompts():
    """Prompts of one group point along x and y, in each wording: the mean along the diagonal."""

    def read(texts):
        return np.array([[1.0, 0.0] if "one" in text else [0.0, 1.0] for text in texts])

    found = rooms.mean_prompt_vectors([("one", "two"), ("two",)], read)
    assert found == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0.0, 1.0]]))


def test_each_wording_of_each_prompt_is_read_once():
    asked = []

    def read(texts):
        asked.extend(texts)
        return np.ones((len(texts), 2))

    rooms.mean_prompt_vectors([("a sink",), ("a bed", "a lamp")], read)
    assert len(asked) == len(set(asked)) == 3 * len(rooms.TEMPLATES)
    assert "a photo of a lamp." in asked


def test_rooms_by_name():
    assert rooms.room_of_label("Front of Structure") == "front"
    assert rooms.room_of_label(" kitchen ") == "kitchen"
    assert rooms.room_of_label("Garage") == "other"
    for nothing in ("", "IMG 4711"):
        assert rooms.room_of_label(nothing) == UNKNOWN_ROOM


def test_every_label_that_file_names_can_give_is_a_room():
    for label in rooms.ROOM_WORDS.values():
        assert rooms.room_of_label(label) in rooms.ROOMS


def test_the_rooms_are_those_that_every_stage_knows():
    assert tuple(rooms.ROOMS) == PHOTO_ROOMS


def test_no_label_belongs_to_two_rooms():
    labels = [label for room in rooms.ROOMS.values() for label in room.labels]
    assert len(labels) == len({label.casefold() for label in labels})
