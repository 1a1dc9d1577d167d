"""Ctrl-C at any line of a backward pass, a compiled call, a step: nothing is half written, and the next call works."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from linecache import getline
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn, optim, train

ROOT = os.path.dirname(ag.__file__)
Line = tuple[str, int]
EVERY = 1 if settings().max_examples > 100 else 8
"""Which lines of a network's call are tried: all with HYPOTHESIS_PROFILE=intense."""
IMAGES = np.random.default_rng(0).standard_normal((4, 1, 6, 6)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0])


@contextmanager
def traced(at_line: Callable[[Line], None]) -> Iterator[None]:
    """Call a function before every line of the engine that is run here.

    Lines of ``with`` are left out: they come again when a block ends, and Python lets no signal in there.
    """

    def trace(frame: Any, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(ROOT) or "__del__" in {
            frame.f_code.co_name,
            frame.f_back and frame.f_back.f_code.co_name,
        }:
            return None  # what frees an object: there Python ignores any exception
        if event == "line" and not getline(file, frame.f_lineno).lstrip().startswith("with "):
            at_line((file, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def lines_of(call: Callable[[], None]) -> Counter[Line]:
    """Return the lines that a call runs, and how often."""
    found: Counter[Line] = Counter()
    with traced(lambda line: found.update([line])):
        call()
    return found


def interrupted(call: Callable[[], None], wanted: Line, time: int) -> bool:
    """Call, and press Ctrl-C before a line is run for the n-th time; whether it was.

    The call has a context of its own: where the line is the very end of a block, a scope would stay.
    """
    seen = 0

    def press(line: Line) -> None:
        nonlocal seen
        seen += line == wanted
        if seen == time and line == wanted:
            raise KeyboardInterrupt

    try:
        with traced(press):
            copy_context().run(call)
    except KeyboardInterrupt:
        return True
    return False


def network() -> nn.Module:
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, rng=rng), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3, rng=rng)
    )


def of_network(compiled: bool) -> tuple[list[Any], Callable[[], None], nn.Module]:
    model = network()
    loss = ag.compile(lambda x, y: F.cross_entropy(model(x), y)) if compiled else None

    def call() -> None:
        (loss(IMAGES, LABELS) if loss else F.cross_entropy(model(IMAGES), LABELS)).backward()

    return list(model.parameters()), call, model


def of_scalars(compiled: bool) -> tuple[list[Any], Callable[[], None], None]:
    weights = [ag.Scalar(0.5 + i, name=f"w{i}") for i in range(4)]

    def function(x: Any) -> Any:
        return ag.tanh(weights[0] * x + weights[1]) * weights[2] + ag.exp(weights[3]) * x

    loss = ag.compile(function) if compiled else function
    return weights, lambda: loss(ag.Scalar(2.0)).backward(), None


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("made", [of_network, of_scalars])
def test_a_call_and_its_backward(made: Any, compiled: bool) -> None:
    """Gradients of all parameters are new, or none are; the next call is as if nothing had happened."""
    parameters, call, model = made(compiled)
    start = None if model is None else model.state_dict()
    before = [np.ones(p.shape, p.dtype) if p.shape else 1.0 for p in parameters]

    def begin() -> None:
        if model is not None:
            model.load_state_dict(start)
        for p, gradient in zip(parameters, before, strict=True):
            p.grad = gradient

    for _ in range(2):
        begin()
        call()
    expected = [np.array(p.grad) for p in parameters]
    after = None if model is None else model.state_dict()
    begin()
    lines, pressed = lines_of(call), 0
    every = EVERY if model is not None else 1
    chosen = list(lines.items())[::every]
    for line, times in chosen:
        for time in {1, times}:
            begin()
            pressed += interrupted(call, line, time)
            new = [p.grad is not gradient for p, gradient in zip(parameters, before, strict=True)]
            assert all(new) or not any(new), (line, time)
            for name, value in () if model is None else model.state_dict().items():
                assert np.array_equal(value, start[name]) or np.array_equal(value, after[name])
            begin()
            call()
            for p, gradient in zip(parameters, expected, strict=True):
                np.testing.assert_array_equal(p.grad, gradient)
    assert pressed > len(chosen) / 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a file that was just opened
@pytest.mark.parametrize("compiled", [False, True])
def test_a_step_of_a_trainer_after_the_second_ctrl_c(compiled: bool, tmp_path: Path) -> None:
    """The second press raises at once, anywhere; what is on the disk is whole, and from it comes the same training."""

    def fit(folder: Path, resume: bool = False) -> Any:
        model = network()
        running = train.Trainer(
            model,
            nn.CrossEntropyLoss(),
            optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
            compile=compiled,
            checkpoints=train.Checkpoints(folder, every_steps=1),
            progress=False,
        )
        running.fit((IMAGES, LABELS), epochs=3, batch_size=2, rng=0, resume=resume)
        return model.state_dict()

    expected = fit(tmp_path / "whole")
    lines = lines_of(lambda: fit(tmp_path / "lines") and None)
    chosen = np.random.default_rng(0).permutation(len(lines))[:12]
    known = list(lines.items())
    for number in chosen:
        line, times = known[number]
        folder = tmp_path / str(number)
        interrupted(lambda folder=folder: fit(folder) and None, line, (times + 1) // 2)
        found = fit(folder, resume=True)
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value)


def test_a_block_that_ctrl_c_kept_from_its_end_ends_with_the_one_around() -> None:
    with ag.scope("outer"), ag.no_grad():
        ag.scope("inner").__enter__()
        ag.no_grad().__enter__()
    node = ag.Scalar(1.0) * 2
    assert node.gate is not None
    assert node.scope == ""
