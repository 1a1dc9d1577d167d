"""Settings are numbers or whole numbers; anything else is refused by an error that names the setting."""

import dataclasses
import inspect
import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, health, init, models, nn, optim, settings, train
from autograd_cnn import functional as F  # noqa: N812

TRUTHS = (True, np.True_, np.array(True))
ARRAYS = (np.array([3]), np.array([1, 2]), np.array([[1.0]]), np.array([]), np.array("3"))
NODES = (ag.Scalar(3.0), ag.Tensor([3.0]), ag.Tensor(np.array(3)), ag.Parameter([1.0, 2.0]))
OTHERS = (None, "3", b"3", (), [], [3], (1, 2), {}, {3}, 3j, np.complex128(3), Decimal(3), object(), int, np.nan)
NOTHING = st.sampled_from((*TRUTHS, *ARRAYS, *NODES, *OTHERS))
"""What is neither a number with a place among others nor a whole number."""

TYPES = (np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64, np.longdouble)
NUMBERS = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**70), 2**70),
    st.fractions(),
    st.builds(lambda kind, x: kind(x), st.sampled_from(TYPES), st.integers(0, 127)),
)
WHOLE = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-128, 127).map(np.int8))
WHOLE |= st.integers(0, 2**63 - 1).map(np.array)
CHECKS = (
    settings.number,
    settings.positive,
    settings.finite,
    settings.magnitude,
    settings.whole,
    settings.count,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(wrong=NOTHING)
def test_what_is_no_number_is_refused_by_name(check, wrong):
    with pytest.raises(ag.ArgumentError, match=r"^Layer: width=") as caught:
        check("Layer", "width", wrong)
    assert "expected a" in str(caught.value)
    assert not settings.is_whole(wrong)
    assert math.isnan(settings.real(wrong))


@given(NUMBERS)
def test_a_number_becomes_the_float_it_is(x):
    assert settings.is_number(x)
    found = settings.number("Layer", "width", x)
    assert type(found) is float
    assert found == float(x)
    assert (settings.real(x), settings.real(-found)) == (found, -found)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_number_is_let_pass_between_its_limits_only(x, least, most):
    x, least, most = map(float, (x, least, most))
    if least <= x <= most:
        assert settings.number("Layer", "width", x, least, most) == x
    else:
        with pytest.raises(ag.ArgumentError, match=r"^Layer: width=.*, expected a share$"):
            settings.number("Layer", "width", x, least, most, "a share")


@given(WHOLE)
def test_a_whole_number_becomes_an_int(x):
    found = settings.whole("Layer", "width", x)
    assert type(found) is int
    assert found == operator.index(x)
    assert settings.is_whole(x, found, found)
    assert not settings.is_whole(x, found + 1)
    assert not settings.is_whole(x, most=found - 1)


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_whole_numbers_have_limits_too(x, least):
    if x >= least:
        assert settings.whole("Layer", "width", x, least) == x
    else:
        with pytest.raises(ag.ArgumentError, match=f"^Layer: width={x}, expected an integer of at least {least}$"):
            settings.whole("Layer", "width", x, least)


@pytest.mark.parametrize("x", [2.0, np.float32(2), Fraction(2), math.inf, -math.inf])
def test_a_number_that_is_whole_by_chance_is_none(x):
    with pytest.raises(ag.ArgumentError, match=r"^Layer: width=.*, expected an integer$"):
        settings.whole("Layer", "width", x)
    with pytest.raises(ag.ArgumentError, match=r"expected a positive integer$"):
        settings.count("Layer", "width", x)


@pytest.mark.parametrize("check", [settings.finite, settings.magnitude])
def test_finite_numbers_end_before_infinity(check):
    most = math.nextafter(math.inf, 0)
    assert check("Layer", "width", most) == most
    for x in (math.inf, -math.inf, np.float32("inf")):
        with pytest.raises(ag.ArgumentError, match="expected a finite number"):
            check("Layer", "width", x)


def test_integers_beyond_all_floats_are_refused_as_numbers():
    assert settings.is_number(10**400)
    for check in CHECKS[:4]:
        with pytest.raises(ag.ArgumentError, match=r"^Layer: width=1000"):
            check("Layer", "width", 10**400)


@pytest.mark.parametrize(
    "make",
    [
        *(ag.Scalar, lambda x: ag.Scalar(1.0).assign(x), lambda x: ag.Scalar(2.0) + x, lambda x: x * ag.Scalar(2.0)),
        *(ag.exp, lambda x: ag.Tensor(ROW) + x, lambda x: x / ag.Tensor(ROW), lambda x: ag.maximum(ROW, x)),
        *(lambda x: ag.where([True], ag.Tensor(np.ones(3, np.float32)), x), lambda x: ag.stack(ag.Tensor(1.0), x)),
    ],
)
@pytest.mark.parametrize("x", [10**400, -(10**400)])
def test_a_number_beyond_all_floats_is_told_by_its_size(make, x):
    with pytest.raises(
        ag.DtypeError, match=r"^\w+: got a number of about 10\^400, beyond the largest float, 1\.8e308$"
    ):
        make(x)


def test_integers_beyond_64_bits_are_stacked_as_floats():
    assert ag.stack(2**70, 1).tolist() == [2.0**70, 1.0]
    assert ag.stack(ag.Scalar(1.0), -(2**64)).value.tolist() == [1.0, -(2.0**64)]


@pytest.mark.parametrize("seed", [10**400, 10**5000, [[1.0], [1.0, 2.0]], "1", ["a" * 200], object()], ids=type)
def test_a_seed_that_is_no_number_is_told_in_a_line(seed):
    for node in (ag.Scalar(1.0), ag.Parameter([1.0])):
        with pytest.raises(ag.DtypeError, match=r"^backward: seed is .*, expected a number or an array") as caught:
            (node * 2.0).backward(seed)
        assert len(str(caught.value)) < 200


def test_a_fraction_is_a_real_number():
    assert ag.Scalar(Fraction(1, 4)).value == 0.25
    with pytest.raises(ag.DtypeError, match=r"^Scalar: got a number of about 10\^309"):
        ag.Scalar(Fraction(10**310, 11))


def test_types_have_their_article():
    given = (1, 1.0, [], (), {}, None, np.zeros(1), OSError(), settings)
    called = ["an int", "a float", "a list", "a tuple", "a dict", "a NoneType", "an ndarray", "an OSError", "a module"]
    assert [settings.a_kind(x) for x in given] == called


def test_the_least_number_above_0_is_positive_and_0_is_not():
    assert settings.positive("Layer", "width", 5e-324) == 5e-324
    assert settings.positive("Layer", "width", math.inf) == math.inf
    for x in (0, 0.0, -0.0, -5e-324):
        with pytest.raises(ag.ArgumentError, match="expected a number above 0"):
            settings.positive("Layer", "width", x)


WEIGHT = ag.Parameter(np.ones((4, 3)))
IMAGES = np.ones((2, 4, 5, 5))
ROW = np.ones(3)
DIGITS = data.digits().test
LINEAR = nn.Linear(3, 2, rng=0)
CHECKED = LINEAR, F.cross_entropy
TRAINED = *CHECKED, optim.SGD(LINEAR.parameters(), 1.0)
SCORES, LABELS, SIGNS = np.ones((4, 3)), np.zeros(4, int), np.ones(4)
SAMPLES = np.ones((4, 3), np.float32), np.zeros(4, int)
TRAINABLE = ag.Scalar(2.0)
UPDATED = ag.compile(lambda: TRAINABLE * TRAINABLE, update=lambda p, g: p - g)
WRONG = (*TRUTHS, *ARRAYS, *NODES, *OTHERS)
ASKED = {
    "axis": lambda x: ag.swapaxes(IMAGES, x, 1),
    "limit": lambda x: ag.tree(ag.Scalar(1.0), limit=x),
    "most": lambda x: ag.explain(ag.Scalar(1.0), ag.Scalar(1.0), most=x),
    "k of the largest": lambda x: ag.topk(ROW, x),
    "ddof": lambda x: ag.var(ROW, ddof=x),
    "correction": lambda x: ag.std(ROW, correction=x),
    "ord": lambda x: ag.norm(ROW, x),
    "negative_slope": lambda x: F.leaky_relu(ROW, x),
    "p": lambda x: F.dropout(ROW, x),
    "delta": lambda x: F.huber_loss(ROW, ROW, delta=x),
    "beta": lambda x: F.smooth_l1_loss(ROW, ROW, beta=x),
    "label_smoothing": lambda x: F.cross_entropy(IMAGES[:, :, 0, 0], np.zeros(2, int), label_smoothing=x),
    "ignore_index": lambda x: F.cross_entropy(SCORES, LABELS, ignore_index=x),
    "ignore_index of likelihoods": lambda x: F.nll_loss(SCORES, LABELS, ignore_index=x),
    "delta of an SVM": lambda x: F.multiclass_svm_loss(SCORES, LABELS, x),
    "delta of a hinge": lambda x: F.binary_hinge_loss(SIGNS, SIGNS, x),
    "delta of attributes": lambda x: F.attribute_hinge_loss(SCORES, np.ones((4, 3)), x),
    "p of margins": lambda x: F.multi_margin_loss(SCORES, LABELS, x),
    "margin": lambda x: F.multi_margin_loss(SCORES, LABELS, margin=x),
    "margin of a hinge": lambda x: F.hinge_embedding_loss(SIGNS, SIGNS, x),
    "margin of a ranking": lambda x: F.margin_ranking_loss(SIGNS, SIGNS, SIGNS, x),
    "margin of triplets": lambda x: F.triplet_margin_loss(SCORES, SCORES, SCORES, x),
    "p of triplets": lambda x: F.triplet_margin_loss(SCORES, SCORES, SCORES, p=x),
    "eps of triplets": lambda x: F.triplet_margin_loss(SCORES, SCORES, SCORES, eps=x),
    "margin of pairs": lambda x: F.contrastive_loss(SCORES, SCORES, LABELS, x),
    "margin of a cosine": lambda x: F.cosine_embedding_loss(SCORES, SCORES, SIGNS, x),
    "p of a distance": lambda x: F.pairwise_distance(SCORES, SCORES, x),
    "eps of a distance": lambda x: F.pairwise_distance(SCORES, SCORES, eps=x),
    "eps": lambda x: F.cosine_similarity(SCORES, SCORES, eps=x),
    "strength": lambda x: F.l2_penalty(nn.Linear(3, 2), {"": x}),
    "max_norm": lambda x: F.max_norm_([WEIGHT], x),
    "size": lambda x: F.local_response_norm(IMAGES, x),
    "num_groups": lambda x: F.group_norm(IMAGES, x),
    "groups": lambda x: F.conv2d(IMAGES, np.ones((4, 4, 1, 1)), groups=x),
    "norm_type": lambda x: F.lp_pool2d(IMAGES, x, 5),
    "in_features": lambda x: nn.Linear(x, 2),
    "dim": lambda x: nn.Softmax(x),
    "momentum": lambda x: F.batch_norm(IMAGES, np.zeros(4), np.ones(4), training=True, momentum=x),
    "momentum of instances": lambda x: F.instance_norm(IMAGES, np.zeros(4), np.ones(4), momentum=x),
    "steps of a compiled training": lambda x: UPDATED.train(steps=x),
    "dim of a softmax": lambda x: F.softmax(SCORES, x),
    "dim of a softmin": lambda x: F.softmin(SCORES, x),
    "dim of a logarithm": lambda x: F.log_softmax(SCORES, x),
    "start_dim": lambda x: nn.Flatten(x),
    "index": lambda x: nn.Sequential(nn.ReLU())[x],
    "input_shape": lambda x: models.summary(nn.Linear(3, 2), (x,)),
    "std": lambda x: init.normal_(WEIGHT, 0.0, x),
    "connections": lambda x: init.randomly_connected_(WEIGHT, x),
    "lr": lambda x: optim.SGD([WEIGHT], lr=x),
    "betas": lambda x: optim.Adam([WEIGHT], betas=(x, 0.9)),
    "clip_value": lambda x: optim.clip_grad_value_([WEIGHT], x),
    "norm_type of a clipping": lambda x: optim.clip_grad_norm_([WEIGHT], 1.0, norm_type=x),
    "patience of a schedule": lambda x: optim.lr_scheduler.ReduceLROnPlateau(optim.SGD([WEIGHT], 1.0), patience=x),
    "batch_size": lambda x: data.batches(DIGITS, x),
    "k": lambda x: data.stratified_folds(DIGITS, x),
    "seed": lambda x: data.stratified_folds(DIGITS, 2, seed=x),
    "shares": lambda x: data.stratified_split(DIGITS, (x, 1)),
    "points": lambda x: data.two_moons(x),
    "noise": lambda x: data.two_moons(4, noise=x),
    "share": lambda x: data.augmentation.Flip(share=x),
    "pixels": lambda x: data.augmentation.Shift(x),
    "low": lambda x: data.preprocessing.PixelRange(low=x),
    "clip_norm": lambda x: train.Trainer(*TRAINED, clip_norm=x),
    "max_norm of a training": lambda x: train.Trainer(*TRAINED, max_norm=x),
    "samples": lambda x: train.check_overfitting(*CHECKED, SAMPLES, samples=x),
    "steps": lambda x: train.check_overfitting(*CHECKED, SAMPLES, steps=x),
    "lr of a check": lambda x: train.check_overfitting(*CHECKED, SAMPLES, lr=x),
    "share of a check": lambda x: train.check_overfitting(*CHECKED, SAMPLES, share=x),
    "tolerance": lambda x: train.check_initial_loss(*CHECKED, SAMPLES, tolerance=x),
    "expected": lambda x: train.check_initial_loss(*CHECKED, SAMPLES, expected=x),
    "decay": lambda x: train.AveragedModel(LINEAR, x),
    "window": lambda x: health.Monitor(window=x),
    "temperature": lambda x: train.DistillationLoss(temperature=x),
    "weight": lambda x: train.DistillationLoss(weight=x),
    "min_delta": lambda x: train.EarlyStopping(min_delta=x),
    "patience": lambda x: train.EarlyStopping(x),
    "every": lambda x: train.Snapshots(x),
    "keep": lambda x: train.Checkpoints("folder", keep=x),
    "high": lambda x: train.LogUniform(0.1, x),
    "k of a metric": lambda x: train.top_k_error([[1.0]], [0], x),
    "regularization": lambda x: models.SoftmaxClassifier(regularization=x),
    "k of neighbours": lambda x: models.NearestNeighbors(x),
    "batch": lambda x: models.summary(nn.Linear(3, 2), (3,), batch=x),
    "K": lambda x: models.parse_pattern("INPUT -> [CONV -> RELU]*K -> FC").layers({"K": x}),
    "window of a pattern": lambda x: models.from_pattern("INPUT -> CONV -> FC", (3, 8, 8), window=x),
}
"""One call for each way in which a setting is asked for."""
DEFAULTS = {"window", "patience", "every", "clip_norm", "max_norm of a training", "expected", "decay", "correction"}
"""For which None means something."""


@pytest.mark.parametrize("setting", ASKED)
def test_whoever_asks_for_a_number_refuses_what_is_none(setting):
    for wrong in WRONG:
        if wrong is None and setting in DEFAULTS:
            continue
        with pytest.raises(ag.ArgumentError, match=setting.partition(" ")[0]):
            ASKED[setting](wrong)


SEQUENCES = IMAGES[:, :, 0]
KERNEL = np.ones((4, 4, 1, 1))
AXES = {
    "swapaxes": lambda x, a: ag.swapaxes(x, a, 0),
    "moveaxis": lambda x, a: ag.moveaxis(x, 0, a),
    "gather": lambda x, a: ag.gather(x, a, np.zeros((2, 3), int)),
    "take_along_axis": lambda x, a: ag.take_along_axis(x, np.zeros((2, 3), int), axis=a),
    "stack": lambda x, a: ag.stack(x, x, axis=a),
    "concatenate": lambda x, a: ag.concatenate(x, x, axis=a),
    "tensordot": lambda x, a: ag.tensordot(x, x, axes=a),
    **{f.__name__: lambda x, a, f=f: f(x, 1, axis=a) for f in (ag.take, ag.topk, ag.split, ag.roll, ag.repeat)},
    **{
        f.__name__: lambda x, a, f=f: f(x, axis=a)
        for f in (
            *(ag.sum, ag.mean, ag.max, ag.min, ag.prod, ag.cumsum, ag.var, ag.std, ag.norm, ag.logsumexp, ag.argmax),
            *(ag.argmin, ag.softmax, ag.log_softmax, ag.squeeze, ag.expand_dims, ag.flip),
        )
    },
}
"""What takes an axis."""
SIZES = {
    "shape": lambda n: ag.reshape(ROW, shape=(n, 3)),
    "index of explain": lambda n: ag.explain(ag.sum(WEIGHT), WEIGHT, n),
    "index of expand": lambda n: ag.expand(WEIGHT * 2, "scalar", index=n),
    "limit": lambda n: ag.expand(WEIGHT * 2, "scalar", limit=n),
    "channels": lambda n: nn.Bottleneck(2, n),
    "largest": lambda n: nn.Inception(1, 1, 1, 1, 1, 1, 1, largest=n),
    "input_shape": lambda n: nn.layer_sizes(LINEAR, (n,)),
    "input_shape of a conversion": lambda n: nn.to_convolutional(nn.Flatten(), (n, 1, 1)),
    "normalized_shape of layer_norm": lambda n: F.layer_norm(SCORES, n),
    "shape of a broadcast": lambda n: ag.broadcast_to(ROW, shape=(n, 3)),
    "pad_width": lambda n: ag.pad(ROW, n),
    "reps": lambda n: ag.tile(ROW, n),
    "repeats": lambda n: ag.repeat(ROW, n),
    "indices_or_sections": lambda n: ag.split(ROW, n),
    "shift": lambda n: ag.roll(ROW, n),
    "getitem": lambda n: ag.Tensor(ROW)[n],
    "axis of neurons": lambda n: F.max_norm_([WEIGHT], 1.0, axis=n),
    "axis of vectors": lambda n: F.cosine_similarity(SCORES, SCORES, n),
    **{
        f"{setting} of {f.__name__}": lambda n, f=f, setting=setting, x=x, given=given: f(x, given, **{setting: n})
        for f, x, given, settings_ in (
            (F.conv2d, IMAGES, KERNEL, ("stride", "padding", "dilation", "groups")),
            (F.conv1d, SEQUENCES, KERNEL[..., 0], ("stride", "padding", "dilation", "groups")),
            (F.conv_transpose2d, IMAGES, KERNEL, ("stride", "padding", "output_padding", "dilation", "groups")),
            (F.max_pool2d, IMAGES, 1, ("stride", "padding", "dilation")),
            (F.avg_pool1d, SEQUENCES, 1, ("stride", "padding")),
        )
        for setting in settings_
    },
    "kernel_size": lambda n: F.max_pool2d(IMAGES, n),
    "kernel_size of a layer": lambda n: nn.Conv2d(2, 2, n),
    "output_size": lambda n: F.adaptive_avg_pool2d(IMAGES, n),
    "in_channels": lambda n: nn.Conv2d(n, 2, 1),
    "out_features": lambda n: nn.Linear(2, n),
    "in_features": lambda n: nn.Linear(n, 2),
    "n_outputs": lambda n: nn.NeuronLayer(2, n),
    "num_features": lambda n: nn.BatchNorm2d(n),
    "normalized_shape": lambda n: nn.LayerNorm((2, n)),
    "n_classes": lambda n: nn.HierarchicalSoftmax(2, n),
    "dim": lambda n: F.softmax(SCORES, n),
    "size": lambda n: models.cifar_convnet(size=n),
    "trials": lambda n: train.tune(lambda trial: 1.0, {"x": train.Uniform(0, 1)}, trials=n),
    "count": lambda n: train.bagging(lambda sample: LINEAR, SAMPLES, n),
    "batch_size": lambda n: data.batches(DIGITS, n),
    "ignore_index": lambda n: nn.NLLLoss(ignore_index=n),
    "points": lambda n: data.two_moons(n),
    "classes": lambda n: train.confusion_matrix([0], [0], n),
}
"""What takes sizes, shapes, strides and counts."""
BEYOND = st.integers(2**63, 2**70) | st.integers(-(2**70), -(2**63) - 1) | st.sampled_from((10**400, 10**5000))


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("x", [np.ones((2, 3)), ag.Tensor(np.ones((2, 3))), ag.Scalar(1.0), 1.0], ids=type)
def test_truth_values_words_and_integers_beyond_64_bits_are_no_axis(name, x):
    for wrong in (True, np.True_, (True, 0), "1", 1.0, 10**30, -(2**63) - 1):
        with pytest.raises(ag.AutogradError, match=r"^\w+: .*ax[ei]s"):
            AXES[name](x, wrong)


@pytest.mark.parametrize("setting", SIZES)
@given(beyond=BEYOND)
def test_integers_beyond_64_bits_are_refused_as_sizes(setting, beyond):
    with pytest.raises(ag.AutogradError, match=setting.partition(" ")[0]) as caught:
        SIZES[setting](beyond)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("setting", SIZES)
@pytest.mark.parametrize("wrong", ["3", np.array([1.5, 2.5]), object()], ids=type)
def test_what_is_no_integer_is_no_size(setting, wrong):
    with pytest.raises(ag.AutogradError):
        SIZES[setting](wrong)


@given(st.integers(0, 2**70))
def test_seeds_have_any_number_of_bits(seed):
    draws = [np.random.default_rng(seed).normal() for _ in range(2)]
    assert init.normal_(ag.Scalar(0.0), rng=seed).value == draws[0] == draws[1]
    data.stratified_folds(DIGITS, 2, seed=seed)
    for wrong in (True, -1, "3", [1, 2], 3.0):
        with pytest.raises(ag.ArgumentError, match=r"^manual_seed: seed=.*, expected an integer of at least 0"):
            ag.manual_seed(wrong)
    with pytest.raises(ag.ArgumentError, match=r"^manual_seed: seed=None"):  # which no run could repeat
        ag.manual_seed(None)


THRESHOLDS = {setting.name: setting.default for setting in dataclasses.fields(health.Thresholds)}


@pytest.mark.parametrize("setting", THRESHOLDS)
def test_thresholds_are_numbers_of_at_least_0_and_pairs_of_them(setting):
    usual = THRESHOLDS[setting]
    wrong = [*(x for x in WRONG if type(x) is not tuple), (), (1.0, 2.0, 3.0), -1, -0.5, 10**400]
    wrong += [0] if setting.endswith("_steps") else []
    for x in [*wrong, *((1.0, x) for x in wrong)]:
        with pytest.raises(ag.ArgumentError, match=f"^Thresholds: {setting}=.*, expected an? "):
            health.Thresholds(**{setting: x})
    same = health.Thresholds(**{setting: list(usual) if isinstance(usual, tuple) else usual})
    assert same == health.Thresholds()


@given(st.sampled_from(sorted(THRESHOLDS)), st.integers(1, 2**63 - 1))
def test_thresholds_take_any_number_from_1(setting, x):
    pair = isinstance(THRESHOLDS[setting], tuple)
    found = getattr(health.Thresholds(**{setting: (x, np.float32(2)) if pair else x}), setting)
    assert found == ((float(x), 2) if pair else type(THRESHOLDS[setting])(x))


RAGGED = [[0], [0, 1]]
RAGGED_LOSSES = {
    **{f"target of {f.__name__}": (f, SCORES) for f in (F.mse_loss, F.binary_cross_entropy, F.kl_div)},
    **{f"labels of {f.__name__}": (f, SCORES) for f in (F.nll_loss, F.multiclass_svm_loss, F.multi_margin_loss)},
    "target of cross_entropy": (F.cross_entropy, SCORES),
    "target of binary_hinge_loss": (F.binary_hinge_loss, SIGNS),
    "target of contrastive_loss": (F.contrastive_loss, SCORES, SCORES),
    "labels of accuracy": (train.accuracy, SCORES),
    "scores of accuracy": (lambda x: train.accuracy(x, LABELS),),
    "predicted of confusion_matrix": (train.confusion_matrix, LABELS),
    "indices of max_unpool2d": (lambda x: F.max_unpool2d(IMAGES, x, 2),),
    "weight of cross_entropy": (lambda x: F.cross_entropy(SCORES, LABELS, x),),
    "weight of binary_cross_entropy": (lambda x: F.binary_cross_entropy(SCORES, SCORES, x),),
    "weight of CrossEntropyLoss": (nn.CrossEntropyLoss,),
    "pos_weight of BCEWithLogitsLoss": (lambda x: nn.BCEWithLogitsLoss(pos_weight=x),),
}
"""What takes lists of labels, targets or weights."""


@pytest.mark.parametrize("what", RAGGED_LOSSES)
def test_lists_of_different_lengths_are_refused_by_name(what):
    setting, _, name = what.partition(" of ")
    function, *given_before = RAGGED_LOSSES[what]
    with pytest.raises(ag.ShapeError, match=rf"^{name}: {setting}=\[\[0\], \[0, 1\]\], expected numbers in a rect"):
        function(*given_before, RAGGED)


CLIPPED = st.sampled_from([np.ones(3), ag.Tensor(np.ones(3)), ag.Scalar(1.0), 1.0])


@given(CLIPPED, st.sampled_from([*TRUTHS[:2], "3", math.nan, np.float32("nan"), 10**400, object(), 3j]))
def test_bounds_of_clip_are_numbers(x, wrong):
    for name, bounds in (("min", (wrong, 3)), ("min", (wrong,)), ("max", (0, wrong)), ("max", (None, wrong))):
        with pytest.raises(ag.ArgumentError, match=f"^clip: {name}="):
            ag.clip(x, *bounds)


LOSSES = [
    (layer, setting)
    for layer in vars(nn).values()
    if isinstance(layer, type) and issubclass(layer, nn.Module) and layer.__name__.endswith("Loss")
    for setting in inspect.signature(layer).parameters
]
SWITCHES = {"squared", "swap", "log_target"}
"""Of which only the truth is asked."""
MASKS = {(nn.BCELoss, "weight"), (nn.BCEWithLogitsLoss, "weight"), (nn.BCEWithLogitsLoss, "pos_weight")}
"""What broadcasts: numbers of any shape."""


@pytest.mark.parametrize(("layer", "setting"), LOSSES, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_losses_refuse_wrong_settings_when_they_are_made(layer, setting):
    if setting in SWITCHES:
        return
    wrong = [True, np.True_, "3", b"3", "means", object(), int, 3j, np.array("3"), np.array([object()])]
    wrong += [] if (layer, setting) in MASKS else [math.nan, [math.nan], np.array([[1.0]]), [-1.0, 2.0]]
    wrong += [] if setting in ("weight", "pos_weight") else [None, 10**400, [1.0]]
    for x in wrong:
        with pytest.raises(ag.AutogradError, match=f"^{layer.__name__}: .*{setting}"):
            layer(**{setting: x})


def test_losses_refuse_numbers_that_mean_nothing_when_they_are_made():
    for layer, settings_ in (
        (nn.HuberLoss, {"delta": 0.0}),
        (nn.SmoothL1Loss, {"beta": -1.0}),
        (nn.MultiMarginLoss, {"p": 3}),
        (nn.TripletMarginLoss, {"p": 0.0}),
        (nn.CrossEntropyLoss, {"label_smoothing": 1.5}),
        (nn.NLLLoss, {"ignore_index": 2.0}),
    ):
        with pytest.raises(ag.ArgumentError, match=f"^{layer.__name__}: {next(iter(settings_))}="):
            layer(**settings_)


def test_losses_keep_a_copy_of_their_weights():
    weight = np.ones(3)
    made = nn.CrossEntropyLoss(weight), nn.NLLLoss(weight), nn.MultiMarginLoss(weight=weight), nn.BCELoss(weight)
    weight[:] = 2.0
    assert all((loss.weight == 1).all() for loss in made)


@pytest.mark.parametrize("bound", ["clip_norm", "max_norm"])
def test_a_training_refuses_a_negative_bound_when_it_is_made(bound):
    with pytest.raises(ag.ArgumentError, match=f"^Trainer: {bound}=-1, expected a"):
        train.Trainer(*TRAINED, **{bound: -1})


def test_checks_of_a_network_refuse_what_they_cannot_count():
    with pytest.raises(ag.ArgumentError, match=r"^check_overfitting: steps=-3, expected a positive integer$"):
        train.check_overfitting(*CHECKED, SAMPLES, steps=-3)
    with pytest.raises(ag.ArgumentError, match=r"^check_initial_loss: tolerance=-1, expected a finite number of at"):
        train.check_initial_loss(*CHECKED, SAMPLES, tolerance=-1)
