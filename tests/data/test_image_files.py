"""Folders of images: every kind that Pillow writes, the order of torchvision's ImageFolder, and what may be wrong."""

import contextlib
import io
import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, features

import autograd_cnn as ag
from autograd_cnn import data

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
GREY = COLOURS[:, :, 0]


def saved(path, pixels=COLOURS, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def only(tmp_path, *arguments, **options):
    """Return the only image of a folder, (C, H, W) of bytes."""
    (image,) = data.image_folder(tmp_path, *arguments, dtype="uint8", **options).images
    return image


def test_classes_and_images_come_in_the_order_of_their_names(tmp_path):
    names = ["b/2.png", "b/10.png", "b/1/z.png", "b/a.PNG", "a/x.bmp", "C/1.ppm"]
    for shade, name in enumerate(names):
        saved(tmp_path / name, np.full((2, 3), shade, np.uint8))
    for ignored in ("b/.hidden.png", "b/.ipynb_checkpoints/2.png", ".git/1.png", "b/notes.txt", "b/thumbs.db"):
        (tmp_path / ignored).parent.mkdir(exist_ok=True)
        (tmp_path / ignored).write_text("no image")
    found = data.image_folder(tmp_path, channels=1, dtype="uint8")
    # os.walk sorted by folder, then by name, as torchvision's ImageFolder has it
    expected = ["C/1.ppm", "a/x.bmp", "b/10.png", "b/2.png", "b/a.PNG", "b/1/z.png"]
    assert [names[shade] for shade in found.images[:, 0, 0, 0]] == expected
    assert found.classes == ("C", "a", "b")
    assert found.labels.tolist() == [0, 1, 2, 2, 2, 2]
    assert found.labels.dtype == np.int64
    assert repr(found) == "Dataset(6 images of shape (1, 2, 3) uint8, 3 classes from C to b)"


def test_pixels_are_floats_from_0_to_1_unless_bytes_are_wanted(tmp_path):
    saved(tmp_path / "a" / "1.png")
    expected = COLOURS.transpose(2, 0, 1)
    assert data.image_folder(tmp_path).images.dtype == np.float32
    np.testing.assert_array_equal(data.image_folder(tmp_path).images[0], (expected / 255).astype(np.float32))
    np.testing.assert_array_equal(data.image_folder(tmp_path, dtype="float64").images[0], expected / 255)
    np.testing.assert_array_equal(only(tmp_path), expected)


OPACITY = np.dstack([COLOURS, GREY])
KINDS = {
    "colour": (Image.fromarray(COLOURS), "png"),
    "grey": (Image.fromarray(GREY), "png"),
    "opacity": (Image.fromarray(OPACITY), "png"),
    "grey with opacity": (Image.fromarray(OPACITY).convert("LA"), "png"),
    "palette": (Image.fromarray(COLOURS).quantize(16), "png"),
    "black and white": (Image.fromarray(GREY).convert("1"), "png"),
    "print": (Image.fromarray(COLOURS).convert("CMYK"), "jpg"),
    "tiff": (Image.fromarray(COLOURS), "tiff"),
    "portable": (Image.fromarray(GREY), "pgm"),
    "jpeg": (Image.fromarray(COLOURS), "JPEG"),
}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_converted(tmp_path, kind, channels):
    image, ending = KINDS[kind]
    path = saved(tmp_path / "a" / f"1.{ending}", image)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    expected = np.asarray(Image.open(path).convert(mode)).reshape(6, 5, channels)
    np.testing.assert_array_equal(only(tmp_path, channels=channels), expected.transpose(2, 0, 1))
    if kind == "opacity" and channels == 3:
        np.testing.assert_array_equal(only(tmp_path), COLOURS.transpose(2, 0, 1))


def test_transparent_palettes_are_converted_without_a_warning(tmp_path):
    image = Image.fromarray(COLOURS).quantize(4)
    saved(tmp_path / "a" / "1.png", image, transparency=bytes([0, 100, 255, 7]))
    shown = only(tmp_path, channels=4)
    assert set(np.unique(shown[3])) <= {0, 7, 100, 255}
    np.testing.assert_array_equal(only(tmp_path), shown[:3])


def test_sixteen_bits_become_eight(tmp_path):
    deep = np.array([[0, 257, 32896, 65535]], np.uint16)
    for name in ("1.png", "1.tif"):
        path = saved(tmp_path / "a" / name, deep)
        assert only(tmp_path, channels=1)[0].tolist() == [[0, 1, 128, 255]]
        path.unlink()
    saved(tmp_path / "a" / "1.tif", np.ones((2, 2), np.float32))
    with pytest.raises(ag.DataFileError, match=r"1\.tif' has pixels of 32 bits, whose white is unknown"):
        data.image_folder(tmp_path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    saved(tmp_path / "a" / "1.png", GREY, exif=exif)
    upright = {
        1: GREY, 2: GREY[:, ::-1], 3: GREY[::-1, ::-1], 4: GREY[::-1],
        5: GREY.T, 6: GREY.T[:, ::-1], 7: GREY.T[::-1, ::-1], 8: GREY.T[::-1],
    }  # fmt: skip
    np.testing.assert_array_equal(only(tmp_path, channels=1)[0], upright[orientation])


def test_sizes_differ_unless_one_is_given(tmp_path):
    saved(tmp_path / "a" / "1.png", GREY)
    saved(tmp_path / "b" / "2.png", GREY[:4])
    message = r"b/2\.png' has 4 × 5 pixels, but '.*a/1\.png' 6 × 5; .* such as size=\(6, 5\)"
    with pytest.raises(ag.DataFileError, match=message):
        data.image_folder(tmp_path)
    found = data.image_folder(tmp_path, size=(3, 7), channels=1, dtype="uint8").images
    assert found.shape == (2, 1, 3, 7)
    expected = Image.fromarray(GREY[:4]).resize((7, 3), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(found[1, 0], np.asarray(expected))


def test_links_are_followed_once(tmp_path):
    saved(tmp_path / "root" / "a" / "1.png", GREY)
    saved(tmp_path / "elsewhere" / "b" / "2.png", GREY)
    (tmp_path / "root" / "a" / "loop").symlink_to("..")
    (tmp_path / "root" / "a" / "3.png").symlink_to("1.png")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere" / "b")
    found = data.image_folder(tmp_path / "root")
    assert found.classes == ("a", "b")
    assert found.labels.tolist() == [0, 0, 1]


BOMB = io.BytesIO()
Image.fromarray(np.zeros((100, 100), np.uint8)).save(BOMB, "PNG")


@pytest.mark.parametrize("most", [2000, 9000])  # an error of Pillow, and a warning
def test_decompression_bombs_are_refused(tmp_path, monkeypatch, most):
    saved(tmp_path / "a" / "1.png", GREY)
    (tmp_path / "a" / "2.png").write_bytes(BOMB.getvalue())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(ag.DataFileError, match=r"2\.png' is refused: Image size \(10000 pixels\) exceeds .*MAX_IMAGE"):
        data.image_folder(tmp_path)


def test_broken_files_are_named(tmp_path):
    whole = saved(tmp_path / "a" / "1.png").read_bytes()
    (tmp_path / "a" / "2.png").write_bytes(whole[:-30])
    with pytest.raises(ag.DataFileError, match=r"a/2\.png' cannot be read as an image: .*; replace or delete it"):
        data.image_folder(tmp_path)
    (tmp_path / "a" / "2.png").write_text("no image")
    with pytest.raises(ag.DataFileError, match=r"a/2\.png' cannot be read as an image: cannot identify"):
        data.image_folder(tmp_path)
    (tmp_path / "a" / "2.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n")
    with pytest.raises(ag.DataFileError, match="cannot identify"):  # it would start Ghostscript
        data.image_folder(tmp_path)
    (tmp_path / "a" / "2.png").unlink()
    os.mkfifo(tmp_path / "a" / "2.png")
    with pytest.raises(ag.FileAccessError, match=r"2\.png' is no regular file"):
        data.image_folder(tmp_path)


def test_folders_without_images_are_told(tmp_path):
    with pytest.raises(ag.FileAccessError, match="none': No such file"):
        data.image_folder(tmp_path / "none")
    saved(tmp_path / "1.png")
    with pytest.raises(ag.DataFileError, match="holds no folder; expected one for each class"):
        data.image_folder(tmp_path)
    (tmp_path / "cats").mkdir()
    with pytest.raises(ag.DataFileError, match=r"class 'cats' has no image; .* ends in \.jpg, \.jpeg"):
        data.image_folder(tmp_path)


def test_folders_that_cannot_be_read_are_told(tmp_path, monkeypatch):
    saved(tmp_path / "a" / "below" / "1.png")
    scan = os.scandir

    def forbidden(place):
        if os.fspath(place).endswith("below"):
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(ag.FileAccessError, match=r"cannot read '.*a/below': Permission denied"):
        data.image_folder(tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": 32}, ag.ArgumentError, r"size=32, expected \(height, width\)"),
        ({"size": (32, 0)}, ag.ArgumentError, r"size=\(32, 0\)"),
        ({"size": (32, 32.0)}, ag.ArgumentError, r"size=\(32, 32\.0\)"),
        ({"channels": 2}, ag.ArgumentError, r"channels=2, expected 1 \(grey\)"),
        ({"dtype": "int8"}, ag.DtypeError, "image_folder: dtype='int8'"),
    ],
)
def test_bad_arguments_raise_typed_errors(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        data.image_folder(tmp_path, **options)


def test_a_progress_bar_shows_on_a_terminal(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    saved(tmp_path / "a" / "1.png")
    monkeypatch.setattr(sys, "stderr", Terminal())
    data.image_folder(tmp_path, progress="photographs")
    assert "photographs" in sys.stderr.getvalue()
    assert "1/1" in sys.stderr.getvalue()


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ag.MissingExtraError, match=r"image_folder needs PIL.*pip install 'autograd-cnn\[images\]'"):
        data.image_folder(tmp_path)


def encoded(form, **options):
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, form, **options)
    return content.getvalue()


ENCODED = [encoded("PNG"), encoded("JPEG"), encoded("BMP"), encoded("PPM"), encoded("TIFF", compression="tiff_lzw")]
ENCODED += [encoded("WEBP")] if features.check("webp") else []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ENCODED) | st.binary(max_size=200),
    st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=5),
    st.integers(0, 1000),
)
def test_changed_files_are_read_or_refused(tmp_path, content, changes, end):
    changed = bytearray(content[: end or None])
    for position, byte in changes:
        if changed:
            changed[position % len(changed)] = byte
    (tmp_path / "a").mkdir(exist_ok=True)
    (tmp_path / "a" / "1.png").write_bytes(changed)
    with contextlib.suppress(ag.DataFileError):
        assert data.image_folder(tmp_path, size=(4, 4)).images.shape == (1, 3, 4, 4)
