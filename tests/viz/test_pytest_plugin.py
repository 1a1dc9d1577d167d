"""The pytest plugin in suites of its own: what it checks, saves and writes, and that it keeps out of the way."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from hypothesis import given, strategies as st
import autograd_cnn as ag
from autograd_cnn import testing
from autograd_cnn.testing.mutants import scaled
from viz.pytest_plugin import gradtest

def f(x, y):
    return ag.sin(x) * y

def test_right(gradcheck):
    assert gradcheck(f, 0.5, 2.0).ok

def test_wrong(gradcheck):
    with scaled("sin", 1.5).applied():
        gradcheck(f, 0.5, 2.0)

def test_wrong_without_the_fixture():
    with scaled("sin", 1.5).applied():
        testing.assert_gradients(f, 0.5, 2.0)

def test_expected_to_be_wrong(gradcheck):
    with scaled("sin", 1.5).applied(), pytest.raises(AssertionError):
        gradcheck(f, 0.5, 2.0)

@pytest.fixture
def two():
    return 2.0

@pytest.mark.parametrize("x", [0.5, 1.5])
@gradtest(f, order=2)
def test_decorated(x, two):
    return x, two

@given(x=st.integers(1, 8))
@gradtest(ag.exp)
def test_drawn(x):
    return x / 8

class TestMethods:
    @gradtest(f)
    def test_method(self, two):
        return 0.5, two
"""


@pytest.fixture
def arguments() -> list[str]:
    """Name the plugin, which loads it once, whether this package was installed with its entry point or not."""
    return ["-p", "no:cacheprovider", "-p", "viz.pytest_plugin"]


def test_the_entry_point_is_named_like_the_module() -> None:
    """Else ``-p viz.pytest_plugin`` would register it twice."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"viz.pytest_plugin": "viz.pytest_plugin"}


def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test(request): assert not request.config.pluginmanager.has_plugin('gradcheck-checks')")
    pytester.runpytest_subprocess("-p", "no:viz.pytest_plugin").assert_outcomes(passed=1)


def test_fixture_and_decorator_judge_gradients(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(["*WrongGradientError: WRONG: 1 WRONG, 1 OK*", "*sin is to blame: node *"])
    assert "picture:" not in result.stdout.str()


def test_a_failure_shows_the_users_lines_and_not_the_plugins(
    pytester: pytest.Pytester, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)  # there pytest repeats the whole message in its summary
    wrong = """
@pytest.fixture
def wrong():
    with scaled("sin", 1.5).applied():
        yield

@gradtest(f)
def test_decorated_wrong(wrong):
    return 0.5, 2.0
"""
    pytester.makepyfile(SUITE + wrong)
    shown = pytester.runpytest_subprocess(*arguments).stdout.str()
    assert "gradcheck(f, 0.5, 2.0)" in shown
    assert shown.count("sin is to blame: node ") == 3
    assert "checking.py" not in shown
    assert "pytest_plugin.py" not in shown


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_pictures_and_page(pytester: pytest.Pytester, arguments: list[str], workers: list[str]) -> None:
    if workers:
        pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    pytester.makepyfile(SUITE)
    options = ["--gradcheck-pictures=pictures", "--gradcheck-html=checks.html"]
    result = pytester.runpytest_subprocess(*arguments, *workers, *options)
    result.assert_outcomes(passed=6, failed=2)
    pictures = sorted(path.name for path in (pytester.path / "pictures").iterdir())
    assert len(pictures) == 2
    assert all(name.endswith((".py-test_wrong.svg", ".py-test_wrong_without_the_fixture.svg")) for name in pictures)
    assert all("culprit" in (pytester.path / "pictures" / name).read_text(encoding="utf-8") for name in pictures)
    result.stdout.fnmatch_lines(["*picture: pictures*test_wrong.svg", "*gradient checks: checks.html"])
    html = (pytester.path / "checks.html").read_text(encoding="utf-8")
    assert html.count("<details") == 8
    assert html.count("<tbody>") == 8
    assert html.count('class="check"') > 1  # of the property test every example
    assert "3 not proved right" in html  # the expected one too
    assert html.count("<svg") >= 16


def test_profiles_say_how_much_is_checked(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile(
        """
        import autograd_cnn as ag

        def test_count(gradcheck, request):
            runs = []
            report = gradcheck(lambda x: (runs.append(1), ag.sin(x))[1], 0.5)
            seeds = {"quick": 0, "ci": 0, "intense": 4}
            profile = request.config.getoption("gradcheck_profile")
            assert report.seed == seeds[profile]
            assert (report.coordinates[0].index is None) == (profile == "quick")
            assert gradcheck(ag.sin, 0.5, mode="full", seed=9).seed == 9
        """
    )
    for profile in ("quick", "ci", "intense"):
        pytester.runpytest_subprocess(*arguments, f"--gradcheck-profile={profile}").assert_outcomes(passed=1)
    assert pytester.runpytest_subprocess(*arguments, "--gradcheck-profile=slow").ret == 4


def test_a_page_must_be_html_and_an_unwritable_one_is_said(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile("def test(): pass")
    result = pytester.runpytest_subprocess(*arguments, "--gradcheck-html=checks.txt")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--gradcheck-html=checks.txt: expected a file that ends in .html"])
    result = pytester.runpytest_subprocess(*arguments, "--gradcheck-html=nowhere/checks.html")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["gradient checks: save: cannot write 'nowhere/checks.html'*"])


def test_it_is_light_and_silent_for_other_suites(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_was_imported():
            assert not {"numpy", "numba", "graphviz", "autograd_cnn", "viz.circuits"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess(*arguments, "-p", "no:hypothesispytest", "-p", "no:benchmark", "-Werror")
    result.assert_outcomes(passed=1)
    assert "gradient" not in result.stdout.str()


def test_importing_the_engine_needs_neither_pytest_nor_hypothesis() -> None:
    code = "import sys; sys.modules['pytest'] = sys.modules['hypothesis'] = None; import autograd_cnn.testing, viz"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_picture_of_a_property_test_shows_the_shrunk_case(pytester: pytest.Pytester, arguments: list[str]) -> None:
    pytester.makepyfile(
        """
        from hypothesis import given, settings, strategies as st
        import autograd_cnn as ag
        from autograd_cnn.testing.mutants import scaled

        @settings(database=None, derandomize=True)
        @given(x=st.integers(0, 100))
        def test_wrong_from_3_on(gradcheck, x):
            with scaled("sin", 1.5 if x >= 3 else 1.0).applied():
                gradcheck(lambda node: ag.sin(node / 64), ag.Scalar(float(x), name=f"x is {x}"))
        """
    )
    result = pytester.runpytest_subprocess(*arguments, "--gradcheck-pictures=pictures")
    result.assert_outcomes(failed=1)
    (picture,) = (pytester.path / "pictures").iterdir()
    assert ">x is 3</text>" in picture.read_text(encoding="utf-8").replace("&#160;", " ")
