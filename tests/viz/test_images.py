"""Arrays as images: the pixels of the PNGs inside the picture are those of the arrays, on the printed scale."""

import base64
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from viz.errors import UndrawableError
from viz.image_sheets import ImageGroup, ImageSheet
from viz.png import png
from viz.style import DARK, LIGHT


def decoded(content):
    """The pixels of a PNG file, read by its specification: chunks with checksums, rows of filter 0."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, chunks = 8, {}
    while place < len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        assert struct.unpack(">I", content[place + 8 + size : place + 12 + size]) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        place += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (8, 2)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def shown(picture):
    """Every image of a picture, with each of its squares as one pixel."""
    found = []
    for address in re.findall(r'href="data:image/png;base64,([^"]+)"', picture.source):
        found.append(decoded(base64.b64decode(address)))
    return found


def squares(pixels, height, width):
    times = pixels.shape[0] // height
    assert pixels.shape == (times * height, times * width, 3)
    assert times * min(height, width) >= 96
    np.testing.assert_array_equal(pixels, pixels[::times, ::times].repeat(times, 0).repeat(times, 1))
    return pixels[::times, ::times]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_png_files_hold_their_pixels(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    np.testing.assert_array_equal(decoded(png(pixels)), pixels)


def test_grey_goes_from_the_smallest_number_to_the_largest():
    first, other = (squares(p, 2, 3) for p in shown(viz.images(np.arange(12.0).reshape(2, 1, 2, 3))))
    np.testing.assert_array_equal(first[..., 0], np.rint(np.arange(6).reshape(2, 3) * 255 / 11))
    assert (first == first[..., :1]).all()
    assert other[1, 2].tolist() == [255, 255, 255]


def test_signed_numbers_have_0_in_the_middle():
    picture = viz.images(np.array([[[-1.0, 0.0, 0.5, 2.0, np.nan]]]))
    colours = squares(shown(picture)[0], 1, 5)[0].tolist()
    ends = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (*LIGHT.signed_ramp, LIGHT.not_finite)]
    assert colours[1] == ends[1]
    assert colours[3] == ends[2]
    assert colours[4] == ends[3]
    np.testing.assert_allclose(colours[0], np.mean(ends[:2], 0), atol=0.51)
    assert "orange −2 to blue 2" in picture.source
    dark = viz.images(np.array([[0.0, np.nan]]), theme="dark")
    assert squares(shown(dark)[0], 1, 2)[0, 1].tolist() == [int(DARK.not_finite[i : i + 2], 16) for i in (1, 3, 5)]


def test_colours_are_themselves_and_numbers_beyond_the_scale_are_its_ends():
    x = np.zeros((1, 3, 1, 2))
    x[0, :, 0, 1] = 1.0, 0.5, 3.0
    assert squares(shown(viz.images(x, low=0, high=1))[0], 1, 2)[0].tolist() == [[0, 0, 0], [255, 128, 255]]


def test_images_without_contrast_and_single_ones_are_drawn():
    assert squares(shown(viz.images(np.ones((2, 2))))[0], 2, 2)[0, 0].tolist() == [128] * 3
    assert len(shown(viz.images(np.ones((3, 4, 5))))) == 3
    assert len(shown(viz.images(np.full((1, 1, 2, 2), np.nan)))) == 1


def test_groups_stand_in_a_grid_with_names_scales_and_captions():
    groups = {
        "a <b>": np.arange(5.0)[:, None, None] * np.ones((5, 2, 4)),
        "given": ImageGroup("mine", np.ones((2, 1, 2, 2)), 0, 4, captions=("one", "two")),
    }
    picture = viz.images(groups, title="All & more", columns=3, facts=("seen once",))
    root = ElementTree.fromstring(picture.source)
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for expected in ("All & more", "seen once", "a <b>", "black 0 to white 4", "mine", "one", "two"):
        assert expected in words
    places = [(float(i.get("x")), float(i.get("y"))) for i in root.iter("{http://www.w3.org/2000/svg}image")]
    left, top = places[0]
    assert places[:5] == [(left, top), (left + 51, top), (left + 102, top), (left, top + 27), (left + 51, top + 27)]
    assert places[5][1] == top
    assert places[5][0] > left + 102 + 48
    below = viz.images(groups, across=1, columns=3)
    assert (
        len({i.get("x") for i in ElementTree.fromstring(below.source).iter("{http://www.w3.org/2000/svg}image")}) == 3
    )


def test_captions_of_a_single_group():
    assert ">7<" in viz.images(np.ones((2, 2, 2)), captions=[7, 8]).source


def test_it_is_saved_as_every_picture_is(tmp_path):
    picture = viz.images(np.arange(8.0).reshape(2, 2, 2), title="x")
    assert viz.load(picture.save(tmp_path / "x.json")).source == picture.source
    assert "data:image/png" in picture.save(tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viz.images(np.ones((2, 5, 3, 3))), r"reshape\(-1, 1, H, W\)"),
        (lambda: viz.images(np.ones((0, 1, 3, 3))), r"shape \(0, 1, 3, 3\)"),
        (lambda: viz.images(np.ones((1, 1, 1, 3, 3))), "expected"),
        (lambda: viz.images(np.ones((1001, 1, 1))), "1,001 images of 1 × 1, more than can be looked at"),
        (lambda: viz.images(np.ones((2, 2)), low=1, high=1), "expected low below high"),
        (lambda: viz.images(np.ones((2, 2)), ramp="gray"), "ramp='gray', expected one of"),
        (lambda: viz.images(np.ones((2, 2)), captions=["a", "b"]), "2 captions of 1 images"),
        (lambda: viz.images({}), "there are none"),
        (lambda: viz.images(np.ones((2, 2)), columns=0), "columns=0"),
        (lambda: viz.images(np.ones((2, 2)), columns="two"), "columns='two'"),
        (lambda: ImageSheet("t", (), 1), "at least one group"),
    ],
)
def test_what_are_no_images_raises(call, message):
    with pytest.raises(UndrawableError, match=message):
        call()
