"""Every loss with random arguments away from its kinks: what the tests of all losses run over."""

import numpy as np

from autograd_cnn import functional as F  # noqa: N812

K, D = 4, 3


def signs(rng, shape):
    return rng.choice([-1, 1], shape)


def labels(rng, n):
    return rng.integers(0, K, n)


def probabilities(rng, n):
    return 0.6 * rng.dirichlet(np.ones(K), n) + 0.4 / K


def beside_one(rng, shape):
    """Numbers of either sign whose size is at least 0.1 away from 1, where parabolas end, and from 0."""
    return signs(rng, shape) * (rng.uniform(0.1, 0.9, shape) + rng.choice([0, 1], shape))


def compared(rng, n):
    target = rng.normal(size=(n, D))
    return [target + beside_one(rng, (n, D)), target]


def pairs(rng, n):
    """Points at distances that keep away from the margin 1."""
    here, direction = rng.normal(size=(2, n, D))
    return [here, here + direction * beside_one(rng, (n, 1)) / np.linalg.norm(direction, axis=1, keepdims=True)]


def apart(draw, margins):
    """Draw again until no margin, which a kink is at, is nearly 0."""

    def drawn(rng, n):
        while True:
            inputs = draw(rng, n)
            if (np.abs(margins(*inputs)) > 0.01).all():
                return inputs

    return drawn


def normal(*shape, count=1):
    return lambda rng, n: [rng.normal(size=(n, *shape)) for _ in range(count)]


def of_classes(s):
    return s[:, :, None] - s[:, None, :] + 1


def of_signs(s):
    return np.abs(s) - 1


def of_distances(anchor, positive, negative):
    return np.linalg.norm(anchor - positive, axis=1) - np.linalg.norm(anchor - negative, axis=1) + 1


def of_angles(a, b):
    return np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


#: name: (draws the inputs that gradients flow to, draws the other arguments, the loss)
LOSSES = {
    "mse_loss": (lambda r, n: [r.normal(size=(n, D)) for _ in "xt"], None, F.mse_loss),
    "l1_loss": (compared, None, F.l1_loss),
    "huber_loss": (compared, None, F.huber_loss),
    "smooth_l1_loss": (compared, None, F.smooth_l1_loss),
    "nll_loss": (lambda r, n: [np.log(probabilities(r, n))], labels, F.nll_loss),
    "cross_entropy": (lambda r, n: [r.normal(size=(n, K))], labels, F.cross_entropy),
    "cross_entropy of probabilities": (
        lambda r, n: [r.normal(size=(n, K)), probabilities(r, n)],
        None,
        F.cross_entropy,
    ),
    "binary_cross_entropy": (lambda r, n: list(r.uniform(0.1, 0.9, (2, n, D))), None, F.binary_cross_entropy),
    "binary_cross_entropy_with_logits": (
        lambda r, n: [3 * r.normal(size=(n, D)), r.uniform(0.1, 0.9, (n, D))],
        None,
        F.binary_cross_entropy_with_logits,
    ),
    "kl_div": (lambda r, n: [np.log(probabilities(r, n)), probabilities(r, n)], None, F.kl_div),
    "multiclass_svm_loss": (apart(normal(K), of_classes), labels, F.multiclass_svm_loss),
    "multi_margin_loss": (apart(normal(K), of_classes), labels, F.multi_margin_loss),
    "binary_hinge_loss": (apart(normal(), of_signs), signs, F.binary_hinge_loss),
    "attribute_hinge_loss": (apart(normal(D), of_signs), lambda r, n: signs(r, (n, D)), F.attribute_hinge_loss),
    "hinge_embedding_loss": (apart(normal(), of_signs), signs, F.hinge_embedding_loss),
    "margin_ranking_loss": (apart(normal(count=2), np.subtract), signs, F.margin_ranking_loss),
    "triplet_margin_loss": (apart(normal(D, count=3), of_distances), None, F.triplet_margin_loss),
    "contrastive_loss": (
        pairs,
        lambda r, n: r.integers(0, 2, n),
        F.contrastive_loss,
    ),
    "cosine_embedding_loss": (apart(normal(D, count=2), of_angles), signs, F.cosine_embedding_loss),
}


def call(name, seed, n=3):
    """Return the inputs that gradients flow to, and the loss as a function of them and `reduction`."""
    draw, draw_rest, loss = LOSSES[name]
    rng = np.random.default_rng(seed)
    inputs = draw(rng, n)
    rest = [] if draw_rest is None else [draw_rest(rng, n)]
    return inputs, lambda *xs, reduction="mean": loss(*xs, *rest, reduction=reduction)
