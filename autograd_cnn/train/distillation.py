"""Distillation: one network learns what a larger one, or an ensemble, thinks of every class (Hinton et al. 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import data, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.errors import OutOfRangeError, ShapeError
from autograd_cnn.settings import number
from autograd_cnn.train.ensembles import Ensemble, checked_temperature
from autograd_cnn.train.history import History
from autograd_cnn.train.trainer import Trainer


class DistillationLoss:
    """The student's cross entropy against softened probabilities of a teacher, and against the labels.

    Parameters
    ----------
    temperature : float
        T, above 0: what scores are divided by before the softmax, the teacher's and the student's. Above 1 it shows
        which wrong classes the teacher finds likelier than others.
    weight : float
        α, from 0 to 1: how much the teacher counts; the labels count 1 − α.

    Raises
    ------
    ArgumentError
        For numbers outside these.

    Notes
    -----
    α·T²·H(softmax(teacher/T), softmax(scores/T)) + (1 − α)·H(labels, softmax(scores)), with the cross entropy H. The
    gradient of the first term shrinks with 1/T², which the factor T² undoes; it differs from the Kullback–Leibler
    divergence by the teacher's entropy, which is constant.
    """

    def __init__(self, temperature: float = 4.0, weight: float = 0.9) -> None:
        self.temperature = checked_temperature("DistillationLoss", temperature)
        self.weight = number("DistillationLoss", "weight", weight, 0, 1, "a number from 0 to 1")

    def __call__(self, scores: Any, targets: Any) -> Any:
        """Return the mean loss over a batch.

        Parameters
        ----------
        scores : (N, K) array or node
            Of the student.
        targets : (N, 2, K) array, or (N,) integers
            The labels and the teacher's softened probabilities, as `targets` returns them. Labels alone, such as
            those of validation data, are judged by their cross entropy.
        """
        shape = tuple(targets.shape)
        if len(shape) == 1:
            return F.cross_entropy(scores, targets)
        if shape != (scores.shape[0], 2, *scores.shape[1:]):
            raise ShapeError(f"DistillationLoss: scores {scores.shape} and targets {shape}, expected (N, K), (N, 2, K)")
        hard, soft = targets[:, 0], targets[:, 1]
        taught = F.cross_entropy(scores / self.temperature, soft) * self.temperature**2
        return taught * self.weight + F.cross_entropy(scores, hard) * (1 - self.weight)

    def targets(self, teacher: Any, dataset: Any) -> NDArray[Any]:
        """Return what a student is to learn, (N, 2, K): the labels as probabilities, and what the teacher says.

        Parameters
        ----------
        teacher : Ensemble, or a network
        dataset : Dataset, or (images, labels)

        Raises
        ------
        OutOfRangeError
            For labels of classes that the teacher does not know.
        """
        samples = data.batches(dataset, 256, shuffle=False)
        together = teacher if isinstance(teacher, Ensemble) else Ensemble([teacher])
        soft = together.predict(samples.images, temperature=self.temperature)
        classes, labels = soft.shape[1], samples.labels
        if labels.dtype.kind not in "iu" or not 0 <= labels.min() <= labels.max() < classes:
            raise OutOfRangeError(f"distillation: expected labels from 0 to {classes - 1}, as the teacher knows them")
        hard = labels[:, None] == np.arange(classes)
        wide = samples.images.dtype == np.float64
        return np.stack([hard, soft], axis=1).astype(np.float64 if wide else np.float32)


def distill(
    teacher: Any,
    student: Any,
    train: Any,
    validation: Any = None,
    *,
    temperature: float = 4.0,
    weight: float = 0.9,
    optimizer: optim.Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 64,
    rng: np.random.Generator | int | None = None,
    drop_last: bool = False,
    resume: bool = False,
    **options: Any,
) -> History:
    """Train one network to say what a teacher says: most of an ensemble's gain, at the cost of a single network.

    Parameters
    ----------
    teacher : Ensemble, or a network
        It sees every image of `train` once, before the training.
    student : Module
        The network that learns.
    train, validation : Dataset, or (images, labels)
        To learn from, and to judge every epoch by; the student's loss on validation data is that of their labels.
    temperature, weight : float
        See `DistillationLoss`.
    optimizer : Optimizer, optional
        Of the student's parameters; by default Adam.
    epochs, batch_size, rng, drop_last, resume
        As of `Trainer.fit`.
    **options
        Of the `Trainer`, such as ``early_stopping`` or ``scheduler``.

    Returns
    -------
    History
        Of the training; its accuracies are those on validation data.
    """
    loss = DistillationLoss(temperature, weight)
    images = data.batches(train, batch_size, shuffle=False).images
    running = Trainer(student, loss, optimizer or optim.Adam(student.parameters()), **options)
    return running.fit(
        (images, loss.targets(teacher, train)),
        validation,
        epochs=epochs,
        batch_size=batch_size,
        rng=rng,
        drop_last=drop_last,
        resume=resume,
    )
