"""What is wrong on purpose: the mutants of a file, each with one small change, made by cosmic-ray's operators.

Of cosmic-ray's operators those are taken that a tired author could have been: another sign, the other inequality, one
more or one less, ``or`` for ``and``, a loop that is left or never begun. Where it has eleven ways to replace ``+`` one
is taken. Not counted are changes of annotations, which nothing reads, of what may be given by place or by name alone,
and of decorators that only make code faster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPERATORS = [
    *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul"),
    *("RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitAnd"),
]
COMPARISONS = [
    *("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
]
UNARY = ["USub_UAdd", "UAdd_USub", "Invert_UAdd", "Delete_Not"]
OTHERS = [
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer"),
    *("RemoveDecorator", "ZeroIterationForLoop"),
]
NAMES = [
    *(f"ReplaceBinaryOperator_{name}" for name in OPERATORS),
    *(f"ReplaceComparisonOperator_{name}" for name in COMPARISONS),
    *(f"ReplaceUnaryOperator_{name}" for name in UNARY),
    *OTHERS,
]
FASTER = re.compile(r"\s*@(jit|lru_cache|cache|cached_property|dataclass|overload|final|functools)\b")


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str  # from the project's folder, with slashes
    line: int
    statement: range  # the lines of the statement that this line is of
    before: str  # the lines that change, stripped
    after: str
    source: str  # the whole file, changed

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is known by, wherever in the file it stands."""
        return self.path, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n    - {self.before}\n    + {self.after}"


def mutants(root: Path, path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file that differ from it, and from each other, in what they do."""
    from cosmic_ray.mutating import MutationVisitor
    from cosmic_ray.plugins import get_operator

    original, relative = path.read_text(), path.relative_to(root).as_posix()
    tree, seen = ast.parse(original), {_meaning(original)}
    for name in NAMES:
        operator, occurrence = get_operator(f"core/{name}")(), 0
        while (changed := MutationVisitor.mutate_code(original, operator, occurrence)) is not None:
            occurrence += 1
            try:
                meaning = _meaning(changed)
            except SyntaxError:
                continue
            if meaning not in seen:
                seen.add(meaning)
                line, before, after = _difference(original, changed)
                if not FASTER.match(before):
                    yield Mutant(relative, line, _statement(tree, line), before.strip(), after.strip(), changed)


def _difference(original: str, changed: str) -> tuple[int, str, str]:
    """Return the number of the first line that differs, and the lines that do, in both."""
    old, new = original.splitlines(), changed.splitlines()
    first = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    last = next(i for i, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=False)) if a != b)
    return first + 1, "\n".join(old[first : len(old) - last]), "\n".join(new[first : len(new) - last])


def _statement(tree: ast.Module, line: int) -> range:
    """Return the lines of the innermost statement around a line; of one with a body, those above the body."""
    found = range(line, line + 1)
    for node in ast.walk(tree):  # outer ones first
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            if node.lineno <= line < max(end, node.lineno + 1):
                found = range(node.lineno, max(end, node.lineno + 1))
    return found


def _meaning(source: str) -> str:
    """Return a program as text, without annotations and without what may be given by name or by place alone."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            given = node.args
            given.args = given.posonlyargs + given.args + given.kwonlyargs
            given.defaults = [default for default in given.defaults + given.kw_defaults if default]
            given.posonlyargs, given.kwonlyargs, given.kw_defaults = [], [], []
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)
