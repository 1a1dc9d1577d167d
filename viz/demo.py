"""The demo: train a small CNN on digits, print its health, draw its gradient flow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, health, init, nn, optim
from autograd_cnn.health.wording import counted
from viz.binding import bind
from viz.errors import SaveError
from viz.flows import flow
from viz.page import Page
from viz.predictions_page import predictions
from viz.reports import report
from viz.zooms import zoom

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def network(activation: str, init_std: float | None, rng: np.random.Generator) -> nn.Sequential:
    """Return the demo's CNN: four convolutions, two of them with pooling, and a fully connected layer.

    Parameters
    ----------
    activation : {"relu", "sigmoid", "tanh"}
        After each convolution.
    init_std : float or None
        Standard deviation of all weights; None for He (relu) or Xavier (the others). Biases are 0.
    rng : Generator
        Source of the weights.
    """
    act = _ACTIVATIONS[activation]
    model = nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 8, 3, padding=1, rng=rng),
            f"{activation}1": act(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(8, 16, 3, padding=1, rng=rng),
            f"{activation}2": act(),
            "pool2": nn.MaxPool2d(2),
            "conv3": nn.Conv2d(16, 32, 3, padding=1, rng=rng),
            f"{activation}3": act(),
            "conv4": nn.Conv2d(32, 32, 3, padding=1, rng=rng),
            f"{activation}4": act(),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(128, 10, rng=rng),
        }
    )
    for parameter in model.parameters():
        if parameter.ndim == 1:
            init.zeros_(parameter)
        elif init_std is not None:
            init.normal_(parameter, std=init_std, rng=rng)
        elif activation == "relu":
            init.kaiming_normal_(parameter, nonlinearity="relu", rng=rng)
        else:
            init.xavier_normal_(parameter, gain=init.calculate_gain(activation), rng=rng)
    return model


def accuracy(model: nn.Module, dataset: Any) -> float:
    """Return the share of a data set's images whose highest score is their label."""
    with ag.no_grad():
        scores = model(dataset.images).value
    return float((scores.argmax(1) == dataset.labels).mean())


def demo(
    *,
    activation: str = "relu",
    init_std: float | None = None,
    lr: float = 0.02,
    momentum: float = 0.9,
    epochs: int = 15,
    batch_size: int = 64,
    seed: int = 0,
    theme: str = "light",
    folder: Path = Path(),
) -> health.Report:
    """Train, print, draw; return the report of the network's health.

    Parameters
    ----------
    activation, init_std : str, float or None
        See `network`.
    lr, momentum, epochs, batch_size : number
        Of stochastic gradient descent.
    seed : int
        Of the weights and the order of the samples.
    theme : {"light", "dark"}
        Of the picture.
    folder : Path
        Where gradient-flow.svg and report.html go.

    Raises
    ------
    SaveError
        When the folder cannot be written to.
    """
    _make_folder(folder)
    rng = np.random.default_rng(seed)
    digits = data.digits()
    model = network(activation, init_std, rng)
    count = sum(p.size for p in model.parameters())
    print(f"A CNN of {count:,} parameters learns {len(digits.train):,} handwritten digits of 8×8 pixels (UCI).")
    _compile_kernels(activation, digits.train)

    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    steps = -(-len(digits.train) // batch_size)
    monitor = health.Monitor(window=steps, frames_every=10)
    losses: list[float] = []
    start = time.perf_counter()
    with np.errstate(all="ignore"):  # a network that blows up is a finding of the report, no warning
        for _ in _progress(range(epochs), "training"):
            monitor.begin_epoch()
            for images, labels in data.batches(digits.train, batch_size, rng=rng):
                loss = criterion(model(ag.Tensor(images, requires_grad=True, name="input")), labels)
                optimizer.zero_grad()
                loss.backward()
                monitor.observe(loss)
                optimizer.step()
                losses.append(loss.item())
            monitor.note("validation", accuracy=accuracy(model, digits.validation))
    seconds = time.perf_counter() - start
    test = accuracy(model, digits.test)
    found = monitor.report()
    mean = np.mean(losses[-steps:])
    passes = counted(epochs, "epoch")
    print(f"{passes} in {seconds:.1f} s   mean loss of the last {mean:.4g}   test accuracy {test:.1%}")
    print(f"\n{found.table()}\n")

    title = f"Digits CNN with {activation}" + ("" if init_std is None else f", weights of std {init_std:g}")
    facts = (f"SGD, learning rate {lr:g}, momentum {momentum:g}, batch {batch_size}; seed {seed}",)
    # one card for each row of the table, so that the numbers can be compared
    picture = flow(
        found, title=title, subtitle=f"test accuracy {test:.1%}", facts=facts, theme=theme, merge_activations=False
    )
    page = bound(report(monitor, title="The training, step by step"), model, criterion, digits, found, title)
    for written in (picture.save(folder / "gradient-flow.svg"), page.save(folder / "report.html")):
        print(f"written: {written}")
    return found


def bound(page: Page, model: nn.Module, criterion: Any, digits: Any, found: health.Report, title: str) -> Page:
    """Return the report, the network from its layers down to single numbers, and what it sees, in one file."""
    images, labels = digits.train.images[:32], digits.train.labels[:32]
    with np.errstate(all="ignore"):
        loss = criterion(model(ag.Tensor(images, requires_grad=True, name="input")), labels)
        loss.backward()
        inside = zoom(loss, report=found, title="From the layers to single numbers")
        seen = predictions(model, digits.test.images, digits.test.labels, title="What it says of the test images")
    return bind({"Training": page, "Inside": inside, "What it sees": seen}, title=title)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # before the training, not after it
            pass
    except OSError as error:
        raise SaveError(f"{folder}: {error.strerror}; choose another folder with -o") from None


def _compile_kernels(activation: str, dataset: Any) -> None:
    """Run one step of a network like the demo's: numba compiles what it needs, or loads it from its cache."""
    from viz.compile_lines import one_line  # brings numba

    with one_line():
        model = network(activation, None, np.random.default_rng(0))
        scores = model(ag.Tensor(dataset.images[:64], requires_grad=True))
        nn.CrossEntropyLoss()(scores, dataset.labels[:64]).backward()
        ag.softmax(scores, axis=1)  # of the predictions


def _progress(steps: range, title: str) -> Any:
    from tqdm import tqdm

    return tqdm(steps, desc=title, unit="epoch", disable=None, leave=False)
