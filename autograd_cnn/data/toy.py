"""Points in the plane that no straight line parts: two moons, and the spirals of the notes."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.memory import in_memory
from autograd_cnn.random import generator
from autograd_cnn.settings import magnitude, whole


def two_moons(
    points: int = 100, noise: float = 0.1, *, rng: np.random.Generator | int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return two half circles that reach into each other.

    Parameters
    ----------
    points : int
        How many in all; an odd one belongs to class 0.
    noise : float
        Standard deviation of what is added to both coordinates.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from; the default generator.

    Returns
    -------
    (points, 2) float32 and (points,) int64 arrays
        The points, class 0 first, and their classes: 0 for the upper moon, 1 for the lower one.

    Raises
    ------
    ArgumentError, OutOfMemoryError
        For less than two points, or more than fit in memory, or noise below 0.

    Notes
    -----
    (cos t, sin t) and (1 − cos t, ½ − sin t), t from 0 to π: scikit-learn's ``make_moons`` without shuffling.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> points, labels = data.two_moons(4, noise=0)
    >>> points.round(2) + 0, labels
    (array([[ 1. ,  0. ],
           [-1. ,  0. ],
           [ 0. ,  0.5],
           [ 2. ,  0.5]], dtype=float32), array([0, 0, 1, 1]))
    """
    points, noise = whole("two_moons", "points", points, 2), magnitude("two_moons", "noise", noise)
    with _room_for("two_moons", points):
        lower = points // 2
        upper = np.linspace(0, math.pi, points - lower)
        angles = np.linspace(0, math.pi, lower)
        along = np.concatenate([np.cos(upper), 1 - np.cos(angles)])
        up = np.concatenate([np.sin(upper), 0.5 - np.sin(angles)])
        spread = noise * generator(rng).standard_normal((points, 2))
        labels = np.repeat(np.arange(2, dtype=np.int64), [points - lower, lower])
        return (np.stack([along, up], axis=1) + spread).astype(np.float32), labels


def spirals(
    points: int = 100, classes: int = 3, noise: float = 0.2, *, rng: np.random.Generator | int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return arms that wind around the origin, one for each class.

    CS231n, neural networks case study, "Generating some data".

    Parameters
    ----------
    points : int
        On each arm.
    classes : int
        How many arms.
    noise : float
        Standard deviation of what is added to the angles, in radians.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from; the default generator.

    Returns
    -------
    (classes · points, 2) float32 and (classes · points,) int64 arrays
        The points, arm by arm from the middle outwards, and their classes.

    Raises
    ------
    ArgumentError, OutOfMemoryError
        For less than one point or class, or more than fit in memory, or noise below 0.

    Notes
    -----
    (r·sin t, r·cos t), with the radius r from 0 to 1 and the angle t from 4j to 4(j + 1) on arm j. Four radians from
    one arm to the next part three of them almost evenly.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> points, labels = data.spirals(rng=0)
    >>> points.shape, labels.shape
    ((300, 2), (300,))
    """
    points, classes = whole("spirals", "points", points, 1), whole("spirals", "classes", classes, 1)
    noise = magnitude("spirals", "noise", noise)
    with _room_for("spirals", classes * points):
        arms = np.arange(classes)
        radius = np.linspace(0, 1, points)
        angle = 4 * arms[:, None] + np.linspace(0, 4, points)
        angle = angle + noise * generator(rng).standard_normal(angle.shape)
        found = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1)
        return found.reshape(-1, 2).astype(np.float32), np.repeat(arms, points).astype(np.int64)


def _room_for(name: str, points: int) -> AbstractContextManager[None]:
    """Raise OutOfMemoryError where so many points, made in the ``with`` block, do not fit in memory."""
    return in_memory(f"{name}: points", (points, 2), 8, "ask for fewer")
