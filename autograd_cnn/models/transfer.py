"""Transfer learning: keep what a network learned on one task, and learn another one from few samples.

CS231n, transfer learning: with little data train a new last layer on top of fixed features; with more, fine-tune
some layers with a small learning rate. Different rates are groups of an optimizer's parameters::

    head = models.replace_head(model, 5)
    features = [p for p in model.parameters() if p not in {*head.parameters()}]
    optim.SGD([{"params": features, "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}], momentum=0.9)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

from autograd_cnn import nn
from autograd_cnn.errors import ArgumentError, UnknownNameError, suggestion
from autograd_cnn.graph import Parameter, Scalar
from autograd_cnn.models.starting import Random, heads_of
from autograd_cnn.random import generator

Kept: TypeAlias = str | nn.Module | Parameter | Scalar
Network = TypeVar("Network", bound=nn.Module)


def freeze(model: Network, except_: Kept | Iterable[Kept] = ()) -> Network:
    """Fix the layers of a network: their parameters get no gradient, and computing it costs nothing.

    A frozen layer does not train in any way: `Module.train` leaves it in evaluation, so that batch norm keeps its
    running statistics, and dropout drops nothing. What is not named is frozen, what is named is trained.

    Parameters
    ----------
    model : Module
    except_ : name, Module, Parameter, or several
        What stays trainable: a layer such as ``"layer4"`` or ``"classifier.6"`` with all inside, or a parameter.

    Returns
    -------
    Module
        The same network.

    Raises
    ------
    UnknownNameError, ArgumentError
        When the network has no such layer or parameter.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> model = models.freeze(models.lenet5(), except_="fc5")
    >>> [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ['fc5.weight', 'fc5.bias']
    """
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"freeze: got {type(model).__name__}, expected a network")
    wanted = [except_] if isinstance(except_, str | nn.Module | Parameter | Scalar) else list(except_)
    kept = {part for found in wanted for part in _inside(model, found)}
    for module in model.modules():
        has_kept = any(part in kept for part in (*module.modules(), *module.parameters()))
        module.frozen = not has_kept
        if module.frozen:
            module.training = False
    for parameter in model.parameters():
        parameter.requires_grad = parameter in kept
        if parameter not in kept:
            parameter.zero_grad()
    return model


def unfreeze(model: Network) -> Network:
    """Train all layers of a network again: undo `freeze`; `Module.train` then reaches them all."""
    return freeze(model, except_=model)


def replace_head(model: nn.Module, num_classes: int, *, rng: Random = None) -> nn.Module:
    """Put a new last layer, for another number of classes, in place of the old one.

    Parameters
    ----------
    model : Module
        Whose last linear or convolutional layer gives the scores; GoogLeNet's classifiers on the way get a new
        last layer, too.
    num_classes : int
        Numbers of outputs.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from; the default generator.

    Returns
    -------
    Module
        The new layer.

    Raises
    ------
    ArgumentError
        When the network has no such layer, or it is the network itself.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> model = models.lenet5()
    >>> models.replace_head(model, 5)
    Linear(in_features=84, out_features=5, bias=True)
    >>> model.output_shape((1, 28, 28))
    (5,)
    """
    modules, heads = dict(model.named_modules()), heads_of(model)
    if heads in ([], [""]):
        raise ArgumentError(f"replace_head: {type(model).__name__} has no linear or convolutional layer inside")
    rng = generator(rng)
    for name in reversed(heads):
        path, _, last = name.rpartition(".")
        new = _like(modules[name], num_classes, rng)
        setattr(modules[path], last, new)
    return new


def _like(old: Any, outputs: int, rng: Random) -> nn.Module:
    """Return a linear or convolutional layer as the old one, for another number of outputs."""
    bias, dtype = old.bias is not None, old.weight.dtype
    if isinstance(old, nn.Linear):
        return nn.Linear(old.in_features, outputs, bias, rng=rng, dtype=dtype)
    sizes = old.kernel_size, old.stride, old.padding, old.dilation, old.groups
    return nn.Conv2d(old.in_channels, outputs, *sizes, bias, fit=old.fit, rng=rng, dtype=dtype)


def _inside(model: nn.Module, part: Kept) -> set[object]:
    """Return a layer with all layers and parameters inside, or a parameter."""
    layers, parameters = dict(model.named_modules()), dict(model.named_parameters())
    found: object = part
    if isinstance(part, str):
        known = {name: x for name, x in {**layers, **parameters}.items() if name}
        if part not in known:
            raise UnknownNameError(
                f"freeze: {type(model).__name__} has no layer or parameter {part!r}{suggestion(part, known)}"
            )
        found = known[part]
    if not any(x is found for x in (*layers.values(), *parameters.values())):
        raise ArgumentError(f"freeze: {part!r} is no layer or parameter of this {type(model).__name__}")
    if isinstance(found, nn.Module):
        return {*found.modules(), *found.parameters()}
    return {found}
