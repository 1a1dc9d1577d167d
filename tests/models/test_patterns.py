"""The notes' pattern language: read, written, counted, built; mistakes are pointed at, and nothing crashes or hangs."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import models, nn
from autograd_cnn.models.patterns import LAYERS


def parts(contents):
    return st.builds(models.Part, contents, st.one_of(st.integers(0, 4), st.sampled_from("NMK")), st.booleans())


TREES = st.recursive(
    parts(st.sampled_from(LAYERS)),
    lambda inner: parts(st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)
PATTERNS = st.lists(TREES, min_size=1, max_size=4).map(lambda found: models.Pattern(tuple(found)))


@given(PATTERNS, st.sampled_from(["", " ", "  \n"]), st.sampled_from(["->", "→"]))
def test_what_is_written_is_read(pattern, space, arrow):
    assert models.parse_pattern(str(pattern)) == pattern
    spaced = str(pattern).replace(" ", "").replace("->", space + arrow + space)
    assert models.parse_pattern(re.sub("[A-Z]{2,}", lambda name: name[0].lower(), spaced)) == pattern


@given(PATTERNS, st.dictionaries(st.sampled_from("NMK"), st.integers(0, 3)), st.booleans())
def test_layers_are_written_out_as_products_say(pattern, counts, optional):
    counts = {letter: counts.get(letter, 1) for letter in pattern.letters()}

    def written(part):
        if part.optional and not optional:
            return []
        inside = [part.content] if isinstance(part.content, str) else chain(part.content)
        return inside * counts.get(part.times, part.times)

    def chain(parts):
        return [name for part in parts for name in written(part)]

    expected = chain(pattern.parts)
    assume(len(expected) <= 1000)
    assert [layer.content for layer in pattern.layers(counts, optional=optional)] == expected
    if optional:
        assert pattern.depth(counts) == sum(name in ("CONV", "FC") for name in expected)


@pytest.mark.parametrize(
    ("pattern", "depth", "shape"),
    [
        ("INPUT -> FC", 1, (3, 8, 8)),
        ("INPUT -> CONV -> RELU -> FC", 2, (3, 8, 8)),
        ("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", 4, (3, 8, 8)),
        ("INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC", 9, (3, 8, 8)),
        ("INPUT -> [FC -> TANH]*3 -> FC", 4, (5,)),
        ("INPUT -> [CONV -> NORM -> SIGMOID]*2 -> POOL -> FC -> NORM -> DROPOUT -> FC", 4, (1, 4, 4)),
        ("INPUT -> [[CONV -> RELU]*3 -> POOL]*3 -> FC", 10, (3, 8, 8)),
    ],
)
def test_the_networks_of_the_notes(pattern, depth, shape):
    """CS231n, "Layer Patterns"; layers are counted without pooling and activations, as `summary` does."""
    model = models.from_pattern(pattern, shape, 7, channels=2, hidden=5, rng=0)
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    assert model(x).shape == (3, 7)
    assert models.parse_pattern(pattern).depth() == models.summary(model, shape).layers == depth


def test_vgg16_is_a_pattern():
    """The same layers and the same number of parameters."""
    pattern = "INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> [[CONV -> RELU]*3 -> POOL]*3 -> [FC -> RELU -> DROPOUT]*2 -> FC"
    with nn.skeleton():
        model = models.from_pattern(pattern, (3, 224, 224), 1000, channels=(64, 128, 256, 512, 512), hidden=4096)
    assert sum(p.size for p in model.parameters()) == 138_357_544
    kinds = [row.kind for row in models.summary(model, (3, 224, 224)).rows]
    vgg = [row.kind for row in models.summary(models.vgg16, (3, 224, 224)).rows if row.kind != "AdaptiveAvgPool2d"]
    assert kinds == vgg


def test_letters_options_and_widths():
    text = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
    full = models.from_pattern(text, (1, 8, 8), channels=2, hidden=(6, 5), N=2, M=2, K=2, rng=0)
    assert [layer.out_channels for layer in full if isinstance(layer, nn.Conv2d)] == [2, 2, 4, 4]
    assert [layer.out_features for layer in full if isinstance(layer, nn.Linear)] == [6, 5, 10]
    without = models.from_pattern(text, (1, 7, 7), channels=[3], N=1, M=2, K=0, optional=False, window=5)
    assert [name for name, _ in without.named_children()] == ["conv1", "relu1", "conv2", "relu2", "flatten", "fc1"]
    assert without.fc1.in_features == 3 * 7 * 7
    assert without.conv1.kernel_size == (5, 5)
    again = models.from_pattern(text, (1, 8, 8), channels=2, hidden=(6, 5), N=2, M=2, K=2, rng=0)
    assert all(
        np.array_equal(a, b) for a, b in zip(full.state_dict().values(), again.state_dict().values(), strict=True)
    )
    assert models.parse_pattern(text).letters() == ("M", "N", "K")
    double = models.from_pattern("INPUT -> FC", (4,), dtype=np.float64, dropout=0.1)
    assert double.fc1.weight.dtype == np.float64


MISTAKES = {
    "": ("expected a layer or [", 0),
    "INPUT ->": ("expected a layer or [", 8),
    "INPUT -> CNV -> FC": ("no layer is called CNV; did you mean 'CONV'?", 9),
    "INPUT -> [CONV -> RELU -> FC": ("this bracket is never closed", 9),
    "INPUT -> CONV] -> FC": ("no bracket is open here", 13),
    "INPUT -> [] -> FC": ("expected a layer or [, got ]", 10),
    "INPUT CONV": ("expected -> before the next layer", 6),
    "INPUT -> [CONV -> RELU]* -> FC": ("expected a number or a letter after *", 25),
    "INPUT -> CONV*CONV": ("expected a number or a letter after *", 14),
    "INPUT -> CONV*2*3": ("one repetition, then one question mark: X*2?", 15),
    "INPUT -> CONV*1001": ("more than 1,000 repetitions", 14),
    "INPUT -> CONV*99999999999": ("more than 1,000 repetitions", 14),
    "INPUT -> [CONV*40]*40 -> FC": ("more than 1,000 layers", 9),
    "INPUT -> CONV+FC": ("'+' has no meaning here", 13),
    "INPUT -> " + "[" * 21: ("more than 20 brackets inside each other", 29),
    "CONV -> FC": ("a network begins with INPUT", 0),
    "INPUT*0 -> FC*0": ("a network begins with INPUT", 0),
    "INPUT -> CONV -> INPUT -> FC": ("INPUT stands only at the beginning", 17),
    "INPUT -> CONV -> RELU": ("a network ends with FC, which gives the scores", 17),
    "INPUT -> FC -> CONV -> FC": ("CONV needs images (channels, height, width), not a vector, as FC makes it", 15),
    "INPUT -> POOL*3 -> FC": ("POOL cannot halve 3×3; images divisible by 2 many times fit", 9),
    "INPUT -> CONV*N -> FC": ("how often is N? give N=2 or another number", 9),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_pointed_at(text):
    words, at = MISTAKES[text]
    with pytest.raises(ag.ArgumentError) as caught:
        models.from_pattern(text, (3, 12, 12))
    message, line, caret = str(caught.value).split("\n")
    assert message == f"pattern: {words}"
    assert line.strip() == text.strip()
    assert caret == " " * (2 + at) + "^"


def test_other_wrong_arguments():
    for arguments, words in (
        ({"channels": (2, 3)}, r"channels=\(2, 3\), expected a positive integer, or a list of 1"),
        ({"hidden": -1}, "hidden=.*expected a positive integer"),
        ({"hidden": "ab"}, "hidden='ab'"),
        ({"channels": True}, "channels=True"),
        ({"window": 4}, "window=4, expected an odd positive integer"),
        ({"L": 2}, "L=2, but the pattern has K"),
        ({"k": 2}, "k=2, but the pattern has K"),
        ({"K": -1}, "K=-1, expected an integer of at least 0"),
        ({"K": 1.5}, r"K=1\.5, expected"),
    ):
        with pytest.raises(ag.ArgumentError, match=words):
            models.from_pattern("INPUT -> CONV -> [FC -> RELU]*K -> FC", (3, 4, 4), **({"K": 1} | arguments))
    for shape in ((), (0,), (3, -1, 4), (3, 4.0, 4)):
        with pytest.raises(ag.ArgumentError, match="expected positive integers such as"):
            models.from_pattern("INPUT -> FC", shape)
    with pytest.raises(ag.ArgumentError, match=r"POOL needs images .* not an input of shape"):
        models.from_pattern("INPUT -> POOL -> FC", (4,))
    with pytest.raises(ag.ArgumentError, match="got int, expected a string"):
        models.parse_pattern(3)
    with pytest.raises(ag.ArgumentError, match="10,001 characters"):
        models.parse_pattern(" " * 10_001)
    with pytest.raises(ag.ArgumentError) as caught:
        models.parse_pattern("INPUT -> " + "RELU -> " * 30 + "\t\0")
    line, caret = str(caught.value).split("\n")[1:]
    assert len(line) < 100
    assert caret.endswith("^")


SIGNS = ["->", "->", "[", "]", "*", "?", "2", "N", "conv", "999", " ", "\n", "→", "x_1", "é", "\0"]
PIECES = st.lists(st.sampled_from([*LAYERS, *SIGNS]), max_size=30).map("".join)


@settings(max_examples=100)
@given(st.one_of(st.text(max_size=40), PIECES, PATTERNS.map(lambda p: f"INPUT -> {p} -> FC")))
def test_any_text_is_a_network_or_a_clear_error(text):
    try:
        pattern = models.parse_pattern(text)
        counts = dict.fromkeys(pattern.letters(), 1)
        with nn.skeleton():
            model = models.from_pattern(pattern, (1, 16, 16), channels=1, hidden=1, **counts)
    except ag.ArgumentError as error:
        message, line, caret = str(error).split("\n")
        assert message.startswith("pattern: ")
        assert line.startswith("  ")
        assert caret.strip() == "^"
    else:
        assert model.output_shape((1, 16, 16)) == (10,)
