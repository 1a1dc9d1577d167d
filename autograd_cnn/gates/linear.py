"""Matrix product, and the product of all pairs."""

from __future__ import annotations

from autograd_cnn.gates.arithmetic import multiply
from autograd_cnn.gates.shape import reshape, transpose
from autograd_cnn.kernels import matrix_product as kernels
from autograd_cnn.registry import Value, composition, gate


def _swap_last(x: Value) -> Value:
    if len(x.shape) == 2:
        return x.T
    axes = tuple(range(len(x.shape)))
    return transpose(x, axes=(*axes[:-2], axes[-1], axes[-2]))


@gate("@", broadcasts=True, operator="__matmul__")
def matmul(a: Value, b: Value) -> Value:
    """Matrix product: upstream·bᵀ for the first input, aᵀ·upstream for the second.

    Vectors and stacks of matrices work as in np.matmul.

    Formula: y[i, j] = Σ a[i, k]·b[k, j]
    Local gradient: u·bᵀ and aᵀ·u
    """
    return kernels.matmul(a, b)


@matmul.vjp
def _(upstream: Value, output: Value, a: Value, b: Value, *, needs: tuple[bool, bool]) -> Value:
    row = reshape(a, shape=(1, -1)) if len(a.shape) == 1 else a
    column = reshape(b, shape=(-1, 1)) if len(b.shape) == 1 else b
    if row is not a or column is not b:
        batch = upstream.shape[: len(upstream.shape) - (len(a.shape) > 1) - (len(b.shape) > 1)]
        upstream = reshape(upstream, shape=(*batch, row.shape[-2], column.shape[-1]))
    to_a = matmul(upstream, _swap_last(column)) if needs[0] else None
    to_b = matmul(_swap_last(row), upstream) if needs[1] else None
    if to_b is not None and len(b.shape) == 1:  # (..., k, 1) -> (..., k)
        to_b = reshape(to_b, shape=to_b.shape[:-1])
    return to_a, to_b


@composition()
def outer(a: Value, b: Value) -> Value:
    """Every element of `a` times every element of `b`: (n,) and (m,) -> (n, m); other shapes are flattened."""
    return multiply(reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1)))
