"""Every algorithm of convolution against the plain loops, at any shapes; each adds itself to the list.

The loops themselves are proved by the sum over windows, in test_plain_convolution.py. A sum of n products that are
rounded as they are added, in any order, is off by at most n·ε·Σ|x·w|; in practice by a few ε·Σ|x·w|, and that
is what is asked for. Winograd's transforms add and subtract pixels and weights before they multiply: its bounds are
larger, and in units of the largest sum in sight.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autograd_cnn.kernels import forced, get_num_threads, plain_convolution, plan, set_num_threads, threads
from autograd_cnn.kernels.convolution import conv2d, conv2d_input_gradient, conv2d_weight_gradient
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.planning import ALGORITHMS, choice
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import DEPTHWISE, LARGE, RAGGED, By, cases, wide_cases

if numba.config.DISABLE_JIT:
    pytest.skip("the plain loops are the only algorithm under NUMBA_DISABLE_JIT=1", allow_module_level=True)


@dataclass(frozen=True)
class Algorithm:
    """An algorithm and the error it is allowed.

    ``cases`` are shapes that it covers, at least mostly. ``bound`` is in units of ε·Σ|x·w|.
    """

    name: str
    cases: st.SearchStrategy
    bound: float
    spread: bool = False  # whether the sum in the bound is the largest one, not each number's own


ANY = st.one_of(
    cases(batches=(1, 2, 3, 5, 17)),
    cases(most_channels=40, most_filters=40, batches=(1, 2)),
    cases(most_channels=40, batches=(1, 2), depthwise=True),
)
BATCHES = cases(batches=(16, 17, 23, 32, 37)).filter(lambda case: 0 not in case.output_size)
LISTED = [
    Algorithm("direct", ANY, bound=6),
    Algorithm("batch-last", BATCHES, bound=6),
    Algorithm("winograd", wide_cases(), bound=6, spread=True),
]
every_algorithm = pytest.mark.parametrize("algorithm", LISTED, ids=lambda algorithm: algorithm.name)
WIDE = replace(LARGE, channels=33, channels_out=70, batch=2, input_size=(9, 21), output_size=(9, 21))
POINTWISE = replace(WIDE, window=(1, 1), padding=((0, 0), (0, 0)))
STRIDED = replace(WIDE, stride=(2, 3), output_size=(5, 7), dtype="float64")
TINY = replace(WIDE, batch=20, input_size=(1, 2), output_size=(1, 2))
BATCH = replace(LARGE, batch=64, channels_out=11, input_size=(9, 8), output_size=(9, 8))
LONG_WINDOW = replace(BATCH, batch=17, channels_out=3, window=(7, 11), padding=((3, 3), (5, 5)))
IN_GROUPS = replace(BATCH, batch=19, channels=6, groups=3, channels_out=9, stride=(2, 3), dilation=(3, 2))
IN_GROUPS = replace(IN_GROUPS, output_size=(3, 3), dtype="float64")


@contextmanager
def threaded(number):
    """Share even the smallest work out among ``number`` threads."""
    before = get_num_threads()
    set_num_threads(number)
    try:
        with mock.patch.object(threads, "SMALLEST_SHARE", 1):
            yield
    finally:
        set_num_threads(before)


def three(case, x, weight, upstream, module=None):
    """Return the three functions, each without arguments."""
    names = "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient"
    functions = conv2d, conv2d_input_gradient, conv2d_weight_gradient
    forward, to_input, to_weight = [getattr(By(module), name) for name in names] if module else functions
    return {
        "forward": lambda **more: forward(x, weight, *case.moves, case.output_size, **more),
        "input gradient": lambda **more: to_input(upstream, weight, case.input_size, *case.moves, **more),
        "weight gradient": lambda **more: to_weight(upstream, x, case.window, *case.moves, **more),
    }


def covered(case, name):
    """Whether the algorithm runs all three parts of a case."""
    shapes = (case.batch, case.channels, *case.input_size), case.weight().shape, case.output_size
    parts = "forward", "input gradient", "weight gradient"
    moves = np.dtype(case.dtype), *case.moves
    with forced(name):
        return all(choice(Convolution(part, *shapes, *moves)).algorithm == name for part in parts)


def wide(case, *arrays):
    return three(case, *(array.astype(np.float64) for array in arrays), plain_convolution)


def assert_close(case, algorithm, results, arrays, eps):
    exact, sizes = wide(case, *arrays), wide(case, *map(np.abs, arrays))
    for part, result in results.items():
        magnitude = sizes[part]()
        if algorithm.spread:
            magnitude = magnitude.max(initial=0)
        assert result.dtype == case.dtype, part
        assert result.shape == exact[part]().shape, part
        error = np.abs(result - exact[part]())
        assert (error <= algorithm.bound * eps * magnitude).all(), (part, (error / eps / magnitude).max())


@every_algorithm
@given(data=st.data())
def test_all_parts_equal_the_plain_loops_up_to_rounding(algorithm, data):
    """In float32 against float64 loops; in float64 against the same."""
    case = data.draw(algorithm.cases)
    assume(covered(case, algorithm.name))
    arrays = case.images(), case.weight(), case.upstream()
    with forced(algorithm.name):
        results = {part: function() for part, function in three(case, *arrays).items()}
    assert_close(case, algorithm, results, arrays, np.finfo(case.dtype).eps)


KNOWN = [LARGE, DEPTHWISE, RAGGED, WIDE, POINTWISE, STRIDED, TINY, BATCH, LONG_WINDOW, IN_GROUPS]


@pytest.mark.parametrize(
    ("algorithm", "case"), [(listed, case) for listed in LISTED for case in KNOWN if covered(case, listed.name)]
)
def test_known_shapes_equal_the_plain_loops_up_to_rounding(algorithm, case):
    arrays = case.images(), case.weight(), case.upstream()
    with forced(algorithm.name):
        results = {part: function() for part, function in three(case, *arrays).items()}
    assert_close(case, algorithm, results, arrays, np.finfo(case.dtype).eps)


@every_algorithm
@given(data=st.data(), number=st.integers(2, 5))
def test_results_do_not_depend_on_the_number_of_threads(algorithm, data, number):
    case = data.draw(algorithm.cases)
    assume(covered(case, algorithm.name))
    functions = three(case, case.images(), case.weight(), case.upstream())
    with forced(algorithm.name):
        with threaded(1):
            alone = {part: function() for part, function in functions.items()}
        for _ in range(2):
            with threaded(number):
                for part, function in functions.items():
                    np.testing.assert_array_equal(function(), alone[part], strict=True)


@every_algorithm
@given(data=st.data())
def test_memory_that_is_given_is_used_and_gives_the_same_bits(algorithm, data):
    """``out`` in any order of memory, and a workspace that was used for other numbers before."""
    case = data.draw(algorithm.cases)
    assume(covered(case, algorithm.name))
    order = data.draw(st.permutations(range(4)))
    first = three(case, case.images(), case.weight(), case.upstream())
    case = replace(case, seed=case.seed + 1)
    second = three(case, case.images(), case.weight(), case.upstream())
    with forced(algorithm.name):
        for part, function in second.items():
            expected, workspace = function(), Workspace()
            first[part](workspace=workspace)
            size = workspace.nbytes
            out = np.full([expected.shape[axis] for axis in order], np.nan, case.dtype).transpose(np.argsort(order))
            assert function(out=out, workspace=workspace) is out
            np.testing.assert_array_equal(out, expected)
            function(out=out, workspace=workspace)
            assert first[part](workspace=workspace) is not out
            assert workspace.nbytes <= 2 * size + out.nbytes


@every_algorithm
@given(data=st.data(), bad=st.sampled_from([np.inf, -np.inf, np.nan]))
def test_what_is_not_finite_reaches_what_it_reaches_in_the_plain_loops(algorithm, data, bad):
    """NaN where these have NaN, infinities of the same sign: a zero of padding times an infinite weight is NaN."""
    case = replace(data.draw(algorithm.cases), layout="C")
    assume(covered(case, algorithm.name))
    arrays = case.images(), case.weight(), case.upstream()
    victim = data.draw(st.sampled_from(arrays))
    victim[tuple(data.draw(st.integers(0, size - 1)) for size in victim.shape)] = bad
    with forced(algorithm.name):
        results = {part: function() for part, function in three(case, *arrays).items()}
    for part, function in three(case, *arrays, plain_convolution).items():
        expected = function()
        np.testing.assert_array_equal(np.isnan(results[part]), np.isnan(expected), err_msg=part)
        infinite = np.isinf(expected)
        np.testing.assert_array_equal(results[part][infinite], expected[infinite], err_msg=part)
        assert np.isfinite(results[part][np.isfinite(expected)]).all(), part


@pytest.mark.parametrize("name", ALGORITHMS)
def test_results_have_the_layout_of_the_plan(name):
    case = replace(LARGE, batch=32, channels=32, channels_out=32, input_size=(6, 6), output_size=(6, 6))
    order = {"channels-first": (0, 1, 2, 3), "channels-last": (0, 2, 3, 1), "batch-last": (1, 2, 3, 0)}
    x, weight, upstream = case.images(), case.weight(), case.upstream()
    with forced(name):
        made = plan(x.shape, weight.shape, padding=1)
        for part, function in three(case, x, weight, upstream).items():
            layout = getattr(made, part.replace(" ", "_")).layout
            assert function().transpose(order[layout]).flags.c_contiguous


@given(ANY)
@example(WIDE)
def test_the_plan_runs_as_it_says(case):
    """Without anything forced, the results are those of the algorithms that the plan names, to the bit."""
    assume(all(case.output_size))
    shapes = (case.batch, case.channels, *case.input_size), case.weight().shape, case.output_size
    functions = three(case, case.images(), case.weight(), case.upstream())
    for part, function in functions.items():
        chosen = choice(Convolution(part, *shapes, np.dtype(case.dtype), *case.moves)).algorithm
        with forced(chosen):
            expected = function()
        np.testing.assert_array_equal(function(), expected, strict=True)
