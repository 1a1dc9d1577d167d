"""Losses of pairs and triplets of embeddings: what belongs together shall lie together.

Embeddings have shape (N, D) or (D,). The Euclidean distance of a point to itself sends the
gradient 0 back, as the absolute value does at 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import array_of, floating, same_dtype
from autograd_cnn.functional.targets import reduced, same_shape, signs
from autograd_cnn.gates.axes import one_axis
from autograd_cnn.gates.comparison import abs, equal, maximum, minimum, where
from autograd_cnn.gates.exponential import sqrt
from autograd_cnn.gates.reduction import max, sum
from autograd_cnn.gates.statistics import euclidean_norm
from autograd_cnn.registry import Value
from autograd_cnn.settings import magnitude, number
from autograd_cnn.settings import positive as above_0


def pairwise_distance(x1: Value, x2: Value, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Value:
    """Distance ‖x1 − x2 + ε‖ₚ over the last axis.

    Parameters
    ----------
    x1, x2 : (N, D) or (D,) array or node
        Points of one shape.
    p : float
        Which norm, above 0: 1, 2, ..., math.inf.
    eps : float
        Added to every difference, as in torch.
    keepdim : bool
        Keep the last axis, with length 1.
    """
    floating("pairwise_distance", x1)
    floating("pairwise_distance", x2)
    same_shape("pairwise_distance", x1.shape, "x2", x2.shape)
    p, eps = above_0("pairwise_distance", "p", p), number("pairwise_distance", "eps", eps)
    if not x1.shape:
        raise ArgumentError("pairwise_distance: points of shape (), expected (..., D)")
    size = abs(x1 - x2 + eps)
    if p == math.inf:
        return max(size, axis=-1, keepdims=keepdim)
    if p == 1:
        return sum(size, axis=-1, keepdims=keepdim)
    if p == 2:
        return euclidean_norm(size, axis=-1, keepdims=keepdim)
    total = sum(size**p, axis=-1, keepdims=keepdim)
    apart = where(equal(total, 0), 1, total) ** (1 / p)
    return where(equal(total, 0), 0, apart)


def cosine_similarity(x1: Value, x2: Value, dim: int = 1, eps: float = 1e-8) -> Value:
    """Cosine of the angle between vectors along `dim`; norms below `eps` count as `eps`.

    Parameters
    ----------
    x1, x2 : array or node
        Vectors of one shape.
    dim : int
        Along which the vectors lie.
    eps : float
        Smallest norm, so that the zero vector has cosine 0.
    """
    floating("cosine_similarity", x1)
    floating("cosine_similarity", x2)
    same_shape("cosine_similarity", x1.shape, "x2", x2.shape)
    eps = magnitude("cosine_similarity", "eps", eps)
    dim = one_axis("cosine_similarity", dim, len(x1.shape))
    norms = (maximum(euclidean_norm(x, axis=dim), eps) for x in (x1, x2))
    return sum(x1 * x2, axis=dim) / next(norms) / next(norms)


def triplet_margin_loss(
    anchor: Value,
    positive: Value,
    negative: Value,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Value:
    """Pull the anchor nearer to the positive than to the negative: max(0, d(a, p) − d(a, n) + margin).

    Balntas et al. 2016 (also for `swap`); Schroff et al. 2015.

    Parameters
    ----------
    anchor, positive, negative : (N, D) or (D,) array or node
        Embeddings of one shape.
    margin : float
        By how much nearer.
    p, eps
        As in `pairwise_distance`.
    swap : bool
        Take d(p, n) instead of d(a, n) where it is smaller.
    reduction : {"mean", "sum", "none"}
        How the losses become one.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        When shapes or dtypes do not fit.
    """
    name = "triplet_margin_loss"
    margin, p, eps = number(name, "margin", margin), above_0(name, "p", p), number(name, "eps", eps)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(name, maximum(0, margin + near - far), reduction)


def contrastive_loss(
    input1: Value, input2: Value, target: Any, margin: float = 1.0, *, reduction: str = "mean"
) -> Value:
    """Pull similar pairs together, push dissimilar ones apart up to a margin (Hadsell, Chopra, LeCun 2006).

    Parameters
    ----------
    input1, input2 : (N, D) or (D,) array or node
        Embeddings of one shape.
    target : (N,) or () array_like
        The paper's Y: 0 for a similar pair, 1 for a dissimilar one.
    margin : float
        Distance m from which on dissimilar pairs leave each other alone.
    reduction : {"mean", "sum", "none"}
        How the losses become one.

    Notes
    -----
    With D the Euclidean distance: (1 − Y)·½D² + Y·½max(0, m − D)². A dissimilar pair at one point
    has no direction to part: its gradient is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> pairs = np.array([[3.0, 4.0], [0.3, 0.4]]), np.zeros((2, 2))
    >>> F.contrastive_loss(*pairs, [0, 1], reduction="none")
    array([12.5  ,  0.125])
    """
    _embeddings("contrastive_loss", input1, input2)
    margin = number("contrastive_loss", "margin", margin)
    target = array_of("contrastive_loss", "target", target)
    if target.shape != input1.shape[:-1]:
        raise ShapeError(f"contrastive_loss: target of shape {target.shape}, expected {input1.shape[:-1]}")
    if not np.isin(target, (0, 1)).all():
        raise ArgumentError("contrastive_loss: targets must be 0 (similar) or 1 (dissimilar)")
    difference = input1 - input2
    squared = sum(difference * difference, axis=-1)
    short = maximum(0, margin - euclidean_norm(difference, axis=-1))
    return reduced("contrastive_loss", where(equal(target, 1), short * short, squared) / 2, reduction)


def cosine_embedding_loss(
    input1: Value, input2: Value, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Value:
    """Turn pairs with target 1 the same way, those with −1 apart: 1 − cos, or max(0, cos − margin).

    Parameters
    ----------
    input1, input2 : (N, D) or (D,) array or node
        Embeddings of one shape.
    target : (N,) or () array_like
        1 or −1.
    margin : float
        Cosine, −1 to 1, that pairs with target −1 may have.
    reduction : {"mean", "sum", "none"}
        How the losses become one.

    Notes
    -----
    As in torch 1e−12 is added to each squared norm, so the zero vector has cosine 0.
    """
    _embeddings("cosine_embedding_loss", input1, input2)
    margin = number("cosine_embedding_loss", "margin", margin)
    alike = signs("cosine_embedding_loss", input1, target, input1.shape[:-1]) > 0
    size1, size2 = (sum(x * x, axis=-1) + 1e-12 for x in (input1, input2))
    cosine = sum(input1 * input2, axis=-1) / sqrt(size1 * size2)
    return reduced("cosine_embedding_loss", where(alike, 1 - cosine, maximum(0, cosine - margin)), reduction)


def _embeddings(name: str, input1: Value, input2: Value) -> None:
    floating(name, input1)
    floating(name, input2)
    same_dtype(name, input1, input2)
    same_shape(name, input1.shape, "input2", input2.shape)
    if len(input1.shape) not in (1, 2):
        raise ShapeError(f"{name}: inputs of shape {input1.shape}, expected (N, D) or (D,)")
