"""A tape's numbers are the engine's: step by step, branch by branch, at the end."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given

import autograd_cnn as ag
from autograd_cnn.errors import GradientError
from autograd_cnn.testing import strategies
from viz.captions import one_number, strength
from viz.collapsing import collapsed
from viz.errors import TooLargeError, UndrawableError
from viz.exchange import decoded, encoded
from viz.folding import selection
from viz.players import play_of, player
from viz.style import number, whole_points
from viz.tape import MOST_NUMBERS, Play, quantity


def notes_example():
    x, y, z = (ag.Scalar(v, name=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    return (x + y) * z


def recorded(graph):
    """Return the output of a random graph."""
    return graph(*graph.leaves())


def same(words, value):
    """Whether a quantity's words are those of a value or gradient."""
    return words == (number(one_number(value)) if np.size(value) == 1 else f"RMS {number(strength(value))}")


def check_tape(output, limit=300):
    """Compare every step of the tape of `output` with the engine."""
    back = {step.node: step for step in ag.backward_steps(output)}
    node_of = {f"n{i}": drawn.node for i, drawn in enumerate(collapsed(selection(output), limit).drawn)}
    play = play_of(output, limit=limit)
    tape = play.tape
    turns, seed = tape.turns, next(i for i, turn in enumerate(tape.turns) if turn.kind == "seed")
    gates = [box for box, node in node_of.items() if node.gate is not None]
    assert [turn.box for turn in turns[1:seed]] == gates
    assert [turn.box for turn in turns[seed + 1 : -1]] == [box for box in reversed(gates) if node_of[box] in back]
    assert (turns[0].kind, turns[-1].kind) == ("leaves", "end")
    for turn in turns[1:-1]:
        node = node_of[turn.box]
        assert same(turn.value.words, node.value)
        if turn.kind != "forward":
            assert same(turn.upstream.words, back[node].upstream)
    check_wires(play, node_of, back)
    check_sums(tape, node_of, back)
    for leaf in tape.leaves:
        node = node_of[leaf.box]
        assert same(leaf.value.words, node.value)
        assert (leaf.gradient is None) == (node not in back)
        if leaf.gradient:
            assert same(leaf.gradient.words, back[node].upstream)
    return tape


def check_wires(play, node_of, back):
    """Every wire ends with the gradient of what it stands for; nothing shows before its step."""
    computed = {turn.box: i for i, turn in enumerate(play.tape.turns) if turn.kind == "forward"}
    returned = {turn.box: i for i, turn in enumerate(play.tape.turns) if turn.kind == "backward"}
    for track, wire in zip(play.tape.tracks, play.diagram.wires, strict=True):
        assert (track.tail, track.head, track.value) == (wire.tail, wire.head, wire.value)
        assert wire.gradient in ("—", "each —")
        assert track.step == (computed.get(track.source, 0) if track.source in node_of else track.step)
        assert [m.step for m in track.marks] == sorted(m.step for m in track.marks)
        if track.head == "out" or track.head == f"{track.source}j":
            node = node_of[track.source]
            if node in back:
                assert track.marks[-1].words == number(one_number(back[node].upstream))
                assert track.marks[-1].width == whole_points(strength(back[node].upstream))
            else:
                assert not track.marks
        elif track.head in node_of:
            assert {m.step for m in track.marks} <= {returned.get(track.head)}


def check_sums(tape, node_of, back):
    """What the branches send adds up to the gradient of a node, and the running sums lead there."""
    parts, last = defaultdict(list), {}
    for turn in tape.turns:
        for sent in turn.sent:
            source = tape.tracks[sent.wire].source
            if source not in node_of:
                continue
            if sent.before:
                assert sent.before.words == last[source].words
            parts[source].append(sent)
            last[source] = sent.after or sent.amount
    for source, sent in parts.items():
        upstream = back[node_of[source]].upstream
        assert same(last[source].words, upstream)
        assert (len(sent) > 1) == any(s.after is not None for s in sent)
        if np.size(upstream) == 1 and np.isfinite(upstream).all():
            total = math.fsum(s.amount.numbers[0] for s in sent)
            size = sum(abs(s.amount.numbers[0]) for s in sent)
            assert total == pytest.approx(one_number(upstream), rel=1e-4, abs=1e-5 * size)
    reached = {box for box, node in node_of.items() if node in back}
    assert reached == {*parts, next(reversed(node_of))}


@given(strategies.graphs(level="scalar"))
def test_the_steps_of_random_scalar_graphs(graph):
    check_tape(recorded(graph))


@given(strategies.graphs(level="tensor"))
def test_the_steps_of_random_tensor_graphs(graph):
    check_tape(recorded(graph))


def test_the_chain_rule_of_the_notes():
    tape = check_tape(notes_example())
    multiply, add = (turn for turn in tape.turns if turn.kind == "backward")
    assert multiply.lesson.startswith("Switcher")
    assert multiply.rule == "b and a"
    rows = [(s.target, s.symbols, s.numbers, s.amount.words) for turn in (multiply, add) for s in turn.sent]
    assert rows == [
        ("∂f/∂v1", "∂f/∂f · ∂f/∂v1", "1 · (−4)", "−4"),
        ("∂f/∂z", "∂f/∂f · ∂f/∂z", "1 · 3", "3"),
        ("∂f/∂x", "∂f/∂v1 · ∂v1/∂x", "(−4) · 1", "−4"),
        ("∂f/∂y", "∂f/∂v1 · ∂v1/∂y", "(−4) · 1", "−4"),
    ]
    assert [(turn.expression, turn.numbers) for turn in tape.turns if turn.kind == "forward"] == [
        ("x + y", "(−2) + 5"),
        ("v1 × z", "3 × (−4)"),
    ]


def test_branches_add_up_in_order():
    x = ag.Scalar(3.0, name="x")
    tape = check_tape(x * x + 2 * x)
    sums = [
        (s.before and s.before.words, s.amount.words, s.after.words, s.note)
        for t in tape.turns
        for s in t.sent
        if s.after
    ]
    assert sums == [
        (None, "2", "2", "branch 1 of 3"),
        ("2", "3", "5", "input 1 of the gate, branch 2 of 3"),
        ("5", "3", "8", "input 2 of the gate, branch 3 of 3"),
    ]
    assert tape.leaves[0].branches == "2 + 3 + 3"


def test_the_product_in_numbers_is_what_is_sent():
    x, y = ag.Scalar(0.3, name="x"), ag.Scalar(-1.7, name="y")
    tape = check_tape(ag.tanh(x * y) / (ag.exp(x) + y * y))
    for turn in tape.turns:
        for sent in turn.sent:
            left, right = (float(part.strip("() ").replace("−", "-")) for part in sent.numbers.split("·"))
            assert left * right == pytest.approx(sent.asked, rel=2e-3)


def neuron(n):
    w, x = ([ag.Scalar(0.1 * i - 0.4, name=f"{name}{i}") for i in range(n)] for name in "wx")
    products = [a * b for a, b in zip(w, x, strict=True)]
    total = products[0]
    for product in products[1:]:
        total = total + product
    return ag.tanh(total + 0.5), products, w


def test_a_folded_sum_is_one_step():
    output, _, _ = neuron(12)
    tape = check_tape(output)
    forward = [turn for turn in tape.turns if turn.kind == "forward"]
    assert [turn.title for turn in forward][-2:] == ["Σ sum of 12 terms", "tanh"]
    assert "… 9 more …" in forward[-2].expression
    (back,) = (turn for turn in tape.turns if turn.kind == "backward" and turn.title.startswith("Σ"))
    (folded,) = (sent for sent in back.sent if sent.note)
    assert folded.note == "for each of 9 folded terms"
    assert folded.amount.words == f"each {back.upstream.words}"


def test_terms_that_share_a_weight_send_it_one_sum():
    w = ag.Scalar(0.5, name="w")
    xs = [ag.Scalar(float(i), name=f"x{i}") for i in range(12)]
    total = w * xs[0]
    for x in xs[1:]:
        total = total + w * x
    tape = check_tape(total)
    assert tape.leaves[0].gradient.words == "66"
    assert any(
        s.note.startswith("from gates that are folded") and s.amount.words == "54" for t in tape.turns for s in t.sent
    )


def test_a_row_of_blocks_alike_is_one_step():
    x = ag.Scalar(0.3, name="x")
    w = ag.Scalar(0.9, name="w")
    h = x
    for _ in range(20):
        h = ag.tanh(h * w)
    tape = check_tape(h)
    assert any("blocks alike" in turn.title for turn in tape.turns)
    assert any(sent.note.startswith("through all") for turn in tape.turns for sent in turn.sent)


def test_layers_that_are_too_many_are_one_step_each():
    x = ag.Scalar(0.3, name="x")
    for layer in range(5):
        with ag.scope(f"layer{layer}"):
            x = (ag.tanh, ag.sin, ag.exp)[layer % 3](x * ag.Scalar(0.5, name=f"w{layer}") + x)
    tape = check_tape(x * x, limit=6)
    forward = [turn for turn in tape.turns if turn.kind == "forward"]
    assert [turn.title for turn in forward] == [*(f"layer layer{i}, 3 gates" for i in range(5)), "× multiply"]
    assert forward[1].expression == "layer1(v1)"
    notes = [sent.note for turn in tape.turns for sent in turn.sent]
    assert notes.count("through the layer") == 4
    assert not tape.leaves  # each is a parameter of one layer


def test_nodes_of_one_name_are_told_apart():
    x, again = ag.Scalar(1.0, name="x"), ag.Scalar(2.0, name="x")
    y = x * again
    for layer in "ab":
        with ag.scope(layer):
            y = ag.tanh(y * ag.Scalar(0.5, name="w"))
    tape = check_tape(y)
    assert [leaf.name for leaf in tape.leaves] == ["x", "x (2)", "a/w", "b/w"]
    assert tape.turns[1].expression == "x × x (2)"


def test_what_gets_no_gradient_has_no_mark():
    x = ag.Scalar(2.0, name="x")
    target = ag.Scalar(3.0, requires_grad=False, name="t")
    play = play_of((x - target) * target)
    marks = Counter(bool(track.marks) for track in play.tape.tracks if track.source == "n1")
    assert marks == {False: 3}
    assert [leaf.gradient is None for leaf in play.tape.leaves] == [False, True]


def test_no_grad_is_written_and_old_ones_are_not_shown():
    output = notes_example()
    output.backward()
    before = [node.grad for node in ag.nodes(output)]
    play = play_of(output)
    assert [node.grad for node in ag.nodes(output)] == before
    assert all("gradient —" in box.tooltip for box in play.diagram.boxes if "gradient" in box.tooltip)


def test_a_seed_of_ones_own():
    output = notes_example()
    tape = play_of(output, seed=10.0).tape
    assert [leaf.gradient.words for leaf in tape.leaves] == ["−40", "−40", "30"]


def test_small_arrays_are_whole_and_large_ones_sampled():
    small = quantity(np.arange(16.0).reshape(4, 4))
    assert (small.whole, small.columns, small.numbers) == (True, 4, tuple(range(16)))
    large = quantity(np.arange(6000.0).reshape(10, 20, 30))
    assert not large.whole
    assert len(large.numbers) <= 72
    assert len(large.numbers) > MOST_NUMBERS
    assert (large.numbers[0], large.numbers[-1]) == (0, 6000)  # 5999 in three digits
    assert large.words == f"RMS {number(float(np.sqrt(np.mean(np.arange(6000.0) ** 2))))}"
    assert quantity(np.zeros((0, 3))).words == "empty"


@given(strategies.graphs(level="tensor", max_nodes=5))
def test_a_play_is_plain_data(graph):
    play = play_of(recorded(graph))
    assert decoded(Play, encoded(play)) == play


def test_what_is_too_large_says_how_to_draw_less():
    x = ag.Scalar(1.0, name="x")
    for i in range(12):
        x = (ag.sin, ag.cos, ag.tanh)[i * i % 7 % 3](x) * ag.Scalar(1.0, name=f"w{i}")
    with pytest.raises(TooLargeError, match=r"more than 20 gates.*limit="):
        player(x, limit=20)
    assert len(play_of(x, limit=24).tape.turns) == 24 + 2 + 24 + 1


def test_wrong_use_is_refused():
    with pytest.raises(UndrawableError, match="player: got str"):
        player("x + y")
    with pytest.raises(UndrawableError, match="play it alone"):
        player(notes_example(), 3.0)
    with pytest.raises(GradientError, match="needs a seed"):
        player(ag.Tensor([1.0, 2.0], requires_grad=True) * 2)
    with pytest.raises(GradientError, match="does not require a gradient"):
        player(ag.Scalar(1.0, requires_grad=False) * 2)
