"""Every example runs as its docstring says, and prints numbers that are checked here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
EXPECTED = {
    "01_circuit.py": ("f = -12.0, df/dq = -4.0, df/dx = -4.0, df/dy = -4.0, df/dz = 3.0", ["circuit.svg"]),
    "02_neurons.py": (r"step 100  loss 0\.0", ["neurons.svg"]),
    "03_digits.py": (r"epoch 6  loss \S+  test accuracy 9\d\.", ["digits.svg"]),
    "04_your_own_gate.py": (r"10 promises kept: gradient, second order, jvp,", []),
    "05_newton.py": (r"Newton ends at \[1\. 1\.\] and gradient descent at \[-1", []),
    "06_errata.py": (r"15,237,608(?s:.*)gradients 0\.0 and 1\.0", []),
    "07_gradient_check.py": (r"snake is to blame(?s:.*)mended: OK(?s:.*)promises: gradient,", ["check.svg"]),
    "08_worked_examples.py": (
        r"f = -12, gradients -4, -4, 3(?s:.*)f = 0\.7311, gradients -0\.1966, -0\.3932, 0\.1966, 0\.3932, -0\.5898"
        r"(?s:.*)f = -20, gradients -8, 6, 2, 0(?s:.*)f = 1\.546, gradients 2\.06, 1\.592",
        ["compound.svg", "neuron.svg", "patterns.svg", "staged.svg", "product.svg", "staged_paths.html"],
    ),
    "09_textbook.py": (
        r"step 40  hinge loss 0\.0(?s:.*)textbook\.html",
        ["elu.svg", "neuron.svg", "loss.svg", "textbook.html"],
    ),
    "10_compiled.py": (r"differ by \de[-+]\d\d at most(?s:.*)test accuracy 9\d\.", []),
}


def test_every_example_is_expected():
    assert sorted(p.name for p in EXAMPLES.glob("*.py")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_example(name, tmp_path):
    words, files = EXPECTED[name]
    result = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *([tmp_path] if files else [])],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        encoding="utf-8",
        env={**__import__("os").environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert result.returncode == 0, result.stderr
    assert re.search(words, result.stdout), result.stdout
    assert not result.stderr
    for file in files:
        assert (tmp_path / file).stat().st_size > 1000
