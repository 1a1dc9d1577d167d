"""The ledger adds up, says where, and finds the run of layers that loses most."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn import health
from autograd_cnn.health.report import Connection, Distribution, Layer, Report
from tests import published
from tests.viz.measured import measured
from viz.ledger import Entry, Ledger, ledger_of

DECADES = st.floats(-4, 2)


def chain(norms: list[float | None], kinds: list[str] | None = None) -> Report:
    """A chain of layers whose gradients, of one number each, have these sizes."""
    layers = tuple(
        Layer(f"fc{i}", kind, (1,), (1,), 1, Distribution(0, 1, (), 0, 1.0), gradient(norm))
        for i, (norm, kind) in enumerate(zip(norms, kinds or ["linear"] * len(norms), strict=True))
    )
    names = ["", *(layer.name for layer in layers), ""]
    return Report(layers, tuple(Connection(a, b, 1.0, None) for a, b in pairwise(names)), (1,), 1.0, 0, 1, 1)


def gradient(norm: float | None) -> Distribution | None:
    return None if norm is None else Distribution(-8, 1, (), 0, norm)


@given(st.lists(DECADES, min_size=1, max_size=12))
def test_entries_are_the_steps_of_a_chain_and_add_up(steps: list[float]) -> None:
    norms = [10.0 ** sum(steps[i:]) for i in range(len(steps) + 1)]
    ledger = ledger_of(chain(norms))
    assert [entry.decades for entry in ledger.entries] == pytest.approx(steps, abs=1e-9)
    assert ledger.total == pytest.approx(math.log10(norms[0] / norms[-1]), abs=1e-9)
    assert (ledger.first, ledger.last) == ("fc0", f"fc{len(steps)}")


@given(st.lists(DECADES, min_size=1, max_size=10))
def test_the_bottleneck_is_the_run_that_loses_most_beyond_half_a_decade_a_layer(steps: list[float]) -> None:
    ledger = Ledger("a", "b", tuple(Entry(str(i), (str(i),), step) for i, step in enumerate(steps)))
    runs = [steps[i:j] for i in range(len(steps)) for j in range(i + 1, len(steps) + 1)]
    best = min(sum(run) + 0.5 * len(run) for run in runs)
    found = [entry.decades for entry in ledger.bottleneck()]
    if found:
        assert sum(found) + 0.5 * len(found) == pytest.approx(best)
        assert sum(found) < -1
        assert sum(steps) < -1
    else:
        run = min(runs, key=lambda run: sum(run) + 0.5 * len(run))
        assert sum(steps) >= -1 or best >= 0 or sum(run) >= -1


def test_on_a_chain_entries_are_the_attenuations_of_the_layers() -> None:
    report = health.inspect(published.loss_of(published.start(published.lenet()), batch=8))
    attenuation = {layer.name: layer.attenuation for layer in report.layers}
    ledger = ledger_of(report)
    assert [entry.name for entry in ledger.entries] == [layer.name for layer in report.layers[1:]]
    assert [entry.decades for entry in ledger.entries] == pytest.approx(
        [attenuation[e.name] for e in ledger.entries], abs=1e-6
    )


def test_what_lies_beside_a_skip_is_one_entry() -> None:
    """Through a residual block two paths lead, so only what all gradient goes through is told apart."""
    report = health.inspect(published.loss_of(published.start(published.resnet18()), batch=8))
    ledger = ledger_of(report)
    names = [entry.name for entry in ledger.entries]
    assert "stage2/block1" in names
    assert "stage2/block1/relu" in names
    assert not any("conv" in name for name in names if name.startswith("stage"))
    norm = {x.name: x.gradient.rms * math.sqrt(math.prod(x.output_shape)) for x in report.layers}
    assert ledger.total == pytest.approx(math.log10(norm["stem/conv"] / norm["fc"]))


def test_words() -> None:
    assert ledger_of(measured("dead")).words() == (
        "gradient, fc back to conv1: lost 1.84 decades, 1.43 of them at relu2, 0.43 at relu1"
    )
    assert ledger_of(measured("healthy")).words() == "gradient, fc back to conv1: gained 0.73 decades"
    won_back = Ledger("a", "b", (Entry("x", ("x",), 2.0), Entry("y", ("y",), -2.5)))
    assert won_back.words() == "gradient, b back to a: lost 0.50 decades, 2.50 at y"


def test_unknown_zero_and_infinite_gradients_are_left_out() -> None:
    assert ledger_of(chain([None, 1.0])) is None
    assert ledger_of(chain([1.0])) is None
    assert ledger_of(chain([0.0, math.inf, math.nan])) is None
    ledger = ledger_of(chain([None, 0.1, 0.0, 1.0]))
    assert [(entry.name, entry.layers) for entry in ledger.entries] == [("fc2 … fc3", ("fc2", "fc3"))]


def test_an_average_is_no_bottleneck() -> None:
    assert ledger_of(chain([0.001, 0.001, 0.1], ["linear"] * 3)).bottleneck()
    assert not ledger_of(chain([0.01, 0.01, 1.0], ["linear", "linear", "mean"])).bottleneck()
