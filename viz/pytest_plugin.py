"""pytest plugin: check gradients in any test suite; pictures and a page of what was checked.

It offers the fixture `gradcheck` and the decorator `gradtest`, and does nothing for a suite that uses neither: the
engine and the viewer are imported when the first gradient is checked. ``-p no:viz.pytest_plugin`` switches it off.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from autograd_cnn.testing import Report
    from viz.check_page import Gathered

Check: TypeAlias = Callable[..., Any]

PROFILES: dict[str, tuple[dict[str, Any], ...]] = {
    "quick": ({"mode": "directions"},),
    "ci": ({},),
    "intense": tuple({"seed": seed} for seed in range(5)),
}
"""How often a function is checked, and with which options of `check` where the test gives none."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plugin."""
    group = parser.getgroup("gradcheck", "gradient checks of autograd_cnn")
    group.addoption(
        "--gradcheck-profile",
        choices=tuple(PROFILES),
        default="ci",
        help="quick: a few random directions; ci: every element (default); intense: every element, with five seeds",
    )
    group.addoption(
        "--gradcheck-pictures",
        metavar="DIR",
        help="save the graph of every failing check here, with the wrong gate in red",
    )
    group.addoption(
        "--gradcheck-html",
        metavar="FILE",
        help="write one page with every check of the session: verdict, relative error, picture",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register what remembers the checks of a session, and refuse a page that is no page."""
    page = config.getoption("gradcheck_html", None)
    if page and Path(page).suffix.lower() not in (".html", ".htm"):
        raise pytest.UsageError(f"--gradcheck-html={page}: expected a file that ends in .html")
    config.pluginmanager.register(Checks(config), "gradcheck-checks")


class Checks:
    """The checks of a session.

    Parameters
    ----------
    config : pytest.Config
        With the options of this plugin.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.options = PROFILES[config.getoption("gradcheck_profile")]
        self.pictures: str | None = config.getoption("gradcheck_pictures")
        self.page: str | None = config.getoption("gradcheck_html")
        self._is_worker = hasattr(config, "workerinput")  # of pytest-xdist: the page is written by the others' master
        self._of_test: Gathered | None = None
        self._entries: list[dict[str, Any]] = []

    def check(self, f: Callable[..., Any], *inputs: Any, **options: Any) -> Report:
        """Raise unless the gradients of `f` are proved right; see `autograd_cnn.testing.assert_gradients`."""
        from autograd_cnn.testing import WrongGradientError, assert_gradients

        __tracebackhide__ = True  # pytest's traceback ends where the user's test calls this
        report: Report
        for chosen in self.options:
            try:
                report = assert_gradients(f, *inputs, **{**chosen, **options})
            except WrongGradientError as error:
                self._remember(error.report)
                raise
            self._remember(report)
        return report

    def _remember(self, report: Report) -> None:
        if self.page:
            from viz.check_page import Gathered

            self._of_test = self._of_test or Gathered()
            self._of_test.add(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add picture and entries of a test's checks to pytest's report of it."""
        outcome = yield
        if call.when == "call":
            failed = wrong_gradient(call.excinfo)
            if failed is not None and self.pictures:
                outcome.sections.append(("gradient check", saved_picture(failed, self.pictures, item.nodeid)))
            if failed is not None and failed not in (self._of_test or ()):
                self._remember(failed)
            if self._of_test:
                # as plain data, so that it travels from the workers of pytest-xdist
                outcome.gradcheck = self._of_test.entry(item.nodeid)  # type: ignore[attr-defined]
            self._of_test = None
        return outcome

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the entries of all tests."""
        if hasattr(report, "gradcheck"):
            self._entries.append(report.gradcheck)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the page, and say where it is."""
        if self.page and not self._is_worker:
            from autograd_cnn.errors import AutogradError
            from viz.check_page import check_page

            try:
                terminalreporter.write_line(f"gradient checks: {check_page(self._entries).save(self.page)}")
            except AutogradError as error:
                terminalreporter.write_line(f"gradient checks: {error}", red=True)


@pytest.fixture(scope="session")
def gradcheck(request: pytest.FixtureRequest) -> Check:
    """Check gradients: ``gradcheck(f, *inputs, **options)``, as `autograd_cnn.testing.assert_gradients`."""
    checks: Checks = request.config.pluginmanager.get_plugin("gradcheck-checks")  # type: ignore[assignment]
    return checks.check


def gradtest(f: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Turn a function that returns inputs into a test of the gradients of `f` at these inputs.

    It may take fixtures and parameters, and with hypothesis' ``given`` above it, what strategies draw.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node or a tuple of nodes.
    **options
        Those of `autograd_cnn.testing.check`.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> @gradtest(lambda x, y: ag.sin(x) * y)
    ... def test_sine():
    ...     return 0.5, 2.0
    """

    def decorator(inputs_of: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(inputs_of)
        def test(*args: Any, gradcheck: Check, **kwargs: Any) -> None:
            __tracebackhide__ = True
            inputs = inputs_of(*args, **kwargs)
            gradcheck(f, *(inputs if isinstance(inputs, tuple) else (inputs,)), **options)

        signature = inspect.signature(inputs_of)
        fixture = inspect.Parameter("gradcheck", inspect.Parameter.KEYWORD_ONLY)
        test.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), fixture]
        )
        return test

    return decorator


def wrong_gradient(excinfo: pytest.ExceptionInfo[BaseException] | None) -> Report | None:
    """Return the report of a check that failed a test; None for any other outcome."""
    home = sys.modules.get("autograd_cnn.testing.checking")
    if excinfo is None or home is None or not isinstance(excinfo.value, home.WrongGradientError):
        return None
    report: Report = excinfo.value.report
    return report


def saved_picture(report: Report, folder: str, test: str) -> str:
    """Save the picture of a failing check; return in words where it is, or why there is none."""
    from viz.checks import gradient_check

    path = Path(folder) / (re.sub(r"[^\w.-]+", "-", test).strip("-")[-120:] + ".svg")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"picture: {gradient_check(report, title=test).save(path)}"
    except Exception as error:  # the test has failed already: a picture that fails too shall not end the session
        return f"no picture: {error}"
