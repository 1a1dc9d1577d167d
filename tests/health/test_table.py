"""The report as text."""

import numpy as np
from hypothesis.vendor.pretty import pretty

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health
from tests.health.networks import convolutional, dense, gradients_of

SMALL = """\
step 0 · batch 40 · loss 0.5

layer  kind    output  params  units       activ.  gradient  atten.  update  health
───────────────────────────────────────────────────────────────────────────────────────
fc     linear  2            4              0.7906   1.8e−02       —       —  ✓
relu   relu    2               1/0/0 of 2  0.3536   2.5e−02   −0.15          ✕ 50% dead

units: dead/saturated/silent in this batch, counted over 40 samples; dead over 10% ! 40% ✕,
saturated over 20% ! 50% ✕. activ., gradient: RMS at the output. atten.: log10 of the gradient's
norm at the input over that at the output. update: ‖Δw‖/‖w‖, healthy 1.0e−04 to 1.0e−02. —: not
known.
provably dead in relu: 0; the pre-activation is at most −1 for any input in the range of this batch.

✕ relu: 50% dead, since step 0
    seen  1 of 2 units have local gradient exactly 0 on all of 40 samples; critical above 40%; 1 of
          them provably: no input in the range of this batch brings them above −1
    cause a step too large pushed the units below zero for every input, where no gradient brings
          them back
    try   lower the learning rate; units of leaky ReLU or maxout cannot die"""


def small():
    with ag.scope("fc"):
        z = F.linear(np.ones((40, 2)), ag.Parameter([[1.0, -2.0], [0.5, 0.0]]))  # -1, 0.5
    with ag.scope("relu"):
        y = ag.relu(z)
    return y.sum(axis=1).mean()


def test_table_of_a_small_network():
    """√(1 + ¼)/√2 and ½/√2 forward; backward 1/40 to each output, half of it through the ReLU."""
    report = health.inspect(small())
    assert report.table() == str(report) == SMALL


def test_healthy_network_says_so():
    text = health.inspect(gradients_of(convolutional())).table()
    assert text.endswith("✓ healthy: no finding")
    assert text.count("✓") == 9


def test_lines_fit_into_a_terminal():
    model = dense(hidden=2)
    rng = np.random.default_rng(0)
    with ag.scope("a_rather_long_name_of_a_network/with_a_block"):
        h = ag.Tensor(rng.normal(size=(40, 3, 8, 8)))
        with ag.scope("convolution_before_the_first_activation"):
            w = ag.Parameter(rng.normal(size=(4, 3, 3, 3)))
            h = F.conv2d(h, w, padding=((1, 1), (2, 2)), dilation=2, fit="floor")
        with ag.scope("activation"):
            h = ag.relu(h - 100.0)
    for loss in (gradients_of(model), h.sum()):
        lines = health.inspect(loss).table().splitlines()
        assert max(map(len, lines)) <= 100
    assert any("…activation  conv2d" in line for line in lines)


def test_columns_are_aligned():
    lines = health.inspect(gradients_of(convolutional())).table().splitlines()
    head, rule, *rows = lines[2:12]
    assert set(rule) == {"─"}
    for name in ("kind", "output", "units"):
        assert {row[head.index(name) - 1] for row in rows} == {" "}
    assert len({row.index("✓") for row in rows}) == 1


def test_advice_for_several_layers_stands_once():
    model = convolutional()
    model.conv1.bias.assign(np.full(8, -100.0))
    model.conv2.bias.assign(np.full(16, -100.0))
    text = health.inspect(gradients_of(model)).table()
    assert (text.count("seen"), text.count("cause"), text.count("try")) == (2, 1, 1)


def test_a_notebook_prints_the_table():
    report = health.inspect(small())
    assert pretty(report) == report.table()
