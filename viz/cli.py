"""The ``autograd-cnn`` command: demo, draw, play, textbook, check, warmup."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from viz.usage import PROGRAM, parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, 1 for a wrong gradient, 2 for wrong use, 130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(_keep_minus(given))
    try:
        return _obey(options)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # standard output itself: a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"{PROGRAM} {options.command}: error: cannot write the output: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\n{PROGRAM} {options.command}: stopped", file=sys.stderr)
        return 130


def _obey(options: argparse.Namespace) -> int:
    # The engine takes half a second to import: --help does not wait for it, and Ctrl-C may come meanwhile.
    with _ctrl_c_waiting():
        import numpy  # noqa: F401 - which takes Ctrl-C for a broken installation, and says so at length

    from autograd_cnn.errors import AutogradError

    try:
        status = _RUN[options.command](options) or 0
        if sys.stdout is not None:  # closed from the beginning
            sys.stdout.flush()
    except AutogradError as error:
        print(f"{PROGRAM} {options.command}: error: {error}", file=sys.stderr)
        return 2
    return status


@contextmanager
def _ctrl_c_waiting() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end of the block where Ctrl-C was pressed inside."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of Ctrl-C
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _demo(options: argparse.Namespace) -> None:
    from viz.demo import demo

    demo(
        activation=options.activation,
        init_std=options.init_std,
        lr=options.lr,
        momentum=options.momentum,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        theme=options.theme,
        folder=Path(options.output),
    )


def _draw(options: argparse.Namespace) -> None:
    import numpy as np

    import autograd_cnn as ag
    from viz.circuits import circuit
    from viz.expressions import assignments, build

    expression = options.expression.strip()
    with np.errstate(all="ignore"):  # inf and NaN are shown in the picture
        output, leaves = build(expression, assignments(options.values))
        output.backward()
        picture = circuit(output, title=expression, explain=options.explain, theme=options.theme)
    if options.output:
        picture.save(options.output)
    print(f"{expression} = {output.value:.6g}\n\n{ag.tree(output)}\n")
    width = max(map(len, leaves))
    for name, leaf in leaves.items():
        gradient = "no gradient" if leaf.grad is None else f"gradient {leaf.grad:.6g}"
        print(f"{name:{width}} = {leaf.value:<10.6g} {gradient}")
    if options.output:
        print(f"\nwritten: {options.output}")


def _play(options: argparse.Namespace) -> None:
    from viz.play_command import play

    play(options.expression, options.values, options.output)


def _textbook(options: argparse.Namespace) -> None:
    from viz import textbook

    print(f"written: {textbook.page(seed=options.seed).save(options.output)}")


def _check(options: argparse.Namespace) -> int:
    from viz.check_command import check

    return check(
        options.function,
        options.input,
        output=options.output,
        theme=options.theme,
        order=options.order,
        mode=options.mode,
        oracle=options.oracle,
        kinks=options.kinks,
        seed=options.seed,
    )


def _warmup(options: argparse.Namespace) -> None:
    from viz import warmup_command

    if options.clear:
        warmup_command.clear()
    else:
        warmup_command.warmup(float64=options.float64)


_RUN: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "demo": _demo,
    "draw": _draw,
    "play": _play,
    "textbook": _textbook,
    "check": _check,
    "warmup": _warmup,
}


def _keep_minus(arguments: list[str]) -> list[str]:
    """Let ``draw "-x * y"`` be an expression: argparse takes what starts with a blank for no option."""
    if arguments[:1] not in (["draw"], ["play"]):
        return arguments
    return [f" {a}" if re.match(r"-(?!o\b|h\b|-)", a) else a for a in arguments]


if __name__ == "__main__":
    sys.exit(main())
