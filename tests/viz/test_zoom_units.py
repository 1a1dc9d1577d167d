"""The units that a zoom shows are those that health tells of, channels of sequences too."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn
from tests.health.test_units import LARGER
from tests.viz.test_zoom_terms import elements, parts
from viz.zooms.elements import term_counts
from viz.zooms.zooming import zoom_data


def loss_of(first, shape, **behind):
    """Return the loss, on 40 samples, of a layer of four units, two of them dead, and of what stands behind it."""
    first.bias.assign(np.array([0, -1e6, 0, -1e6], np.float32))
    features = nn.Sequential(first=first, active=nn.ReLU(), **behind, flatten=nn.Flatten())
    rng = np.random.default_rng(0)
    rows = features(rng.normal(size=(40, *shape)).astype(np.float32))
    loss = F.cross_entropy(nn.Linear(rows.shape[1], 3, rng=0)(rows), np.arange(40) % 3)
    loss.backward()
    return loss


@pytest.mark.parametrize(
    ("first", "shape", "axis", "count", "terms"),
    [
        (nn.Conv1d(2, 4, 3, rng=0), (2, 8), 0, 24, 6),
        (nn.Conv2d(2, 4, (1, 3), rng=0), (2, 1, 8), 0, 24, 6),
        (nn.Linear(7, 4, rng=0), (5, 7), 1, 20, 7),
        (nn.Linear(7, 4, rng=0), (2, 5, 7), 2, 40, 7),
    ],
)
def test_units_of_any_number_of_axes(first, shape, axis, count, terms):
    loss = loss_of(first, shape)
    section = next(s for s in zoom_data(loss).sections if s.key == "first")
    table = section.units
    assert (table.axis, table.states) == (axis, ("active", "dead", "active", "dead"))
    assert [p.value.shape[0] for p in table.parameters] == [4, 4]
    part = next(part for part in parts(loss)[0] if part.key == "first")
    sums = part.activations[0].inputs[0].value
    np.testing.assert_array_equal(table.before.highest, sums.max(axis=tuple({*range(sums.ndim)} - {1 + axis})))
    assert term_counts(part, 40) == (count, terms)
    assert len(elements(loss, "first", most_terms=3 * terms).places) == 3


def test_maxima_of_sequences_are_of_the_same_channels():
    loss = loss_of(nn.Conv1d(2, 4, 3, rng=0), (2, 8), pool=nn.MaxPool1d(2))
    section = next(s for s in zoom_data(loss).sections if s.key == "pool")
    assert (section.units.axis, len(section.units.states)) == (0, 4)


def test_what_goes_in_beside_the_channels_is_of_the_same_units():
    rng = np.random.default_rng(0)
    least = ag.Tensor(rng.normal(size=(40, 4, 6)).astype(np.float32), requires_grad=True)
    with ag.scope("first"):
        y = LARGER(least, nn.Conv1d(2, 4, 3, rng=0)(rng.normal(size=(40, 2, 8)).astype(np.float32)))
    loss = (y * y).mean()
    loss.backward()
    table = zoom_data(loss).sections[0].units
    np.testing.assert_array_equal(table.before.highest, least.value.max(axis=(0, 2)))
    np.testing.assert_array_equal(table.after.highest, y.value.max(axis=(0, 2)))
