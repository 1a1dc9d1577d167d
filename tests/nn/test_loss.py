"""Losses as layers: each is its function, stands in scope `loss`, and shows its settings."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
P, Q = RNG.uniform(0.1, 0.9, (4, 3)), RNG.dirichlet(np.ones(3), 4)
LABELS, SIGNS, MANY_SIGNS = [0, 2, 1, 2], [1, -1, 1, -1], np.where(X > 0.2, 1, -1)
W = [1.0, 2.0, 0.5]

LAYERS = [
    (nn.MSELoss(), (X, T), F.mse_loss(X, T)),
    (nn.L1Loss(reduction="sum"), (X, T), F.l1_loss(X, T, reduction="sum")),
    (nn.SmoothL1Loss(beta=0.5), (X, T), F.smooth_l1_loss(X, T, beta=0.5)),
    (nn.HuberLoss(delta=0.5), (X, T), F.huber_loss(X, T, delta=0.5)),
    (nn.NLLLoss(W, ignore_index=1), (X, LABELS), F.nll_loss(X, LABELS, W, ignore_index=1)),
    (nn.CrossEntropyLoss(), (X, LABELS), F.cross_entropy(X, LABELS)),
    (
        nn.CrossEntropyLoss(W, ignore_index=1, label_smoothing=0.1),
        (X, LABELS),
        F.cross_entropy(X, LABELS, W, ignore_index=1, label_smoothing=0.1),
    ),
    (nn.BCELoss(W), (P, Q), F.binary_cross_entropy(P, Q, W)),
    (nn.BCEWithLogitsLoss(W, pos_weight=W), (X, Q), F.binary_cross_entropy_with_logits(X, Q, W, pos_weight=W)),
    (nn.KLDivLoss(reduction="batchmean"), (X, Q), F.kl_div(X, Q, reduction="batchmean")),
    (nn.KLDivLoss(log_target=True), (X, T), F.kl_div(X, T, log_target=True)),
    (nn.MulticlassSVMLoss(2.0, squared=True), (X, LABELS), F.multiclass_svm_loss(X, LABELS, 2.0, True)),
    (nn.MultiMarginLoss(2, 0.5, W), (X, LABELS), F.multi_margin_loss(X, LABELS, 2, 0.5, W)),
    (nn.BinaryHingeLoss(0.5), (X[:, 0], SIGNS), F.binary_hinge_loss(X[:, 0], SIGNS, 0.5)),
    (nn.AttributeHingeLoss(0.5), (X, MANY_SIGNS), F.attribute_hinge_loss(X, MANY_SIGNS, 0.5)),
    (nn.HingeEmbeddingLoss(0.5), (X[:, 0], SIGNS), F.hinge_embedding_loss(X[:, 0], SIGNS, 0.5)),
    (nn.MarginRankingLoss(0.5), (X[:, 0], T[:, 0], SIGNS), F.margin_ranking_loss(X[:, 0], T[:, 0], SIGNS, 0.5)),
    (nn.TripletMarginLoss(0.5, 1.0, swap=True), (X, T, P), F.triplet_margin_loss(X, T, P, 0.5, 1.0, swap=True)),
    (nn.ContrastiveLoss(2.0), (X, T, [0, 1, 1, 0]), F.contrastive_loss(X, T, [0, 1, 1, 0], 2.0)),
    (nn.CosineEmbeddingLoss(0.1), (X, T, SIGNS), F.cosine_embedding_loss(X, T, SIGNS, 0.1)),
]
KINDS = sorted({type(layer) for layer, _, _ in LAYERS}, key=lambda kind: kind.__name__)


def test_all_layers_named_loss_are_here():
    assert {kind.__name__ for kind in KINDS} == {name for name in nn.__all__ if name.endswith("Loss")}


@pytest.mark.parametrize(
    ("layer", "inputs", "expected"), LAYERS, ids=lambda x: repr(x) if isinstance(x, nn.Module) else ""
)
def test_a_layer_is_its_function_in_scope_loss(layer, inputs, expected):
    assert layer(*inputs) == expected
    result = layer(ag.Tensor(inputs[0], requires_grad=True), *inputs[1:])
    assert result.item() == expected
    assert result.scope == "loss"
    assert not list(layer.parameters())
    assert f"reduction={layer.reduction!r}" in repr(layer)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_unknown_reduction_raises_when_the_layer_is_made(kind):
    with pytest.raises(ag.ArgumentError, match=f"{kind.__name__}: reduction='avg'"):
        kind(reduction="avg")


def test_settings_are_shown_and_copied():
    weight = np.array(W)
    layer = nn.CrossEntropyLoss(weight, ignore_index=1, label_smoothing=0.1)
    weight[0] = 9
    shown = "CrossEntropyLoss(weight=[1.0, 2.0, 0.5], ignore_index=1, label_smoothing=0.1, reduction='mean')"
    assert repr(layer) == shown
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss(reduction='mean')"


def test_a_layer_refuses_a_smoothing_when_it_is_made():
    with pytest.raises(ag.ArgumentError, match="CrossEntropyLoss: label_smoothing=2, expected a number from 0 to 1"):
        nn.CrossEntropyLoss(label_smoothing=2)
