"""A full report with the numbers of another step."""

from dataclasses import replace

import pytest

from autograd_cnn import health
from autograd_cnn.health.numbers import connections_with, judged_by_numbers, layer_with, renewed
from autograd_cnn.health.past import Past

SHOWN = health.Distribution(-1.0, 1.0, (1, 2, 3), 0.25, 0.5)


def layer(name="fc", **options):
    return health.Layer(name, "linear", (3,), (2,), 6, SHOWN, SHOWN, **options)


def record(**options):
    return health.StepRecord(7, 1.5, {"fc": 3.0, "": 9.0}, {"fc": 4.0}, 64, {"fc": 2.0, "": 8.0}, **options)


def test_a_layer_with_the_numbers_of_a_step():
    full = layer(attenuation=-1.0, update_ratio=0.5, weight_gradient=0.125, proven=(0, 2, 3), highest=-0.5)
    units = health.Units(5, dead=(0,), silent=(3,), starved=(2,))
    found = layer_with(full, record(attenuations={"fc": -2.0}, update_ratios={"fc": 1e-3}), units)
    assert found == replace(
        full,
        activation=replace(SHOWN, rms=2.0),
        gradient=replace(SHOWN, rms=3.0),
        attenuation=-2.0,
        update_ratio=1e-3,
        weight_gradient=4.0,
        units=units,
        proven=(0, 3),  # a starved unit is awake
    )


def test_what_a_step_does_not_tell():
    full = layer("other", attenuation=-1.0, update_ratio=0.5, weight_gradient=0.125, proven=(1,), highest=-0.5)
    expected = replace(full, gradient=None, update_ratio=None, weight_gradient=None, proven=(), highest=None)
    assert layer_with(full, record(), None) == expected
    assert layer_with(full, record(), health.Units(2, starved=(1,))).highest is None
    assert layer_with(replace(full, name="fc", gradient=None), record(), None).gradient is None
    unknown = health.StepRecord(7, 1.5, {"fc": None}, {"fc": None}, attenuations={"fc": None})
    found = layer_with(layer(attenuation=-1.0), unknown, None)
    assert (found.gradient, found.attenuation, found.weight_gradient) == (None, None, None)


@pytest.mark.parametrize(("rms", "zeros"), [(0.0, 1.0), (1e-30, 0.0), (1.0, 0.0)])
def test_all_gradients_are_zero_where_their_rms_is(rms, zeros):
    found = judged_by_numbers(replace(layer(), gradient=replace(SHOWN, rms=rms)))
    assert found.gradient == replace(SHOWN, rms=rms, zeros=zeros)
    assert judged_by_numbers(replace(layer(), gradient=None)).gradient is None


def report(*wires, **options):
    connections = tuple(health.Connection(source, target, 0.5, 0.25) for source, target in wires)
    return health.Report((layer(),), connections, (3,), 2.0, 3, 16, 32, **options)


def test_wires_with_the_numbers_of_a_step_where_no_output_fans_out():
    frame = report(("", "fc"), ("fc", "a"), ("fc", "b"), ("a", "join"), ("b", ""))
    told = record()
    told.gradients["a"] = None
    told.activations["b"] = told.activations["a"] = 6.0
    found = [(wire.value, wire.gradient) for wire in connections_with(frame, told)]
    assert found == [(8.0, 9.0), (0.5, 0.25), (0.5, 0.25), (6.0, None), (0.5, 0.25)]


def test_a_report_is_renewed():
    lost = health.Finding("critical", "disconnected", "", "w disconnected", "", "", "")
    old = health.Finding("warning", "update", "fc", "update 5.0e−01", "", "", "")
    frame = report(("", "fc"), findings=(lost, old), first_to_last=-3.0)
    units = health.Units(10, dead=tuple(range(5)))
    past = Past(step=7, samples=2000, batch=64, units={"fc": units}, updates={"fc": [1e-3]}, same_sign={"fc": 0.75})
    found = renewed(frame, record(update_ratios={"fc": 1e-3}), past)
    assert (found.step, found.loss, found.batch, found.samples) == (7, 1.5, 64, 2000)
    assert found.first_to_last is None  # there is one layer
    assert [(f.kind, f.words, f.since) for f in found.findings] == [
        ("disconnected", "w disconnected", 7),
        ("dead", "50% dead", 7),
    ]
    (fc,) = found.layers
    assert (fc.units, fc.same_sign, fc.update_ratio, fc.findings) == (units, 0.75, 1e-3, found.findings[1:])
    assert found.connections == (health.Connection("", "fc", 8.0, 9.0),)
    later = renewed(frame, record(), replace(past, onset=lambda kind, layer: 4, units=None, same_sign=None))
    assert [(f.kind, f.since) for f in later.findings] == [("disconnected", 4)]
    assert (later.layers[0].units, later.layers[0].same_sign) == (None, None)
