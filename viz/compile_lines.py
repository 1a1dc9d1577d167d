"""What commands print while kernels are compiled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autograd_cnn.kernels.compiles import watched


@dataclass
class Lines:
    """Prints a line for each kernel, and counts them."""

    count: int = 0

    def begun(self, kernel: str) -> None:
        """Begin a line."""
        print(f"  {kernel:<42}", end=" ", flush=True)

    def ended(self, kernel: str, seconds: float) -> None:
        """End the line."""
        print(f"{seconds:4.1f} s", flush=True)
        self.count += 1


@dataclass
class _FirstOnly:
    """Prints the beginning of a line when the first kernel is compiled."""

    any: bool = False

    def begun(self, kernel: str) -> None:
        if not self.any:
            print("Compiling kernels (once; later runs load them from the cache) ...", end=" ", flush=True)
        self.any = True

    def ended(self, kernel: str, seconds: float) -> None:
        pass


@contextmanager
def one_line() -> Iterator[None]:
    """Print one line for all kernels that are compiled meanwhile, and none where all are in the cache."""
    watcher, start = _FirstOnly(), time.perf_counter()
    with watched(watcher):
        yield
    if watcher.any:
        print(f"{time.perf_counter() - start:.1f} s", flush=True)
