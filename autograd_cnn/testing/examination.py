"""One check from beginning to end: run, walk back, judge coordinate by coordinate, move off kinks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Scalar
from autograd_cnn.testing.blaming import Evidence, Rules
from autograd_cnn.testing.judging import UNSEEN, UNSEEN_BESIDE, Judgement, Line, Obstacle, judge
from autograd_cnn.testing.oracles import falling_rate
from autograd_cnn.testing.place import Place
from autograd_cnn.testing.report import Coordinate, Report, Verdict
from autograd_cnn.testing.run import Run, Vector
from autograd_cnn.testing.subject import Subject

_DIRECTIONS = 6
_NUDGES = (2.0**-5, 2.0**-7, 2.0**-4, 2.0**-9, 2.0**-6, 2.0**-11)
_ON_THE_KINK = 2.0**-40
_OTHER_SEED = -0.5  # a power of two: a linear backward pass keeps every digit
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Examination:
    """How to check: see the parameters of `check`."""

    oracle: str
    mode: str
    kinks: str
    seed: int
    order: int


@dataclass(frozen=True)
class Question:
    """One number to check: a coordinate, or a direction through all of them."""

    name: str
    index: tuple[int, ...] | None
    direction: Vector


def examine(subject: Subject, how: Examination) -> Report:
    """Return what a check finds, its verdict not yet drawn together from its coordinates."""
    rng = np.random.default_rng(how.seed)
    before = Scalar(0.0).serial
    own = subject.run(subject.start, wide=False)
    subject.widen(own, before)
    if not subject.weights:
        subject.weigh(own.outputs, rng)
    evidence = Evidence(own, tuple(subject.weights), Rules(own.outputs))
    report = functools.partial(Report, oracle=how.oracle, seed=how.seed)
    place = _place(subject, own)
    if not isinstance(place, Place):
        verdict, note = place
        return report(verdict, notes=(note,), evaluations=subject.evaluations, evidence=evidence)
    questions = list(_questions(subject, how, rng))
    found, evidence = _answers(place, questions, how, evidence, rng)
    if subject.only_one:
        found, evidence = _for_another_seed(place, questions, found, evidence)
    rate = _taylor(place, rng)
    return report(
        Verdict.OK,
        coordinates=tuple(found),
        notes=tuple(_remarks(place)),
        evaluations=subject.evaluations,
        taylor_rate=rate,
        evidence=evidence,
    )


def _place(subject: Subject, own: Run) -> Place | tuple[Verdict, str]:
    """Return the point given with all that is known there; or why it can go no further, with the verdict."""
    again = subject.run(subject.start, wide=False)
    if not np.array_equal(own.value, again.value, equal_nan=True):
        words = "two runs at the same point differ: seed what is random, or let it use the default generator"
        return Verdict.NONDETERMINISTIC, words
    if not own.finite:
        count = int((~np.isfinite(own.value)).sum())
        return Verdict.NONFINITE, f"of {own.value.size} numbers that the function returned, {count} are not finite"
    try:
        for seed in (1.0, _OTHER_SEED) if subject.only_one else (1.0,):
            subject.backward(own, seed)
    except Exception as error:  # a rule may fail in any way it likes
        return Verdict.WRONG, f"the backward pass raised {type(error).__name__}: {error}"
    try:
        return Place(subject, subject.start, own)
    except AutogradError as error:
        words = f"the function cannot be run in float64, where its gradient would be judged: {error}"
        return Verdict.ILL_CONDITIONED, words


def _answers(
    place: Place, questions: list[Question], how: Examination, evidence: Evidence, rng: np.random.Generator
) -> tuple[list[Coordinate], Evidence]:
    """Judge every question; ties gate by gate, and what stands at a kink at a point moved off it.

    Returns
    -------
    tuple
        The answers; the evidence of the moved point, where a gradient was found wrong only there.
    """
    answers = [_answer(place, question, how) for question in questions]
    if how.kinks in ("nudge", "tie"):
        _judge_gate_by_gate(answers, place, evidence, how.kinks == "tie")
    for size in _NUDGES if how.kinks == "nudge" else ():
        open_ = [i for i, answer in enumerate(answers) if answer.verdict in (Verdict.KINK, Verdict.TIE)]
        moved = _nudged(place, size, rng) if open_ else None
        if moved is None:
            continue
        failed_here = any(answer.verdict is Verdict.WRONG for answer in answers)
        for i in open_:
            answer = _answer(moved, questions[i], how)
            if answer.verdict in (Verdict.KINK, Verdict.TIE):
                continue
            note = "; ".join(
                filter(None, (answers[i].note, f"judged at a point moved by up to {size:.0e}", answer.note))
            )
            answers[i] = replace(answer, note=note)
            if answer.verdict is Verdict.WRONG and not failed_here:
                evidence = replace(evidence, run=moved.own)
    return answers, evidence


def _judge_gate_by_gate(answers: list[Coordinate], place: Place, evidence: Evidence, settle: bool) -> None:
    """Hold every gate by itself against its forward and, on a tie, against what it declares, where answers are open.

    A wrong rule may jump where the function does not: then what stays open, or what differences say beside a tie,
    hides it. With `settle`, gates that are all right are all there is to say of a kink.
    """
    exact = not place.narrow and not any(x.dtype.itemsize < 8 for x in place.subject.leaves)
    kinks = [i for i, answer in enumerate(answers) if answer.verdict in (Verdict.KINK, Verdict.TIE)]
    rough = [i for i, answer in enumerate(answers) if exact and answer.verdict is Verdict.ILL_CONDITIONED]
    if not kinks and not rough:
        return
    blamed = evidence.culprit()
    for i in kinks + rough:
        words = blamed.message if blamed.gate is not None else "every gate there follows its rule"
        note = f"{answers[i].note}: {words}"
        if blamed.gate is not None:
            answers[i] = replace(answers[i], verdict=Verdict.WRONG, numeric=blamed.numeric, bar=blamed.bar, note=note)
        elif settle and i in kinks:
            answers[i] = replace(answers[i], verdict=Verdict.OK, note=note)
        elif i in kinks:
            answers[i] = replace(answers[i], note=note)


def _for_another_seed(
    place: Place, questions: list[Question], answers: list[Coordinate], evidence: Evidence
) -> tuple[list[Coordinate], Evidence]:
    """Walk back from another seed too: a gradient is linear in it.

    From the seed 1 of a function of one number, a rule that forgets its upstream gradient looks right.
    """
    given = place.backward.gradient
    other = place.subject.backward(place.own, _OTHER_SEED).gradient / _OTHER_SEED
    failed = any(answer.verdict is Verdict.WRONG for answer in answers)
    judged = list(answers)
    for i, question in enumerate(questions):
        here, there = (place.along(gradient, question.direction) for gradient in (given, other))
        if here == there or not np.isfinite(here) or answers[i].verdict is Verdict.WRONG:
            continue
        bar = UNSEEN * max(abs(here), abs(there)) + UNSEEN_BESIDE * place.scale
        bar += place.rounding_along(question.direction)
        if not abs(here - there) <= bar:
            note = f"for a seed of {_OTHER_SEED:g}, divided by it; for 1 it is {here:.7g}: the rules are not linear"
            judged[i] = replace(answers[i], analytic=there, numeric=here, bar=bar, verdict=Verdict.WRONG, note=note)
    if judged != answers and not failed:
        evidence = replace(evidence, run=place.own, weights=tuple(_OTHER_SEED * w for w in evidence.weights))
    return judged, evidence


def _remarks(place: Place) -> list[str]:
    notes = []
    subject = place.subject
    if any(x.dtype.itemsize < 8 for x in subject.leaves):
        notes.append("the backward pass in narrow precision is judged by differences in float64")
    if place.narrow:
        notes.append(f"{place.narrow} is narrow although its inputs are float64: differences cannot prove much")
    if len(place.own.value) > 1:
        notes.append(
            "the outputs are weighed with random numbers and added up; what is checked is the gradient of that"
        )
    if not subject.start.size:
        notes.append("the inputs have no elements: there is nothing to check")
    return notes


def _questions(subject: Subject, how: Examination, rng: np.random.Generator) -> Iterator[Question]:
    size = subject.start.size
    if how.mode == "full":
        for i, (name, index) in enumerate(subject.coordinates):
            direction = np.zeros(size)
            direction[i] = 1.0
            yield Question(name, index, direction)
    elif size:
        for i in range(_DIRECTIONS):
            direction = rng.uniform(0.5, 1.0, size) * rng.choice((-1.0, 1.0), size)
            yield Question(f"direction {i}", None, direction / np.linalg.norm(direction))


def _answer(place: Place, question: Question, how: Examination) -> Coordinate:
    """Judge one coordinate or direction at one place."""
    v = question.direction
    analytic = place.along(place.backward.gradient, v)
    answer = functools.partial(Coordinate, question.name, question.index, how.order, analytic)
    if not np.isfinite(analytic):
        return answer(float("nan"), float("nan"), 0.0, Verdict.NONFINITE, "the gradient is not finite")
    if place.parted is not None:
        return answer(float("nan"), float("inf"), 0.0, Verdict.TIE, f"narrow precision parts at {place.parted}")
    line = place.line(v)
    in_wide = place.along(place.wide_backward.gradient, v)
    rounding: Callable[[], float] = lambda: place.rounding_along(v)  # noqa: E731
    try:
        found = judge(line, in_wide, place.scale, rounding, _EPS, how.oracle)
    except Obstacle as obstacle:
        verdict = _kind_of(obstacle, line)
        return answer(float("nan"), float("inf"), line.least, verdict, f"every step meets {obstacle.words}")
    if found.verdict is Verdict.WRONG and place.narrow:
        found = Judgement(Verdict.ILL_CONDITIONED, found.estimate, f"computed narrowly: {place.narrow}")
    value, bar, step = found.estimate
    if found.verdict is Verdict.OK and analytic != in_wide:
        bar += place.rounding_along(v)
        if abs(analytic - value) > bar:
            return answer(value, bar, step, Verdict.WRONG, f"in narrow precision alone: in float64 it is {in_wide:.7g}")
    return answer(value, bar, step, found.verdict, found.note)


def _kind_of(obstacle: Obstacle, line: Line) -> Verdict:
    """Tell a tie, which any step leaves, from a kink that is only too near, and from the edge of the domain."""
    if not obstacle.kink:
        return Verdict.ILL_CONDITIONED
    try:
        line.change(line.start * _ON_THE_KINK, -line.start * _ON_THE_KINK)
    except Obstacle:
        return Verdict.TIE
    return Verdict.KINK


def _nudged(place: Place, size: float, rng: np.random.Generator) -> Place | None:
    """Return a place nearby, or None where the function is not finite."""
    x = place.x
    by = size * rng.uniform(0.25, 1.0, x.size) * rng.choice((-1.0, 1.0), x.size)
    try:
        moved = Place(place.subject, place.subject.rounded(x + by * np.maximum(1.0, np.abs(x))))
    except AutogradError:
        return None
    return moved if moved.wide.finite and moved.own.finite else None


def _taylor(place: Place, rng: np.random.Generator) -> float | None:
    """Return with which power of the step the remainder of Taylor's first order falls, in a random direction."""
    size = place.x.size
    if not size or not np.isfinite(place.backward.gradient).all() or place.parted is not None:
        return None
    direction = rng.uniform(-1.0, 1.0, size)
    direction /= np.linalg.norm(direction) or 1.0
    line, slope = place.line(direction), float(np.sum(place.backward.gradient * direction))
    h = line.start / 4
    try:
        coarse, fine = (abs(line.change(t, 0.0) - t * slope) for t in (h, h / 2))
    except Obstacle:
        return None
    unit = float(np.max(place.subject.epsilons))
    return float(falling_rate(coarse, fine, 8 * line.noise + 16 * unit * abs(slope) * h))
