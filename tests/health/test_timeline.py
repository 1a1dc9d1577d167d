"""A timeline written by hand: which frame, which numbers, which findings any step shows."""

from dataclasses import replace

import pytest

from autograd_cnn import health
from autograd_cnn.health.records import Records
from autograd_cnn.health.timeline import MOST_FRAMES, Frames, Timeline, is_early

SHOWN = health.Distribution(-1.0, 1.0, (1, 2, 3), 0.0, 0.5)
LIMITS = health.Thresholds(unit_samples=1, warning_samples=1)
UNITS = health.Units(4)


def finding(kind, since=0, layer="fc", words="", severity="critical"):
    return health.Finding(severity, kind, layer, words or kind, "", "", "", since=since)


def frame(step, findings=(), units=UNITS, **options):
    layers = (
        health.Layer("fc", "linear", (3,), (4,), 12, SHOWN, SHOWN, weight_gradient=0.5),
        health.Layer("relu", "relu", (4,), (4,), 0, SHOWN, SHOWN, units=units),
    )
    layers = tuple(layer.with_findings(findings) for layer in layers)
    wires = (health.Connection("", "fc", 1.0, None), health.Connection("fc", "relu", 1.0, 1.0))
    return health.Report(layers, wires, (3,), 9.0, step, 8, 16, LIMITS, findings, **options)


def record(step, ratio=1e-3, **options):
    sizes = {"fc": 0.1 + step, "relu": 0.2 + step}
    return health.StepRecord(
        step, 2.0 * step, sizes, {"fc": 0.5}, 10 + step, sizes, update_ratios={"fc": ratio}, **options
    )


def timeline(frames=None, steps=range(8), spells=None, **options):
    made = [record(step, silent_units={"relu": (3,)} if step == 5 else {}) for step in steps]
    return Timeline(made, tuple(frames or [frame(0), frame(4), frame(7)]), spells or {}, **options)


def test_the_frame_of_a_step_is_the_last_before_it():
    made = timeline([frame(2), frame(4), frame(7)])
    assert [made.frame(step).step for step in range(9)] == [2, 2, 2, 2, 4, 4, 4, 7, 7]
    assert made.last is made.frames[-1]


def test_the_epoch_of_a_step():
    made = timeline(epochs=(0, 3, 5))
    assert [made.epoch(step) for step in range(7)] == [1, 1, 1, 2, 2, 3, 3]
    assert timeline(epochs=(2,)).epoch(1) is None
    assert timeline().epoch(1) is None


@pytest.mark.parametrize("kind", [list, Records])
def test_a_step_has_its_own_numbers_in_the_frame_before_it(kind):
    made = timeline()
    made = replace(made, steps=kind(made.steps))
    assert made.at(7) is made.last
    found = made.at(5)
    assert (found.step, found.loss, found.samples, found.batch) == (5, 10.0, 15, 8)
    fc, relu = found.layers
    assert (fc.activation.rms, relu.activation.rms) == (5.1, 5.2)
    assert (fc.units, relu.units) == (None, health.Units(4, silent=(3,)))
    assert found.connections[1] == health.Connection("fc", "relu", 5.1, 5.1)
    assert found.findings == ()
    assert made.at(4).layers[1].units == UNITS
    with pytest.raises(KeyError):
        made.at(8)
    assert isinstance(made.records, Records)
    assert (made.records is made.steps) == (kind is Records)


def test_findings_that_no_number_tells_are_those_of_the_frame():
    told = finding("same-sign", severity="warning"), finding("dead", layer="relu")
    made = timeline([frame(0), frame(4, told), frame(7)])
    assert [made.at(step).findings for step in (3, 4, 6)] == [(), told[:1], told[:1]]
    assert made.at(4).layers[0].findings == told[:1]


def test_what_is_not_finite_or_adds_up_or_is_disconnected_is_known_from_its_first_step():
    last = frame(
        7,
        (
            finding("non-finite", 3, words="NaN in value"),
            finding("accumulated", 5),
            finding("disconnected", 0, "", "spare disconnected"),
            finding("dead", 0, "relu"),
        ),
    )
    made = timeline([frame(0), last])
    found = [[f.kind for f in made.at(step).findings] for step in range(7)]
    assert found == [
        *[["disconnected"]] * 3,
        *[["disconnected", "non-finite"]] * 2,
        *[["disconnected", "accumulated", "non-finite"]] * 2,
    ]
    assert made.at(0).findings[0].words == "spare disconnected"


def test_units_have_been_so_since_most_of_them_were():
    """Two of four make half of the layer; that of unit 3 is over at step 6."""
    spells = {
        "relu": (
            health.Spell(0, "dead", since=1, confirmed=2),
            health.Spell(3, "dead", since=2, confirmed=3, until=6),
            health.Spell(1, "starved", since=3, confirmed=4),
        )
    }
    made = timeline([frame(0), frame(7, units=health.Units(4, dead=(0,)))], spells=spells)

    def told(step):
        return [(f.kind, f.layer, f.units, f.since) for f in made.at(step).findings]

    assert told(1) == []
    assert told(2) == [("dead", "relu", (0,), 1)]
    assert told(3) == [("dead", "relu", (0, 3), 1)]
    assert told(4) == [("dead", "relu", (0, 3), 1), ("starved", "relu", (1,), 3)]
    assert told(6) == [("dead", "relu", (0,), 1), ("starved", "relu", (1,), 3)]


def test_the_share_of_units_that_makes_it_a_finding_tells_since_when():
    spells = {"relu": tuple(health.Spell(i, "dead", since=i, confirmed=i) for i in range(4))}
    frames = [replace(frame(step), thresholds=replace(LIMITS, dead=(0.5, 0.9))) for step in (0, 7)]
    made = timeline(frames, spells=spells)
    assert [(f.since, f.severity) for f in made.at(2).findings] == [(2, "warning")]
    assert [(f.since, f.severity) for f in made.at(6).findings] == [(2, "critical")]
    assert made.at(1).findings == ()


def test_updates_are_judged_up_to_the_step():
    limits = replace(LIMITS, update_steps=2)
    steps = [record(step, ratio) for step, ratio in enumerate([1e-3, 1e-3, 0.5, 0.5, 0.5, 1e-3, 1e-3, 1e-3])]
    made = Timeline(steps, tuple(replace(frame(step), thresholds=limits) for step in (0, 7)))
    found = [[(f.kind, f.since) for f in made.at(step).findings] for step in range(7)]
    assert found == [[], [], *[[("update", 2)]] * 4, []]


def test_only_what_units_do_is_told_by_their_lives():
    """A layer may have units and weights; one that is not in the last report has no lives to look at."""
    limits = replace(LIMITS, update_steps=2)
    spells = {"relu": (health.Spell(0, "dead", since=1, confirmed=2),)}
    steps = [record(step, 0.5) for step in range(8)]
    frames = [replace(frame(step), thresholds=limits) for step in (0, 7)]
    both = [replace(each, layers=(replace(each.layers[0], units=UNITS), each.layers[1])) for each in frames]
    found = Timeline(steps, tuple(both), spells).at(5).findings
    assert [(f.kind, f.layer, f.since) for f in found] == [("update", "fc", 0), ("dead", "relu", 1)]
    gone = replace(frames[1], layers=frames[1].layers[:1])
    found = Timeline(steps, (frames[0], gone), spells).at(5).findings
    assert [(f.kind, f.layer, f.since) for f in found] == [("update", "fc", 0), ("dead", "relu", 5)]


def test_early_steps_are_the_powers_of_two():
    assert [step for step in range(20) if is_early(step, 17)] == [0, 1, 2, 4, 8, 16]
    assert [step for step in range(20) if is_early(step, 16)] == [0, 1, 2, 4, 8]
    assert not is_early(3, 4)


def kept(frames, steps):
    for step in steps:
        if frames.wants(step):
            frames.keep(frame(step))
    return [report.step for report in frames.kept]


def test_frames_double_then_are_evenly_spaced():
    assert kept(Frames(4), range(14)) == [0, 1, 2, 4, 8, 12]
    assert kept(Frames(6), range(20)) == [0, 1, 2, 4, 6, 12, 18]
    assert kept(Frames(1), range(4)) == [0, 1, 2, 3]
    assert kept(Frames(4, apart=3), range(0, 42, 3)) == [0, 3, 6, 12, 24, 36]
    assert kept(Frames(4), range(0, 40, 5)) == [0, 5, 10, 15, 20, 25, 30, 35]
    assert not Frames(4, kept=[frame(5)]).wants(7)
    assert Frames(4, kept=[frame(0), frame(5)]).wants(8)


def test_of_too_many_frames_every_second_goes():
    assert MOST_FRAMES == 200
    frames = Frames(1)
    assert kept(frames, range(200)) == list(range(200))
    assert kept(frames, [200]) == [0, 1, *range(2, 201, 2)]
    assert frames.every == 2
