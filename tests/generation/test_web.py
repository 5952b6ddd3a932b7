"""`manage.py web` and `manage.py worker` apart, as in containers: each waits for what it needs by itself."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.site import ROOT, Site, descendants, is_alive, until

MakeSite = Callable[..., Site]


class Halves:
    """A site in two halves, on a PostgreSQL server that seems to start when `door` is made."""

    def __init__(self, new_site: MakeSite, server: str, folder: Path, **environment: str) -> None:
        parts = urlsplit(server)
        self._socket = parse_qs(parts.query)["host"][0]
        self.door = folder / "door"  # short enough for a socket's path
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS halves WITH (FORCE)")
            connection.execute("CREATE DATABASE halves")
        self.url = parts._replace(path="/halves", query=f"host={self.door}").geturl()
        self.web = new_site(DATABASE_URL=self.url, **environment)
        self.worker = Site(self.web.data, **self.web.environment)
        self.worker.log = self.web.log.with_suffix(".worker.log")

    def start_server(self) -> None:
        self.door.symlink_to(self._socket)


@pytest.fixture
def halves(new_site: MakeSite, postgresql: str, tmp_path: Path) -> Iterator[Halves]:
    made = Halves(new_site, postgresql, tmp_path)
    yield made
    for half in (made.worker, made.web):
        if half.process.poll() is None:
            half.stop()


def test_both_wait_for_a_database_that_starts_later_and_then_make_pictures(halves: Halves) -> None:
    web, worker = halves.web.start("web"), halves.worker.start("worker")
    for half in (web, worker):
        until(lambda half=half: "The database does not answer" in half.log.read_text(), log=half.log)  # type: ignore[misc]
        assert half.process.poll() is None
    halves.start_server()
    web.wait_ready()
    uuid = web.submit("a fox", num_images=3)
    until(lambda: b'"done"' in web.get(f"/api/v1/jobs/{uuid}")[1], log=worker.log)
    assert len(list((web.data / "library" / uuid).glob("[0-9]*.png"))) == 3
    said = web.log.read_text() + worker.log.read_text()
    assert said.count("The database does not answer") == 2, "each says it once"
    assert "Traceback" not in said


def test_each_half_ends_in_good_order_when_it_is_asked_to(halves: Halves) -> None:
    halves.start_server()
    web, worker = halves.web.start("web"), halves.worker.start("worker")
    web.wait_ready()
    processes = [pid for half in (web, worker) for pid in descendants(half.process.pid)]
    for half in (web, worker):
        half.process.send_signal(signal.SIGTERM)
        assert half.process.wait(20) == 0
    assert not any(map(is_alive, processes))
    with psycopg.connect(halves.url) as connection:
        assert connection.execute("SELECT count(*) FROM generation_worker").fetchone() == (0,)


def test_a_worker_waits_until_somebody_has_prepared_the_database(new_site: MakeSite) -> None:
    worker = new_site().start("worker")
    until(lambda: "The database is not prepared yet" in worker.log.read_text(), log=worker.log)
    assert worker.command("migrate").returncode == 0
    until(lambda: worker.rows("SELECT 1 FROM generation_worker WHERE state = 'ready'"), log=worker.log)
    assert "Traceback" not in worker.log.read_text()
    worker.stop()


def test_a_port_that_is_taken_is_one_sentence(new_site: MakeSite) -> None:
    site = new_site()
    with socket.create_server(("127.0.0.1", site.port)):
        refused = site.command("web")
    assert refused.returncode == 1
    assert f"Port {site.port} of 127.0.0.1 cannot be used" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


IMPATIENT = """
import django
from django.core.management import execute_from_command_line
django.setup()
from generation import preparing
preparing.PATIENCE = 1
execute_from_command_line(["manage.py", "web"])
"""


def test_a_database_that_never_answers_is_one_sentence_in_the_end(new_site: MakeSite, tmp_path: Path) -> None:
    site = new_site(DATABASE_URL=f"postgres://me:secret@/pictures?host={tmp_path}/nobody")
    refused = subprocess.run(
        [sys.executable, "-c", IMPATIENT], cwd=ROOT, env=site.environment, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "Start its server, or correct DATABASE_URL." in refused.stderr
    assert "secret" not in refused.stderr
    assert "Traceback" not in refused.stderr
