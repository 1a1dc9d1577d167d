"""Augmentation: each transformation by hand and as a promise; seeds, chains, frozen numbers, changed classes."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, functional, nn
from autograd_cnn.data.augmentation import (
    Augmentation,
    Brightness,
    Contrast,
    Crop,
    Flip,
    Noise,
    Rotation,
    Scale,
    Shift,
    Warp,
)
from autograd_cnn.data.augmentation.warping import smoothing
from autograd_cnn.errors import ClassChangeWarning

STEPS = [
    Flip(),
    Crop(5, padding=2),
    Shift(2, fill="edge"),
    Rotation(30, fill="reflect"),
    Scale(0.7, 1.3, stretch=True),
    Contrast(),
    Brightness(3),
    Noise(3),
    Warp(8, 2),
]
named = pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)


def images(n=4, shape=(2, 5, 5), dtype=np.float64, seed=0):
    return (np.random.default_rng(seed).random((n, *shape)) * (255 if np.dtype(dtype).kind == "u" else 1)).astype(dtype)


@named
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f8", np.uint8])
def test_a_seed_decides_dtype_and_shape_stay_and_nothing_given_changes(step, dtype):
    x = images(dtype=dtype)
    before = x.copy()
    y = step(x, rng=3)
    assert y.dtype == x.dtype
    assert y.shape == x.shape
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y, step(x, rng=3))
    assert any((step(x, rng=seed) != y).any() for seed in range(4, 9))
    assert not np.shares_memory(x, y)
    ag.manual_seed(3)
    np.testing.assert_array_equal(step(x), y)


@named
def test_each_image_has_numbers_of_its_own(step):
    x = np.repeat(images(1), 20, axis=0)
    y = step(x, rng=0)
    assert (y != y[0]).any()


@pytest.mark.parametrize("step", [s for s in STEPS if not isinstance(s, Noise)], ids=lambda s: type(s).__name__)
def test_float32_and_integers_come_near_float64(step):
    """Noise does not: in float32 it takes other random numbers."""
    x = images(dtype=np.uint8)
    exact = step(x.astype(np.float64), rng=0)
    np.testing.assert_allclose(step(x.astype(np.float32), rng=0), exact, atol=1e-3)
    np.testing.assert_allclose(step(x, rng=0), np.clip(exact, 0, 255), atol=0.501)


@named
def test_no_images_are_no_trouble(step):
    assert step(images(0), rng=0).shape == (0, 2, 5, 5)


@given(st.sampled_from(["horizontal", "vertical"]), st.integers(0, 99))
def test_flips_mirror_a_share_of_the_images(axis, seed):
    x = images(60)
    mirrored = x[..., ::-1] if axis == "horizontal" else x[:, :, ::-1]
    np.testing.assert_array_equal(Flip(axis, 1)(x, rng=seed), mirrored)
    np.testing.assert_array_equal(Flip(axis, 0)(x, rng=seed), x)
    y = Flip(axis, 0.5)(x, rng=seed)
    flipped = (y == mirrored).all((1, 2, 3))
    assert (flipped ^ (y == x).all((1, 2, 3))).all()
    assert 10 < flipped.sum() < 50


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 3), st.integers(0, 99))
def test_every_crop_is_a_piece_of_the_padded_image(high, wide, padding, seed):
    x = images(3, (1, 4, 4), seed=seed) + 1
    if max(high, wide) > 4 + 2 * padding:
        with pytest.raises(ag.ShapeError, match="make the pieces smaller"):
            Crop((high, wide), padding)(x)
        return
    for fill, mode in ((0.0, {"mode": "constant"}), ("edge", {"mode": "edge"}), ("reflect", {"mode": "reflect"})):
        pieces = Crop((high, wide), padding, fill)(x, rng=seed)
        for piece, image in zip(pieces, x, strict=True):
            padded = np.pad(image[0], padding, **mode)
            windows = np.lib.stride_tricks.sliding_window_view(padded, (high, wide))
            assert (windows == piece[0]).all((2, 3)).any()


@given(st.integers(0, 3), st.integers(0, 99))
def test_shifts_move_whole_pixels(pixels, seed):
    x = images(3, seed=seed)
    for fill, mode in ((0.0, "constant"), ("edge", "edge"), ("reflect", "reflect")):
        for y, image in zip(Shift(pixels, fill=fill)(x, rng=seed), x, strict=True):
            around = np.pad(image, ((0, 0), (pixels, pixels), (pixels, pixels)), mode)
            pieces = np.lib.stride_tricks.sliding_window_view(around, (5, 5), (1, 2))
            assert np.isclose(pieces, y[:, None, None], atol=1e-12).all((0, 3, 4)).any()


@pytest.mark.parametrize("quarters", range(-4, 5))
def test_quarter_turns_are_numpys(quarters):
    x = images()
    turned = Rotation((90 * quarters, 90 * quarters), fill="edge")(x)
    np.testing.assert_allclose(turned, np.rot90(x, quarters, (2, 3)), atol=1e-12)


def test_a_small_turn_by_hand():
    """By 45 degrees to the left, the pixel to the right of the centre stands between upper right and top."""
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 2] = 1
    y = Rotation((45, 45))(x)[0, 0]
    half = np.sqrt(0.5)
    assert y[0, 1] == pytest.approx(half * (1 - half))  # looks at row 1 − √½, column 1 + √½ of the old image
    assert y[0, 2] == pytest.approx(2 - 2 * half)  # at row 1, column 1 + √2: beyond 2, where the border fades out
    assert y[1, 1] == 0


def test_magnified_images_show_their_middle():
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    np.testing.assert_allclose(Scale(2, 2)(x)[0, 0], 6 + np.add.outer(np.arange(0, 11, 2.5), np.arange(0, 2.5, 0.5)))
    np.testing.assert_allclose(Scale(0.5, 0.5)(x)[0, 0, 1:4, 1:4], x[0, 0, ::2, ::2])
    assert Scale(0.5, 0.5, fill=7.0)(x)[0, 0, 0].tolist() == [7] * 5
    apart = Scale(0.8, 1.2, stretch=True).matrices(50, np.random.default_rng(0))
    assert (apart[:, 0, 0] != apart[:, 1, 1]).all()


def test_motions_in_a_row_are_one():
    """Turning there and back leaves a chain's images sharp: they are interpolated once, here at their own places."""
    x = images()
    there, back = Rotation((20, 20)), Rotation((-20, -20))
    np.testing.assert_allclose(Augmentation(there, back)(x), x, atol=1e-12)
    assert np.abs(back(there(x)) - x).max() > 0.05
    unlike = Augmentation(there, Rotation((-20, -20), fill="edge"))(x)  # two fills are two motions
    np.testing.assert_allclose(unlike, Rotation((-20, -20), fill="edge")(there(x)), atol=1e-12)
    mixed = Augmentation(Scale(2, 2), Shift(0), Flip(share=1), Rotation((90, 90)))(x)
    np.testing.assert_allclose(mixed, np.rot90(Scale(2, 2)(x)[..., ::-1], 1, (2, 3)), atol=1e-12)
    order = Augmentation(Scale(2, 2), Rotation((90, 90)))(x)
    np.testing.assert_allclose(order, np.rot90(Scale(2, 2)(x), 1, (2, 3)), atol=1e-12)


@given(st.floats(0.1, 3), st.integers(1, 9))
def test_the_smoothing_of_warps_is_a_gaussian(sigma, size):
    spike = np.zeros(2 * 40 + size)
    spike[40 : 40 + size] = np.random.default_rng(size).normal(size=size)
    steps = np.arange(-40, 41)
    bell = np.exp(-0.5 * (steps / sigma) ** 2)
    smoothed = np.convolve(spike, bell / bell.sum(), "same")[40 : 40 + size]
    np.testing.assert_allclose(smoothing(size, sigma) @ spike[40 : 40 + size], smoothed, atol=1e-12)


def test_warps_are_smooth_and_as_wide_as_said():
    """Even numbers from −1 to 1 have variance 1/3; a Gaussian keeps 1/(4πσ²) of it, far from the border."""
    x = np.zeros((40, 1, 29, 29))
    far = Warp(34, 4).displacements(x, np.random.default_rng(0))
    middle = far[:, :, 12:17, 12:17]
    assert middle.std() == pytest.approx(34 * np.sqrt(1 / 3 / (4 * np.pi * 16)), rel=0.15)
    steps = np.diff(far, axis=3)[:, :, 12:17, 12:17]
    assert steps.std() < 0.4 * middle.std()
    np.testing.assert_array_equal(Warp(0, 4)(images()), images())


def test_contrast_brightness_and_noise_by_hand():
    x = np.array([[[[0.0, 0.4, 0.8]]]])
    np.testing.assert_allclose(Contrast(2, 2)(x).ravel(), [-0.4, 0.4, 1.2])
    np.testing.assert_allclose(Contrast(2, 2, limits=(0, 1))(x).ravel(), [0, 0.4, 1])
    many = np.zeros((2000, 1, 1, 2))
    added = Brightness(0.3)(many, rng=0)
    assert (added[..., 0] == added[..., 1]).all()
    assert -0.3 <= added.min() < -0.29
    assert 0.29 < added.max() <= 0.3
    noise = Noise(0.5)(many, rng=0)
    assert noise.std() == pytest.approx(0.5, rel=0.05)
    assert abs(noise.mean()) < 0.03
    assert Noise(0.5, limits=(0, 1))(many, rng=0).min() == 0
    assert Brightness(200)(np.full((50, 1, 1, 1), 200, np.uint8), rng=0).max() == 255


def test_a_chain_goes_on_where_its_seed_left_off():
    x = images()
    first, again = (Augmentation(*STEPS, rng=5) for _ in range(2))
    calls = [first(x), first(x)]
    np.testing.assert_array_equal(again(x), calls[0])
    np.testing.assert_array_equal(again(x), calls[1])
    assert (calls[0] != calls[1]).any()
    assert Augmentation()(x) is x
    assert repr(Augmentation(Noise(0.1))) == "Augmentation(Noise(std=0.1, limits=None))"


def test_a_frozen_chain_draws_the_same_numbers_and_then_goes_on():
    x = images()
    for rng in (5, None):
        ag.manual_seed(1)
        augment = Augmentation(Noise(), Flip(), rng=rng)
        with augment.frozen() as frozen:
            first = frozen(x)
            with augment.frozen():
                np.testing.assert_array_equal(augment(x), first)
        np.testing.assert_array_equal(augment(x), first)
        assert (augment(x) != first).any()


def test_gradient_checks_pass_through_frozen_augmentation():
    """The loss of augmented images is a function of the weights only while the random numbers stay."""
    layer, x, labels = nn.Linear(50, 3, rng=0, dtype=np.float64), images(), np.array([0, 1, 2, 0])
    augment = Augmentation(Rotation(20), Noise(0.1), rng=0)

    def loss():
        return functional.cross_entropy(layer(augment(x).reshape(4, -1)), labels)

    with augment.frozen():
        loss().backward()
        weights, h = layer.weight.value.copy(), 1e-6
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[1, 7] += sign * h
            layer.weight.assign(moved)
            ends.append(loss().item())
    assert layer.weight.grad[1, 7] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)


def test_batches_are_augmented():
    dataset = data.digits().train
    augment = Augmentation(Shift(1), Rotation(10), rng=0)
    plain = list(data.batches(dataset, 64, rng=1))
    batches = list(data.batches(dataset, 64, rng=1, transform=augment))
    again = Augmentation(Shift(1), Rotation(10), rng=0)
    for (x, labels), (before, same) in zip(batches, plain, strict=True):
        np.testing.assert_array_equal(labels, same)
        np.testing.assert_array_equal(x, again(before))
    doubled = data.batches(dataset, 64, shuffle=False, transform=lambda x: 2 * x)
    np.testing.assert_array_equal(next(iter(doubled))[0], 2 * dataset.images[:64])


def test_whole_datasets_are_augmented():
    dataset = data.digits().test
    changed = Augmentation(Noise(), rng=0)(dataset)
    np.testing.assert_array_equal(changed.images, Noise()(dataset.images, rng=0))
    assert changed.labels is dataset.labels
    assert changed.classes == dataset.classes


@pytest.mark.parametrize(
    ("step", "pairs"),
    [
        (Flip(), "'2' into '5'"),
        (Flip("vertical"), "'2' into '5', '6' into '9'"),
        (Rotation(46), "'6' into '9'"),
        (Rotation((-180, 0)), "'6' into '9'"),
        (Flip(changes_class=(("1", "7"),)), "'2' into '5', '1' into '7'"),
    ],
)
def test_a_change_of_class_is_warned_of(step, pairs):
    digits = data.digits().train
    for use in (
        Augmentation(Noise(), step),
        lambda d: data.batches(d, 8, transform=Augmentation(step)),
        lambda d: data.batches(d, 8, transform=step),
    ):
        with pytest.warns(ClassChangeWarning, match=f"{pairs} and back, but keeps their labels"):
            use(digits)


def test_no_warning_where_no_class_is_changed():
    digits = data.digits().train
    things = data.Dataset(digits.images, digits.labels // 5, classes=("cat", "dog"))
    nameless = data.Dataset(digits.images, digits.labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dataset in (things, nameless):
            data.batches(dataset, 8, transform=Augmentation(Flip(), Flip("vertical"), Rotation(180)))
        data.batches(digits, 8, transform=Augmentation(Rotation(45), Shift(1), Warp(2, 2), Scale(0.9, 1.1)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Flip("diagonal"), ag.ArgumentError, "axis='diagonal', expected 'horizontal' or 'vertical'"),
        (lambda: Flip(share=1.5), ag.ArgumentError, "a probability from 0 to 1"),
        (lambda: Flip(share="a"), ag.ArgumentError, "share='a', expected a probability"),
        (lambda: Flip([]), ag.ArgumentError, r"axis=\[\], expected 'horizontal'"),
        (lambda: Brightness("a"), ag.ArgumentError, "by='a', expected a finite number of at least 0"),
        (lambda: Noise("a"), ag.ArgumentError, "std='a', expected a finite number"),
        (lambda: Warp(None), ag.ArgumentError, "alpha=None, expected a number from 0 to 1e6"),
        (lambda: Warp(1, "a"), ag.ArgumentError, "sigma='a', expected a number from 0.01 to 1e4"),
        (lambda: Crop(0), ag.ArgumentError, "size=0"),
        (lambda: Crop((3,)), ag.ArgumentError, r"size=\(3,\)"),
        (lambda: Crop((3, 2.0)), ag.ArgumentError, "expected a positive integer or two"),
        (lambda: Crop(3, -1), ag.ArgumentError, "padding=-1"),
        (lambda: Crop(3, fill="edges"), ag.ArgumentError, "did you mean 'edge'"),
        (lambda: Shift(-1), ag.ArgumentError, "pixels=-1"),
        (lambda: Shift(1, fill=True), ag.ArgumentError, "fill=True, expected a number"),
        (lambda: Rotation("far"), ag.ArgumentError, "expected two numbers"),
        (lambda: Rotation((20, 10)), ag.ArgumentError, "expected rising numbers"),
        (lambda: Rotation((0, np.inf)), ag.ArgumentError, "expected rising numbers"),
        (lambda: Scale(0, 1), ag.ArgumentError, "goes from 0 to 1"),
        (lambda: Contrast(-1, 1), ag.ArgumentError, "from 0.0 to inf"),
        (lambda: Contrast(limits=(1, 0)), ag.ArgumentError, "Contrast: limits"),
        (lambda: Brightness(-1), ag.ArgumentError, "by=-1, expected a finite number"),
        (lambda: Noise(np.nan), ag.ArgumentError, "std=nan"),
        (lambda: Warp(1, 0), ag.ArgumentError, "sigma=0"),
        (lambda: Noise()(np.ones((3, 8, 8))), ag.ShapeError, r"got \(3, 8, 8\), expected an array of images"),
        (lambda: Augmentation(Noise())([1]), ag.ShapeError, "Augmentation: got list"),
        (lambda: Noise()(np.ones((1, 1, 2, 2), bool)), ag.DtypeError, "bool, expected real numbers"),
        (lambda: Augmentation(Noise), ag.ArgumentError, "expected transformations"),
        (lambda: data.batches(data.digits().test, 8, transform=3), ag.ArgumentError, "transform=3"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", [np.uint8, Fraction, np.float32])
def test_settings_may_be_numbers_of_any_kind(kind):
    """A negative np.uint8 wraps around, and NumPy makes an array of objects of a fraction."""
    images = np.random.default_rng(1).normal(size=(4, 1, 6, 6)).astype(np.float32)
    for step in (Rotation, Brightness, Noise, Warp, Contrast):
        given, plain = (step(number(0), number(2)) if step is Contrast else step(number(2)) for number in (kind, float))
        np.testing.assert_array_equal(
            given.applied(images, np.random.default_rng(0)), plain.applied(images, np.random.default_rng(0))
        )
