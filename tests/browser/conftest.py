import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.site import Site, served, until

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """A browser that the machine has; else the one that playwright brought."""
    # Its event loop lives on in this process, where Django would take every later test for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    return {**browser_type_launch_args, "executable_path": next(found, None), "args": QUIET.split()}


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complains of on any page of a test, breaches of the CSP included. In the end: nothing."""
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def visit(new_context: Callable[..., BrowserContext], complaints: list[str]) -> Callable[..., Page]:
    """Opens a page as a new visitor."""

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.page and message.page.url}: {message.text}")

    def visit(url: str, **options: Any) -> Page:
        context = new_context(reduced_motion="reduce", **options)  # without a GPU the motion costs a whole core
        context.on("console", listen)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(url)
        return page

    return visit


@pytest.fixture
def site(demo_site: Site) -> Iterator[Site]:
    """The whole site with an empty queue."""
    yield demo_site
    _empty_queue(demo_site)
    until(lambda: demo_site.health()["worker"] == "ready", what="an idle worker")


def _empty_queue(site: Site) -> None:
    """Cancel what a test leaves, for the next one."""
    with site.database() as connection:
        connection.execute("UPDATE generation_job SET cancel_requested = 1 WHERE state = 'running'")
        connection.execute("UPDATE generation_job SET state = 'cancelled' WHERE state = 'waiting'")
        connection.commit()


@pytest.fixture
def idle_site(web_server: Site) -> Iterator[Site]:
    """A site without a worker: jobs wait for ever."""
    yield web_server
    _empty_queue(web_server)


@pytest.fixture(scope="session")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(Site(tmp_path_factory.mktemp("idle") / "data")) as site:
        yield site


@pytest.fixture(scope="session")
def closed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One without a worker that asks for accounts and keeps people's things apart."""
    apart = {"PLAYGROUND_QUEUE_WORDS": "own", "PLAYGROUND_DELETE": "owner"}
    with served(Site(tmp_path_factory.mktemp("closed") / "data", PLAYGROUND_LOGIN_REQUIRED="True", **apart)) as site:
        yield site
