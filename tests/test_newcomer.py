"""What somebody does on the first day: a network from its making to its picture, and the usual mistakes."""

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn import data, health, nn, optim, train
from autograd_cnn.functional import cross_entropy

IMAGES, LABELS = data.digits().train.images[:16], data.digits().train.labels[:16]


def network(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, rng=rng), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10, rng=rng))


def test_a_first_day(tmp_path):
    """Train compiled and watched, save, load into another network, show in a notebook."""
    model = network()
    optimizer, monitor = optim.SGD(model.parameters(), lr=0.1), health.Monitor(model)
    loss = ag.compile(lambda x, y: cross_entropy(model(x), y), monitor=monitor)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        step = loss(IMAGES, LABELS)
        step.backward()
        optimizer.step()
        losses.append(step.item())
    assert losses[-1] < losses[0]

    train.save_checkpoint(tmp_path / "model.npz", model=model)
    other = network(rng=1)
    train.load_checkpoint(tmp_path / "model.npz", model=other)
    np.testing.assert_array_equal(train.predict(other, IMAGES), train.predict(model, IMAGES))

    shown = viz.flow(model, IMAGES, loss=lambda scores: cross_entropy(scores, LABELS))._repr_mimebundle_()
    assert shown["image/svg+xml"].lstrip().startswith("<")
    assert "</svg>" in shown["image/svg+xml"]
    assert viz.report(monitor)._repr_html_().startswith("<iframe srcdoc=")


def test_a_forgotten_zero_grad_adds_up():
    model = network()
    for _ in range(2):
        cross_entropy(model(IMAGES), LABELS).backward()
    twice = model[3].bias.grad
    model.zero_grad()
    cross_entropy(model(IMAGES), LABELS).backward()
    np.testing.assert_allclose(twice, 2 * model[3].bias.grad, rtol=1e-6)


@pytest.mark.parametrize(
    ("mistake", "way_out"),
    [
        (lambda: network()(IMAGES.astype(float)), r"use x\.astype\(np\.float32\)"),
        (lambda: network()(IMAGES[0]), r"one image is x\[None\]"),
        (lambda: network()((IMAGES * 16).astype(np.uint8)), r"use x\.astype\(np\.float32\)"),
        (lambda: cross_entropy(network()(IMAGES), LABELS.astype(float)), r"use labels\.astype\(int\)"),
        (lambda: cross_entropy(network()(IMAGES), LABELS + 5), r"0 to 9"),
        (lambda: cross_entropy(network()(IMAGES), LABELS[:, None]), r"expected \(N, K\) and \(N,\)"),
        (lambda: network()(IMAGES).backward(), r"reduce it first with \.sum\(\) or \.mean\(\)"),
        (lambda: optim.SGD(network(), lr=0.1), r"use model\.parameters\(\)"),
        (lambda: nn.Sequential(nn.Flatten(), nn.ReLU), r"such as nn\.ReLU\(\)"),
        (lambda: nn.Conv2d(1, 4, 3, stride=2)(IMAGES), r"fit='floor'"),
        (lambda: network().fc1, "Sequential has no attribute 'fc1'"),
        (lambda: viz.report(health.Monitor(network())), r"call observe\(loss\)"),
        (lambda: viz.circuit(ag.Scalar(1.0) + 2).save("x.jpg"), r"supported: \.svg"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(mistake, way_out):
    with pytest.raises(ag.AutogradError, match=way_out) as caught:
        mistake()
    assert len(str(caught.value).splitlines()) <= 2
