"""One mutant's trial: tests run, in a process of their own, with one file changed; nothing on the disk is."""

from __future__ import annotations

import gc
import inspect
import os
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import zip_longest
from types import CodeType, FunctionType, ModuleType
from typing import TypeAlias

import pytest

from tests.mutations.mutants import Mutant
from tests.mutations.reached import Reached, Recorder

MEMORY = 6 << 30  # bytes of address space: a loop that never ends may also never stop to allocate
OPTIONS = [
    "-q",
    "-s",
    "-x",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore:Module already imported:pytest.PytestWarning",
]
PATIENCE = 5.0  # seconds of the processor that a test may take, beside five times what it took
STANDSTILL = 60.0  # seconds by the clock that a trial may take, beside five times what its tests took
Run: TypeAlias = Callable[["Limits", Mutant, Sequence[str]], int]
"""What runs the tests of a mutant, and returns whether one failed."""
_functions: defaultdict[CodeType, list[FunctionType]] = defaultdict(list)


class Trials:
    """A plugin of pytest that tries mutants with the tests that are collected, instead of running these once.

    Everything is imported and collected only here: a trial is a fork of this process, and begins with its first test.
    """

    def __init__(self, files: Sequence[str], mutants: Iterable[Mutant], workers: int, record: str | None) -> None:
        self.files, self.mutants, self.workers = files, mutants, workers
        self.record = record
        self.results: list[tuple[Mutant, bool]] = []
        """Each mutant, and whether it survived."""
        self._later: list[Mutant] = []
        self._reached = Reached()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests as they are, then those of each mutant."""
        session.config.pluginmanager.unregister(self)
        for file in self.files:  # those, too, that tests import only when they run
            import_module(os.path.relpath(file).removesuffix(".py").removesuffix("/__init__").replace(os.sep, "."))
        gc.unfreeze()  # what is frozen is not listed
        gc.collect()
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                _functions[thing.__code__].append(thing)
        gc.freeze()
        with tempfile.TemporaryDirectory() as folder:
            path = self.record or os.path.join(folder, "reached")
            self._reached = Reached.read(path) if os.path.exists(path) else _recorded(session, self.files, path)
        print(f"\n{len(session.items)} tests, {sum(self._reached.seconds.values()):.0f} s; now the mutants", flush=True)
        self._try(self._of_functions(), partial(_run_collected, session))
        return True

    def finish(self) -> None:
        """Try the mutants of what runs on import, when the session of pytest is over: theirs begin from the start."""
        unchanged = {mutant.path: replace(mutant, source=_source(mutant.path)) for mutant in self._later}
        for control, passed in _tried(unchanged.values(), self._reached, self.workers, _run_anew):
            if not passed:
                raise SystemExit(f"the tests of {control.path} fail when they begin anew, with nothing changed")
        self._try(self._later, _run_anew)

    def _of_functions(self) -> Iterator[Mutant]:
        for mutant in self.mutants:
            if exchange(mutant) is None:
                self._later.append(mutant)
            else:
                yield mutant

    def _try(self, mutants: Iterable[Mutant], run: Run) -> None:
        for mutant, survived in _tried(mutants, self._reached, self.workers, run):
            self.results.append((mutant, survived))
            if len(self.results) % 100 == 0:
                print(f"{len(self.results)} tried, the last of {mutant.path}", file=sys.stderr, flush=True)
            if survived:
                print(mutant, flush=True)


def _recorded(session: pytest.Session, files: Sequence[str], path: str) -> Reached:
    """Run all tests in a process of their own and return what they reach."""
    process = os.fork()
    if process == 0:
        recorder = Recorder(files)
        session.config.pluginmanager.register(recorder)
        try:
            session.config.hook.pytest_runtestloop(session=session)
        finally:  # also where a test fails, which ends the loop
            recorder.write(path)
            os._exit(0)
    os.waitpid(process, 0)
    return Reached.read(path)


def _tried(mutants: Iterable[Mutant], reached: Reached, workers: int, run: Run) -> Iterator[tuple[Mutant, bool]]:
    """Try mutants, several at the same time, and yield each with whether it survived."""
    running: list[Trial] = []
    waiting = iter(mutants)
    while True:
        while len(running) < workers and (mutant := next(waiting, None)) is not None:
            tests = reached.by(mutant.path, mutant.statement, on_import=run is _run_anew)
            if tests:
                seconds = STANDSTILL + 5 * sum(reached.seconds[test] for test in tests)
                running.append(Trial.begin(mutant, tests, seconds, partial(run, Limits(reached.seconds))))
            else:
                yield mutant, True
        if not running:
            return
        time.sleep(0.002)
        for trial in list(running):
            if (survived := trial.survived()) is not None:
                running.remove(trial)
                yield trial.mutant, survived


@dataclass
class Trial:
    """A process that runs the tests of a mutant."""

    mutant: Mutant
    process: int
    end: float

    @classmethod
    def begin(
        cls, mutant: Mutant, tests: Sequence[str], seconds: float, run: Callable[[Mutant, Sequence[str]], int]
    ) -> Trial:
        """Start the tests of a mutant; after so many seconds they count as failed."""
        process = os.fork()
        if process == 0:
            _enclosed(partial(run, mutant, tests))
        return cls(mutant, process, time.monotonic() + seconds)

    def survived(self) -> bool | None:
        """Return whether all tests passed, or None while they run."""
        process, status = os.waitpid(self.process, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status) == 0
        if time.monotonic() < self.end:
            return None
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        return False


def _enclosed(run: Callable[[], int]) -> None:
    """End this process with what `run` returns, or 1 if it raises."""
    code = 1
    try:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        code = run()
    finally:
        os._exit(code)


class Limits:
    """A plugin of pytest that ends the process when a test takes far longer than it did: a loop may never end."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[object]:
        """Have SIGPROF sent, whose default is the end, when the processor has worked for too long."""
        signal.setitimer(signal.ITIMER_PROF, PATIENCE + 5 * self.seconds.get(item.nodeid, 0.0))
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)


def _run_collected(session: pytest.Session, limits: Limits, mutant: Mutant, tests: Sequence[str]) -> int:
    """Change functions where they are and run tests that are collected; return whether one failed."""
    session.config.pluginmanager.register(limits)
    for function, code in (exchange(mutant) or {}).items():
        function.__code__ = code
    places = {item.nodeid: item for item in session.items}
    session.items = [places[test] for test in tests]
    session.config.hook.pytest_runtestloop(session=session)
    return int(session.testsfailed > 0)


def _run_anew(limits: Limits, mutant: Mutant, tests: Sequence[str]) -> int:
    """Import everything anew, with one module changed, and run tests; return whether one failed, or could not begin."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("autograd_cnn", "viz", "tests")]:
        del sys.modules[name]  # tests hold on to what they imported
    path = os.path.abspath(mutant.path)
    sys.meta_path.insert(0, Changed(path, compile(mutant.source, path, "exec", dont_inherit=True)))
    return int(pytest.main([*OPTIONS, *tests], plugins=[limits]) != pytest.ExitCode.OK)


def _source(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def exchange(mutant: Mutant) -> dict[FunctionType, CodeType] | None:
    """Return the functions of a mutant's file with their other code, or None if what runs on import is another."""
    path = os.path.abspath(mutant.path)
    old = compile(_source(path), path, "exec", dont_inherit=True)
    pairs = dict(_pairs(old, compile(mutant.source, path, "exec", dont_inherit=True)))
    if None in pairs.values():
        return None
    for before, after in pairs.items():
        if _meaning(before) != _meaning(after):
            is_function = before.co_flags & inspect.CO_OPTIMIZED  # neither a module nor the body of a class
            if not is_function or before.co_freevars != after.co_freevars:
                return None
    return {function: after for before, after in pairs.items() for function in _functions[before]}


class Changed(MetaPathFinder):
    """Finds modules as ever, but for one, which gets other code."""

    def __init__(self, path: str, code: CodeType) -> None:
        self.path, self.code = path, code

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is, with a loader of its own if it is the one that is changed."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin == self.path:
            spec.loader = ChangedLoader(name, self.path, self.code)
        return spec


class ChangedLoader(SourceFileLoader):
    """Loads code that is given."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        """Return what the module is to run."""
        return self.code


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType | None]]:
    """Yield the code of each function with its other code, or None where there is one less, or more."""
    yield old, new
    for before, after in zip_longest(_inner(old), _inner(new)):
        if before is None or after is None:
            yield old, None
        else:
            yield from _pairs(before, after)


def _inner(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _meaning(code: CodeType) -> str:
    """Return what code does, but for what is inside of its own functions."""
    constants = [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
    return repr((code.co_code, constants, code.co_names, code.co_varnames))
