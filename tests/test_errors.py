"""What the typed errors say."""

import pickle
import subprocess
import sys
from importlib import import_module
from inspect import signature

import pytest

import autograd_cnn as ag
from autograd_cnn import models, nn, optim, train
from autograd_cnn.data import augmentation, preprocessing
from autograd_cnn.errors import AutogradError, MissingExtraError, UnknownArgumentError, extra, suggestion


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
