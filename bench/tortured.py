"""What `bench.torture` works on: a site whose web server lives on while its workers are killed, and all that is asked
of its database meanwhile."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from tests.site import NO_LIMITS, Site, build_tiny_model, descendants, is_alive, until

KINDS = {"worker": 12, "pusher": 5, "monitor": 5, "main": 5, "watchdog": 5, "group": 8}
"""What is killed, and how often beside the others. django-q2's sentinel is the main process here."""

STEPS = "24"  # about 0.1 s a picture with the tiny model


class Cluster(NamedTuple):
    """The processes of one worker, as they are now."""

    watchdog: int
    main: int
    worker: int
    monitor: int
    pusher: int


class Grid:
    """The site's processes: a web server, and one worker for each slot, each under a watchdog of its own."""

    def __init__(self, folder: Path, slots: tuple[str, ...] = ("one",), **environment: str) -> None:
        model = build_tiny_model(folder / "model")
        environment |= {"PLAYGROUND_MODEL": str(model), "PLAYGROUND_STEPS": STEPS, **NO_LIMITS}
        self.data = folder / "data"
        self.web = Site(self.data, **environment)
        self._workers = {slot: Site(self.data, PLAYGROUND_SLOT=slot, **environment) for slot in slots}
        self._database = environment.get("DATABASE_URL")

    @property
    def slots(self) -> list[str]:
        return list(self._workers)

    def start(self) -> None:
        self.web.start_web_server()
        for worker in self._workers.values():
            worker.start("worker")
        for slot in self.slots:
            until(lambda slot=slot: self.state_of(slot) == "ready", seconds=120, log=self.web.log)  # type: ignore[misc]

    def stop(self) -> None:
        for site in (*self._workers.values(), self.web):
            if hasattr(site, "process") and site.process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    site.stop()

    def send(self, prompt: str, num_images: int) -> str:
        """A job, over the API. Only what the site has accepted counts."""
        return self.web.send(prompt, num_images=num_images)

    def cluster(self, slot: str) -> Cluster | None:
        """None while it is being started."""
        watchdog = self._workers[slot].process.pid
        children = [pid for pid in descendants(watchdog) if _parent(pid) == watchdog]
        if len(children) != 1:
            return None
        found = sorted(pid for pid in descendants(children[0]) if _parent(pid) == children[0])
        return Cluster(watchdog, children[0], *found) if len(found) == 3 else None

    def kill(self, slot: str, kind: str) -> None:
        cluster = self.cluster(slot)
        assert cluster
        if kind == "group":
            os.killpg(cluster.main, signal.SIGKILL)
        else:
            os.kill(getattr(cluster, kind), signal.SIGKILL)
        if kind == "watchdog":  # nobody else would: that is Docker's work, or systemd's
            self._workers[slot].process.wait()
            until(lambda: not is_alive(cluster.main), seconds=5, what="the cluster ends with its watchdog")
            self._workers[slot].start("worker")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        if self._database:
            with psycopg.connect(self._database) as server:
                return server.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(self.data / "db.sqlite3", timeout=20)) as file:
            return file.execute(query).fetchall()

    def pid_of(self, slot: str) -> int:
        """Of the worker that holds the slot or is about to; 0 while none does."""
        cluster = self.cluster(slot)
        return cluster.worker if cluster else 0

    def state_of(self, slot: str) -> str:
        found = self.ask(f"SELECT state FROM generation_worker WHERE pid = {self.pid_of(slot)}")  # noqa: S608  a number
        return str(found[0][0]) if found else ""

    def count(self, table: str, condition: str = "1 = 1") -> int:
        return int(self.ask(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0])  # noqa: S608  our own words

    @property
    def active(self) -> int:
        return self.count("generation_job", "state IN ('waiting', 'running')")


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@dataclass
class Observer:
    """Looks at the database again and again: which slot began which job, and each picture's file as it first was."""

    grid: Grid

    def __post_init__(self) -> None:
        self.slots: dict[int, str] = {}
        """Job -> the slot that it was first seen on."""
        self.files: dict[str, tuple[int, int]] = {}
        """Path -> when and as which inode it was written."""
        self._last_image = 0

    def look(self) -> None:
        running = """SELECT job.id, worker.slot FROM generation_job job JOIN generation_worker worker
                     ON job.worker_id = worker.id"""
        for job, slot in self.grid.ask(running):
            self.slots.setdefault(job, slot)
        for key, path in self.stored(f"image.id > {self._last_image}"):
            self._last_image = max(self._last_image, key)
            with suppress(OSError):
                found = (self.grid.data / "library" / path).stat()
                self.files[path] = (found.st_mtime_ns, found.st_ino)

    def stored(self, condition: str = "1 = 1") -> list[tuple[int, str]]:
        """(key, path) of the pictures that have a row."""
        query = f"""SELECT image.id, batch.uuid, image.position FROM library_image image
                    JOIN library_batch batch ON image.batch_id = batch.id WHERE {condition}"""  # noqa: S608  a number
        return [(key, f"{UUID(str(batch))}/{position:02}.png") for key, batch, position in self.grid.ask(query)]

    def watch(self, ended: Callable[[], bool]) -> None:
        while not ended():
            self.look()
            time.sleep(0.05)
