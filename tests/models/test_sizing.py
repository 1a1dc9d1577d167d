"""The notes' table: known networks to the digit, branches, receptive fields by experiment, memory, hints."""

import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import models, nn
from autograd_cnn.models.walking import walk
from tests.models.test_families import SMALL

VGG16 = """\
INPUT      224x224x3   150K   0
CONV3-64   224x224x64  3.2M   1,728
CONV3-64   224x224x64  3.2M   36,864
POOL2      112x112x64  800K   0
CONV3-128  112x112x128 1.6M   73,728
CONV3-128  112x112x128 1.6M   147,456
POOL2      56x56x128   400K   0
CONV3-256  56x56x256   800K   294,912
CONV3-256  56x56x256   800K   589,824
CONV3-256  56x56x256   800K   589,824
POOL2      28x28x256   200K   0
CONV3-512  28x28x512   400K   1,179,648
CONV3-512  28x28x512   400K   2,359,296
CONV3-512  28x28x512   400K   2,359,296
POOL2      14x14x512   100K   0
CONV3-512  14x14x512   100K   2,359,296
CONV3-512  14x14x512   100K   2,359,296
CONV3-512  14x14x512   100K   2,359,296
POOL2      7x7x512     25K    0
FC         1x1x4096    4096   102,760,448
FC         1x1x4096    4096   16,777,216
FC         1x1x1000    1000   4,096,000"""
"""CS231n, convolutional networks, "Case studies": weights without biases."""


def test_vgg16_is_the_table_of_the_notes():
    """And so are its totals: 138M parameters; 15.2M numbers, where the notes misprint 24M; 58 MiB per image."""
    found = models.summary(models.vgg16, (3, 224, 224))
    rows = [row for row in found.rows if not row.in_place]
    kinds = {"Conv2d": "CONV3-", "MaxPool2d": "POOL2", "Linear": "FC"}
    for line, row in zip(VGG16.splitlines()[1:], rows, strict=True):
        kind, shape, numbers, weights = line.split()
        *places, channels = map(int, shape.split("x"))
        expected = (channels,) if kind == "FC" else (channels, *places)
        assert (row.output_shape, kind.rstrip("0123456789")) == (expected, kinds[row.kind].rstrip("0123456789"))
        amount = float(numbers.rstrip("KM")) * {"K": 1e3, "M": 1e6}.get(numbers[-1], 1)
        assert row.activations == pytest.approx(amount, rel=0.02)
        biases = channels if row.has_parameters else 0
        assert row.parameters == int(weights.replace(",", "")) + biases
    assert found.parameters == sum(row.parameters for row in rows) == 138_357_544
    assert found.activations == 15_237_608
    assert found.layers == 16
    assert found.activation_bytes == 2 * 4 * 15_237_608
    assert re.search(r"15,237,608 numbers per image, 58\.1 MiB", str(found))


def test_a_summary_of_vgg16_allocates_next_to_nothing():
    models.summary(models.vgg11, (3, 224, 224))
    tracemalloc.start()
    str(models.summary(models.vgg16, (3, 224, 224)))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_the_first_layer_of_alexnet():
    """CS231n: 55·55·96 = 290,400 neurons with 11·11·3 weights and a bias, 34,944 of them shared."""
    first = models.summary(models.alexnet_2012, (3, 227, 227)).rows[0]
    assert (first.output_shape, first.activations, first.parameters) == ((96, 55, 55), 290_400, 34_944)
    assert first.multiply_adds == 290_400 * 363
    assert first.receptive_field == (11, 11)
    assert first.jump == (4, 4)


OPERATIONS = {
    "alexnet": 0.714,
    "googlenet": 1.498,
    "resnet18": 1.814,
    "resnet34": 3.664,
    "resnet50": 4.089,
    "squeezenet1_0": 0.819,
    "squeezenet1_1": 0.349,
    "vgg11": 7.609,
    "vgg13_bn": 11.308,
    "vgg16": 15.470,
    "vgg19": 19.632,
}
"""Giga multiply-adds of one image, as torchvision publishes them."""

DEPTHS = {"alexnet": 8, "googlenet": 22, "lenet5": 5, "resnet18": 18, "resnet34": 34, "resnet50": 50, "vgg19_bn": 19}


@pytest.mark.parametrize("name", OPERATIONS)
def test_multiply_adds_are_the_published_ones(name):
    options = {"aux_logits": False} if name == "googlenet" else {}
    found = models.summary(lambda: getattr(models, name)(**options), (3, 224, 224))
    assert found.multiply_adds / 1e9 == pytest.approx(OPERATIONS[name], abs=0.0006)
    assert sum(row.parameters for row in found.rows) == found.parameters


@pytest.mark.parametrize("name", DEPTHS)
def test_layers_are_counted_the_notes_way(name):
    """Those with weights on the longest path: pooling does not count, nor do projections beside it."""
    shape = (1, 28, 28) if name == "lenet5" else (3, 224, 224)
    assert models.summary(getattr(models, name), shape).layers == DEPTHS[name]


@pytest.mark.parametrize(
    ("name", "last", "field"),
    [("alexnet", "features/12", 195), ("vgg16", "features/30", 212), ("resnet18", "layer4/1/relu", 435)],
)
def test_receptive_fields_are_the_published_ones(name, last, field):
    """Araujo, Norris and Sim 2019, table 1; ResNet-18 by the same formula."""
    rows = {row.name: row for row in models.summary(getattr(models, name), (3, 224, 224)).rows}
    assert rows[last].receptive_field == (field, field)
    assert rows[last].jump == (32, 32)


def seen_by_experiment(model, shape):
    """Return height and width of the pixels that reach the number of the output that sees most."""
    x = ag.Tensor(np.random.default_rng(0).uniform(1, 2, (1, *shape)), requires_grad=True)
    for parameter in model.parameters():
        parameter.assign(np.abs(parameter.value) + 0.1)
    y, most = model(x), (0, 0)
    middle = tuple(n // 2 for n in y.shape[2:])
    for place in np.ndindex(*y.shape[2:]) if max(middle, default=0) < 5 else [middle]:
        (gradient,) = ag.grad(y[(0, 0, *place)], [x])
        reached = np.nonzero(np.atleast_2d(gradient[0].any(axis=0)))
        most = tuple(max(n, int(axis.max() - axis.min() + 1)) for n, axis in zip(most, reached, strict=True))
    return most


WINDOWS = st.lists(
    st.one_of(
        st.builds(
            lambda k, s, d: ("conv", (k, s, d)),
            st.tuples(st.integers(1, 4), st.integers(1, 4)),
            st.tuples(st.integers(1, 2), st.integers(1, 2)),
            st.tuples(st.integers(1, 2), st.integers(1, 2)),
        ),
        st.builds(lambda k: ("pool", k), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=3,
)


@given(WINDOWS)
def test_receptive_fields_are_what_gradients_reach(windows):
    def layer(kind, sizes):
        if kind == "pool":
            return nn.AvgPool2d(sizes, 1)
        window, stride, dilation = sizes
        return nn.Conv2d(1, 1, window, stride, 0, dilation, fit="floor", rng=0, dtype=np.float64)

    model, shape = nn.Sequential(*[layer(*window) for window in windows]), (1, 64, 64)
    assert seen_by_experiment(model, shape) == models.summary(model, shape).rows[-1].receptive_field


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.AdaptiveAvgPool2d((3, 4)), (2, 7, 9)),
        (nn.AdaptiveAvgPool2d((4, 7)), (2, 14, 3)),
        (nn.AvgPool1d(3), (2, 15)),
        (nn.BlurPool2d(2), (2, 16, 15)),
        (nn.Conv1d(2, 3, 3, dilation=2, dtype=np.float64), (2, 15)),
        (nn.ConvTranspose2d(2, 2, 3, 2, 1, dtype=np.float64), (2, 6, 6)),
        (nn.ConvTranspose2d(2, 2, 4, 2, 1, dtype=np.float64), (2, 6, 5)),
        (nn.Dropout(0.0), (2, 5, 5)),
        (nn.GlobalAvgPool2d(), (2, 5, 6)),
        (nn.LPPool2d(2, (2, 3), stride=2), (2, 16, 15)),
        (nn.SqueezeExcitation(2, 1, dtype=np.float64), (2, 5, 6)),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, nn.Module) else None,
)
def test_receptive_fields_of_all_kinds_of_layers(layer, shape):
    assert seen_by_experiment(layer, shape) == walk(nn.Sequential(layer), shape).blocks[""].reach.field


def test_branches_reach_as_far_as_their_longest():
    """An inception block sees 5×5, and is as deep as its deepest branch; a shortcut adds nothing to a body."""
    way = walk(nn.Inception(3, 2, 2, 4, 1, 2, 3), (3, 9, 9))
    block = way.blocks[""]
    assert (block.output_shape, block.reach.field, block.reach.depth) == ((11, 9, 9), (5, 5), 2)
    assert [visit.name for visit in way.layers if visit.name.endswith("conv")] == [
        *("branch1/conv", "branch2/0/conv", "branch2/1/conv", "branch3/0/conv", "branch3/1/conv", "branch4/1/conv"),
    ]
    residual = walk(nn.BasicBlock(4, 8, 2, norm=nn.BatchNorm2d), (4, 8, 8)).blocks[""].reach
    assert (residual.field, residual.jump, residual.depth) == ((7, 7), (2, 2), 2)
    excited = walk(nn.SqueezeExcitation(4, 2), (4, 8, 6)).blocks[""].reach
    assert (excited.field, excited.jump, excited.depth) == ((8, 6), (1, 1), 2)


@pytest.mark.parametrize("name", SMALL)
def test_every_layer_is_in_the_table_with_the_shape_that_it_gives(name):
    options, shape = SMALL[name]
    model = getattr(models, name)(rng=0, **options)
    shapes = {}

    def watched(module, forward):
        def run(x):
            y = forward(x)
            shapes[module] = y.shape[1:]
            return y

        return run

    for module in model.modules():
        vars(module)["forward"] = watched(module, module.forward)
    model(np.zeros((2, *shape), np.float32))
    way = walk(model, shape)
    assert {visit.layer: visit.output_shape for visit in way.layers} == {
        module: y for module, y in shapes.items() if not list(module.children())
    }
    assert {visit.layer for visit in way.blocks.values()} == {m for m in shapes if list(m.children())}


def test_memory_of_parameters_gradients_and_optimizer():
    model = nn.Sequential(nn.Linear(10, 4), nn.ReLU(), nn.Linear(4, 2))
    count = 10 * 4 + 4 + 4 * 2 + 2
    for optimizer, copies in {"sgd": 2, "momentum": 3, "rmsprop": 3, "adam": 4}.items():
        found = models.summary(model, (10,), optimizer=optimizer, batch=5)
        assert found.parameter_bytes == copies * 4 * count
        assert found.activation_bytes == 2 * 4 * 5 * (10 + 4 + 2)
        assert found.memory == found.parameter_bytes + found.activation_bytes
    model[0].weight.requires_grad = False
    frozen = models.summary(model, (10,), optimizer="adam")
    assert (frozen.trainable, frozen.frozen) == (count - 40, 40)
    assert frozen.parameter_bytes == 4 * (count + 3 * (count - 40))
    assert "54, 40 of them frozen" in str(frozen)
    assert models.summary(nn.Linear(3, 2, dtype=np.float64), (3,)).parameter_bytes == 2 * 8 * 8


def test_every_layer_has_its_memory():
    """Parameters, gradients and optimizer state of its own, activations with gradients of the whole batch."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10))
    model[0].weight.requires_grad = False
    found = models.summary(model, (3, 8, 8), batch=1000, optimizer="adam")
    conv = 2 * 4 * 1000 * 8 * 8 * 8 + 4 * (8 * 3 * 9 + 4 * 8)
    pool, linear = 2 * 4 * 1000 * 8 * 4 * 4, 2 * 4 * 1000 * 10 + 4 * 4 * 1290
    assert [found.memory_of(row) for row in found.rows] == [conv, 0, pool, 0, linear]
    assert found.input_bytes + conv + pool + linear == found.memory
    cells = [line.split() for line in found.table().splitlines()]
    assert "MiB" in cells[0]
    told = ["1.46", f"{conv / 2**20:.2f}", "–", f"{pool / 2**20:.2f}", "–", f"{linear / 2**20:.2f}"]
    assert all(mib in line for mib, line in zip(told, cells[1:], strict=False))
    assert f"{found.memory / 2**20:.2f}" in cells[-1]
    assert "MiB: memory of a step on 1,000 images, with gradients and adam\n" in str(found)


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_memory_of_layers_adds_up(name):
    found = models.summary(getattr(models, name), (3, 64, 64), batch=3, optimizer="momentum")
    assert found.memory_of(*found.rows) + found.input_bytes == found.memory


def test_large_and_small_numbers_are_written_short():
    with nn.skeleton():
        large = nn.Linear(10**6, 10**6, bias=False)
    words = str(models.summary(large, (10**6,)))
    assert "1.000 T" in words
    assert "3.64 TiB" in words
    words = str(models.summary(nn.Linear(3, 2), (3,)))
    assert "activations: 5 numbers per image, 20 B" in words
    assert "parameters: 8, 32 B" in words


def test_shared_and_unasked_parameters_are_counted_once():
    layer = nn.Linear(4, 4)
    shared = models.summary(nn.Sequential(a=layer, relu=nn.ReLU(), b=layer), (4,))
    assert [row.parameters for row in shared.rows] == [20, 0, 0]
    assert shared.parameters == 20
    assert shared.layers == 2

    class Scaled(nn.Module):
        def __init__(self):
            self.scale = ag.Parameter(np.ones(3, np.float32))
            self.fc = nn.Linear(3, 2)

        def forward(self, x):
            return self.fc(x * self.scale)

        def output_shape(self, input_shape):
            return self.fc.output_shape(input_shape)

    found = models.summary(nn.Sequential(scaled=Scaled()), (3,))
    assert [(row.name, row.parameters, row.activations) for row in found.rows] == [
        ("scaled/fc", 8, 2),
        ("scaled", 3, 0),
    ]
    assert found.table().splitlines()[-2].split() == ["scaled", "Scaled", "–", "3", "0.00", "–", "p"]


def test_other_layers_are_measured_too():
    """Sequences, transposed convolutions, and layers at every place of a sequence."""
    rows = models.summary(nn.Sequential(nn.Conv1d(2, 3, 5, 2), nn.MaxPool1d(2)), (2, 15)).rows
    assert [(row.output_shape, row.receptive_field, row.jump) for row in rows] == [
        ((3, 6), (1, 5), (1, 2)),
        ((3, 3), (1, 7), (1, 4)),
    ]
    up = models.summary(nn.Sequential(nn.MaxPool2d(2), nn.ConvTranspose2d(3, 4, 4, 2, 1)), (3, 8, 8)).rows[1]
    assert (up.output_shape, up.jump, up.multiply_adds) == ((4, 8, 8), (1, 1), 4 * 4 * 3 * 4 * 16)
    assert up.receptive_field == (4, 4)
    (each,) = models.summary(nn.Linear(3, 5), (7, 3)).rows
    assert each.multiply_adds == 7 * 15
    (whole,) = models.summary(nn.GlobalAvgPool2d(), (3, 5, 6)).rows
    assert whole.receptive_field == (5, 6)
    assert models.summary(nn.Sequential(), (3,)).layers == 0


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "vgg19_bn", "squeezenet1_0"])
def test_tables_are_100_columns_wide_at_most_and_fold(name):
    found = models.summary(getattr(models, name), (3, 224, 224), batch=256, optimizer="adam")
    assert all(len(line) <= 100 for line in str(found).splitlines())
    folded = found.table(1).splitlines()
    assert len(folded) < len(found.table().splitlines())
    assert folded[-1].split() == found.table().splitlines()[-1].split()
    assert found._repr_html_().startswith("<pre>layer ")


def test_a_folded_row_is_what_its_block_gives():
    lines = models.summary(models.googlenet, (3, 224, 224)).table(1).splitlines()
    (line,) = (line.split() for line in lines if line.startswith("inception3a"))
    seen = ["121.6", "M", "43", "8", "p", "h"]
    assert line == ["inception3a", "Inception", "256×28×28", "727,552", "155,872", "6.74", *seen]


def test_errors_name_the_layer_and_the_way_out():
    with pytest.raises(ag.ShapeError) as caught:
        models.summary(models.lenet5, (1, 32, 32))
    assert caught.value.__notes__ == ["in layer fc3: Linear(in_features=400, out_features=120, bias=True)"]
    with pytest.raises(ag.ArgumentError, match=r"optimizer='Adam'.*did you mean 'adam'"):
        models.summary(models.lenet5, (1, 28, 28), optimizer="Adam")
    for model in (None, "resnet18", lambda: 3):
        with pytest.raises(ag.ArgumentError, match="expected a Module or a function that makes one"):
            models.summary(model, (1, 28, 28))
    for shape in (28, (), (1, 0, 28), (1, 2.5), (True, 2)):
        with pytest.raises(ag.ArgumentError, match="expected positive integers such as"):
            models.summary(models.lenet5, shape)
    assert models.summary(models.lenet5, [1, np.int64(28), 28]).input_shape == (1, 28, 28)
    for batch in (0, True, 1.5):
        with pytest.raises(ag.ArgumentError, match="expected a positive integer"):
            models.summary(models.lenet5, (1, 28, 28), batch=batch)

    class Silent(nn.Module):
        def forward(self, x):
            return x

    with pytest.raises(ag.ArgumentError, match="Silent declares no output_shape"):
        models.summary(nn.Sequential(Silent()), (3,))


def hints(model, shape):
    return [str(hint) for hint in models.summary(model, shape).hints]


def test_hints_are_the_notes_advice():
    said = "\n".join(hints(models.alexnet, (3, 225, 224)))
    assert "225 pixels are shrunk by 32, but not divisible by 32; images should be divisible by 2 many times" in said
    assert "such as 224 or 256" in said
    assert "features/0: stride 4 in the first layer saves memory, about 2," in said
    assert "features/3: two 3×3 see as much as one 5×5: 18C² weights instead of 25C²" in said
    assert hints(models.vgg16, (3, 224, 224)) == []
    assert hints(lambda: models.mlp(10), (10,)) == []


@pytest.mark.parametrize(
    ("layer", "advice"),
    [
        (
            nn.Conv2d(4, 4, 7, padding=3),
            "1: three 3×3 see as much as one 7×7: 27C² weights instead of 49C², and 2 more nonlinearities",
        ),
        (nn.Conv2d(4, 4, 3), "1: shrinks the image at its border; padding 1 would keep the size"),
        (nn.Conv2d(4, 4, 2), "1: shrinks the image; a window of odd size with padding (F − 1)/2 would keep it"),
        (
            nn.Conv2d(4, 4, 3, 2, 1, fit="floor"),
            "1: shrinks by its stride; the notes stride by 1 and leave shrinking to pooling",
        ),
        (nn.MaxPool2d(4), "1: pools windows larger than 3×3, which loses much; 2×2 at stride 2 is usual"),
    ],
)
def test_each_hint(layer, advice):
    assert hints(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), layer), (3, 32, 32)) == [advice]


def test_equal_advice_is_given_once():
    model = nn.Sequential(*[nn.Conv2d(3, 3, 3) for _ in range(5)])
    assert hints(model, (3, 32, 32)) == [
        "0, 1, 2 and 2 more: shrinks the image at its border; padding 1 would keep the size"
    ]


def test_three_3x3_see_what_one_7x7_sees_with_fewer_weights():
    """CS231n, "Layer Patterns": for C channels 3·(C·(3·3·C)) = 27C² weights against C·(7·7·C) = 49C²."""
    three = models.summary(nn.Sequential(*[nn.Conv2d(5, 5, 3, padding=1, bias=False) for _ in range(3)]), (5, 9, 9))
    one = models.summary(nn.Conv2d(5, 5, 7, padding=3, bias=False), (5, 9, 9))
    assert three.rows[-1].receptive_field == one.rows[0].receptive_field == (7, 7)
    assert (three.parameters, one.parameters) == (27 * 25, 49 * 25)


def test_long_names_stand_under_what_they_begin_with():
    """No name is cut: heading and line together are the path of the layer."""
    with nn.skeleton():
        summary = models.summary(models.googlenet(), (3, 224, 224))
    heading, paths = "", []
    table = str(summary).split("\n\n")[0].splitlines()[2:-1]
    for line in table:
        if " " not in line:
            heading = line
        else:
            name = line.strip().split(" ")[0]
            paths.append(f"{heading}/{name}" if line.startswith(" ") else name)
    assert paths == [row.name for row in summary.rows]
    assert max(map(len, table)) <= 100
    assert len(table) < 1.3 * len(paths)
