"""What the typed errors say."""

import pickle
import subprocess
import sys
from importlib import import_module
from inspect import get_annotations, isfunction, signature, unwrap

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn import data, init, models, nn, optim, testing, train
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.data import augmentation, preprocessing
from autograd_cnn.errors import AutogradError, MissingExtraError, UnknownArgumentError, extra, suggestion
from viz.reference.names import PACKAGES


def test_a_library_of_an_extra_is_imported():
    assert extra("json.decoder", "images", "decoding").JSONDecoder


def test_a_missing_library_names_its_extra():
    with pytest.raises(
        MissingExtraError, match=r"tasting needs nowhere, .* pip install 'autograd-cnn\[images\]'"
    ) as it:
        extra("nowhere.taste", "images", "tasting")
    assert isinstance(it.value, AutogradError)
    assert isinstance(it.value, ImportError)


@pytest.mark.parametrize(
    ("package", "mistyped", "meant"),
    [
        ("autograd_cnn", "rleu", "relu"),
        ("autograd_cnn", "Cross_Entropy", None),
        ("autograd_cnn.nn", "Conv2D", "Conv2d"),
        ("autograd_cnn.nn", "relu", "ReLU"),
        ("autograd_cnn.nn", "Transformer", None),
        ("autograd_cnn.functional", "crossentropy", "cross_entropy"),
        ("autograd_cnn.optim", "Adm", "Adam"),
        ("autograd_cnn.optim", "Sgd", "SGD"),
        ("autograd_cnn.optim.lr_scheduler", "StepLr", "StepLR"),
        ("autograd_cnn.init", "kaiming_norml_", "kaiming_normal_"),
        ("autograd_cnn.data", "mnst", "mnist"),
        ("autograd_cnn.data.augmentation", "Rotate", "Rotation"),
        ("autograd_cnn.data.preprocessing", "pca", "PCA"),
        ("autograd_cnn.health", "Moniter", "Monitor"),
        ("autograd_cnn.models", "resnet81", "resnet18"),
        ("autograd_cnn.testing", "chek", "check"),
        ("autograd_cnn.train", "Traner", "Trainer"),
        ("viz", "ciruit", "circuit"),
        ("viz.charts", "Lines", "Line"),
        ("viz.textbook", "activaton", "activation"),
    ],
)
def test_a_package_suggests_the_nearest_of_its_names(package, mistyped, meant):
    hint = f"; did you mean '{meant}'?" if meant else ""
    with pytest.raises(AttributeError) as caught:
        getattr(import_module(package), mistyped)
    assert str(caught.value) == f"module {package!r} has no attribute {mistyped!r}{hint}"


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("adamw", ("Adam", "AdamW"), "AdamW"),
        ("max_pool2d", ("MaxPool2d", "max_pool1d"), "MaxPool2d"),
        ("conv", ("linear",), None),
        ("", ("linear",), None),
    ],
)
def test_capitals_and_underscores_do_not_count(name, known, meant):
    assert suggestion(name, known) == (f"; did you mean {meant!r}?" if meant else "")


def test_who_makes_no_mistake_does_not_pay_for_suggestions():
    """Importing the packages does not import difflib, and asking whether a private name exists does not either."""
    parts = "autograd_cnn.nn, autograd_cnn.optim, autograd_cnn.data, autograd_cnn.models, viz"
    code = f"import sys, {parts}; hasattr(viz, '__wrapped__'), hasattr(autograd_cnn.nn, '_x'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "autograd_cnn.nn" in run.stdout
    assert "difflib" not in run.stdout


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: nn.Conv2d(1, 4, 3, paddin=1), r"Conv2d: there is no option 'paddin'; .*; did you mean 'padding'\?"),
        (lambda: nn.Linear(1, 4, Bias=False), r"Linear: there is no option 'Bias'; .*; did you mean 'bias'\?"),
        (lambda: optim.SGD([], lr=1, momentun=0.9), r"SGD: .* did you mean 'momentum'\?"),
        (lambda: optim.lr_scheduler.StepLR(None, stepsize=3), r"StepLR: .* did you mean 'step_size'\?"),
        (lambda: optim.Newton([], dampin=1), r"Newton: .* did you mean 'damping'\?"),
        (lambda: optim.RandomSearch([], scal=1), r"RandomSearch: .* did you mean 'scale'\?"),
        (lambda: augmentation.Flip(shar=0.5), r"Flip: .* did you mean 'share'\?"),
        (lambda: preprocessing.PCA(component=3), r"PCA: .* did you mean 'components'\?"),
        (lambda: train.Checkpoints("x", every_epoch=3), r"Checkpoints: .* did you mean 'every_epochs'\?"),
        (
            lambda: nn.Conv2d(1, 4, 3, device="cuda"),
            r"there are in_channels, out_channels, kernel_size, stride, .*[^?]$",
        ),
    ],
)
def test_a_mistyped_option_of_a_layer_or_an_optimizer(made, words):
    with pytest.raises(UnknownArgumentError, match=words) as caught:
        made()
    assert isinstance(caught.value, TypeError)  # what Python raises


X, W = ag.Tensor([[1.0, 2.0]], requires_grad=True), np.eye(2)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: F.linear(X, W, bais=None), r"linear: .* there are x, weight, bias; did you mean 'bias'\?"),
        (lambda: F.cross_entropy(X, [0], reducton="sum"), r"cross_entropy: .* did you mean 'reduction'\?"),
        (lambda: F.relu(X, inplace=True), r"relu: there is no option 'inplace'$"),
        (lambda: ag.sum(X, axs=0), r"sum: .* there are axis, keepdims; did you mean 'axis'\?"),
        (lambda: ag.var(X, keepdim=True), r"var: .* did you mean 'keepdims'\?"),
        (lambda: X.var(keepdim=True), r"var: .* did you mean 'keepdims'\?"),
        (lambda: ag.compile(len, monitr=None), r"compile: .* did you mean 'monitor'\?"),
        (lambda: ag.grad(X.sum(), X, create_grap=True), r"grad: .* did you mean 'create_graph'\?"),
        (lambda: X.sum().backward(retain_graph=True), r"backward: .* did you mean 'retain'\?"),
        (lambda: init.sparse_(None, sparcity=0.5), r"sparse_: .* did you mean 'sparsity'\?"),
        (lambda: data.batches(None, 64, shufle=True), r"batches: .* did you mean 'shuffle'\?"),
        (lambda: data.two_moons(noize=0.1), r"two_moons: .* did you mean 'noise'\?"),
        (lambda: optim.clip_grad_norm_([], max_nrom=1), r"clip_grad_norm_: .* did you mean 'max_norm'\?"),
        (lambda: train.evaluate(None, None, batchsize=1), r"evaluate: .* did you mean 'batch_size'\?"),
        (lambda: train.tune(len, {}, trails=3), r"tune: .* did you mean 'trials'\?"),
        (lambda: train.Trainer.fit(None, epoch=3), r"Trainer\.fit: .* did you mean 'epochs'\?"),
        (lambda: models.summary(None, (3, 8, 8), bach=1), r"summary: .* did you mean 'batch'\?"),
        (lambda: testing.check(len, ordr=2), r"check: .* did you mean 'order'\?"),
        (lambda: testing.assert_gradients(len, ordr=2), r"assert_gradients: .* did you mean 'order'\?"),
        (lambda: viz.circuit(X, titel="x"), r"circuit: .* did you mean 'title'\?"),
        (lambda: viz.textbook.page(titel="x"), r"page: .* did you mean 'title'\?"),
        (lambda: viz.circuit(X.sum()).save("x.svg", them="dark"), r"there is no option 'them'"),
    ],
)
def test_a_mistyped_option_of_a_function_a_gate_or_a_method(made, words):
    with pytest.raises(UnknownArgumentError, match=words):
        made()


def handed_out():
    """Yield every public function with the name under which its package hands it out."""
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            if isfunction(getattr(module, name)):
                yield pytest.param(package, name, id=f"{package}.{name}")


@pytest.mark.parametrize(("package", "name"), [*handed_out()])
def test_every_public_function_suggests_and_is_otherwise_what_it_was(package, name):
    function = getattr(import_module(package), name)
    original = unwrap(function)
    assert (function.__name__, function.__doc__) == (original.__name__, original.__doc__)
    assert signature(function) == signature(original)
    assert get_annotations(function) == get_annotations(original)
    assert pickle.loads(pickle.dumps(function)) is function
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature(function).parameters.values())
    if not takes_any:
        with pytest.raises(UnknownArgumentError, match=rf"^{name}: there is no option 'no_such_option_at_all'"):
            function(no_such_option_at_all=1)


def test_a_gate_is_called_as_it_was():
    """Gates sort their attributes themselves: a call of one pays nothing for what mistyped options suggest."""
    assert all(type(gate) is ag.Gate for gate in ag.GATES.values())
    assert ag.exp is ag.GATES["exp"]
    assert F.sigmoid is ag.sigmoid


def test_a_type_error_from_within_a_function_is_what_it_was():
    def loss(x):
        raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        testing.check(loss, np.ones(2), order=1)
    with pytest.raises(TypeError, match="positional argument"):
        F.linear(X)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: models.alexnet(dropuot=0.1), r"alexnet: there is no option 'dropuot'; .*; did you mean 'dropout'\?"),
        (
            lambda: models.resnet18(num_clases=2),
            r"resnet18: .* num_classes, reduction, channels, .*classes'\?",
        ),
        (lambda: models.vgg11_bn(widht=2), r"vgg11_bn: .* did you mean 'width'\?"),
        (lambda: models.squeezenet1_1(dropot=2), r"squeezenet1_1: .* did you mean 'dropout'\?"),
    ],
)
def test_a_mistyped_option_of_a_published_network(made, words):
    with pytest.raises(UnknownArgumentError, match=words):
        made()
    assert pickle.loads(pickle.dumps(models.resnet18)) is models.resnet18
    with pytest.raises(TypeError, match="takes from 0 to 1 positional"):
        models.resnet18(1, 2)


def test_other_mistakes_in_the_making_of_a_layer_are_what_they_were():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'out_features'"):
        nn.Linear(3, bias=False)
    assert [*signature(nn.Linear).parameters][:3] == ["in_features", "out_features", "bias"]

    class Own(nn.Module):
        def __init__(self, width=3):
            raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        Own(width=4)


@pytest.mark.parametrize(
    "seeded",
    [
        lambda: ag.manual_seed(-1),
        lambda: ag.manual_seed("a"),
        lambda: nn.Linear(2, 2, rng=-3),
        lambda: nn.Dropout(0.5, rng=1.5),
    ],
)
def test_what_is_no_seed(seeded):
    with pytest.raises(ag.ArgumentError, match="expected an integer of at least 0, or a numpy Generator"):
        seeded()
