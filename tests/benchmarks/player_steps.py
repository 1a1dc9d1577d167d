"""How long a step of a player takes at 300 gates, in headless Chromium: the script's own work and a forced layout.

Where the picture is enlarged it follows the gate, in the next frame: the last line has both in one.

Run it with ``python -m tests.benchmarks.player_steps``; it prints the median and the 95th percentile in ms.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import autograd_cnn as ag
import viz

GATES = 300
_MEASURE = """([kind, following]) => {
  const times = [], jump = (i) => (i * 7919) % (LAST + 1);
  const steps = { forth: (i) => i, back: (i) => LAST - i, jumps: jump }[kind];
  go(kind === "back" ? LAST : 0);
  document.body.getBoundingClientRect();
  for (let i = 0; i <= LAST; i += kind === "jumps" ? 10 : 1) {
    const begun = performance.now();
    go(steps(i));
    if (following) follow();
    document.body.getBoundingClientRect();
    svg.getBBox();
    times.push(performance.now() - begun);
  }
  return times;
}"""


def network(gates: int = GATES) -> Any:
    """Return the output of scalar neurons, each fed by the three before it: `gates` gates, none of which fold."""
    rng = np.random.default_rng(0)
    units: list[Any] = [
        ag.Scalar(float(v), requires_grad=False, name=f"x{i}") for i, v in enumerate(rng.normal(size=3))
    ]
    made = 0
    while gates - made >= 7:
        total: Any = ag.Scalar(float(rng.normal()), name=f"b{len(units)}")
        for x in units[-3:]:
            total = total + ag.Scalar(float(rng.normal()), name=f"w{len(units)}") * x
        units.append(rng.choice([ag.tanh, ag.sigmoid, ag.sin])(total))
        made += 7
    for x in units[-3 - (gates - made) : -3]:
        units[-1] = units[-1] * x
    return units[-1]


def main() -> None:
    """Measure, and print."""
    from playwright.sync_api import sync_playwright

    begun = time.perf_counter()
    page = viz.player(network(), title=f"{GATES} gates")
    print(f"page of {len(page.html) / 1e6:.2f} MB made in {time.perf_counter() - begun:.1f} s")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = page.save(Path(folder) / "player.html")
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = chromium.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(path.as_uri())
        print(
            "steps:",
            opened.evaluate("LAST"),
            "gates:",
            opened.evaluate("turns.filter((t) => t.kind === 'forward').length"),
        )
        for kind in ("forth", "back", "jumps"):
            report(kind, opened.evaluate(_MEASURE, [kind, False]))
        opened.evaluate("stages[0].full()")
        report("forth, enlarged, the picture following", opened.evaluate(_MEASURE, ["forth", True]))
        chromium.close()


def report(kind: str, times: list[float]) -> None:
    """Print the median and the 95th percentile of times in ms."""
    ordered = sorted(times)
    middle, late = ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]
    print(f"{kind:38} median {middle:5.1f} ms   95 % within {late:5.1f} ms   longest {ordered[-1]:5.1f} ms")


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.player_steps", description=__doc__).parse_args()
    main()
