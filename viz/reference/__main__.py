"""``python -m viz.reference FOLDER`` writes the reference."""

from __future__ import annotations

import sys
import time

from autograd_cnn.endings import end_quietly
from autograd_cnn.errors import AutogradError
from viz.arguments import Parser
from viz.reference.building import build
from viz.reference.chapters import CHAPTERS


def main() -> int:
    """Read the command line, and build; return the exit status."""
    parser = Parser(
        prog="python -m viz.reference",
        description="Write every public name of autograd_cnn and viz as pages, in the order in which one would learn "
        "them; open index.html. It takes about a minute.",
    )
    parser.add_argument("folder", help="where to, such as /tmp/reference")
    keys = [chapter.key for chapter in CHAPTERS]
    parser.add_argument("--chapter", action="append", choices=keys, help="this one alone; may be given several times")
    arguments = parser.parse_args()
    chosen = tuple(chapter for chapter in CHAPTERS if chapter.key in (arguments.chapter or keys))
    start = time.perf_counter()
    try:
        page = build(arguments.folder, chapters=chosen)
    except AutogradError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{page} ({time.perf_counter() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    end_quietly()
    sys.exit(main())
