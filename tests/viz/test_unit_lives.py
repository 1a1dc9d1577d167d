"""When units died, starved or saturated, in words and as data."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import health
from autograd_cnn.health.lives import Spell
from autograd_cnn.health.timeline import Timeline
from viz.timelines import Course
from viz.unit_lives import lives_data, lives_words


def course(*spells: Spell) -> Course:
    with ag.scope("relu"):
        y = ag.relu(ag.Tensor(np.ones((2, 8)), requires_grad=True))
    report = health.inspect(y.sum())
    return Course(Timeline((), (report,), {"relu": spells}), (report,), ())


def spell(unit: int, since: int, until: int | None = None, state: str = "dead") -> Spell:
    return Spell(unit, state, since, since, until)


@pytest.mark.parametrize(
    ("spells", "summary"),
    [
        ((), "none of 8 ever dead, starved or saturated"),
        ((spell(3, 1, 2), spell(3, 4, 6), spell(3, 8, 9)), "none of 8 dead at the end; 1 recovered on the way"),
        (
            (spell(3, 1, 2), spell(3, 4), spell(5, 1, 4), spell(6, 1, 4), spell(6, 5, 7)),
            "1 of 8 dead at the end, the first since step 4; 2 recovered on the way",
        ),
        (
            (spell(2, 1, 4), spell(2, 4, state="starved")),
            "none of 8 dead at the end; 1 of 8 starved at the end, the first since step 4",
        ),
    ],
)
def test_units_that_recovered_are_counted_once_and_only_if_they_are_well_at_the_end(
    spells: tuple[Spell, ...], summary: str
) -> None:
    shown = course(*spells)
    (data,) = lives_data(shown)
    assert (data["layer"], data["units"], data["summary"]) == ("relu", 8, summary)
    assert len(data["spells"]) == len(spells)
    assert (summary in lives_words(shown)) == bool(spells)
