"""Averaged weights: the mean over many steps lies where the loss is lower than at most of them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_cnn.errors import UnknownNameError
from autograd_cnn.graph import Tensor
from autograd_cnn.nn import Module
from autograd_cnn.recording import no_grad
from autograd_cnn.settings import number
from autograd_cnn.train.evaluation import switched


class AveragedModel(Module):
    """A copy of a network whose parameters are averages over a training; see CS231n, neural networks part 3.

    Parameters
    ----------
    model : Module
        The network that is trained; it is copied.
    decay : float, optional
        How much of the average is kept at each update, such as 0.999: an exponential moving average, in which old
        weights fade. Without it all updates count alike: the running mean, as in stochastic weight averaging
        (Izmailov et al., 2018).
    use_buffers : bool
        Whether buffers, such as the statistics of batch norm, are averaged too. By default they are copied from
        the network at each update, and belong to its weights rather than to their average: `update_bn` gathers
        them anew.

    Attributes
    ----------
    module : Module
        The averaged network. It is called, evaluated and saved as any other.
    n_averaged : ndarray of int
        How many updates went in; a buffer.

    Raises
    ------
    ArgumentError
        For a decay outside 0 to 1.

    Notes
    -----
    The first update copies. Then, with n updates before: mean ← mean + (w − mean)/(n + 1), or
    mean ← decay·mean + (1 − decay)·w. As `torch.optim.swa_utils.AveragedModel`, whose buffers are averaged
    by `use_buffers` in the same way; numbers that count, such as ``num_batches_tracked``, are copied.

    Examples
    --------
    >>> from autograd_cnn import nn, train
    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = train.AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     model.weight.assign([[weight]])
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    3.0
    """

    def __init__(self, model: Module, decay: float | None = None, *, use_buffers: bool = False) -> None:
        wanted = "0 to 1, or None for the running mean"
        self.decay = None if decay is None else number("AveragedModel", "decay", decay, 0, 1, wanted)
        self.use_buffers = bool(use_buffers)
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", np.array(0))

    def forward(self, *inputs: Any) -> Any:
        """Return what the averaged network returns."""
        return self.module(*inputs)

    def update_parameters(self, model: Module) -> None:
        """Take the network's weights into the average; call it after the optimizer's step.

        Raises
        ------
        UnknownNameError
            When the network has other parameters or buffers than the one that was copied.
        ShapeError
            When one has another shape.
        """
        count = int(self.n_averaged)
        share = 1 / (count + 1) if self.decay is None or not count else 1 - self.decay
        news, buffers = dict(model.named_parameters()), dict(model.named_buffers())
        _check_names(self.module, {*news, *buffers})
        for name, mean in self.module.named_parameters():
            old, new = np.asarray(mean.value), np.asarray(news[name].value)
            mean.assign(old + (new - old) * share if count else new)  # type: ignore[arg-type]  # a Scalar's is 0-d
        for name, mean_of_buffer in self.module.named_buffers():
            old, new = mean_of_buffer, buffers[name]
            averages = self.use_buffers and count and old.dtype.kind == "f"
            mean_of_buffer[...] = old + (new - old) * share if averages else new
        self.n_averaged[...] = count + 1


def _check_names(module: Module, given: set[str]) -> None:
    known = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
    if strange := sorted(known ^ given):
        raise UnknownNameError(
            f"AveragedModel: only one of the network and the average has {', '.join(strange[:4])}; "
            "give the network that was copied"
        )


def update_bn(batches: Iterable[Any], model: Module) -> None:
    """Gather the statistics of batch norm anew: for averaged weights, which no batch has gone through.

    Parameters
    ----------
    batches : iterable of arrays, or of (inputs, targets)
        One pass over the training data, such as ``data.batches(train, 64)``.
    model : Module
        Its layers with running statistics forget them, and then take all batches alike, as
        `torch.optim.swa_utils.update_bn` does. Their modes and momenta are afterwards what they were.
    """
    layers = [layer for layer in model.modules() if getattr(layer, "running_mean", None) is not None]
    momenta = [layer.momentum for layer in layers]
    if not layers:
        return
    for layer in layers:
        layer.running_mean[...], layer.running_var[...], layer.num_batches_tracked[...] = 0, 1, 0
        layer.momentum = None  # all batches count alike
    try:
        with switched(model, training=True), no_grad():
            for batch in batches:
                model(Tensor(batch[0] if isinstance(batch, tuple | list) else batch))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
