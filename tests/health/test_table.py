"""The report as text."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health
from autograd_cnn.health.table import table
from autograd_cnn.health.verdicts import Verdict, verdict
from tests.health.networks import convolutional, dense, gradients_of

SMALL = """\
step 0 · batch 40 · loss 0.5

layer  kind    output  params  units       activ.  gradient  atten.  update  health
───────────────────────────────────────────────────────────────────────────────────────
fc     linear  2            4              0.7906   1.8e−02       —       —  ✓
relu   relu    2               1/0/0 of 2  0.3536   2.5e−02   −0.15          ✕ 50% dead

units: dead/saturated/silent in this batch, counted over 40 samples; dead over 10% ! 40% ✕,
saturated over 20% ! 50% ✕. activ., gradient: RMS at the output. atten.: log10 of the gradient's
norm at the input over that at the output. update: ‖Δw‖/‖w‖, healthy 1.0e−04 to 1.0e−02; up to
1.0e−01 is no finding while the loss falls. —: not known.
provably dead in relu: 0; the pre-activation is at most −1 for any input in the range of this batch.

✕ relu: 50% dead, since step 0
    seen  1 of 2 units have local gradient exactly 0 on all of 40 samples; critical above 40%; 1 of
          them provably: no input in the range of this batch brings them above −1
    cause a step too large pushed the units below zero for every input, where no gradient brings
          them back
    try   lower the learning rate; units of leaky ReLU or maxout cannot die"""


LARGE = """\
step 40 · batch 64 · loss 2.303 · first/last weight gradient −2.50 decades

layer       kind          output    params  units          activ.  gradient  atten.   update  health
────────────────────────────────────────────────────────────────────────────────────────────────────
…lock/conv  conv2d 3×3,…  16×14×14  12,345  18/0/2 of 30  1.2e−04   1.5e−03   −1.50  2.5e−03  ✕ 62% dea…
fc          linear, tanh  scalar        10  0/1/1 of 5       12.5         —       —        —  ! 31% dead
flatten     flatten       16                                    0         0   +0.25           ✓

units: dead/saturated/silent in this batch, counted over 1,024 samples; dead over 15% ! 35% ✕,
saturated over 25% ! 45% ✕. activ., gradient: RMS at the output. atten.: log10 of the gradient's
norm at the input over that at the output. update: ‖Δw‖/‖w‖, healthy 2.0e−04 to 3.0e−02; up to
5.0e−01 is no finding while the loss falls. —: not known.
provably dead in features/block/conv: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
18, 19, 20, 21, 22, 23 …; the pre-activation is at most −0.5 for any input in the range of this
batch.
provably dead in fc: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
22, 23; the pre-activation is at most 0 for any input in the range of this batch.

✕ features/block/conv: 62% dead and some more words, since step 3
    seen  evidence of 62% dead and some more words

! network: loss does not fall, since step 40
    seen  evidence of loss does not fall
    cause another cause
    try   do less

! fc: 31% dead, since step 0
    seen  evidence of 31% dead
    cause one cause
    try   do less"""


def small():
    with ag.scope("fc"):
        z = F.linear(np.ones((40, 2)), ag.Parameter([[1.0, -2.0], [0.5, 0.0]]))  # -1, 0.5
    with ag.scope("relu"):
        y = ag.relu(z)
    return y.sum(axis=1).mean()


def test_table_of_a_small_network():
    """√(1 + ¼)/√2 and ½/√2 forward; backward 1/40 to each output, half of it through the ReLU."""
    report = health.inspect(small())
    assert report.table() == table(report) == str(report) == SMALL


def test_healthy_network_says_so():
    text = health.inspect(gradients_of(convolutional())).table()
    assert text.endswith("✓ healthy: no finding")
    assert text.count("✓") == 9


def test_no_layer_that_nan_went_on_to_is_called_healthy():
    """NaN comes in at conv1, or backward at fc, and goes through all layers; the finding names the first alone."""
    forward, backward = convolutional(), convolutional()
    forward.conv1.bias.assign(np.full(8, np.nan))
    loss = gradients_of(backward)
    for node in ag.nodes(loss):
        if node.grad is not None:
            node.grad = node.grad * np.nan
    for report, words in (
        (health.inspect(gradients_of(forward)), "✕ NaN in value"),
        (health.inspect(loss), "✕ NaN in grad…"),
    ):
        rows = report.table().splitlines()[4 : 4 + len(report.layers)]
        assert len({row.split()[0] for row in rows}) == len(report.layers)
        assert [row for row in rows if not row.endswith(words)] == []
        assert [finding.kind for finding in report.findings] == ["non-finite"]


@pytest.mark.parametrize("field", ["activation", "gradient", "weight_gradient", "update_ratio"])
@pytest.mark.parametrize("size", [np.nan, np.inf])
def test_one_number_that_is_not_finite_is_worse_than_any_warning(field, size):
    found = (finding("warning", "fc", "31% dead", "cause"),)
    sound = health.Layer("fc", "linear", (4,), (3,), 7, shown(1.0), shown(1.0), 0.0, 1e-3, 1.0, findings=found)
    assert verdict(sound) == Verdict("warning", "31% dead")
    said = verdict(replace(sound, **{field: shown(size) if field in ("activation", "gradient") else size}))
    assert (said.status, said.also) == ("critical", ("31% dead",))
    assert said.words.startswith("NaN in" if np.isnan(size) else "∞ in")


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


def shown(rms):
    return health.Distribution(0.0, 1.0, (1,), 0.0, rms)


def finding(severity, layer, words, cause, since=0):
    return health.Finding(severity, "dead", layer, words, f"evidence of {words}", cause, "do less", since=since)


def report_of(layers, findings=(), **options):
    return health.Report(tuple(layers), (), (1, 28, 28), 2.302585, 40, 64, 1024, findings=findings, **options)


def test_table_of_all_there_may_be():
    conv, _, fc = told = (
        finding("critical", "features/block/conv", "62% dead and some more words", "one cause", 3),
        finding("warning", "", "loss does not fall", "another cause", 40),
        finding("warning", "fc", "31% dead", "one cause"),
    )
    name, kind, shape = "features/block/conv", "conv2d 3×3, stride 2, padding 1", (1, 28, 28)
    units = health.Units(30, dead=tuple(range(18)), silent=(20, 21), starved=(22,))
    parts = shown(0.000123456), shown(1.5e-3), -1.5, 2.5e-3, 1e-4, units, (conv,), None, tuple(range(25)), -0.5
    layers = [health.Layer(name, kind, shape, (16, 14, 14), 12345, *parts)]
    units = health.Units(5, saturated=(1,), silent=(2,))
    parts = shown(12.5), None, None, None, None, units, (fc,), None, tuple(range(24)), 0.0
    layers.append(health.Layer("fc", "linear, tanh", (16,), (), 10, *parts))
    layers.append(health.Layer("flatten", "flatten", (4, 4), (16,), 0, shown(0.0), shown(0.0), 0.25, 1.0))
    steps = {"update_ratio": (2e-4, 3e-2), "update_ratio_critical": (1e-5, 0.5)}
    limits = health.Thresholds(dead=(0.15, 0.35), saturated=(0.25, 0.45), **steps)
    assert report_of(layers, told, thresholds=limits, first_to_last=-2.5).table() == LARGE


@given(*(st.integers(1, 60) for _ in range(3)))
@example(40, 12, 10)
@example(10, 40, 10)
@example(10, 12, 40)
@example(11, 13, 11)
@example(10, 20, 8)  # one too long
def test_a_line_is_cut_at_the_kind_then_at_the_name_then_at_the_verdict(name, kind, words):
    text = ["n" * name, "k" * kind, "w" * words]
    found = finding("critical", text[0], text[2], "cause"), finding("warning", text[0], "less bad", "cause")
    layer = health.Layer(text[0], text[1], (4,), (3,), 7, shown(1.0), shown(1.0), findings=found)
    head, rule, row = report_of([layer], found).table().splitlines()[2:5]
    widths = {"kind": max(4, kind), "layer": max(5, name), "health": max(6, words + 2)}
    others = len("output  params  units  activ.  gradient  atten.  update") + 6
    excess = others + sum(widths.values()) - 100
    for column, least in (("kind", 12), ("layer", 10), ("health", 10)):
        cut = min(max(0, widths[column] - least), max(0, excess))
        widths[column], excess = widths[column] - cut, excess - cut
    assert len(rule) == min(100, others + sum(widths.values()))
    begin = head.index("kind")
    cells = row[: begin - 2], row[begin : begin + widths["kind"]], row[head.index("health") :]
    assert begin == widths["layer"] + 2
    for cell, whole, width in zip(
        cells, (*text[:2], f"✕ {text[2]}"), (widths["layer"], widths["kind"], widths["health"]), strict=True
    ):
        end = f"…{whole[1 - width :]}" if cell is cells[0] else f"{whole[: width - 1]}…"
        assert cell.rstrip() == (whole if len(whole) <= width else end)


def test_what_was_seen_is_wrapped_and_indented():
    seen = finding("warning", "", "word " * 40, "cause")
    lines = report_of([], (seen,)).table().splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("    seen  evidence of word word"))
    assert [len(line) - len(line.lstrip()) for line in lines[begin : begin + 4]] == [4, 10, 10, 4]
