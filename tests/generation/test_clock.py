"""The clock is set back an hour while pictures are made."""

import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.clock import Clock, needs_a_clock
from tests.site import Site, until

pytestmark = needs_a_clock

HOUR = 3600  # s


def moment(row: sqlite3.Row, name: str) -> datetime:
    return datetime.fromisoformat(row[name])


def test_a_clock_that_is_set_back_costs_nothing(new_site: Callable[..., Site], tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    site = new_site(PLAYGROUND_STEPS="60", **clock.environment).start().wait_ready()
    running, waiting = site.submit("a fox", num_images=30), site.submit("a ship", num_images=3)
    until(lambda: len(site.pixels(running)) >= 3, log=site.log)
    worker = site.worker_pid()
    clock.set(-HOUR)
    after = site.submit("a boat", num_images=3)
    assert "No worker is running" not in site.get("/")[1].decode()
    for uuid, count in ((running, 30), (waiting, 3), (after, 3)):
        assert site.wait_for(uuid, seconds=90)["attempts"] == 1
        assert len(site.pixels(uuid)) == count
    assert site.worker_pid() == worker
    row = site.job(running)
    assert moment(row, "finished") < moment(row, "created"), "the clock was set back"
    said = site.get(f"/jobs/{running}/")[1].decode()
    assert re.search(r"\bdone, seed", said), "how long it took is not known"
    assert "a boat" in site.get("/library/")[1].decode()
    site.stop()
