"""Where each finding begins, and what it says: judged from numbers by hand, on both sides of every threshold."""

import math

import pytest

from autograd_cnn.health import Distribution, Finding, Layer, Thresholds, Units
from autograd_cnn.health.course import Course, is_learning
from autograd_cnn.health.findings import Facts, judged
from autograd_cnn.health.start import Scale, Start

LIMITS = Thresholds()
BEYOND = 1.001


def layer(name="fc", weight_gradient=None, zeros=0.0, **options):
    shown = Distribution(0.0, 1.0, (1,), zeros, 1.0)
    return Layer(name, "linear", (2,), (2,), 4, shown, shown, weight_gradient=weight_gradient, **options)


def found(*layers, samples=1000, updates=None, limits=LIMITS, **facts):
    """Return the findings of some layers, each since step 7."""
    given = {"non_finite": None, "disconnected": (), "onset": lambda kind, layer: 7} | facts
    return judged(Facts(layers, samples=samples, update_ratios=updates or {}, **given), limits)[0]


def severity_of(kind, findings):
    """Return how bad the only finding is; None where there is none."""
    assert {f.kind for f in findings} <= {kind}
    return findings[0].severity if findings else None


@pytest.mark.parametrize("state", ["dead", "starved"])
@pytest.mark.parametrize(
    ("count", "samples", "severity"),
    [
        *((1, 1000, None), (2, 1000, "warning"), (2, 999, None), (4, 1000, "warning"), (4, 999, None)),
        *((5, 999, "critical"), (5, 32, "critical"), (5, 31, None)),
    ],
)
def test_units_without_gradient(state, count, samples, severity):
    """Over a tenth is a warning, of a thousand samples; over 40 % is critical, of 32."""
    findings = found(layer(units=Units(10, **{state: tuple(range(count))})), samples=samples)
    assert severity_of(state, findings) == severity
    for finding in findings:
        assert finding.units == tuple(range(count))
        assert finding.evidence.split("; ")[1] == f"{severity} above {'40%' if severity == 'critical' else '10%'}"


@pytest.mark.parametrize(
    ("count", "samples", "severity"),
    [
        *((2, 1000, None), (3, 32, "warning"), (3, 31, None), (5, 32, "warning")),
        *((6, 32, "critical"), (6, 31, None)),
    ],
)
def test_saturated_units(count, samples, severity):
    findings = found(layer(units=Units(10, saturated=tuple(range(count)))), samples=samples)
    assert severity_of("saturated", findings) == severity


def test_what_units_are_said_to_do():
    one, two = (found(layer(units=Units(8, **{state: (0, 3, 4)}), zeros=0.5))[0] for state in ("dead", "starved"))
    (three,) = found(layer(units=Units(8, saturated=(0, 3, 4))), samples=64)
    assert (one.words, one.since) == ("38% dead", 7)
    assert one.evidence == "3 of 8 units have local gradient exactly 0 on all of 1000 samples; warning above 10%"
    assert two.evidence == (
        "3 of 8 units are active, yet receive a gradient of exactly 0, on all of 1000 samples; warning above 10%"
    )
    assert three.evidence == (
        "3 of 8 units have a slope under 5% of the largest on 95% of 64 samples; warning above 20%"
    )


def test_a_layer_without_units_has_none_that_are_unwell():
    assert found(layer(units=Units(0))) == ()


def test_units_are_not_starved_one_by_one_where_nothing_arrives_at_all():
    assert found(layer(units=Units(4, starved=(0, 1, 2, 3)), zeros=1.0)) == ()


def test_the_proof_that_units_are_dead_counts_those_that_are():
    (finding,) = found(layer(units=Units(4, dead=(0, 1)), proven=(1, 3), highest=-0.25))
    assert finding.evidence.endswith(
        "; 1 of them provably: no input in the range of this batch brings them above −0.25"
    )


@pytest.mark.parametrize(
    ("first", "kind", "severity"),
    [
        *((1e-2 * BEYOND, "vanishing", None), (1e-3 * BEYOND, "vanishing", "warning")),
        *((1e2 / BEYOND, "exploding", None), (1e3 / BEYOND, "exploding", "warning")),
        *((1.0, "vanishing", None), (1e-2, "vanishing", None), (1e-2 / BEYOND, "vanishing", "warning")),
        *((1e-3, "vanishing", "warning"), (1e-3 / BEYOND, "vanishing", "critical")),
        *((1e2, "exploding", None), (1e2 * BEYOND, "exploding", "warning")),
        *((1e3, "exploding", "warning"), (1e3 * BEYOND, "exploding", "critical")),
    ],
)
def test_the_first_over_the_last_gradient(first, kind, severity):
    findings = found(layer("a", first), layer("between", 1e9), layer("b", 1.0))
    assert severity_of(kind, findings) == severity
    crossed = {"warning": LIMITS.vanishing[0], "critical": LIMITS.vanishing[1]}
    if severity and kind == "vanishing":
        assert f"{severity} under 1.0e−0{-round(math.log10(crossed[severity]))}" in findings[0].evidence


def test_what_lost_gradients_are_said_to_be():
    (finding,) = found(layer("a", 5e-3), layer("between", 3.0), layer("b", 1.0))
    assert (
        finding.evidence
        == "RMS of the weight gradients 5.0e−03 in a, 1.0e+00 in b: ratio 5.0e−03; warning under 1.0e−02"
    )
    (finding,) = found(layer("a", 2e3, attenuation=-2.0), layer("b", 1.0))
    assert (
        finding.evidence
        == "RMS of the weight gradients 2.0e+03 in a, 1.0e+00 in b: ratio 2.0e+03; critical over 1.0e+03"
    )


@pytest.mark.parametrize(
    ("size", "last", "told"),
    [(1e-7, 1e-7, False), (1e-7 / BEYOND, 1e-7, True), (1e-7 / BEYOND, 1e-7 / BEYOND, False), (0.0, 1.0, False)],
)
def test_the_floor_of_gradients(size, last, told):
    """Under 1e-7 a layer learns nothing, unless all do; what is exactly 0 is told otherwise."""
    findings = found(layer("a", last), layer("b", size), layer("c", last))
    assert [f.words for f in findings if f.kind == "vanishing"] == ["vanishing"] * told
    assert {f.layer for f in findings} <= {"b"}


def test_those_are_named_that_lose_most_if_it_is_more_than_a_half():
    lost = [("a", -1.0), ("b", -0.3), ("c", -3.0), ("d", -2.0), ("e", None), ("f", 1.0)]
    layers = [layer(name, 1e-9 if name == "a" else 1.0, attenuation=decades) for name, decades in lost]
    assert found(*layers)[-1].evidence.endswith("; most is lost in c (−3.00 decades) and d (−2.00 decades)")
    layers = [layer("a", 1e-5, attenuation=-0.31), layer("b", 1.0, attenuation=-0.3)]
    assert found(*layers)[-1].evidence.endswith("; most is lost in a (−0.31 decades)")


@pytest.mark.parametrize(
    ("zero", "words"), [(1, ""), (2, ", and so are those of 1 more layers"), (3, ", and so are those of 2 more layers")]
)
def test_zero_gradients_are_told_of_the_layer_nearest_to_the_loss(zero, words):
    (finding,) = found(*(layer(name, 0.0 if i < zero else 1.0) for i, name in enumerate("abcd")))
    assert (finding.kind, finding.layer, finding.severity) == ("zero", "abc"[zero - 1], "critical")
    assert finding.evidence == f"all gradients of its weights are exactly 0{words}"


@pytest.mark.parametrize(("share", "severity"), [(None, None), (0.5, None), (0.5 * BEYOND, "warning")])
def test_gradients_of_one_sign(share, severity):
    assert severity_of("same-sign", found(layer(same_sign=share))) == severity


@pytest.mark.parametrize(
    ("ratios", "severity"),
    [
        *(([1e-2] * 20, None), ([1e-2 * BEYOND] * 20, "warning"), ([1e-2 * BEYOND] * 19, None)),
        *(([1e-4] * 20, None), ([1e-4 / BEYOND] * 20, "warning"), ([1e-4 / BEYOND] * 19, None)),
        *(([0.1] * 20, "warning"), ([0.1] * 19, None), ([0.1 * BEYOND], "critical")),
        *(([1e-5] * 20, "warning"), ([1e-5] * 19, None), ([1e-5 / BEYOND], "critical")),
        *(([0.5] * 50 + [1e-3] * 20, None), ([0.5] * 11 + [1e-3] * 9, "critical"), ([], None)),
        *(([1e-3, 0.0, 0.0], None), ([1e-3] * 9 + [0.0] * 2, None)),
    ],
)
def test_update_ratios(ratios, severity):
    findings = found(layer(weight_gradient=1.0), updates={"fc": ratios})
    assert severity_of("update", findings) == severity
    for finding in findings:
        assert finding.cause.startswith(f"the learning rate is too {'low' if ratios[0] < 1e-3 else 'high'}")


@pytest.mark.parametrize(
    ("ratios", "evidence"),
    [
        ([0.5], "‖Δw‖/‖w‖ 5.0e−01 (last step); critical outside 1.0e−05 to 1.0e−01"),
        ([0.5, 0.7], "‖Δw‖/‖w‖ 6.0e−01 (median of the last 2 steps); critical outside 1.0e−05 to 1.0e−01"),
        ([0.03] * 30, "‖Δw‖/‖w‖ 3.0e−02 (median of the last 20 steps); warning outside 1.0e−04 to 1.0e−02"),
    ],
)
def test_what_updates_are_said_to_be(ratios, evidence):
    assert [f.evidence for f in found(layer(weight_gradient=1.0), updates={"fc": ratios})] == [evidence]


@pytest.mark.parametrize(("zeros", "severity"), [(2, None), (3, "critical"), (20, "critical"), (25, "critical")])
@pytest.mark.parametrize("before", [0, 30])
def test_weights_that_stand_still(zeros, severity, before):
    findings = found(layer(weight_gradient=1.0), updates={"fc": [1e-3] * before + [0.0] * zeros})
    assert severity_of("unchanged", findings) == severity


@pytest.mark.parametrize(
    ("ratio", "excused"), [(1e-9, True), (0.03, True), (0.1, True), (0.1 * BEYOND, False), (0.5, False)]
)
def test_a_falling_loss_excuses_updates_up_to_a_tenth(ratio, excused):
    course = Course(range(40), [2.0] * 20 + [1.0] * 20)
    assert bool(found(layer(weight_gradient=1.0), updates={"fc": [ratio] * 20}, course=course)) != excused


def test_small_updates_follow_from_lost_gradients_and_large_ones_from_exploding_ones():
    def kinds(first, ratio):
        return [f.kind for f in found(layer("a", first), layer("b", 1.0), updates={"a": [ratio] * 20})]

    assert kinds(1e-5, 1e-9) == ["vanishing"]
    assert kinds(1e-5, 0.5) == ["vanishing", "update"]
    assert kinds(1e5, 0.5) == ["exploding"]
    assert kinds(1e5, 1e-9) == ["exploding"]
    assert kinds(5e-3, 1e-9) == ["update", "vanishing"]  # a warning does not explain what is critical


@pytest.mark.parametrize(
    ("losses", "window", "learns"),
    [
        *(([], 5, False), ([2.0], 5, False), ([2.0, 1.0], 5, True), ([2.0, 2.0, 1.0], 5, True)),
        *(([1.0] * 5 + [0.95] * 5, 5, False), ([1.0] * 5 + [0.9499] * 5, 5, True)),
        *(([-1.0] * 5 + [-1.05] * 5, 5, False), ([-1.0] * 5 + [-1.0501] * 5, 5, True)),
        *(([2.0] * 5 + [1.0] * 10, 5, False), ([2.0] * 5 + [0.999] * 10, 5, True)),
        *(([-2.0] * 5 + [-3.0] * 10, 5, False), ([-2.0] * 5 + [-3.001] * 10, 5, True)),
        *(([9.0] * 2 + [1.0] * 2 + [1.0] * 4, 4, True), ([9.0] + [1.0] * 9, 5, False)),
        ([1.0] * 5 + [0.9] * 3 + [1.0] * 2, 5, True),
    ],
)
def test_whether_the_loss_falls(losses, window, learns):
    """By more than a twentieth between two windows, or to less than half of the first."""
    assert is_learning(losses, window, LIMITS) is learns


def test_what_a_loss_that_stands_still_is_said_to_do():
    limits = Thresholds(loss_steps=3)
    losses = [2.3] * 3 + [2.1] * 3 + [2.0] * 3
    (finding,) = found(course=Course(range(0, 90, 10), losses), limits=limits)
    assert (finding.kind, finding.severity, finding.since) == ("loss", "warning", 30)
    assert finding.evidence == (
        "median loss 2 in the last 3 steps, 2.1 in the 3 before, 2.3 in the first; warning unless it falls by 5%"
    )
    assert [len(found(course=Course(range(n), [2.0] * n), limits=limits)) for n in (2, 5, 6, 7, 9)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("validation", "told"),
    [
        *(([2.0] + [2.21] * 5, True), ([2.0] + [2.19] * 5, False), ([2.0] + [2.21] * 4, False)),
        *(([2.4, 2.0] + [2.21] * 4, False), ([2.4, 2.0] + [2.21] * 5, True)),
    ],
)
def test_the_gap_to_validation(validation, told):
    """The training loss is that since the validation before the last: 2, after 9 at first."""
    steps = range(10, 10 + len(validation))
    course = Course(range(20), [9.0] * steps[-2] + [2.0] * (20 - steps[-2]), list(zip(steps, validation, strict=True)))
    findings = found(course=course)
    assert severity_of("overfitting", findings) == ("warning" if told else None)
    best = steps[validation.index(2.0)]
    for finding in findings:
        assert finding.since == best
        assert finding.evidence == (
            f"validation loss 2.21, training loss 2: more than 10% above; no better than 2 at step {best} for 5 times"
        )


def test_validations_after_the_last_step_that_was_looked_at_are_held_against_it():
    validation = [(step, 0.5 if step == 10 else 3.0) for step in range(10, 17)]
    (finding,) = found(course=Course([0, 4, 8], [9.0, 5.0, 2.0], validation))
    assert "training loss 2:" in finding.evidence


def test_training_is_compared_since_the_validation_before_the_last():
    validation = [(1, 0.5), (3, 4.1), (5, 4.2), (7, 4.3), (8, 4.4), (9, 4.5)]
    (finding,) = found(course=Course(range(10), [10.0 - step for step in range(10)], validation))
    assert finding.evidence.startswith("validation loss 4.5, training loss 1.5: ")


def test_one_validation_has_none_to_compare_it_with():
    assert found(course=Course([0], [1.0], [(0, 9.0)]), limits=Thresholds(patience=1)) == ()


def start(ratio=1.0, units=8, loss=None, classes=0, others=()):
    return Start(0, (Scale("fc", units, ratio), *others), loss, classes)


@pytest.mark.parametrize(
    ("ratio", "units", "words"),
    [
        *((3.5, 8, None), (3.5 * BEYOND, 8, "weights too large")),
        *((0.5 / 1.75, 8, None), (0.5 / 1.75 / BEYOND, 8, "weights too small")),
        *((2.1, 1800, None), (2.11, 1800, "weights too large"), (6.0, 0, None), (6.5, 0, "weights too large")),
        *((0.0, 8, "weights too small"), (math.inf, 8, "weights too large")),
    ],
)
def test_the_scale_of_weights(ratio, units, words):
    """From ½ to 2, with room for three standard errors of a standard deviation: 1 + 3/√(2n)."""
    assert [f.words for f in found(start=start(ratio, units))] == ([words] if words else [])


def test_the_layer_farthest_off_is_told():
    for ratios, worst in (
        ((9.0, 0.05, 1.0), 1),
        ((9.0, 0.2, 1.0), 0),
        ((9.0, 0.05, math.inf), 2),
        ((0.0, 99.0, 1.0), 0),
    ):
        scales = tuple(Scale("abc"[i], 8, ratio) for i, ratio in enumerate(ratios))
        (finding,) = found(start=Start(3, scales, None, 0))
        off = sum(ratio != 1.0 for ratio in ratios)
        assert (finding.layer, finding.since) == ("abc"[worst], 3)
        assert finding.evidence.endswith(f"; and so in {off - 1} more layers")
    (finding,) = found(start=start(9.0))
    assert finding.evidence == (
        "before the first step its 8 outputs have standard deviation 9.0e+00 of the RMS of their inputs; "
        "warning outside 0.5 to 2, wider for few units"
    )


@pytest.mark.parametrize(
    ("times", "ratio", "kind"),
    [
        *((0.69, 9.0, None), (0.7, 9.0, "weight scale"), (1.0, 9.0, "weight scale"), (4.0, 9.0, "weight scale")),
        *((3.0, 1.0, None), (3.0 * BEYOND, 1.0, "initial loss")),
    ],
)
@pytest.mark.parametrize("classes", [2, 10])
def test_the_loss_at_the_start(times, ratio, kind, classes):
    """Chance is ln K; a network under 0.7 of it knows something, one above three times of it is off."""
    findings = found(start=start(ratio, loss=times * math.log(classes), classes=classes))
    assert [f.kind for f in findings] == ([kind] if kind else [])


def test_what_a_loss_off_from_chance_is_said_to_be():
    (finding,) = found(start=Start(2, (), 23.02585093, 10))
    assert finding.since == 2
    assert finding.evidence == (
        "loss 23.03 before the first step, 10 times the ln 10 = 2.303 of chance; warning above 3 times"
    )
    assert found(start=Start(2, (), 23.0, 1)) == found(start=Start(2, (), None, 10)) == ()


def test_a_fault_is_told_once_where_it_begins():
    broken = Finding("critical", "non-finite", "fc", "NaN in value", "", "", "")
    added = Finding("critical", "accumulated", "", "gradients add up", "", "", "")
    dead = layer("a", 0.0, units=Units(10, dead=tuple(range(9))), same_sign=1.0)
    stuck = Course(range(200), [2.0] * 200)

    def kinds(*layers, **facts):
        return [f.kind for f in found(*layers, course=stuck, **facts)]

    assert kinds() == ["loss"]
    assert kinds(dead, layer("b", 1.0)) == ["dead"]
    assert kinds(dead, layer("b", 1.0), non_finite=broken) == ["non-finite"]
    assert kinds(layer(same_sign=1.0)) == ["same-sign"]
    assert kinds(layer(same_sign=1.0), disconnected=("w",)) == ["disconnected"]
    assert kinds(layer(same_sign=1.0), accumulated=added) == ["accumulated"]
    assert kinds(disconnected=("w",), accumulated=added, non_finite=broken) == [
        "disconnected",
        "accumulated",
        "non-finite",
    ]


def test_the_ratio_is_told_of_two_layers_or_more():
    def ratio(*sizes):
        layers = tuple(layer(str(i), size) for i, size in enumerate(sizes))
        return judged(Facts(layers, None, (), 0, {}, lambda kind, layer: 0), LIMITS)[1]

    assert ratio(1.0) is ratio(1.0, None) is ratio() is ratio(0.0, 1.0) is None
    assert ratio(None, 1e-3, None, 5.0, 1e-1) == pytest.approx(-2.0)
