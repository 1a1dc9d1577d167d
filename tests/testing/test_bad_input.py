"""What cannot be checked, through every door: `check`, the fixture of pytest, the command line."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.testing import Verdict, check
from viz.cli import main

pytest_plugins = ["pytester"]

MODULE = """
import numpy as np
import autograd_cnn as ag

calls = []

def no_node(x):
    return float(x.value)

def nothing(x):
    return None

def integer(x):
    return x * 2

def no_gradient(x):
    return x * 2

def detached(x):
    return x.detach() * 2

def not_deterministic(x):
    calls.append(None)
    return x * len(calls)

def not_a_number(x):
    return ag.log(x) + x

def infinite_gradient(x):
    return ag.sqrt(x) * 2

INPUTS = {
    "no_node": 1.0,
    "nothing": 1.0,
    "integer": np.arange(3),
    "no_gradient": ag.Tensor([1.0]),
    "detached": 1.0,
    "not_deterministic": 1.0,
    "not_a_number": -1.0,
    "infinite_gradient": 0.0,
}
for name, x in INPUTS.items():
    globals()[name].inputs = (x,)
"""

ERRORS = {
    "no_node": (ag.ArgumentError, "returned float, expected a node"),
    "nothing": (ag.ArgumentError, "returned NoneType, expected a node"),
    "integer": (ag.DtypeError, "no input needs a gradient (int64 of shape (3,)); give floats"),
    "no_gradient": (ag.GradientError, "give floats, or nodes with requires_grad=True"),
    "detached": (ag.GradientError, "which no gradient flows into"),
}
VERDICTS = {
    "not_deterministic": (Verdict.NONDETERMINISTIC, "two runs at the same point differ", ""),
    "not_a_number": (Verdict.NONFINITE, "1 are not finite", "the value of node 1, Scalar nan from log, is not finite"),
    "infinite_gradient": (Verdict.NONFINITE, "not finite", "what sqrt sends to its input 0 is not finite: node 1"),
}


@pytest.fixture
def functions():
    space = {}
    exec(MODULE, space)
    return space


@pytest.mark.parametrize("name", ERRORS)
def test_check_raises(functions, name):
    error, words = ERRORS[name]
    with pytest.raises(error) as caught:
        check(functions[name], *functions[name].inputs)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 240


@pytest.mark.parametrize("name", VERDICTS)
def test_check_has_a_verdict(functions, name):
    verdict, words, blame = VERDICTS[name]
    report = check(functions[name], *functions[name].inputs)
    assert report.verdict is verdict
    assert not report.ok
    assert words in str(report)
    assert blame in str(report.blame())
    assert "happy" not in str(report)
    assert not report.relative_error <= 1e-2


def test_nan_among_numbers_and_in_one_gradient_alone(functions):
    assert check(lambda x: x * 2, np.array([1.0, np.nan])).verdict is Verdict.NONFINITE
    report = check(lambda x: ag.sqrt(x).sum(), np.array([0.0, 1.0]))
    assert [c.verdict for c in report.coordinates] == [Verdict.NONFINITE, Verdict.OK]


@pytest.mark.parametrize("name", [*ERRORS, *VERDICTS])
def test_the_command_line_says_so_in_a_line_or_two(name, tmp_path, capsys):
    (tmp_path / "bad.py").write_text(MODULE, encoding="utf-8")
    status = main(["check", f"{tmp_path / 'bad.py'}:{name}"])
    captured = capsys.readouterr()
    if name in ERRORS:
        assert status == 2
        assert captured.err.startswith("autograd-cnn check: error: check: ")
        assert ERRORS[name][1] in captured.err
        assert captured.err.count("\n") == 1
    else:
        verdict, words, blame = VERDICTS[name]
        assert status == 1
        assert captured.out.startswith(f"{verdict}: ")
        assert words in captured.out
        assert blame in captured.out


def test_the_fixture_of_pytest_fails_each_test_with_the_same_words(pytester):
    pytester.makepyfile(
        bad=MODULE,
        test_bad="""
        import pytest
        import bad

        @pytest.mark.parametrize("name", bad.INPUTS)
        def test(gradcheck, name):
            gradcheck(getattr(bad, name), bad.INPUTS[name])
        """,
    )
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "viz.pytest_plugin", "--gradcheck-html=c.html"
    )
    result.assert_outcomes(failed=len(ERRORS) + len(VERDICTS))
    text = result.stdout.str()
    for words in [words for _, words in ERRORS.values()] + [words for _, words, _ in VERDICTS.values()]:
        assert words in text
    page = (pytester.path / "c.html").read_text(encoding="utf-8")
    assert f"{len(VERDICTS)} not proved right" in page  # what cannot be asked has no report
    assert "NONDETERMINISTIC" in page
