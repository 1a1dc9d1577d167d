"""Every example runs as its docstring says, and prints numbers that are checked here.

Examples run in this process, because a start of Python with its imports takes longer than most of them; those that
register gates, and one more for proof, run alone. A new example is one entry of `EXPECTED`, in rising order.
"""

import ast
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd_cnn.registry import GATES

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Expected:
    """What an example prints, as a pattern in which `…` spans lines; what it writes; how it is run.

    `needs` is a library that only an extra brings. `holds` is a claim about the numbers that the pattern's groups
    catch.
    """

    words: str
    files: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ("--quick",)
    alone: bool = False
    needs: str = ""
    holds: Callable[..., bool] = lambda *numbers: True


EXPECTED = {
    "01_circuit.py": Expected(
        "f = -12.0, df/dq = -4.0, df/dx = -4.0, df/dy = -4.0, df/dz = 3.0", ("circuit.svg",), (), alone=True
    ),
    "02_neurons.py": Expected(
        r"= 0\.73; gradients: x0 0\.39, x1 -0\.59, w0 -0\.20, w1 -0\.39, b 0\.20"
        r"…by one: step 100  loss 4\.0000…by five: step 100  loss 0\.0",
        ("neuron.svg", "neurons.svg"),
        (),
    ),
    "03_digits.py": Expected(r"epoch 6  loss \S+  test accuracy 9\d\.", ("digits.svg",), ()),
    "04_your_own_gate.py": Expected(r"10 promises kept: gradient, second order, jvp,", ("swish.svg",), (), alone=True),
    "05_newton.py": Expected(r"Newton ends at \[1\. 1\.\] and gradient descent at \[-1", ("newton.svg",), ()),
    "06_errata.py": Expected(r"15,237,608…gradients 0\.0 and 1\.0", ("errata.svg",), ()),
    "07_gradient_check.py": Expected(
        r"snake is to blame…mended: OK…promises: gradient,", ("check.svg",), (), alone=True
    ),
    "08_worked_examples.py": Expected(
        r"f = -12, gradients -4, -4, 3…f = 0\.7311, gradients -0\.1966, -0\.3932, 0\.1966, 0\.3932, -0\.5898"
        r"…f = -20, gradients -8, 6, 2, 0…f = 1\.546, gradients 2\.06, 1\.592",
        ("compound.svg", "neuron.svg", "patterns.svg", "staged.svg", "product.svg", "staged_paths.html"),
        (),
    ),
    "09_textbook.py": Expected(
        r"step 40  hinge loss 0\.0…textbook\.html", ("elu.svg", "neuron.svg", "loss.svg", "textbook.html"), ()
    ),
    "10_compiled.py": Expected(r"differ by \de[-+]\d\d at most…test accuracy 9\d\.", ("compiled.svg",), ()),
    "11_neuron_classifiers.py": Expected(
        r"Logistic…grown (\S+) times; 0 points on the wrong…Support…grown (\S+) times; 0 points…at y·s = (\S+)\n",
        ("neuron_classifiers.svg",),
        holds=lambda logistic, svm, nearest: logistic > 1.3 and svm < 1.001 and nearest >= 1,
    ),
    "12_moons.py": Expected(
        r"300 nodes, 105 of them weights…gate by gate (\S+), replayed (\S+)\n…400 steps more: 0\.0…accuracy 100",
        ("moons.svg",),
        holds=lambda eager, replayed: abs(eager - replayed) <= 1e-6,
    ),
    "13_linear_collapse.py": Expected(
        r"319 numbers: accuracy (\S+)%…3 numbers, gives the same scores up to (\S+)\n…accuracy (\S+)%",
        ("linear_collapse.svg",),
        holds=lambda linear, difference, bent: difference < 1e-5 and linear < 92 and bent > 99,
    ),
    "14_decision_regions.py": Expected(
        r"3 hidden units +training error +(\S+)%"
        r"…20 hidden units +training error +(\S+)%  on fresh points +(\S+)%  ‖w‖ +(\S+)"
        r"…λ = 0.01 +training error +(\S+)%  on fresh points +(\S+)%  ‖w‖ +(\S+)…λ = 0.1 …‖w‖ +(\S+)",
        ("decision_regions.svg",),
        holds=lambda small, large, fresh, weights, smooth, smooth_fresh, less, least: (
            large < small and fresh - large > 3 > abs(smooth_fresh - smooth) and weights > less > least
        ),
    ),
    "15_final_losses.py": Expected(
        r"3 hidden units: loss from (\S+) to (\S+),.*deviation (\S+)\n"
        r"…30 hidden units: loss from (\S+) to (\S+),.*deviation (\S+)\n",
        ("final_losses.svg",),
        holds=lambda low, high, spread, large_low, large_high, large_spread: (
            high > 1.5 * low and large_high < 1.5 * large_low < low and spread > 10 * large_spread
        ),
    ),
    "16_universal_approximation.py": Expected(
        r" 5 bumps: mean error (\S+),…60 bumps: mean error (\S+), times bumps 0\.31"
        r"…slope 160: largest error 0\.50, mean 0\.0087, times slope 1\.386…1500 steps more: mean error (\S+)\n",
        ("universal_approximation.svg",),
        holds=lambda few, many, trained: few > 10 * many and trained < 0.01,
    ),
    "17_activations.py": Expected(
        r"2 layers of sigmoid: error 10% not in 8 epochs…tanh   : error 10% after (\d)…relu   : error 10% after (\d)"
        r"…10 layers of sigmoid: error 10% not in 8 epochs \(now 89\.9%\).*gradient (\S+) arrives"
        r"…tanh   : error 10% after \d…relu   : error 10% after \d.*gradient (\S+) arrives",
        ("activations.svg",),
        holds=lambda tanh, relu, sigmoid_gradient, relu_gradient: (
            relu <= tanh and relu_gradient > 1e4 * sigmoid_gradient
        ),
    ),
    "18_dying_relus.py": Expected(
        r"too fast .*at the end (.*); accuracy .* -> (\d+)%…pushed up .*at the end (.*); accuracy .* -> (\d+)%"
        r"…leaky .*at most +0 of 100,.* -> (\d+)%…slower .*at the end (.*); accuracy .* -> (\d+)%",
        ("dying_relus.svg",),
        holds=lambda dead, right, pushed, pushed_right, leaky_right, slower, slower_right: (
            dead > 30 and pushed < 5 and slower < 5 and right + 20 < min(pushed_right, leaky_right, slower_right)
        ),
    ),
    "19_initialization.py": Expected(
        r"tanh from zeros.* 0\.0000 -> 0\.0000;   1 of 200 units…0\.01.* 0\.1.* -> 0\.0000; 200 of 200 units"
        r"…Xavier .* (\S+) -> (\S+); 200…ReLU from…Xavier .* (\S+) -> (\S+); 200…He .* (\S+) -> (\S+); 200"
        r"…sparse .* (\S+) -> (\S+); 200",
        ("initialization.svg",),
        holds=lambda tanh, deep_tanh, xavier, deep_xavier, he, deep_he, sparse, deep_sparse: (
            deep_tanh > tanh / 4
            and deep_xavier < xavier / 2**4
            and 0.8 < deep_he / he < 1.25  # half the variance, 9 times
            and 0.5 < deep_sparse / sparse < 2
        ),
    ),
    "20_batch_norm.py": Expected(
        r"plain     : accuracy by .* 0\.03: (\d+)%, 0\.3: (\d+)%…plain     : accuracy.* wanders by (\S+) of"
        r"…batch norm: accuracy by .* 0\.03: (\d+)%, 0\.3: (\d+)%…batch norm: accuracy.* wanders by (\S+) of",
        ("batch_norm.svg",),
        holds=lambda small, large, wanders, small_norm, large_norm, stays: (
            max(small, large) < 20 and min(small_norm, large_norm) > 70 and wanders > 4 * stays
        ),
    ),
    "21_dropout.py": Expected(
        r"no dropout +: loss .*? (0\S+) …units 0\.5 +: loss .*? (0\S+) …pixels 0\.2: loss .*? (0\S+) ",
        ("dropout.svg",),
        holds=lambda nothing, hidden, pixels: nothing > 1.25 * hidden > 1.25 * pixels,
    ),
    "22_l1_sparsity.py": Expected(
        r"L2.*:  0 weights are exactly 0;.*samples (\S+)%…L1.*; 5 of 5 useful and (\d+) of 35.*samples (\S+)%",
        ("l1_sparsity.svg",),
        holds=lambda dense, useless, sparse: useless <= 5 and sparse > dense + 5,
    ),
    "23_lenet.py": Expected(
        r"ok     initial loss: 2\.3…ok     regularisation…ok     overfitting…test accuracy: median (\S+)% of 1",
        ("lenet.svg", "lenet_predictions.html"),
        holds=lambda median: median > 88,
    ),
    "24_residual.py": Expected(
        r"plain +, 16 layers: training loss (\S+); gradients differ (\S+) times"
        r"…shortcuts, 16 .* loss (\S+); .* (\S+) times",
        ("residual.svg",),
        holds=lambda plain, spread, residual, even: residual < 0.6 * plain and even < 0.5 * spread,
    ),
    "25_shifts.py": Expected(
        r"stride 1: .* differ by 0\.00 0\.00 0\.00 0\.00\nstride 2: .* 0\.00 0\.7\d 0\.00 0\.7\d\n"
        r"…max pooling: .* 0% 2\d% 3\d% 4\d% 5\d% (\d+)%\nconvolutional, stride 1: .* moved (\d+)% (\d+)%.* (\d+)%\n"
        r"…stride 2: .* moved (\d+)% (\d+)% (\d+)% …fully connected: .* moved (\d+)% (\d+)% ",
        ("shifts.svg",),
        holds=lambda wide, here, one, three, even, odd, two, middle, beside: (
            wide > 75 and here - one < 2 > here - three and even - two < 2 and even > odd + 15 and middle > beside + 30
        ),
    ),
    "26_blur_pool.py": Expected(
        r"max pooling: .* to 0\.0 1\.0 0\.0 1\.0 …, moved by one to 1\.0 1\.0 1\.0 1\.0 "
        r"…max pooling: .* consistency (\S+)%\n…to 0\.5 1\.0 0\.5 1\.0 …, moved by one"
        r" to 0\.75 0\.75 0\.75 0\.75 …accuracy (\S+)%; .* consistency (\S+)%\n",
        ("blur_pool.svg",),
        holds=lambda aliased, right, blurred: right > 88 and blurred > aliased + 5,
    ),
    "27_filters.py": Expected(
        r"random .* agree (\S+); …without.* agree (\S+); .* accuracy (\S+)%\n…with weight.* agree (\S+); .* (\S+)%\n",
        ("filters.svg",),
        holds=lambda noise, noisy, accuracy, smooth, same: (
            noise < 0 < noisy < smooth - 0.05 and accuracy - same < 5 < same
        ),
    ),
    "28_saliency.py": Expected(
        r"median correlation (\S+)\nchanged by (\S+)% of .*, (\S+)% are taken .*as long, (\S+)% for what they are",
        ("saliency.svg",),
        holds=lambda alike, changed, fooled, right: alike > 0.8 and changed < 45 and fooled > 97 and right > 90,
    ),
    "29_hyperparameter_search.py": Expected(
        r"grid: (\d) learning rates…random: (\d) learning rates…\d pruned…coarse (\S+)% -> fine (\S+)%"
        r"…too early: .*lr = 0\.01 lies on the upper border",
        ("grid_and_random.svg", "search.svg"),
        needs="optuna",
        holds=lambda grid, random, coarse, fine: (grid, random) == (3, 9) and 90 < coarse < fine,
    ),
    "30_ensembles.py": Expected(
        r"initializations +: 3 alone (\S+)% .*average (\S+)%…search +: 3 alone (\S+)% .*average (\S+)%"
        r"…one run +: 3 alone (\S+)% .*average (\S+)%…bagging +: 3 alone (\S+)% .*average (\S+)%"
        r"…last weights (\S+)%, their average (\S+)%…distilled into one +: (\S+)%, from labels (\S+)%",
        ("ensembles.svg",),
        needs="optuna",
        holds=lambda *found: (
            all(alone < together for alone, together in zip(found[0:8:2], found[1:8:2], strict=True))
            and found[9] > found[8] - 1
            and found[10] > found[11] - 1
        ),
    ),
    "31_transfer.py": Expected(
        r"from scratch after  5 .* 1: (\S+)%, 5: (\S+)%\n…60 .* 1: (\S+)%, .*\n…frozen +after  5 .* 5: (\S+)%"
        r"…fine-tuned +after  5 .* 1: (\S+)%, 5: (\S+)%\n…60 .* 1: (\S+)%, .*\n"
        r"…4,800 of 5,445 parameters get no gradient",
        ("transfer.svg",),
        holds=lambda one, five, one_late, frozen, tuned_one, tuned_five, tuned_late: (
            tuned_one > one + 10 and min(frozen, tuned_five) > five + 10 and tuned_late > one_late + 3
        ),
    ),
    "32_autoencoder.py": Expected(
        r"\(1, 8, 8\) become \(64, 2, 2\) and again \(1, 8, 8\)\nnoisy: .* error (\S+)\n"
        r"…components.* error (\S+)\ndenoised.* (\S+)\n",
        ("autoencoder.svg",),
        holds=lambda noisy, linear, denoised: noisy > 0.28 and denoised < 0.68 * noisy and denoised < linear + 0.005,
    ),
    "33_siamese.py": Expected(
        r"7 classes seen .* pixels (\S+)%, embedding (\S+)%, .*\n"
        r"3 classes never seen .* pixels (\S+)%, embedding (\S+)%,",
        ("siamese.svg",),
        holds=lambda pixels, embedded, others, transferred: embedded > pixels + 35 and transferred > others + 12,
    ),
    "34_dimensionality.py": Expected(
        r"   3 dim.* (\S+)% is its.*: +(\S+)%.*nearest (\S+)\n"
        r"…  10 dim.* (\S+)% is its.*: +(\S+)%…1000 dim.*nearest (\S+)\n",
        ("dimensionality.svg",),
        holds=lambda few, formula, far, more, more_by_formula, near: (
            abs(few - formula) < 5 and abs(more - more_by_formula) < 5 and far > 10 and near < 1.25
        ),
    ),
    "35_whitening.py": Expected(
        r"hold (\S+)% of the variance; an image is 16 numbers…deviations from (\S+) to (\S+)\n…differ by up to (\S+)\n"
        r"test pixels from -1 to 1, then of deviation (\S+); 1\.000 for…trick: 65 numbers an image, the last one 1\n",
        ("whitening.svg",),
        holds=lambda kept, least, most, leak, deviation: (
            80 < kept < 95 and 0.5 < least < most <= 1 and 0.001 < leak < 0.1 and 0.001 < abs(deviation - 1) < 0.1
        ),
    ),
    "36_learning_rates.py": Expected(
        r"suggestion (\S+), diverged at (\S+)\nvery high.*-> (\S+)\nhigh:.*-> (\S+)\ngood.*-> (\S+)\nlow.*-> (\S+)\n"
        r"high to 0: .*-> (\S+)",
        ("rate_range.svg", "learning_rates.svg"),
        holds=lambda rate, end, very_high, high, good, low, falling: (
            rate < end / 5 and very_high > 10 and 0.1 > good < high / 5 and falling < high / 5 and 1.5 < low < 2.31
        ),
    ),
    "37_data_files.py": Expected(
        r"train=Dataset\(48 images of shape \(1, 8, 8\) float32, 10 classes…validation=Dataset\(12 images"
        r"…pixels as written: True…\(60 images of shape \(3, 32, 32\) uint8, 10 classes from zero to nine\)"
        r"…\(60 images of shape \(1, 8, 8\) float32, 10 classes from 0_zero"
        r"…\(60 images of shape \(1, 8, 8\) float32, 10 classes from zero to nine\)"
        r"…is truncated: its gzip data end too early",
        ("data_files.svg",),
    ),
    "38_neighbors.py": Expected(
        r"l1, 3 folds\nk =   1 +(\S+)%…l2, 3 folds\nk =   1 +(\S+)%…k = 100 +(\S+)%…best: k = \d"
        r"…test accuracy (\S+)%\nLinearSVM: test accuracy (\S+)%\nSoftmaxClassifier: test accuracy (\S+)%",
        ("neighbors.svg", "templates.svg"),
        holds=lambda l1, l2, many, nearest, svm, softmax: min(l1, l2) > 96 > many and nearest > max(svm, softmax) > 92,
    ),
    "39_augmentation.py": Expected(
        r"warned: Rotation.*'6' into '9' and back…test error (\S+)%; with shifts by a pixel (\S+)%\n",
        ("augmentation.svg",),
        holds=lambda plain, shifted: shifted < plain - 1,
    ),
    "40_summary.py": Expected(
        r"total +15,237,608  138,357,544 …path: 16…5\.18 GiB…resnet50 +50 layers…110,592 weights = 27C²"
        r"…200,704 weights = 49C²…27C² weights instead of 49C²…'K': 2}: 9 layers with weights",
        ("summary.svg",),
    ),
    "41_optimizers.py": Expected(
        r"random search .* -> (\S+) in…random steps .* -> (\S+) in…SGD .* -> (\S+) in…momentum .* -> (\S+) in"
        r"…Nesterov .* -> (\S+) in…Adagrad .* -> (\S+) in…RMSprop .* -> (\S+) in…Adam .* -> (\S+) in"
        r"…uncorrected: .* -> (\S+) in…AdamW .* -> (\S+) in…differ by (\S+) at a constant rate, by (\S+) at"
        r"…slope 21,784 at w = 1\.5; as it is: after 1 steps w = -216\.339"
        r"…clipped to 1: after 100 steps w = 1\.000…max-norm of 1: \[\[0\.6, 0\.8\], \[0\.3, 0\.4\]\]",
        ("optimizers.svg",),
        holds=lambda guessed, stepped, sgd, *faster_and_forms: (
            guessed > stepped > 1.5 > sgd > 0.6 > max(faster_and_forms[:7])
            and faster_and_forms[7] < 1e-5
            and faster_and_forms[8] > 0.05
        ),
    ),
    "42_schedules.py": Expected(
        r"constant .* -> 0\.1000, .* epoch (\S+),…\nstep .* -> 0\.0090, .* epoch (\S+),"
        r"…multi-step .* -> 0\.0010, .* epoch (\S+),…on plateau .* -> 0\.0\S+, .* epoch (\S+),"
        r"…exponential: .* -> 0\.0064, .* epoch (\S+),…1/t .* -> 0\.0083, .* epoch (\S+),"
        r"…cosine .* -> 0\.0017, .* epoch (\S+),…warm-up .* 0\.010 -> 0\.0024, .* epoch (\S+),",
        ("schedules.svg",),
        holds=lambda constant, *falling: max(falling) < constant / 1.5,
    ),
    "43_checkpoints.py": Expected(
        r"kept: best\.npz, step-00000140\.npz, step-00000160\.npz\n"
        r"cut after epoch 3, resumed to epoch 8: the same weights to the bit: True\n"
        r"100 images: nothing better in 10 epochs.* loss (\S+), at the end (\S+)\n"
        r"the network that is left has (\S+); top-1 error (\S+)%, top-5 error (\S+)%\n.*another network: True",
        ("checkpoints.svg",),
        needs="safetensors",
        holds=lambda best, last, left, first, fifth: best == left < last and fifth < first / 3 and first < 30,
    ),
}


def test_every_example_is_expected_and_writes_a_picture():
    assert sorted(p.name for p in EXAMPLES.glob("*.py")) == list(EXPECTED)
    assert all(expected.files for expected in EXPECTED.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_example_is_in_the_table_of_features(name):
    table = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8").split("## Every feature, and its example")[1]
    assert re.search(rf"^\| .+ \| .*\[{name[:-3]}\]\(examples/{name}\)", table, re.MULTILINE)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_example_says_how_it_is_run(name):
    words = ast.get_docstring(ast.parse((EXAMPLES / name).read_text(encoding="utf-8")))
    (run,) = re.findall(rf"^Run: python examples/{re.escape(name)}(.*)$", words, re.MULTILINE)
    assert ("[folder" in run, "[--quick]" in run) == (bool(EXPECTED[name].files), bool(EXPECTED[name].arguments))


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name, tmp_path, monkeypatch, capsys):
    expected = EXPECTED[name]
    if expected.needs:
        pytest.importorskip(expected.needs, reason=f"{expected.needs} is missing: pip install 'autograd-cnn[all]'")
    arguments = [str(EXAMPLES / name), *([str(tmp_path)] if expected.files else []), *expected.arguments]
    out, err = _alone(arguments, tmp_path) if expected.alone else _here(arguments, tmp_path, monkeypatch, capsys)
    found = re.search(expected.words.replace("…", r"(?s:.*?)"), out)
    assert found, out
    assert expected.holds(*map(float, found.groups())), out
    assert not err
    for file in expected.files:
        assert (tmp_path / file).stat().st_size > 1000
        if file.endswith(".svg"):
            ElementTree.parse(tmp_path / file)
    assert {path.name for path in tmp_path.iterdir()} == set(expected.files), "all that is written is named"


def _here(arguments, folder, monkeypatch, capsys):
    gates = set(GATES)
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # which an example sets, to end quietly
    monkeypatch.chdir(folder)
    runpy.run_path(arguments[0], run_name="__main__")
    assert set(GATES) == gates, "an example that registers gates runs alone"
    return capsys.readouterr()


def _alone(arguments, folder):
    result = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, result.stderr
