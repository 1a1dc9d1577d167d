"""Transfer learning: frozen layers get no gradient and cost no backward pass; new heads; rates of their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import models, nn, optim


def convnet(**options):
    return models.cifar_convnet(3, channels=1, size=8, widths=(2, 3), rng=0, **options)


def images(n=4, size=8):
    return np.random.default_rng(0).standard_normal((n, 1, size, size)).astype(np.float32)


LABELS = np.array([0, 1, 2, 1])


def test_frozen_parameters_get_no_gradient_and_do_not_move():
    model = models.freeze(convnet(), except_="fc")
    before = model.state_dict()
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1)
    for _ in range(2):
        loss = F.cross_entropy(model(images()), LABELS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved = {name for name, value in model.state_dict().items() if not np.array_equal(value, before[name])}
    assert moved == {"fc.weight", "fc.bias"}
    assert [name for name, p in model.named_parameters() if p.grad is not None] == ["fc.weight", "fc.bias"]


def test_backward_never_enters_what_is_frozen():
    model = nn.Sequential(network=convnet())
    loss = F.cross_entropy(model(images()), LABELS)
    everywhere = {step.node.scope for step in ag.backward_steps(loss)}
    assert {"network/conv1", "network/conv2", "network/fc"} <= everywhere
    models.freeze(model, except_=["network.conv2", model.network.fc.bias])
    loss = F.cross_entropy(model(images()), LABELS)
    reached = {step.node.scope for step in ag.backward_steps(loss)}
    assert "network/conv2" in reached
    assert not reached & {"network/conv1", "network/relu1", "network/pool1"}
    assert model.network.fc.bias.requires_grad
    assert not model.network.fc.weight.requires_grad


def test_frozen_batch_norm_and_dropout_stay_in_evaluation():
    model = nn.Sequential(
        body=nn.Sequential(conv=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2), dropout=nn.Dropout(0.5)),
        head=nn.Sequential(flatten=nn.Flatten(), norm=nn.BatchNorm1d(72), fc=nn.Linear(72, 3)),
    )
    models.freeze(model, except_=model.head).train()
    body = model.body(images())
    np.testing.assert_array_equal(body.value, model.body(images()).value)
    before = model.state_dict()
    model(images())
    moved = {name for name, value in model.state_dict().items() if not np.array_equal(value, before[name])}
    assert moved == {"head.norm.running_mean", "head.norm.running_var", "head.norm.num_batches_tracked"}
    models.unfreeze(model).train()
    assert all(module.training for module in model.modules())
    assert all(p.requires_grad for p in model.parameters())
    model(images())
    assert model.body.norm.num_batches_tracked == 1


@given(st.sets(st.sampled_from(["conv1", "conv2", "fc", "conv1.weight", "norm2.bias"])))
def test_what_is_named_is_trained_and_the_rest_is_frozen(names):
    model = models.freeze(convnet(norm=nn.BatchNorm2d), except_=names)
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == any(name == kept or name.startswith(kept + ".") for kept in names)
    frozen = models.summary(model, (1, 8, 8))
    assert frozen.trainable == sum(p.size for p in model.parameters() if p.requires_grad)


def test_a_compiled_step_knows_what_was_frozen():
    model, again = convnet(), convnet()
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    step(images(), LABELS).backward()
    assert model.conv1.weight.grad is not None
    models.freeze(model, except_="fc")
    model.zero_grad()
    step(images(), LABELS).backward()
    assert model.conv1.weight.grad is None
    models.freeze(again, except_="fc")
    F.cross_entropy(again(images()), LABELS).backward()
    np.testing.assert_allclose(model.fc.weight.grad, again.fc.weight.grad, rtol=1e-5, atol=1e-7)
    models.unfreeze(model)
    step(images(), LABELS).backward()
    assert model.conv1.weight.grad is not None


def test_groups_have_rates_of_their_own():
    """Fine-tuning: the body moves by a tenth of what plain descent at the head's rate would."""
    model, plain = convnet(), convnet()
    head = models.replace_head(model, 3, rng=5)
    models.replace_head(plain, 3, rng=5)
    body = [p for p in model.parameters() if p not in {*head.parameters()}]
    tuned = optim.SGD([{"params": body, "lr": 0.01}, {"params": head.parameters()}], lr=0.1)
    both = optim.SGD(plain.parameters(), lr=0.1)
    start = model.state_dict()
    for network, optimizer in ((model, tuned), (plain, both)):
        F.cross_entropy(network(images()), LABELS).backward()
        optimizer.step()
    for name, value in model.state_dict().items():
        moved, full = value - start[name], plain.state_dict()[name] - start[name]
        np.testing.assert_allclose(moved, full * (1 if name.startswith("fc") else 0.1), rtol=1e-3, atol=1e-6)
        assert full.any()


HEADS = {
    "alexnet": {"classifier.6"},
    "googlenet": {"fc", "aux1.fc2", "aux2.fc2"},
    "resnet18": {"fc"},
    "squeezenet1_1": {"classifier.1"},
    "vgg16": {"classifier.6"},
}


@pytest.mark.parametrize("name", HEADS)
def test_a_new_head_changes_the_last_layer_only(name):
    with nn.skeleton():
        model = getattr(models, name)()
        old = dict(model.named_modules())
        head = models.replace_head(model, 7)
    new = dict(model.named_modules())
    assert list(new) == list(old)
    assert {path for path in new if new[path] is not old[path]} == HEADS[name]
    assert new[max(HEADS[name])] is head
    assert model.output_shape((3, 224, 224)) == (7,)
    assert head.weight.shape[1:] == old[max(HEADS[name])].weight.shape[1:]


def test_a_new_head_is_called_as_the_old_one():
    model = models.squeezenet1_1(3, rng=0).eval()
    head = models.replace_head(model, 4, rng=0)
    assert head.kernel_size == (1, 1)
    scores = model(np.zeros((1, 3, 32, 32), np.float32))
    assert scores.shape == (1, 4)
    assert head.weight.scope == "classifier/1"
    double = models.mlp(3, dtype=np.float64)
    assert models.replace_head(double, 2).weight.dtype == np.float64
    without = nn.Sequential(nn.Linear(3, 2, bias=False))
    assert models.replace_head(without, 4).bias is None


def test_errors():
    model = convnet()
    with pytest.raises(ag.UnknownNameError, match="no layer or parameter 'conv3'; did you mean 'conv"):
        models.freeze(model, except_="conv3")
    with pytest.raises(ag.ArgumentError, match="no layer or parameter of this Sequential"):
        models.freeze(model, except_=nn.ReLU())
    with pytest.raises(ag.ArgumentError, match="freeze: got int, expected a network"):
        models.freeze(3)
    with pytest.raises(ag.ArgumentError, match="replace_head: ReLU has no linear"):
        models.replace_head(nn.ReLU(), 3)
    with pytest.raises(ag.ArgumentError, match="replace_head: Linear has no linear or convolutional layer inside"):
        models.replace_head(nn.Linear(2, 2), 3)
    assert all(p.requires_grad for p in model.parameters())
