"""Preprocessing: the notes' formulas, fitted on training images alone, undone again, kept without pickle."""

import io
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data
from autograd_cnn.data.preprocessing import (
    PCA,
    Chain,
    MeanSubtraction,
    Normalization,
    PixelRange,
    Whitening,
    from_state,
)
from autograd_cnn.errors import DataFileError, NotFittedError

STEPS = [
    PixelRange(),
    MeanSubtraction("pixel"),
    MeanSubtraction("channel"),
    Normalization("pixel"),
    Normalization("channel"),
    PCA(),
    Whitening(),
    Chain(PixelRange(-2, 3), Normalization("channel"), PCA()),
]
named = pytest.mark.parametrize("step", STEPS, ids=repr)


def images(n=30, shape=(3, 2, 4), dtype=np.float64, seed=0):
    """Images whose pixels hang together, from 0 to 1."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    mixed = rng.random((n, size)) @ rng.random((size, size))
    return (mixed / mixed.max()).reshape(n, *shape).astype(dtype)


@named
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_applied_can_be_undone(step, dtype):
    x = images(dtype=dtype)
    fitted = step.fit(x)
    assert fitted(x).dtype == dtype
    back = fitted.inverse(fitted(x))
    assert back.dtype == dtype
    assert back.shape == x.shape
    np.testing.assert_allclose(back, x, atol=1e-4 if dtype == np.float32 else 1e-10)


@named
def test_integers_become_float32_of_the_same_images(step):
    x = (images() * 255).astype(np.uint8)
    fitted = step.fit(x)
    assert fitted(x).dtype == np.float32
    np.testing.assert_allclose(fitted(x), fitted(x.astype(np.float64)), atol=2e-3)


@named
def test_a_step_is_fitted_anew_and_never_changes(step):
    assert not step.is_fitted
    fitted = step.fit(images())
    assert fitted.is_fitted
    assert not step.is_fitted
    other = fitted.fit(images(seed=1) * 0.7)
    x = images(seed=2)
    np.testing.assert_array_equal(fitted(x), step.fit(images())(x))
    assert type(step) is PixelRange or np.abs(other(x) - fitted(x)).max() > 0.01
    with pytest.raises(FrozenInstanceError):
        fitted.mean = 0
    for array in (getattr(fitted, name, None) for name in ("mean", "std", "directions", "eigenvalues")):
        assert array is None or not array.flags.writeable


@named
def test_datasets_and_splits_come_back_as_such(step):
    splits = data.digits()
    fitted = step.fit(splits.train)
    prepared = fitted(splits)
    for name in ("train", "validation", "test"):
        before, after = getattr(splits, name), getattr(prepared, name)
        np.testing.assert_array_equal(after.labels, before.labels)
        assert after.classes == before.classes
        np.testing.assert_array_equal(
            after.images.reshape(len(after), -1), fitted(before.images).reshape(len(after), -1)
        )
    np.testing.assert_allclose(fitted.inverse(prepared).test.images, splits.test.images, atol=1e-3)


@named
def test_a_step_is_kept_without_pickle(step):
    x = images()
    fitted, file = step.fit(x), io.BytesIO()
    np.savez(file, **fitted.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as state:
        loaded = from_state(state)
    assert type(loaded) is type(fitted)
    np.testing.assert_array_equal(loaded(x), fitted(x))
    np.testing.assert_array_equal(loaded.inverse(fitted(x)), fitted.inverse(fitted(x)))


@named
def test_nothing_is_learned_from_validation_data(step):
    """Statistics of all data differ from those of train; fitting sees train alone, and refuses more."""
    splits = data.digits()
    learned = step.fit(splits.train)(splits.test)
    poisoned = replace(splits, validation=replace(splits.validation, images=1 - splits.validation.images))
    np.testing.assert_array_equal(step.fit(poisoned.train)(splits.test).images, learned.images)
    everything = np.concatenate([poisoned.train.images, poisoned.validation.images])
    if type(step) is not PixelRange:  # what white is, the validation images say too
        assert (
            np.abs(step.fit(everything)(splits.test.images) - step.fit(splits.train)(splits.test.images)).max() > 1e-3
        )
    for too_much in (splits, data.stratified_folds(splits.train, 3)[0]):
        with pytest.raises(ag.ArgumentError, match=r"statistics come from training data alone: fit\(splits.train\)"):
            step.fit(too_much)


@named
def test_an_unfitted_step_says_how_to_fit_it(step):
    for call in (step, step.inverse):
        with pytest.raises(NotFittedError, match=r"\.fit\(splits.train\)"):
            call(images())
    with pytest.raises(NotFittedError, match="nothing to keep"):
        step.state()
    for name in {"kept", "images", "scales", "constant"} & set(dir(type(step))):
        with pytest.raises(NotFittedError, match=rf"\.{name}: not fitted yet"):
            getattr(step, name)


@named
@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ([[1.0]], ag.ArgumentError, "got list, expected a Dataset or an array"),
        (np.ones(3), ag.ShapeError, r"images of shape \(3,\)"),
        (np.ones((3, 2), complex), ag.DtypeError, "complex128, expected real numbers"),
        (np.ones((0, 1, 2, 2)), ag.ArgumentError, "there are no pixels"),
        (np.array([[1.0, np.nan]]), ag.ArgumentError, "hold NaN or infinity"),
    ],
)
def test_what_are_no_images_raises(step, wrong, error, message):
    with pytest.raises(error, match=message):
        step.fit(wrong)


@given(st.integers(1, 12), st.integers(1, 3), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
@example(2, 1, np.float32, 11)  # two pixels that differ by few roundings: their mean is not to be rounded
def test_normalised_images_have_mean_0_and_variance_1(n, channels, dtype, seed):
    x = images(n, (channels, 2, 3), dtype, seed)
    for per, axes in (("pixel", 0), ("channel", (0, 2, 3))):
        normal = Normalization(per).fit(x)
        y = normal(x).astype(np.float64)
        np.testing.assert_allclose(y.mean(axes), 0, atol=1e-4)
        expected = np.where(normal.constant, 0, 1)
        np.testing.assert_allclose(y.std(axes), expected, atol=1e-4)
        np.testing.assert_allclose(MeanSubtraction(per).fit(x)(x), x - x.mean(axes, keepdims=True), atol=1e-6)


def test_numbers_of_normalisation_by_hand():
    x = np.array([[1.0, 10.0], [3.0, 30.0]]).reshape(2, 2, 1, 1)
    step = Normalization("channel").fit(x)
    assert step.mean.tolist() == [2, 20]
    assert step.std.tolist() == [1, 10]
    assert step(x).ravel().tolist() == [-1, -1, 1, 1]
    known = Normalization("channel", mean=[2, 20], std=[1, 10])
    assert known(x + 1).ravel().tolist() == [0, -0.9, 2, 1.1]


def test_constant_pixels_are_left_and_said():
    x = images(5)
    x[:, 1, 0, 2] = 0.1
    step = Normalization("pixel").fit(x)
    assert step.constant.sum() == step.constant[1, 0, 2] == 1
    np.testing.assert_allclose(step(x)[:, 1, 0, 2], 0, atol=1e-15)
    np.testing.assert_allclose(step.inverse(step(x)), x)
    assert repr(step).endswith("std=array of (3, 2, 4), 1 constant and only centred)")
    assert repr(Normalization("channel")) == "Normalization(per='channel')"
    assert repr(Chain(MeanSubtraction().fit(x))) == "Chain(MeanSubtraction(per='pixel', mean=array of (3, 2, 4)))"


@pytest.mark.parametrize(
    ("x", "white"),
    [
        (np.array([[0.0, 1.0]]), 1),
        (np.array([[0.0, 2.0]]), 255),
        (np.array([[0, 1]], np.uint8), 255),
        (np.array([[False, True]]), 1),
    ],
)
def test_white_is_found_by_dtype_and_largest_pixel(x, white):
    step = PixelRange().fit(x)
    assert step.white == white
    assert step(np.array([[0.0, white / 2, white]])).tolist() == [[-1, 0, 1]]
    assert PixelRange(0, 1).fit(x)(np.array([[0.0, white]])).tolist() == [[0, 1]]


@given(st.integers(2, 12), st.integers(0, 99))
def test_components_are_those_of_the_data_matrix(n, seed):
    """By another way than the covariance: the singular value decomposition of the centred images themselves."""
    x = images(n, (2, 1, 3), seed=seed)
    pca = PCA().fit(x)
    rows = (x - x.mean(0)).reshape(n, -1)
    _, singular, right = np.linalg.svd(rows, full_matrices=False)
    rank = min(n - 1, 6)
    np.testing.assert_allclose(pca.eigenvalues[:rank], singular[:rank] ** 2 / n, atol=1e-12)
    np.testing.assert_allclose(pca.eigenvalues[rank:], 0, atol=1e-12)
    np.testing.assert_allclose(pca.directions.T @ pca.directions, np.eye(6), atol=1e-10)
    assert (pca.directions.max(0) == np.abs(pca.directions).max(0)).all()
    clear = singular[:rank] > 1e-4  # a direction of hardly any variance is not determined by it
    gaps = np.abs(np.diff(np.append(singular[:rank], 0.0)))
    clear &= (gaps > 1e-3) & np.append(True, gaps[:-1] > 1e-3)
    np.testing.assert_allclose(np.abs((pca.directions[:, :rank] * right[:rank].T).sum(0))[clear], 1, atol=1e-6)
    np.testing.assert_allclose(np.cov(pca(x).T, bias=True), np.diag(pca.eigenvalues), atol=1e-10)


def test_components_of_the_digits_are_the_published_ones():
    """Shares of variance as scikit-learn documents them for the same 1,797 images."""
    pca = PCA(10).fit(data.digits((1, 0, 0)).train.images * 16)
    shares = pca.eigenvalues / pca.eigenvalues.sum()
    np.testing.assert_allclose(shares[:3], [0.14890594, 0.13618771, 0.11794594], atol=1e-7)
    assert pca.kept == pytest.approx(shares[:10].sum())
    assert pca.images.shape == (10, 1, 8, 8)
    np.testing.assert_array_equal(pca.images[3].ravel(), pca.directions[:, 3])


@given(st.integers(8, 20), st.integers(1, 6), st.sampled_from([0.0, 1e-5, 0.1]), st.integers(0, 99))
def test_whitened_coordinates_are_uncorrelated_and_of_one_variance(n, kept, epsilon, seed):
    x = images(n, (1, 2, 3), seed=seed)
    step = Whitening(kept, epsilon).fit(x)
    expected = np.diag(step.eigenvalues[:kept] / (step.eigenvalues[:kept] + epsilon))
    np.testing.assert_allclose(np.atleast_2d(np.cov(step(x).T, bias=True)), expected, atol=1e-6)
    np.testing.assert_allclose(step(x), PCA(kept).fit(x)(x) / np.sqrt(step.eigenvalues[:kept] + epsilon))


def test_fewer_components_keep_the_nearest_images():
    x = images(40)
    lost = [np.square(p.inverse(p(x)) - x).sum() / len(x) for p in (PCA(k).fit(x) for k in (1, 5, 24))]
    values = PCA().fit(x).eigenvalues
    np.testing.assert_allclose(lost, [values[1:].sum(), values[5:].sum(), 0], atol=1e-9)


def test_images_without_variance_are_left_at_0():
    x = np.ones((4, 1, 2, 2))
    for step in (PCA(), Whitening(), Whitening(epsilon=0)):
        fitted = step.fit(x)
        assert not fitted(x).any()
        np.testing.assert_array_equal(fitted.inverse(fitted(x)), x)
    assert PCA().fit(x).kept == 1


def test_large_collections_are_worked_on_in_portions(monkeypatch):
    x = images(11)
    expected = [step.fit(x)(x) for step in STEPS]
    monkeypatch.setattr("autograd_cnn.data.preprocessing.fitting._NUMBERS_AT_ONCE", 50)
    for step, whole in zip(STEPS, expected, strict=True):
        np.testing.assert_allclose(step.fit(x)(x), whole, atol=1e-8)


def test_the_bias_trick_is_a_bias():
    rng = np.random.default_rng(0)
    x, w, b = images(6), rng.normal(size=(4, 24)), rng.normal(size=4)
    extended = data.with_bias_column(x)
    assert extended.shape == (6, 25)
    np.testing.assert_allclose(extended @ np.column_stack([w, b]).T, x.reshape(6, -1) @ w.T + b)
    assert data.with_bias_column(data.digits().test).shape == (269, 65)
    assert data.with_bias_column(np.ones((2, 3), np.uint8)).dtype == np.float32
    assert data.with_bias_column(np.ones((0, 1, 2, 2))).shape == (0, 5)


FITTED = PCA(2).fit(images())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PixelRange(1, -1), ag.ArgumentError, "low below high"),
        (lambda: PixelRange(white=0), ag.ArgumentError, "white=0"),
        (lambda: PixelRange("a"), ag.ArgumentError, "low='a', high=1.0, expected numbers"),
        (lambda: PixelRange(white=b"x"), ag.ArgumentError, "white=b'x', expected a positive number"),
        (lambda: PixelRange().fit(np.array([[-1.0, 1.0]])), ag.ArgumentError, "changed them already"),
        (lambda: MeanSubtraction("image"), ag.ArgumentError, "per='image', expected 'pixel' or 'channel'"),
        (lambda: MeanSubtraction(mean=[np.nan]), ag.ArgumentError, "expected finite real numbers"),
        (lambda: MeanSubtraction("channel", mean=[[1.0]]), ag.ArgumentError, "is not one per channel"),
        (lambda: Normalization(mean=[1.0]), ag.ArgumentError, "or neither"),
        (lambda: Normalization(mean=[1.0], std=[-1.0]), ag.ArgumentError, "at least 0"),
        (lambda: MeanSubtraction().fit(images())(images(shape=(3, 4, 2))), ag.ShapeError, r"fitted to \(3, 2, 4\)"),
        (lambda: PCA(0), ag.ArgumentError, "components=0, expected a positive integer"),
        (lambda: PCA(True), ag.ArgumentError, "components=True"),
        (lambda: PCA(25).fit(images()), ag.ArgumentError, "images have 24 pixels; ask for fewer"),
        (lambda: PCA().fit(np.ones((1, 20_000))), ag.ArgumentError, "20,000 × 20,000; make them smaller"),
        (lambda: PCA(mean=[1.0]), ag.ArgumentError, "give mean, directions and eigenvalues, or none"),
        (lambda: replace(FITTED, components=3), ag.ArgumentError, "do not fit"),
        (lambda: replace(FITTED, eigenvalues=-FITTED.eigenvalues), ag.ArgumentError, "expected at least 0"),
        (lambda: FITTED(images(shape=(1, 2, 4))), ag.ShapeError, r"PCA: fitted to images of shape \(3, 2, 4\)"),
        (lambda: FITTED.inverse(np.ones((5, 3))), ag.ShapeError, r"expected \(N, 2\)"),
        (lambda: FITTED.inverse(np.ones((5, 2, 2, 1))), ag.ShapeError, r"expected \(N, 2\)"),
        (lambda: Whitening(epsilon=-1), ag.ArgumentError, "epsilon=-1"),
        (lambda: Whitening(epsilon="a"), ag.ArgumentError, "epsilon='a', expected a finite number"),
        (lambda: Chain(), ag.ArgumentError, "expected steps such as"),
        (lambda: Chain("PCA"), ag.ArgumentError, "expected steps such as"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kind": np.array("Nothing")},
        {"kind": np.array("PCA")},
        {"kind": np.array("PixelRange"), "white": np.array("white")},
        {"kind": np.array("MeanSubtraction"), "mean": np.ones((1, 2)), "odd": np.ones(1)},
        {"kind": np.array("Normalization"), "per": np.array(["pixel", "pixel"]), "mean": np.ones(2), "std": np.ones(2)},
        {"kind": np.array("Chain")},
        {"kind": np.array("Chain"), "1.kind": np.array("PixelRange"), "1.white": np.array(1.0)},
        {**FITTED.state(), "directions": np.ones((3, 3))},
        {**FITTED.state(), "mean": np.array(["a"])},
    ],
)
def test_what_is_no_state_raises(state):
    with pytest.raises(DataFileError, match="from_state"):
        from_state(state)


def test_damaged_files_raise():
    """Of 300 files with one byte changed, each loads to what it was or says that it is damaged."""
    file = io.BytesIO()
    np.savez_compressed(file, **Normalization("channel").fit(images()).state())
    good, rng = file.getvalue(), np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << int(rng.integers(8))
        try:
            opened = np.load(io.BytesIO(bytes(bad)), allow_pickle=False)
        except Exception:  # np.load's own refusal, before any state is there
            continue
        try:
            assert isinstance(from_state(opened), Normalization)
        except DataFileError:
            refused += 1
    assert refused > 30
