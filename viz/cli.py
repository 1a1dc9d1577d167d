"""The ``autograd-cnn`` command: demo, draw, play, textbook, check, warmup."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from autograd_cnn.errors import AutogradError
from viz.arguments import Parser, count, positive, seed, share

PROGRAM = "autograd-cnn"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main_parser = Parser(
        prog=PROGRAM, description="Build networks gate by gate, and see how their gradients flow.", allow_abbrev=False
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    _add_demo(commands)
    _add_draw(commands)
    _add_play(commands)
    _add_textbook(commands)
    _add_check(commands)
    _add_warmup(commands)
    return main_parser


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="train a small CNN on handwritten digits and draw its gradient flow",
        description="Train a small CNN on the 1,797 UCI handwritten digits, print the health of its layers, "
        "and write gradient-flow.svg and report.html.",
        epilog="The troubles of the notes in the same picture:\n"
        f"  {PROGRAM} demo --activation sigmoid --init-std 3     saturated sigmoids\n"
        f"  {PROGRAM} demo --activation sigmoid --init-std 0.01  vanishing gradients\n"
        f"  {PROGRAM} demo --activation relu --lr 10             dead ReLUs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    demo.set_defaults(run=_demo)
    demo.add_argument("--activation", choices=("relu", "sigmoid", "tanh"), default="relu")
    demo.add_argument(
        "--init-std",
        type=positive,
        metavar="S",
        help="draw all weights from a normal distribution with this standard deviation "
        "(default: He for relu, Xavier for the others)",
    )
    demo.add_argument("--lr", type=positive, default=0.02, metavar="RATE", help="learning rate (default: 0.02)")
    demo.add_argument("--momentum", type=share, default=0.9, metavar="M", help="of SGD (default: 0.9)")
    demo.add_argument("--epochs", type=count, default=15, metavar="N", help="passes over the data (default: 15)")
    demo.add_argument("--batch-size", type=count, default=64, metavar="N", help="samples per step (default: 64)")
    demo.add_argument("--seed", type=seed, default=0, metavar="N", help="of weights and batches (default: 0)")
    demo.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture (default: light)")
    demo.add_argument("-o", "--output", default=".", metavar="FOLDER", help="where to write (default: here)")


def _add_draw(commands: argparse._SubParsersAction[Parser]) -> None:
    draw = commands.add_parser(
        "draw",
        help="draw an arithmetic expression with its values and gradients",
        description="Build an expression gate by gate, print every value and gradient, and draw the circuit.",
        epilog=f'example:\n  {PROGRAM} draw "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    draw.set_defaults(run=_draw)
    _add_expression(draw)
    draw.add_argument(
        "-o", "--output", metavar="FILE", help="write the picture here: .svg, .png, .pdf, .html, .json or .dot"
    )
    draw.add_argument("--explain", action="store_true", help="write local × upstream under each gradient")
    draw.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture (default: light)")


def _add_play(commands: argparse._SubParsersAction[Parser]) -> None:
    play = commands.add_parser(
        "play",
        help="step through an arithmetic expression in the browser, forward and back, as an exercise too",
        description="Build an expression gate by gate, and write a page that steps through it: every gate forward, "
        "then the chain rule at each gate with its numbers.",
        epilog=f'example:\n  {PROGRAM} play "(x + y) * z" x=-2 y=5 z=-4 -o player.html',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    play.set_defaults(run=_play)
    _add_expression(play)
    play.add_argument("-o", "--output", default="player.html", metavar="FILE", help="the page (default: player.html)")


def _add_expression(command: argparse.ArgumentParser) -> None:
    command.add_argument("expression", help='such as "(x + y) * z" or "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="name=number", help="a value for each name")


def _add_textbook(commands: argparse._SubParsersAction[Parser]) -> None:
    textbook = commands.add_parser(
        "textbook",
        help="write a page of the notes' pictures, computed anew",
        description="Write a page of the notes' pictures, drawn from the engine's own numbers: activations and their "
        "slopes, shared weights, the loss along random directions, learning rates, a neuron's decision line.",
        allow_abbrev=False,
    )
    textbook.set_defaults(run=_textbook)
    textbook.add_argument("--seed", type=seed, default=0, metavar="N", help="of all that is random (default: 0)")
    textbook.add_argument("-o", "--output", default="textbook.html", metavar="FILE", help="(default: textbook.html)")


def _add_check(commands: argparse._SubParsersAction[Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="check the gradients of a function of nodes, and name the wrong gate",
        description="Judge the gradients of a function by numeric derivatives, and name the first gate whose own "
        "rule is wrong. The status is 0 when they are proved right, 1 when they are not, 2 for wrong use.",
        epilog="The function is called with one node per input. Its inputs are those of --input, else those of its\n"
        "attribute 'inputs', a tuple. Floating numbers and arrays are checked, integers are handed on:\n"
        "  def f(x, y): return autograd_cnn.sin(x) * y\n"
        "  f.inputs = 0.5, numpy.array([1.0, 2.0])\n"
        "examples:\n"
        f"  {PROGRAM} check model.py:loss\n"
        f"  {PROGRAM} check autograd_cnn:maximum --input 0.5 --input '[1.0, -2.0]' -o check.svg",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    check.set_defaults(run=_check)
    check.add_argument("function", metavar="MODULE:NAME", help="such as package.module:name or folder/file.py:name")
    check.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="JSON",
        help="an input, once for each: a number or nested lists of numbers, such as 0.5 or [[1.0, 2.0]]",
    )
    check.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: gradients of gradients too")
    check.add_argument("--mode", choices=("full", "directions"), default="full", help="elements, or a few directions")
    check.add_argument("--oracle", choices=("auto", "ridders", "central", "one-sided"), default="auto")
    check.add_argument("--kinks", choices=("nudge", "skip", "tie", "fail"), default="nudge")
    check.add_argument("--seed", type=seed, default=0, metavar="N", help="of all that is random (default: 0)")
    check.add_argument(
        "-o", "--output", metavar="FILE", help="write the picture here: .svg, .png, .pdf, .html, .json or .dot"
    )
    check.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture (default: light)")


def _add_warmup(commands: argparse._SubParsersAction[Parser]) -> None:
    warmup = commands.add_parser(
        "warmup",
        help="compile the kernels now, once, so that no training waits for them",
        description="Compile the kernels that the demo, LeNet-5 and a small CIFAR net need, and cache them.",
        allow_abbrev=False,
    )
    warmup.set_defaults(run=_warmup)
    warmup.add_argument("--float64", action="store_true", help="for float64 too, not for float32 alone")
    warmup.add_argument("--clear", action="store_true", help="delete the cached machine code instead")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, 1 for a wrong gradient, 2 for wrong use, 130 after Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(_keep_minus(given))
    try:
        status: int = options.run(options) or 0
        sys.stdout.flush()
    except AutogradError as error:
        print(f"{PROGRAM} {options.command}: error: {error}", file=sys.stderr)
        return 2
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
    return status


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


def _keep_minus(arguments: list[str]) -> list[str]:
    """Let ``draw "-x * y"`` be an expression: argparse takes what starts with a blank for no option."""
    if arguments[:1] not in (["draw"], ["play"]):
        return arguments
    return [f" {a}" if re.match(r"-(?!o\b|h\b|-)", a) else a for a in arguments]


if __name__ == "__main__":
    sys.exit(main())
