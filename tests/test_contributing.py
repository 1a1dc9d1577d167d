"""The walks that CONTRIBUTING describes are those that a number and a batch take."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812

ROOT = Path(__file__).parent.parent
PACKAGES = Path(ag.__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## Two walks") : TEXT.index("## Speed")]
WALKS = [re.findall(r"`([\w/]+\.py)`,\s+`([\w.]+)`", part) for part in re.split(r"\n\n1\. ", SECTION)[1:]]
IN_MEMORY = {"operator_of_scalars": "autograd_cnn/operands.py"}
"""Functions whose text is put together, and by which file."""


def came_by(deed):
    """Return the functions of both packages that a deed calls, as (file, name), in this order."""
    found = []

    def notice(frame, event, _):
        if event == "call":
            code = frame.f_code
            if code.co_name in IN_MEMORY:
                found.append((IN_MEMORY[code.co_name], code.co_name))
            else:
                found.append((code.co_filename.removeprefix(f"{PACKAGES}/"), code.co_qualname))

    sys.setprofile(notice)
    try:
        deed()
    finally:
        sys.setprofile(None)
    return found


def first_missing(named, calls):
    """Return the first of the named functions that is not called after those before it; None where all are."""
    rest = iter(calls)
    return next((one for one in named if one not in rest), None)


def walk(folder):
    x, y, z = ag.Scalar(-2, name="x"), ag.Scalar(5, name="y"), ag.Scalar(-4, name="z")
    f = (x + y) * z
    f.backward()
    viz.circuit(f, title="f = (x + y) · z").save(folder / "circuit.svg")


def training():
    """Return a function that takes a compiled step on the next batch."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10, rng=rng))
    )
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss_of = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    batches = data.batches(data.digits().train, 16, rng=rng)

    def step():
        images, labels = next(iter(batches))
        loss = loss_of(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def test_the_walk_of_a_number(tmp_path):
    assert len(WALKS[0]) > 10
    assert first_missing(WALKS[0], came_by(lambda: walk(tmp_path))) is None
    assert (tmp_path / "circuit.svg").exists()


def test_the_walk_of_a_batch():
    step = training()
    recorded, replayed = came_by(step), came_by(step)
    assert min(len(WALKS[1]), len(WALKS[2])) > 8
    assert first_missing(WALKS[1], recorded) is None
    assert first_missing(WALKS[2], replayed) is None
    assert ("autograd_cnn/compilation/recording.py", "trace") not in replayed


@pytest.mark.parametrize("number", range(3))
def test_a_walk_that_goes_another_way_is_noticed(number):
    named = WALKS[number]
    assert first_missing(named, named) is None
    assert first_missing(named, named[::-1]) is not None
    assert first_missing(named, named[:-1]) == named[-1]
