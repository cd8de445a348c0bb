"""Same pictures: by a loop over all pairs, on copies, and on pictures that are only alike."""

import functools
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from lib.common.errors import RemlError
from lib.demo.pictures import VIEWS, draw_photo
from lib.photos.image import same_picture
from lib.photos.image.same_picture import (
    UNLIKE,
    look_alike_pairs,
    look_alikes_by_photo,
    picture_ids,
    thumbnail_array,
)


def drawn(seed, view="front"):
    """A picture of the demo feed."""
    content = draw_photo(np.random.default_rng(seed), view, 0.3, 0.4, None)
    return Image.open(io.BytesIO(content)).convert("RGB")


def encoded(image, quality=85):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def told(images):
    """sha1, which are s00, s01 and so on, and thumbnails."""
    return [f"s{i:02d}" for i in range(len(images))], np.stack([*map(thumbnail_array, images)])


def grouped(names, thumbnails):
    """`picture_ids` by the pairs that are alike."""
    return picture_ids(names, look_alike_pairs(names, thumbnails)).tolist()


def named(names, thumbnails):
    """`look_alike_pairs` as a list of pairs of names."""
    return np.unique(names)[look_alike_pairs(names, thumbnails)].tolist()


def unlike(one, other):
    """Root mean square difference of two thumbnails, each channel of each at mean 0 and standard
    deviation 1 (or divided by 4 grey levels, where it varies less)."""
    return unlike_bytes(*(np.asarray(each, "float64").tobytes() for each in (one, other)))


@functools.cache  # a loop over all pairs asks the same ones of the same few pictures
def unlike_bytes(one, other):
    total = 0.0
    for channel in range(3):
        a, b = (np.frombuffer(each).reshape(8, 8, 3)[..., channel] for each in (one, other))
        a, b = ((t - t.mean()) / max(t.std(), 4.0) for t in (a, b))
        total += ((a - b) ** 2).mean()
    return (total / 3) ** 0.5


def warm(image):
    """A cast of yellow."""
    return Image.fromarray((np.asarray(image) * [1.0, 0.97, 0.88]).astype("uint8"))


COPIES = {
    "encoded anew": lambda image: encoded(image, 50),
    "enlarged": lambda image: encoded(image.resize((320, 240), Image.Resampling.BICUBIC)),
    "darker": lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.8)),
    "more contrast": lambda image: encoded(ImageEnhance.Contrast(image).enhance(1.15)),
    "warmer": lambda image: encoded(warm(image)),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_found_and_other_pictures_are_not(name):
    """A picture of each view, one more of each kind, and a copy of each of the first."""
    first = [drawn(i, view) for i, view in enumerate(VIEWS)]
    more = [drawn(100 + i, view) for i, view in enumerate(VIEWS)]
    copies = [COPIES[name](image) for image in first]
    names = [f"s{i:02d}" for i in range(len(first) + len(more))]
    got = grouped(*told([*first, *more, *copies]))
    assert got == [*names, *names[: len(first)]]


def chain(count):
    """Thumbnails of which each is like the next alone."""
    rng = np.random.default_rng(5)
    base, step = rng.normal(size=(2, 8, 8, 3))
    return np.stack([128 + 40 * base + 2.5 * i * step for i in range(count)]).round()


def naive_pairs(names, thumbnails):
    """Pairs that are alike by a loop over all."""
    return sorted(
        {
            (one, other)
            for i, one in enumerate(names)
            for j, other in enumerate(names)
            if one < other and unlike(thumbnails[i], thumbnails[j]) < UNLIKE
        }
    )


def naive(names, pairs):
    """The smallest name of each group that pairs join."""
    group = {name: {name} for name in names}
    for one, other in pairs:
        joined = group[one] | group[other]
        for name in joined:
            group[name] = joined
    return [min(group[name]) for name in names]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans()), max_size=14))
def test_pairs_and_groups_are_those_of_a_loop_over_all_pairs(rows):
    """Few sha1, and two chains of pictures."""
    looks = [chain(6), chain(6)[:, ::-1]]
    seen = {}
    for name, look, which in rows:  # what is told of one sha1 is the same each time
        seen.setdefault(f"s{name}", looks[which][look])
    names = [f"s{name}" for name, *_ in rows]
    thumbnails = np.array([seen[name] for name in names]).reshape(-1, 8, 8, 3)
    pairs = look_alike_pairs(names, thumbnails)
    wanted = naive_pairs(names, thumbnails)
    assert [(np.unique(names)[a], np.unique(names)[b]) for a, b in pairs] == wanted
    assert picture_ids(names, pairs).tolist() == naive(names, wanted)
    for name, cell in zip(names, look_alikes_by_photo(names, pairs), strict=True):
        mates = [a if b == name else b for a, b in wanted if name in (a, b)]
        assert cell.tolist() == sorted(mates) and cell.dtype.kind == ("O" if mates else "U")


def test_a_chain_of_copies_is_one_picture_and_its_ends_are_not_alike():
    looks = chain(6)
    steps = [unlike(looks[0], looks[i]) for i in range(6)]
    assert steps[1] < UNLIKE < steps[3]
    names = list("fedcba")
    assert grouped(names, looks) == ["a"] * 6
    pairs = named(names, looks)
    assert ["e", "f"] in pairs and ["a", "f"] not in pairs


def test_pairs_are_found_up_to_the_limit():
    """Sixty steps along one direction, so fine that some pairs lie just within it."""
    base, step = np.random.default_rng(5).normal(size=(2, 8, 8, 3))
    looks = np.stack([128 + 40 * base + at * step for at in np.linspace(0, 8, 60)])
    names = [f"s{i:02d}" for i in range(60)]
    wanted = naive_pairs(names, looks)
    assert list(map(tuple, named(names, looks))) == wanted
    far = max(unlike(looks[int(a[1:])], looks[int(b[1:])]) for a, b in wanted)
    assert 0.97 * UNLIKE < far < UNLIKE


def test_what_is_alike_does_not_depend_on_other_photos():
    """Among pictures that vary along quite other directions, and many that lie close by."""
    few = told([drawn(i) for i in range(4)])[1]
    few = np.concatenate([few, few + (np.arange(192).reshape(1, 8, 8, 3) % 3 == 0)])
    names = [f"s{i}" for i in range(8)]
    pairs = named(names, few)
    assert pairs == [[f"s{i}", f"s{i + 4}"] for i in range(4)]
    rng = np.random.default_rng(0)
    loud = rng.integers(0, 256, (300, 8, 8, 3))
    close = few[:1] + rng.integers(-1, 2, (40, 8, 8, 3))
    more = [*names, *(f"t{i:03d}" for i in range(340))]
    got = named(more, np.concatenate([few, loud, close]))
    assert [pair for pair in got if pair[1] in names] == pairs


def test_the_order_of_photos_does_not_matter():
    images = [drawn(i // 2) if i % 2 else encoded(drawn(i // 2), 60) for i in range(40)]
    names, thumbnails = told(images)
    pairs = look_alike_pairs(names, thumbnails)
    assert len(pairs) == 20
    order = np.random.default_rng(2).permutation(40)
    again = look_alike_pairs([names[i] for i in order], thumbnails[order])
    assert again.tolist() == pairs.tolist()
    got = picture_ids([names[i] for i in order], pairs)
    assert got.tolist() == picture_ids(names, pairs)[order].tolist()


def test_what_varies_little_is_not_blown_up():
    """Plain walls with half a grey level of noise, one of them darker, are one picture; with marks
    of forty levels in two places they are not."""
    rng = np.random.default_rng(0)
    walls = 200 + (rng.random((2, 8, 8, 3)) < 0.002)
    walls[1] -= 90
    assert grouped(["a", "b"], walls) == ["a", "a"]
    walls[0, 2, 2], walls[1, 5, 5] = 240, 70
    assert grouped(["a", "b"], walls) == ["a", "b"]


def test_a_thumbnail_is_the_mean_of_each_field():
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype="uint8")
    wanted = pixels.reshape(8, 3, 8, 4, 3).mean(axis=(1, 3))
    assert np.abs(thumbnail_array(Image.fromarray(pixels)) - wanted).max() <= 1
    grey = thumbnail_array(Image.fromarray(pixels[..., 0]))
    assert grey.shape == (8, 8, 3) and grey.dtype == np.uint8


def test_none_and_one_photo():
    assert grouped([], np.empty((0, 8, 8, 3), "uint8")) == []
    assert look_alikes_by_photo([], look_alike_pairs([], np.empty((0, 8, 8, 3), "uint8"))) == []
    one = np.zeros((1, 8, 8, 3), "uint8")
    assert grouped(["a"], one) == ["a"]
    assert grouped(["a", "a"], np.repeat(one, 2, axis=0)) == ["a", "a"]


def test_many_pairs_are_looked_at_in_pieces(monkeypatch):
    looks = np.concatenate([chain(3)] * 20)
    names = [f"s{i:02d}" for i in range(60)]
    whole = look_alike_pairs(names, looks)
    monkeypatch.setattr(same_picture, "CHUNK", 7)
    assert look_alike_pairs(names, looks).tolist() == whole.tolist()


@pytest.mark.parametrize("limit", ["NEAR", "MOST"])
def test_more_look_alikes_than_memory_holds_name_a_placeholder(monkeypatch, limit):
    """Thirty files of one look have 435 pairs; a chain of six has fewer, beside."""
    looks = np.concatenate([chain(6), np.repeat(chain(1)[:, ::-1], 30, axis=0)])
    names = [f"s{i:02d}" for i in range(36)]
    pairs = len(look_alike_pairs(names, looks))
    assert pairs > 435
    with monkeypatch.context() as patch:
        patch.setattr(same_picture, limit, pairs - 1)
        with pytest.raises(RemlError, match=r"SHA-1 s06 has 29 look-alikes .* take such"):
            look_alike_pairs(names, looks)
    monkeypatch.setattr(same_picture, limit, 435 + 15)  # which all of the six would have
    assert len(look_alike_pairs(names, looks)) == pairs


def test_a_thousand_placeholders_name_each_other_without_a_copy_of_each_name():
    """A million names of 40 letters: 160 MB as text, 8 MB where they are shared."""
    names = [f"{i:040d}" for i in range(1000)]
    cells = look_alikes_by_photo(names, look_alike_pairs(names, np.zeros((1000, 8, 8, 3), "uint8")))
    assert all(len(cell) == 999 for cell in cells)
    assert cells[0][-1] is cells[1][-1] and sum(cell.nbytes for cell in cells) < 10e6
