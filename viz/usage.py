"""What each command takes: its arguments, their defaults, and what ``--help`` says."""

from __future__ import annotations

import argparse
from functools import partial

from viz.arguments import Parser, Version, count, file_to_write, positive, seed, share

PROGRAM = "autograd-cnn"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main_parser = Parser(
        prog=PROGRAM,
        description="Build networks gate by gate, and see how their gradients flow.",
        epilog="to begin with:\n"
        f"  {PROGRAM} demo                         # train a network, see which layers learn\n"
        f'  {PROGRAM} draw "x * y + x" x=3 y=-4    # values and gradients of an expression\n'
        f"  {PROGRAM} draw --help                  # what a command takes, with examples",
    )
    main_parser.add_argument("--version", action=Version, help="print the version, and end")
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
        "and write gradient-flow.svg, the picture of its gradients, and report.html, the training and the network "
        "from its layers down to single numbers. It takes seconds; the first time some more, to compile kernels.",
        epilog="examples, the troubles that the notes warn of:\n"
        f"  {PROGRAM} demo --activation sigmoid --init-std 3     # saturated sigmoids\n"
        f"  {PROGRAM} demo --activation sigmoid --init-std 0.01  # vanishing gradients\n"
        f"  {PROGRAM} demo --activation relu --lr 10             # dead ReLUs",
    )
    demo.add_argument(
        "--activation",
        choices=("relu", "sigmoid", "tanh"),
        default="relu",
        help="after each convolution (default: relu)",
    )
    demo.add_argument(
        "--init-std",
        type=positive,
        metavar="S",
        help="draw all weights from a normal distribution with this standard deviation "
        "(default: He for relu, Xavier for the others)",
    )
    demo.add_argument("--lr", type=positive, default=0.02, metavar="RATE", help="learning rate (default: 0.02)")
    demo.add_argument(
        "--momentum",
        type=share,
        default=0.9,
        metavar="M",
        help="share of the last step that goes on, from 0, below 1 (default: 0.9)",
    )
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
        epilog="examples:\n"
        f'  {PROGRAM} draw "(x + y) * z" x=-2 y=5 z=-4 -o circuit.svg\n'
        f'  {PROGRAM} draw "sigmoid(w*x + b)" w=2 x=-1 b=3 --explain -o neuron.html',
    )
    _add_expression(draw)
    draw.add_argument("--explain", action="store_true", help="write local × upstream under each gradient drawn")
    _add_picture(draw)


def _add_play(commands: argparse._SubParsersAction[Parser]) -> None:
    play = commands.add_parser(
        "play",
        help="step through an arithmetic expression in the browser, forward and back, as an exercise too",
        description="Build an expression gate by gate, and write a page that steps through it: every gate forward, "
        "then the chain rule at each gate with its numbers.",
        epilog=f'example:\n  {PROGRAM} play "(x + y) * z" x=-2 y=5 z=-4 -o player.html',
    )
    _add_expression(play)
    _add_page(play, "player.html", ".html", ".htm", ".json")


def _add_expression(command: argparse.ArgumentParser) -> None:
    command.add_argument("expression", help='in quotes, such as "(x + y) * z" or "sigmoid(w*x + b)"')
    command.add_argument("values", nargs="*", metavar="name=number", help="a value for each name, such as x=-2")


def _add_picture(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=file_to_write,
        metavar="FILE",
        help="write the picture here: .svg, .png, .pdf, .html, .json or .dot (default: no picture)",
    )
    command.add_argument("--theme", choices=("light", "dark"), default="light", help="of the picture (default: light)")


def _add_page(command: argparse.ArgumentParser, usual: str, *suffixes: str) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=partial(file_to_write, suffixes=suffixes),
        default=usual,
        metavar="FILE",
        help=f"the page (default: {usual})",
    )


def _add_textbook(commands: argparse._SubParsersAction[Parser]) -> None:
    textbook = commands.add_parser(
        "textbook",
        help="write a page of the notes' pictures, computed anew",
        description="Write a page of the notes' pictures, drawn from the engine's own numbers: activations and their "
        "slopes, shared weights, the loss along random directions, learning rates, a neuron's decision line.",
        epilog=f"example:\n  {PROGRAM} textbook --seed 3 -o textbook.html",
    )
    textbook.add_argument("--seed", type=seed, default=0, metavar="N", help="of all that is random (default: 0)")
    _add_page(textbook, "textbook.html", ".html", ".htm")


def _add_check(commands: argparse._SubParsersAction[Parser]) -> None:
    check = commands.add_parser(
        "check",
        help="check the gradients of a function of nodes, and name the wrong gate",
        description="Judge the gradients of a function by numeric derivatives, and name the first gate whose own "
        "rule is wrong. The status is 0 when they are proved right, 1 when they are not, 2 for wrong use.",
        epilog="The function is called with one node per input. Its inputs are those of --input, else those of its "
        "attribute 'inputs', a tuple. Floating numbers and arrays are checked, integers are handed on:\n"
        "  def f(x, y): return autograd_cnn.sin(x) * y\n"
        "  f.inputs = 0.5, numpy.array([1.0, 2.0])\n"
        "examples:\n"
        f"  {PROGRAM} check model.py:loss\n"
        f"  {PROGRAM} check autograd_cnn:maximum --input 0.5 --input '[1.0, -2.0]' -o check.svg",
    )
    check.add_argument("function", metavar="MODULE:NAME", help="such as package.module:name or folder/file.py:name")
    check.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="JSON",
        help="an input, once for each: a number or nested lists of numbers, such as 0.5 or [[1.0, 2.0]]",
    )
    check.add_argument(
        "--order", type=int, choices=(1, 2), default=1, help="2: gradients of gradients too (default: 1)"
    )
    check.add_argument(
        "--mode",
        choices=("full", "directions"),
        default="full",
        help="each element of the inputs, or a few random directions, for large inputs (default: full)",
    )
    check.add_argument(
        "--oracle",
        choices=("auto", "ridders", "central", "one-sided"),
        default="auto",
        help="how numeric derivatives are taken (default: auto, which is ridders)",
    )
    check.add_argument(
        "--kinks",
        choices=("nudge", "skip", "tie", "fail"),
        default="nudge",
        help="on a kink, such as relu at 0: move the point a little, leave it out, judge each gate by the rule it "
        "declares for ties, or fail (default: nudge)",
    )
    check.add_argument("--seed", type=seed, default=0, metavar="N", help="of all that is random (default: 0)")
    _add_picture(check)


def _add_warmup(commands: argparse._SubParsersAction[Parser]) -> None:
    warmup = commands.add_parser(
        "warmup",
        help="compile the kernels now, once, so that no training waits for them",
        description="Compile the kernels that the demo, LeNet-5 and a small CIFAR net need, and cache them.",
        epilog=f"examples:\n  {PROGRAM} warmup\n  {PROGRAM} warmup --clear    # gives its space on the disk back",
    )
    warmup.add_argument("--float64", action="store_true", help="for float64 too, not for float32 alone")
    warmup.add_argument("--clear", action="store_true", help="delete the cached machine code instead")
