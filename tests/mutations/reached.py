"""Which tests reach which lines of the files that are changed, and how long each takes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest

DEFINITIONS = "tests/test_gate_table.py", "tests/gates/test_declarations.py"  # they look at what importing defines
MOST = 10.0  # seconds for one mutant of the quickest tests named like its file, and as much of others


@dataclass
class Reached:
    """For each file and line the tests that run it."""

    tests: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str) -> Reached:
        """Read what a `Recorder` wrote."""
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        if found["failed"]:
            os.unlink(path)
            raise SystemExit(f"all tests must pass before anything is changed; these do not: {found['failed']}")
        tests = {
            path: {int(line): [test for test in of_line if test] for line, of_line in lines.items()}
            for path, lines in found["tests"].items()
        }
        return cls(tests, found["seconds"])

    def by(self, path: str, statement: range, on_import: bool = False) -> list[str]:
        """Return the tests of a statement, those named like its file first, then the quickest.

        What runs when its file is imported is tested by all that run anything in this file; if none does, as in one
        of constants alone, by all. Tests may reach its line, too: a gate's declaration holds the rule for Scalars.
        """
        lines = self.tests.get(path, {})
        tests = {test for line in statement for test in lines.get(line, ())}
        of_definitions: set[str] = set()
        if on_import or not tests:
            of_definitions = {test for test in self.seconds if test.startswith(DEFINITIONS)}
            tests = {test for of_line in lines.values() for test in of_line} | of_definitions or set(self.seconds)
        of_file = {test for test in tests if f"test_{Path(path).stem.strip('_')}.py" in test} - of_definitions
        groups = of_file, of_definitions, tests - of_file - of_definitions
        return [test for group in groups for test in self._quickest(group)]

    def _quickest(self, tests: set[str]) -> Iterator[str]:
        """Yield the quickest of some tests for as long as a mutant is given, but one at least."""
        total = 0.0
        for i, test in enumerate(sorted(tests, key=lambda test: (self.seconds.get(test, 0.0), test))):
            total += self.seconds.get(test, 0.0)
            if i and total > MOST:
                return
            yield test


class Recorder:
    """A plugin of pytest that tells coverage which test runs, and notes how long it takes."""

    def __init__(self, files: Sequence[str]) -> None:
        self._coverage = coverage.Coverage(data_file=None, include=list(files), config_file=False)
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[object]:
        """Measure while all tests run."""
        self._coverage.start()
        try:
            return (yield)
        finally:
            self._coverage.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[object]:
        """Give the lines that run from here to this test."""
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the time of one phase of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def write(self, path: str) -> None:
        """Write what was recorded, for `Reached.read`."""
        data, tests = self._coverage.get_data(), {}
        for file in data.measured_files():
            tests[os.path.relpath(file)] = data.contexts_by_lineno(file)
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"tests": tests, "seconds": self.seconds, "failed": self.failed}, out)
