"""Which parameters a model has, and which of them the loss does not depend on."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import health, nn
from autograd_cnn.health.network import read_network
from autograd_cnn.health.parameters import disconnected, named_parameters


class Plain:
    """A model that only lists its parameters."""

    def __init__(self, *parameters):
        self.parameters = lambda: iter(parameters)


def test_parameters_by_name():
    a, b, c = ag.Parameter([1.0], name="a"), ag.Parameter([2.0]), ag.Scalar(3.0)
    assert named_parameters(None) == named_parameters([]) == {}
    for model in ([a, b, c], (x for x in (a, b, c)), Plain(a, b, c)):
        assert named_parameters(model) == {"a": a, "parameter 1": b, "parameter 2": c}
    linear = nn.Linear(2, 3)
    assert named_parameters(nn.Sequential(fc=linear)) == {"fc.weight": linear.weight, "fc.bias": linear.bias}


def test_what_has_no_parameters():
    with pytest.raises(ag.ArgumentError, match=r"model is an int; expected named_parameters\(\), parameters\(\)"):
        named_parameters(3)
    for model in ([ag.Parameter([1.0]), 3.0], Plain("w")):
        with pytest.raises(ag.ArgumentError, match="holds things that are no Parameter"):
            named_parameters(model)


def test_only_what_is_trained_can_be_disconnected():
    used, spare = ag.Parameter([1.0]), ag.Parameter([2.0])
    frozen = ag.Parameter([3.0], requires_grad=False)
    names = {"used": used, "spare": spare, "frozen": frozen}
    network = read_network((used * 2.0).sum())
    assert disconnected(names, network) == ("spare",)
    (finding,) = health.inspect(network.loss, model=[used, spare, frozen]).findings
    assert (finding.words, finding.severity) == ("parameter 1 disconnected", "critical")


def test_a_network_that_is_not_healthy_is_told_finding_by_finding():
    w, spare = ag.Parameter([[1.0, np.nan, np.inf]], name="w"), ag.Parameter([1.0], name="spare")
    with ag.scope("fc"):
        scores = ag.Tensor(np.ones((3, 1))) @ w
    with np.errstate(invalid="ignore"):
        report = health.inspect(scores.sum(), model=[w, spare], step=7)
    lost, nan = report.findings
    assert (nan.layer, nan.words, nan.since) == ("fc", "NaN in value", 7)
    assert nan.evidence == "2 of 3 numbers in the value of Parameter 'w' (1, 3) float64 at step 7"
    with pytest.raises(health.UnhealthyError) as raised:
        health.assert_healthy(report)
    assert raised.value.findings == (lost, nan)
    assert str(raised.value) == (
        f"network: spare disconnected ({lost.evidence}); {lost.remedy}\nfc: NaN in value ({nan.evidence}); {nan.remedy}"
    )


def test_values_are_searched_forward_and_gradients_backward():
    x, y = ag.Parameter([0.0, 4.0], name="x"), ag.Parameter([1.0, 0.0], name="y")
    with np.errstate(all="ignore"):
        first = ag.sqrt(x)
        loss = (first * ag.sqrt(y)).sum()
        loss.backward()
        (finding,) = (f for f in health.inspect(loss).findings if f.kind == "non-finite")
        assert finding.words == "infinity in gradient"
        assert finding.evidence.startswith("1 of 2 numbers in the gradient of Parameter 'y'")
        wide = ag.log(first * 0.0)
        (finding,) = (f for f in health.inspect((wide * np.nan).sum()).findings if f.kind == "non-finite")
        assert (finding.words, finding.evidence[:7]) == ("infinity in value", "2 of 2 ")
