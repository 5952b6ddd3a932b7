"""Many people at once: 100 pages are open, five of them with a job, and 20 people send at the same moment.

    python -m bench.visitors [--seconds 40] [--visitors 100]

A real site with the demo model on this machine. Each page polls what the site's own HTML tells it to poll, as often as
that says (`hx-get`, `hx-trigger="every 3s"`), and follows what comes back. Every ten seconds all of them stop:
jobs made meanwhile are those alone, so that what else goes on on this machine slows both alike; and for ten more as
many requests ask for `/livez`, which has nothing to do. What other guests of the host took (steal) is printed.
"""

import argparse
import heapq
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil

from bench.visitor import IMAGES, NOTHING, PROMPT, Seen, Visitor
from tests.site import NO_LIMITS, Site

WITH_A_JOB, AT_ONCE = 5, 20
ENOUGH = 9  # jobs that wait when a rest begins, at least: in it and in the next turn there is always one to be timed
TURN = 10.0  # s that everybody polls, and then nobody does
THREADS = 32  # of whoever asks: as many requests are under way at once as there may be
GOAL_POLL, GOAL_SLOWER = 0.1, 0.1  # s, share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--visitors", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder) / "data", **NO_LIMITS).start().wait_ready()
        try:
            seen, before = Seen(), stolen_seconds()
            visitors = [Visitor(site, seen) for _ in range(asked.visitors)]
            for visitor in visitors:
                visitor.open()
            turns, nothing = crowd(site, visitors, asked.seconds)
            for row in site.rows("SELECT uuid FROM generation_job"):
                site.wait_for(str(UUID(row["uuid"])), seconds=120, every=0.25)
            report(site, seen, turns, nothing, stolen_seconds() - before)
        finally:
            site.stop()


def stolen_seconds() -> float:
    """What other guests of the host have taken of this machine's processor so far, where the system tells."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def web_seconds(site: Site) -> float:
    """Of the processor's time that the web server has taken so far: what is measured here whatever else goes on."""
    ours = psutil.Process(site.process.pid).children(recursive=True)
    web = [process for process in ours if any("gunicorn" in part for part in process.cmdline())]
    return sum(sum(process.cpu_times()[:2]) for process in web)


@dataclass
class Turns:
    """When all polled: moments in s since 1970, and what of the processor's time they and the web server took, in s."""

    times: list[tuple[float, float]] = field(default_factory=list)
    web: float = 0.0
    own: float = 0.0

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.times)

    def take(self, site: Site, pages: "Pages", on_tick: Callable[[float], None] = lambda _: None) -> None:
        began, web, own = time.time(), web_seconds(site), time.process_time()
        with ThreadPoolExecutor(THREADS) as pool:
            while (passed := time.time() - began) < TURN:
                pages.poll_due(pool)
                on_tick(passed)
                time.sleep(0.01)
        self.times.append((began, time.time()))
        self.web += web_seconds(site) - web
        self.own += time.process_time() - own

    def are_around(self, start: float, end: float) -> bool:
        return any(began <= start and end <= ended for began, ended in self.times)

    def touch(self, start: float, end: float) -> bool:
        return any(began <= end and start <= ended for began, ended in self.times)


def crowd(site: Site, visitors: list[Visitor], seconds: float) -> tuple[Turns, Turns]:
    """Let the open pages poll in turns, have five of them send one after the other, and then 20 at once.

    Between them as many requests ask for nothing: the least that polls could cost.
    """
    turns, nothing, seen = Turns(), Turns(), visitors[0].seen
    for visitor in visitors[:WITH_A_JOB]:
        visitor.send()
    idle = Visitor(site, seen)
    idle.polls[NOTHING] = ("/livez", 0.25)
    pages = Pages([idle, *visitors])
    askers = [Visitor(site, Seen()) for _ in visitors]
    with ThreadPoolExecutor(AT_ONCE) as senders:
        waiting = visitors[-AT_ONCE:]

        def send_at_once(passed: float) -> None:
            while passed > TURN / 2 and waiting:
                senders.submit(waiting.pop().send)

        while turns.seconds < seconds:
            turns.take(site, pages, send_at_once)
            rest(site)
            for asker in askers:
                asker.polls[NOTHING] = ("/livez", len(askers) * turns.seconds / len(seen.times["poll"]))
            nothing.take(site, Pages(askers))
            rest(site)
            pages.rest(3 * TURN)
    return turns, nothing


def rest(site: Site) -> None:
    """Nobody asks for anything."""
    [row] = site.rows("SELECT count(*) AS waiting FROM generation_job WHERE state = 'waiting'")
    for _ in range(row["waiting"], ENOUGH):
        site.submit(PROMPT, num_images=IMAGES)
    time.sleep(TURN)


class Pages:
    """Every part of every page is asked for at its own time; pages were not opened at the same moment."""

    def __init__(self, visitors: list[Visitor]) -> None:
        self._visitors = visitors
        self._polled = [set(visitor.polls) for visitor in visitors]
        self._back: list[tuple[float, int, str]] = []
        chance, now = random.Random(0), time.monotonic()
        self._due = [
            (now + chance.uniform(0, 3), number, name) for number, names in enumerate(self._polled) for name in names
        ]
        heapq.heapify(self._due)

    def poll_due(self, pool: ThreadPoolExecutor) -> None:
        while self._back:
            heapq.heappush(self._due, self._back.pop())
        for number, visitor in enumerate(self._visitors):
            for name in set(visitor.polls) - self._polled[number]:  # a job's card that has come
                self._polled[number].add(name)
                heapq.heappush(self._due, (time.monotonic(), number, name))
        while self._due and self._due[0][0] <= time.monotonic():
            _, number, name = heapq.heappop(self._due)
            pool.submit(self._ask, number, name)

    def _ask(self, number: int, name: str) -> None:
        if seconds := self._visitors[number].poll(name):
            self._back.append((time.monotonic() + seconds, number, name))

    def rest(self, seconds: float) -> None:
        """Nobody has asked for so long: everything goes on as if that time had not been, connections included."""
        for visitor in self._visitors:
            visitor.reconnect()
        self._due = [(due + seconds, number, name) for due, number, name in self._due]


def jobs_of(site: Site) -> list[tuple[float, float]]:
    """When each was begun and done, in s since 1970; the very first warms up."""
    query = """SELECT (julianday(started) - 2440587.5) * 86400 AS began,
               (julianday(finished) - 2440587.5) * 86400 AS ended FROM generation_job
               WHERE state = 'done' ORDER BY id"""
    return [(row["began"], row["ended"]) for row in site.rows(query)][1:]


def report(site: Site, seen: Seen, turns: Turns, nothing: Turns, stolen: float) -> None:
    jobs = jobs_of(site)
    alone = [end - start for start, end in jobs if not (turns.touch(start, end) or nothing.touch(start, end))]
    meanwhile = [end - start for start, end in jobs if turns.are_around(start, end)]
    slower, floor = (
        statistics.median(then) / statistics.median(alone) - 1
        for then in (meanwhile, [end - start for start, end in jobs if nothing.are_around(start, end)])
    )
    locked = site.log.read_text().count("database is locked")
    print(f"{os.cpu_count()} cores, of which other guests took {stolen:.1f} s\n")
    print(f"{'':12}{'count':>7}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for kind, times in seen.times.items():
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        mark = "  !" if kind == "poll" and p95 > GOAL_POLL else ""
        print(f"{kind:12}{len(times):7}{p50 * 1000:9.1f}{p95 * 1000:9.1f}{max(times) * 1000:9.1f}{mark}")
    print(f"\n{'errors':40}{len(seen.errors):8}{'  !' if seen.errors else ''}")
    print(f"{'database is locked':40}{locked:8}{'  !' if locked else ''}")
    print(f"{f'a job alone, s (of {len(alone)})':40}{statistics.median(alone):8.2f}")
    print(f"{f'the same meanwhile, s (of {len(meanwhile)})':40}{statistics.median(meanwhile):8.2f}")
    print(f"{'slower by':40}{slower:8.1%}{'  !' if slower > GOAL_SLOWER else ''}")
    print(f"{'slower by as many requests for nothing':40}{floor:8.1%}")
    print(f"{'the web server took of one core':40}{turns.web / turns.seconds:8.1%}")
    print(f"{'whoever asked took of one core':40}{turns.own / turns.seconds:8.1%}")
    print(f"answers: {dict(sorted(seen.codes.items()))}")
    for error in seen.errors[:5]:
        print(error)


if __name__ == "__main__":
    main()
