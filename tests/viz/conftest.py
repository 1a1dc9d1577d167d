"""A real browser for the tests of pages: ``browser(page)`` opens one and watches what it does."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Pages fit their pictures and charts again once the first frame has told them their size.
SETTLED = "() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => told())))"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium, driven by playwright; tests that ask for it skip where either is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install 'autograd-cnn[dev]'")
    with api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except api.Error as error:
            pytest.skip(f"Chromium is missing or does not start: {str(error).splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture
def browser(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return ``open(page_or_path, **options)``: playwright's page of what it shows.

    Options are those of playwright's ``new_context``, such as ``color_scheme="dark"``, ``reduced_motion="reduce"``
    or ``viewport={"width": 400, "height": 800}``. Every test fails at its end when a page wrote an error or a
    warning to the console, raised one, or asked for anything but its own file.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(page_or_path: Any, **options: Any) -> Any:
        path = Path(page_or_path) if isinstance(page_or_path, str | Path) else _saved(page_or_path, tmp_path)
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        address = path.resolve().as_uri()
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda told: _note(complaints, told.type, told.text))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda asked: _note_request(complaints, address, asked.url))
        page.goto(address)
        page.evaluate(SETTLED)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def _saved(page: Any, folder: Path) -> Path:
    """Write a page of the viewer into a file of its own."""
    path = folder / f"page{len(list(folder.glob('page*.html')))}.html"
    page.save(path)
    return path


def _note(complaints: list[str], kind: str, words: str) -> None:
    if kind in ("error", "warning", "assert"):
        complaints.append(f"{kind}: {words}")


def _note_request(complaints: list[str], address: str, url: str) -> None:
    if url.split("#")[0] != address and not url.startswith("data:"):
        complaints.append(f"request: {url}")
