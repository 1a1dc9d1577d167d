"""Which algorithm is chosen, and how another one is."""

from dataclasses import replace

import numba
import numpy as np
import pytest

import autograd_cnn.kernels.plain_convolution  # noqa: F401 - as numba is set now, before tests set it otherwise
from autograd_cnn import kernels
from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.kernels import conv2d, conv2d_input_gradient, conv2d_weight_gradient, forced, plan, planning
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.planning import ALGORITHMS, VARIABLE, Choice, prepared
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import LARGE

LAYER = (8, 64, 16, 16), (64, 64, 3, 3)
PARTS = ["forward", "input_gradient", "weight_gradient"]
A_CHOICE = Choice("plain", "channels-first", "it is forced")


@pytest.fixture(autouse=True)
def no_choice_from_outside(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_plan_has_an_algorithm_a_layout_and_a_reason_for_each_part():
    made = plan(*LAYER, padding=1)
    for part in PARTS:
        choice = getattr(made, part)
        assert choice.algorithm in ALGORITHMS
        assert choice.layout in ("channels-first", "channels-last", "batch-last")
        assert choice.reason
        assert f"{part.replace('_', ' ')}: {choice.algorithm}, {choice.layout}; {choice.reason}" in str(made)
    assert made.weight_gradient.layout == "channels-first"


def test_pairs_and_pairs_of_pairs_are_understood():
    assert plan(*LAYER, padding=1, stride=2) == plan(*LAYER, padding=((1, 1), (1, 1)), stride=(2, 2), dilation=(1, 1))


def test_what_is_planned_has_as_many_windows_as_fit(monkeypatch):
    planned = []
    monkeypatch.setattr(planning, "choice", lambda convolution: planned.append(convolution) or A_CHOICE)
    plan((1, 4, 10, 3), (2, 4, 3, 2), stride=(3, 1), padding=((1, 0), (2, 1)), dilation=(2, 3))
    assert {convolution.output_size for convolution in planned} == {(3, 3)}
    assert [convolution.part for convolution in planned] == [part.replace("_", " ") for part in PARTS]
    planned.clear()
    plan((1, 4, 1, 3), (2, 4, 3, 3))  # of which none fits
    assert {convolution.output_size for convolution in planned} == {(0, 1)}


def test_a_plan_says_what_is_copied_first(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    with forced("direct"):
        last = plan(*LAYER, layout="channels-last")
        first = plan(*LAYER)
    for part in PARTS:
        assert getattr(last, part).reason == "it is forced"
        assert getattr(first, part).reason == "it is forced; what is channels-first is copied first"
        assert getattr(first, part).layout == getattr(last, part).layout
    assert (first.forward.layout, first.input_gradient.layout) == ("channels-last", "channels-last")
    assert first.weight_gradient.layout == "channels-first"  # as weights lie everywhere
    with forced("plain"):
        assert plan(*LAYER, layout="batch-last").forward.reason == "it is forced"
    with pytest.raises(ArgumentError, match=r"plan got the layout 'NHWC'; there are 'channels-first', "):
        plan(*LAYER, layout="NHWC")


def test_without_jit_the_plain_loops_serve(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    kernels.planning._function.cache_clear()
    expected = Choice("plain", "channels-first", "NUMBA_DISABLE_JIT leaves nothing else")
    assert plan(*LAYER).forward == expected
    with forced("plain"):
        assert plan(*LAYER).forward == expected


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_forced_algorithm_is_taken_where_it_covers_the_call(name, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    shapes = (64, 32, 8, 8), (32, 32, 3, 3)
    with forced(name):
        for part in PARTS:
            choice = getattr(plan(*shapes), part)
            assert choice.algorithm == name
            assert choice.reason.startswith("it is forced")
    monkeypatch.setenv(VARIABLE, name)
    assert plan(*shapes).forward.algorithm == name
    with forced("plain"):
        assert plan(*shapes).forward.algorithm == "plain"


def test_a_forced_algorithm_that_does_not_cover_the_call_leaves_it_to_the_plain_loops(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(kernels.planning, "_covers", lambda name, convolution: name == "plain")
    monkeypatch.setitem(ALGORITHMS, "fast", ("fast_convolution", "channels-last"))
    with forced("fast"):
        assert plan(*LAYER).forward == Choice("plain", "channels-first", "fast is forced and does not cover this call")


def test_forcing_ends_with_its_block_also_after_an_error():
    before = plan(*LAYER)
    with pytest.raises(ZeroDivisionError), forced("plain"):
        raise ZeroDivisionError
    assert plan(*LAYER) == before


def test_an_unknown_algorithm_is_told_with_the_nearest(monkeypatch):
    with pytest.raises(
        ArgumentError, match=r"forced names the algorithm 'plane'; there are .*; did you mean 'plain'\?"
    ):
        forced("plane").__enter__()
    monkeypatch.setenv(VARIABLE, "plane")
    with pytest.raises(ArgumentError, match=f"{VARIABLE} names the algorithm 'plane'"):
        plan(*LAYER)


def test_shapes_that_do_not_fit_raise():
    with pytest.raises(ShapeError, match=r"give \(N, C, H, W\) and \(O, C/groups, KH, KW\)"):
        plan((1, 2, 3), (1, 2, 3, 3))
    with pytest.raises(ShapeError, match=r"plan got 4 channels, weights \(2, 3, 3, 3\) and groups=1"):
        plan((1, 4, 8, 8), (2, 3, 3, 3))
    with pytest.raises(ShapeError, match="groups divides its first"):
        plan((1, 4, 8, 8), (3, 2, 3, 3), groups=2)
    with pytest.raises(ShapeError, match=r"plan got 0 channels, .* and groups=0"):
        plan((1, 0, 8, 8), (3, 2, 3, 3), groups=0)
    with pytest.raises(DtypeError):
        plan(*LAYER, dtype=np.int32)


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "groups", "algorithm"),
    [
        ((64, 1, 28, 28), (6, 1, 5, 5), 1, "batch-last"),
        ((64, 24, 16, 16), (24, 24, 3, 3), 1, "batch-last"),
        ((64, 64, 16, 16), (64, 16, 3, 3), 4, "batch-last"),
        ((1, 1, 28, 28), (3, 1, 5, 5), 1, "plain"),  # neither images nor filters to fill the shortest vector with
        ((64, 3, 32, 32), (32, 3, 3, 3), 1, "direct"),  # what follows has many channels
        ((64, 64, 16, 16), (64, 1, 3, 3), 64, "direct"),
        ((64, 32, 16, 16), (32, 32, 3, 3), 1, "winograd"),
        ((64, 32, 16, 16), (32, 32, 5, 5), 1, "direct"),
        ((4, 256, 56, 56), (64, 256, 1, 1), 1, "direct"),
        ((3, 64, 32, 32), (64, 2, 3, 3), 32, "plain"),  # few channels in a group, and few images
        ((4, 64, 16, 16), (128, 1, 3, 3), 64, "plain"),  # two filters for each channel
        ((1, 64, 3, 3), (64, 64, 1, 1), 1, "direct"),
        ((1, 16, 2, 2), (16, 16, 1, 1), 1, "plain"),  # little to do
    ],
)
def test_channels_images_and_work_decide(x_shape, weight_shape, groups, algorithm, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    made = plan(x_shape, weight_shape, padding=1, groups=groups)
    assert [getattr(made, part).algorithm for part in PARTS] == [algorithm] * 3


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_prepared_convolution_gives_the_same_numbers_call_by_call(name):
    case = replace(LARGE, batch=16, channels=2, channels_out=3, window=(3, 3), input_size=(3, 3), output_size=(3, 3))
    case = replace(case, stride=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1), groups=1, layout="C")
    x, weight, upstream = case.images(), case.weight(), case.upstream()
    shapes = x.shape, weight.shape, case.output_size, x.dtype, *case.moves
    with forced(name):
        forward, to_x, to_weight = (
            prepared(Convolution(part, *shapes), Workspace())
            for part in ("forward", "input gradient", "weight gradient")
        )
        for _ in range(2):
            x += 1
            weight *= 2
            y = conv2d(x, weight, *case.moves, case.output_size)
            np.testing.assert_array_equal(forward(x, weight), y)
            of_x = conv2d_input_gradient(upstream, weight, case.input_size, *case.moves)
            np.testing.assert_array_equal(to_x(upstream, weight, np.empty_like(of_x)), of_x)
            of_weight = conv2d_weight_gradient(upstream, x, case.window, *case.moves)
            np.testing.assert_array_equal(to_weight(upstream, x, np.empty_like(of_weight)), of_weight)
