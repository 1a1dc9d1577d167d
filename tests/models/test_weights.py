"""Weights from torch: the same names give torch's outputs; half precision, partial and damaged files."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import models, nn
from autograd_cnn.errors import DataFileError, FileAccessError, MissingExtraError
from tests.models.formula import numbers, weights

HERE = Path(__file__).parent
TORCH = json.loads((HERE / "torch_outputs.json").read_text(encoding="utf-8"))
"""Outputs of torch 2.13 and torchvision 0.28 for the weights and images of formula.py."""


def filled(make):
    with nn.skeleton():
        model = make()
    model.load_state_dict(weights({name: value.shape for name, value in state_of(model).items()}))
    return model


def state_of(model):
    return dict(model.named_parameters()) | dict(model.named_buffers())


NETWORKS = {
    "alexnet": lambda: models.alexnet()[:2],  # the classifier, 58 million weights more, is as VGG's
    "googlenet": lambda: models.googlenet(10),
    "resnet18": lambda: models.resnet18(10),
    "resnet50": lambda: models.resnet50(10),
    "squeezenet1_0": lambda: models.squeezenet1_0(10),
    "squeezenet1_1": lambda: models.squeezenet1_1(10),
    "vgg11_bn": lambda: models.vgg11_bn(10, width=4),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_weights_give_torchs_scores(name):
    model = filled(NETWORKS[name]).eval()
    expected = np.array(TORCH[name]["scores"])
    with ag.no_grad():
        scores = model(numbers((2, 3, *TORCH[name]["size"]), 1000)).value
    scores = scores.mean(axis=1) if scores.ndim == 4 else scores
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_training_resnet18_has_torchs_loss_gradients_and_running_statistics():
    model = filled(NETWORKS["resnet18"])
    loss = F.cross_entropy(model(numbers((4, 3, 32, 32), 1000)), np.array([0, 3, 6, 9]))
    loss.backward()
    expected = TORCH["training"]
    assert loss.item() == pytest.approx(expected["loss"], rel=1e-4)
    norms = {name: float(np.linalg.norm(p.grad.astype(float))) for name, p in model.named_parameters()}
    assert norms == pytest.approx(expected["gradient_norms"], rel=2e-3)
    running = {name: float(np.linalg.norm(value.astype(float))) for name, value in model.named_buffers()}
    assert running == pytest.approx(expected["running"], rel=1e-4)


def small():
    """What torch saved in torch_small.safetensors."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 4, 3))


@pytest.mark.parametrize("name", ["small", "half"])
def test_files_that_torch_wrote(name):
    """In torch_half.safetensors the first two layers are bfloat16 and the last one is float16."""
    with nn.skeleton():
        model = small()
    assert models.load_safetensors(model, HERE / f"torch_{name}.safetensors") == ((), ())
    scores = model.eval()(numbers((2, 3, 6, 6), 1000))
    np.testing.assert_allclose(scores.value, TORCH["files"][name], rtol=1e-5, atol=1e-6)
    assert model[1].num_batches_tracked == 3
    assert model[0].weight.dtype == np.float32


@settings(max_examples=8)  # each waits for the disk
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_what_is_saved_is_loaded(tmp_path_factory, seed, dtype):
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    model = models.cifar_convnet(3, widths=(2, 3), size=4, norm=nn.BatchNorm2d, rng=seed, dtype=dtype)
    model(np.random.default_rng(seed).standard_normal((4, 3, 4, 4)).astype(dtype))
    models.save_safetensors(model, path)
    other = models.cifar_convnet(3, widths=(2, 3), size=4, norm=nn.BatchNorm2d, dtype=dtype)
    models.load_safetensors(other, path)
    for (name, a), (other_name, b) in zip(model.state_dict().items(), other.state_dict().items(), strict=True):
        assert name == other_name
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_torch_can_read_what_is_saved(tmp_path):
    """It asks for a format, and for whole arrays in row order."""
    from safetensors import safe_open

    path = tmp_path / "lenet5.safetensors"
    models.save_safetensors(models.lenet5(), path)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
        assert file.get_slice("conv1.weight").get_shape() == [6, 1, 5, 5]
        assert file.get_slice("conv1.weight").get_dtype() == "F32"


def written(tmp_path, state):
    from safetensors.numpy import save_file

    path = tmp_path / "weights.safetensors"
    save_file(state, path)
    return path


def test_names_that_differ_are_listed_with_the_nearest(tmp_path):
    state = small().state_dict()
    state["5.weight"] = state.pop("4.weight")
    path = written(tmp_path, state)
    model = small()
    before = model.state_dict()
    with pytest.raises(ag.UnknownNameError) as caught:
        models.load_safetensors(model, path)
    assert str(caught.value).splitlines() == [
        "load_safetensors: the file is not of this Sequential; strict=False loads what agrees.",
        "missing in the file: 4.weight; did you mean '5.weight'?",
        "unexpected in the file: 5.weight; did you mean '4.weight'?",
    ]
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())
    assert models.load_safetensors(model, path, strict=False) == (("4.weight",), ("5.weight",))
    np.testing.assert_array_equal(model[0].weight.value, state["0.weight"])
    np.testing.assert_array_equal(model[4].weight.value, before["4.weight"])
    with pytest.raises(ag.UnknownNameError, match="and 6 more"):
        models.load_safetensors(models.lenet5(), path)


def test_a_prefix_is_taken_off_and_counts_of_batches_may_be_missing(tmp_path):
    state = {f"module.{name}": value for name, value in small().state_dict().items()}
    state.pop("module.1.num_batches_tracked")
    path = written(tmp_path, state | {"optimizer.lr": np.ones(1)})
    model = small()
    assert models.load_safetensors(model, path, prefix="module.") == ((), ())
    np.testing.assert_array_equal(model[0].weight.value, state["module.0.weight"])
    with pytest.raises(ag.UnknownNameError, match=r"0\.weight; did you mean 'module\.0\.weight'"):
        models.load_safetensors(model, path)


def test_shapes_and_kinds_of_numbers_must_fit(tmp_path):
    state = small().state_dict()
    model = small()
    before = model.state_dict()
    with pytest.raises(ag.ShapeError, match=r"4\.bias has shape \(2,\), expected \(3,\)"):
        models.load_safetensors(model, written(tmp_path, state | {"4.bias": np.ones(2, np.float32)}), strict=False)
    with pytest.raises(ag.DtypeError, match=r"4\.bias is made of I64, expected one of F16, BF16, F32, F64"):
        models.load_safetensors(model, written(tmp_path, state | {"4.bias": np.ones(3, int)}))
    with pytest.raises(ag.DtypeError, match=r"1\.num_batches_tracked is made of F32, expected one of BOOL"):
        models.load_safetensors(model, written(tmp_path, state | {"1.num_batches_tracked": np.zeros((), np.float32)}))
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())


WHOLE = (HERE / "torch_small.safetensors").read_bytes()


@given(
    st.one_of(
        st.integers(0, len(WHOLE) - 1).map(lambda n: WHOLE[:n]),
        st.binary(max_size=60),
        st.tuples(st.integers(0, 1200), st.binary(min_size=1, max_size=9)).map(
            lambda change: WHOLE[: change[0]] + change[1] + WHOLE[change[0] + len(change[1]) :]
        ),
    )
)
def test_damaged_files_are_refused_and_change_nothing(tmp_path_factory, data):
    """Or, where the damage makes another valid file, its names or numbers are what is wrong."""
    path = tmp_path_factory.mktemp("damaged") / "weights.safetensors"
    path.write_bytes(data)
    model = nn.Sequential(nn.Linear(2, 1))
    before = model.state_dict()
    with pytest.raises((DataFileError, ag.UnknownNameError)):
        models.load_safetensors(model, path)
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(FileAccessError, match="expected a file"):
        models.load_safetensors(small(), tmp_path)
    with pytest.raises(FileAccessError, match="cannot read"):
        models.load_safetensors(small(), tmp_path / "none")
    with pytest.raises(FileAccessError, match="cannot write"):
        models.save_safetensors(small(), tmp_path / "none" / "x.safetensors")


def test_without_the_library(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'autograd-cnn\[weights\]'"):
        models.load_safetensors(small(), tmp_path / "x")
