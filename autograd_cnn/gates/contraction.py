"""Einsum: any product that is summed over shared indices; tensordot and dot are special cases."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.gates.arithmetic import multiply
from autograd_cnn.gates.axes import shape_of, some_axes
from autograd_cnn.gates.linear import matmul
from autograd_cnn.kernels import matrix_product as kernels
from autograd_cnn.registry import Value, composition, gate
from autograd_cnn.settings import a_kind, whole


@gate("einsum", broadcasts=True)
def contraction(*operands: Value, subscripts: str) -> Value:
    """Multiply along shared letters, add up over letters that the output drops: ``ij,jk->ik`` is the matrix product.

    Each input receives an einsum of the upstream gradient with the other inputs, read towards its own letters.

    Formula: Σ Π over the letters that the output drops
    Local gradient: the einsum of the other inputs
    """
    dtype = np.result_type(*operands)
    arrays = [np.asarray(x, None if hasattr(x, "dtype") else dtype) for x in operands]
    return kernels.einsum(subscripts, *arrays)


@contraction.vjp
def _(upstream: Value, output: Value, *operands: Value, subscripts: str, needs: tuple[bool, ...]) -> Value:
    left, right = subscripts.split("->")
    terms = list(zip(left.split(","), operands, strict=True))
    return tuple(
        _gradient((right, upstream), terms[:i] + terms[i + 1 :], *terms[i]) if need else None
        for i, need in enumerate(needs)
    )


def _gradient(upstream: tuple[str, Value], others: list[tuple[str, Value]], letters: str, x: Value) -> Value:
    """Contract towards `letters`; ones repeat along a letter that nothing else has, an identity fills a diagonal."""
    terms = [upstream, *others]
    dtype = getattr(upstream[1], "dtype", np.float64)
    target = ""
    for letter, n in zip(letters, shape_of(x), strict=True):
        if letter in target:
            diagonal = _unused(letters + target + "".join(name for name, _ in terms))
            terms.append((letter + diagonal, np.eye(n, dtype=dtype)))
            letter = diagonal
        target += letter
    lengths = {name: 1 for name in target}
    present = set()
    for names, value in terms:
        for name, n in zip(names, shape_of(value), strict=True):
            present.add(name)
            lengths[name] = n if lengths.get(name, 1) == 1 else lengths[name]
    for name, n in zip(target, shape_of(x), strict=True):
        if name not in present or lengths[name] != n != 1:
            terms.append((name, np.ones(n, dtype)))
    subscripts = ",".join(names for names, _ in terms) + "->" + target
    return contraction(*(value for _, value in terms), subscripts=subscripts)


def einsum(subscripts: str, *operands: Value) -> Value:
    """Einstein's sum: products along shared letters, summed over every letter that the output drops.

    Parameters
    ----------
    subscripts : str
        One letter per axis, inputs separated by commas, as in np.einsum: ``"bij,bjk->bik"``. Without ``->`` the
        output has the letters that occur once, in alphabetical order. A letter twice in one input is its diagonal.
        ``...`` stands for any further axes, which broadcast.
    *operands : arrays or nodes
        The inputs.

    Raises
    ------
    ArgumentError
        When the subscripts cannot be read.
    ShapeError
        When they do not fit the shapes.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> trace = ag.einsum("ii->", x)
    >>> trace.item(), ag.grad(trace, x)[0].tolist()
    (5.0, [[1.0, 0.0], [0.0, 1.0]])
    """
    if not isinstance(subscripts, str):
        raise ArgumentError(f"einsum: subscripts are {a_kind(subscripts)}, expected a str such as 'ij,jk->ik'")
    shapes = [shape_of(x) for x in operands]
    terms, output = _spelled_out(subscripts, shapes)
    lengths: dict[str, int] = {}
    for names, shape in zip(terms, shapes, strict=True):
        for name, n in zip(names, shape, strict=True):
            known = lengths.setdefault(name, n)
            if n not in (1, known) and known != 1:
                raise ShapeError(
                    f"einsum: {subscripts!r} does not fit shapes {shapes}: one index runs over {known} and over {n}"
                )
            lengths[name] = known if n == 1 else n
    return contraction(*operands, subscripts=",".join(terms) + "->" + output)


def _spelled_out(subscripts: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """Return the letters of every input and of the output, with letters for ``...``."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ArgumentError(f"einsum: {subscripts!r} names {len(terms)} inputs, got {len(shapes)}")
    if not all(all(c in string.ascii_letters for c in t.replace("...", "", 1)) for t in (*terms, right)):
        raise ArgumentError(f"einsum: cannot read {subscripts!r}; expected letters, commas, '...' and one '->'")
    further = [len(shape) - len(t.replace("...", "")) for t, shape in zip(terms, shapes, strict=True)]
    for t, n, shape in zip(terms, further, shapes, strict=True):
        if n < 0 or (n > 0 and "..." not in t):
            raise ShapeError(f"einsum: {t!r} in {subscripts!r} does not fit shape {shape}: one letter per axis")
    block = ""
    for _ in range(max(further)):
        block += _unused(subscripts + block)
    terms = [t.replace("...", block[len(block) - n :]) for t, n in zip(terms, further, strict=True)]
    once = "".join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    output = right.replace("...", block) if arrow else block + once
    if len(set(output)) < len(output) or not set(output) <= set("".join(terms)):
        raise ArgumentError(f"einsum: output {right!r} of {subscripts!r} repeats a letter or has one of no input")
    return terms, output


def _unused(taken: str) -> str:
    for letter in string.ascii_letters:
        if letter not in taken:
            return letter
    raise ArgumentError("einsum: more than 52 different indices")


@composition()
def tensordot(a: Value, b: Value, axes: Any = 2) -> Value:
    """Sum of products over axes of `a` and axes of `b`, as np.tensordot.

    Parameters
    ----------
    a, b : arrays or nodes
        Numbers.
    axes : int, or pair of axes or of sequences of axes
        n sums the last n axes of `a` with the first n of `b`; a pair names them.

    Raises
    ------
    ShapeError, ArgumentError, OutOfRangeError
        When the axes do not fit each other, or do not exist.
    """
    dims = len(shape_of(a)), len(shape_of(b))
    if not isinstance(axes, tuple | list):
        axes = whole("tensordot", "axes", axes, 0, min(dims), f"an integer from 0 to {min(dims)}, or a pair of axes")
        axes = tuple(range(dims[0] - axes, dims[0])), tuple(range(axes))
    elif len(axes) != 2:
        raise ArgumentError(f"tensordot: axes={axes}, expected an integer, or a pair of axes or of sequences of axes")
    first, second = some_axes("tensordot", axes[0], dims[0]), some_axes("tensordot", axes[1], dims[1])
    if [shape_of(a)[i] for i in first] != [shape_of(b)[i] for i in second]:
        raise ShapeError(
            f"tensordot: shapes {shape_of(a)} and {shape_of(b)} do not fit along axes {first} and {second}"
        )
    left = list(string.ascii_letters[: dims[0]])
    right = list(string.ascii_letters[dims[0] : dims[0] + dims[1]])
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    kept = [c for i, c in enumerate(left) if i not in first] + [c for j, c in enumerate(right) if j not in second]
    return contraction(a, b, subscripts=f"{''.join(left)},{''.join(right)}->{''.join(kept)}")


@composition(method=True)
def dot(a: Value, b: Value) -> Value:
    """Inner product of vectors, product of matrices, as np.dot: the last axis of `a` with the last but one of `b`."""
    dims = len(shape_of(a)), len(shape_of(b))
    if 0 in dims:
        return multiply(a, b)
    return matmul(a, b) if dims[1] <= 2 else tensordot(a, b, axes=(-1, -2))
