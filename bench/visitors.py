"""Many people at once: 100 pages are open, five of them with a job, and 20 people send at the same moment.

    python -m bench.visitors [--seconds 40] [--visitors 100]

A real site with the demo model on this machine. Each page polls what the site's own HTML tells it to poll, as often as
that says (`hx-get`, `hx-trigger="every 3s"`), and follows what comes back. The same job is timed meanwhile, and alone:
some before anybody comes, and those that still wait when all have gone.
The load of other programs counts into all of it: its average stands above the table.
"""

import argparse
import heapq
import html
import os
import random
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import psutil

from tests.site import NO_LIMITS, Site

PROMPT, IMAGES = "a red apple", 6
WITH_A_JOB, AT_ONCE = 5, 20
ALONE = 4  # jobs before anybody comes
THREADS = 32  # of whoever asks: as many requests are under way at once as there may be
GOAL_POLL, GOAL_SLOWER = 0.1, 0.1  # s, share
NOTHING = "nothing"
KINDS = ("poll", NOTHING, "page", "sending")
POLLING = re.compile(r'<\w+ id="([\w-]+)"[^>]*? hx-get="([^"]+)"[^>]*? hx-trigger="every (\d+)s')


@dataclass
class Seen:
    """What everybody has seen: times in s by what was asked for, and whatever was no answer.

    "nothing" is `/livez`, which has nothing to do: what it takes is this machine's waiting, and is in all the others.
    """

    times: dict[str, list[float]] = field(
        default_factory=lambda: {"poll": [], "nothing": [], "page": [], "sending": []}
    )
    codes: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Visitor:
    """A browser with one page open: its cookies, its connection, and what it polls."""

    def __init__(self, site: Site, seen: Seen) -> None:
        self.site, self.seen = site, seen
        self.cookies: dict[str, str] = {}
        self.polls: dict[str, tuple[str, float]] = {}
        self._token = ""
        self._connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
        self._lock = threading.Lock()

    def ask(self, kind: str, method: str, path: str, body: str | None = None, **headers: str) -> str:
        """The answer's text; its time is noted."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        with self._lock:
            began = time.perf_counter()
            try:
                status, got, text = self._answer(method, path, body, {"Cookie": cookies, **form, **headers})
            except (OSError, HTTPException) as error:
                self.seen.errors.append(f"{method} {path}: {error!r}")
                return ""
            self.seen.times[kind].append(time.perf_counter() - began)
        self.seen.codes[status] += 1
        if status >= 400:
            self.seen.errors.append(f"{method} {path}: {status} {text[:200]}")
        for cookie in got.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return text

    def _answer(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, HTTPMessage, str]:
        """As browsers do: a connection that the server has closed meanwhile is opened anew, for GET alone."""
        for is_last in (method != "GET", True):
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers, answer.read().decode()
            except (ConnectionError, HTTPException):
                self._connection.close()
                if is_last:
                    raise
        raise AssertionError

    def open(self) -> None:
        """The home page."""
        page = self.ask("page", "GET", "/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        self._token = token[1] if token else ""
        self.follow(page)

    def follow(self, text: str) -> None:
        """Poll from now on as this part of the page says."""
        for name, address, seconds in POLLING.findall(text):
            self.polls[name] = (html.unescape(address), float(seconds))

    def send(self) -> None:
        """Ask for pictures on the open page, whose script puts the job's card into it and asks for the queue."""
        body = urlencode({"csrfmiddlewaretoken": self._token, "prompt": PROMPT, "num_images": IMAGES})
        self.follow(self.ask("sending", "POST", "/jobs/", body, **{"HX-Request": "true"}))
        self.poll("queue")

    def poll(self, name: str) -> float | None:
        """Ask for that part of the page; s until it is asked for again. None: the page polls it no more."""
        if name not in self.polls:
            return None
        address, _ = self.polls[name]
        kind = NOTHING if name == NOTHING else "poll"
        text = self.ask(kind, "GET", address, **{"HX-Request": "true"})
        if text and name != NOTHING:
            del self.polls[name]  # what comes in its place says whether it goes on
            self.follow(text)
        return self.polls[name][1] if name in self.polls else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--visitors", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder) / "data", **NO_LIMITS).start().wait_ready()
        try:
            time_alone(site)
            load, seen = os.getloadavg()[0], Seen()
            visitors = [Visitor(site, seen) for _ in range(asked.visitors)]
            for visitor in visitors:
                visitor.open()
            used, own, began = web_seconds(site), time.process_time(), time.monotonic()
            while_open = time.time(), time.time() + asked.seconds
            crowd(site, visitors, asked.seconds)
            seconds = time.monotonic() - began
            shares = (web_seconds(site) - used) / seconds, (time.process_time() - own) / seconds
            for row in site.rows("SELECT uuid FROM generation_job"):
                site.wait_for(str(UUID(row["uuid"])), seconds=120, every=0.25)
            report(site, seen, while_open, load, shares)
        finally:
            site.stop()


def time_alone(site: Site) -> None:
    for _ in range(ALONE):
        site.wait_for(site.submit(PROMPT, num_images=IMAGES), every=0.25)


def web_seconds(site: Site) -> float:
    """Of the processor's time that the web server has taken so far: what is measured here whatever else goes on."""
    ours = psutil.Process(site.process.pid).children(recursive=True)
    web = [process for process in ours if any("gunicorn" in part for part in process.cmdline())]
    return sum(sum(process.cpu_times()[:2]) for process in web)


def durations(site: Site, began: float, ended: float) -> tuple[list[float], list[float]]:
    """s that jobs took alone, and s of those that were made between the two moments; the very first warms up."""
    query = """SELECT (julianday(started) - 2440587.5) * 86400 AS began,
               (julianday(finished) - 2440587.5) * 86400 AS ended FROM generation_job
               WHERE state = 'done' ORDER BY id"""
    jobs = [(row["began"], row["ended"]) for row in site.rows(query)][1:]
    alone = [end - start for start, end in jobs if end < began or start > ended]
    return alone, [end - start for start, end in jobs if start >= began and end <= ended]


def crowd(site: Site, visitors: list[Visitor], seconds: float) -> None:
    """Let the open pages poll, have five of them send one after the other, and then 20 at once."""
    for visitor in visitors[:WITH_A_JOB]:
        visitor.send()
    idle = Visitor(site, visitors[0].seen)
    idle.polls[NOTHING] = ("/livez", 0.25)
    visitors = [idle, *visitors]
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(THREADS) as pool:
        clock = threading.Thread(target=_tick, args=(visitors, pool, ends))
        clock.start()
        time.sleep(min(5, seconds / 4))
        with ThreadPoolExecutor(AT_ONCE) as senders:
            list(senders.map(Visitor.send, visitors[-AT_ONCE:]))
        clock.join()


def _tick(visitors: list[Visitor], pool: ThreadPoolExecutor, ends: float) -> None:
    """Every part of every page at its own time; pages were not opened at the same moment."""
    due: list[tuple[float, int, str]] = []
    back: list[tuple[float, int, str]] = []
    chance = random.Random(0)

    def ask(number: int, name: str) -> None:
        if seconds := visitors[number].poll(name):
            back.append((time.monotonic() + seconds, number, name))

    polled = [set(visitor.polls) for visitor in visitors]
    due += [
        (time.monotonic() + chance.uniform(0, 3), number, name) for number, names in enumerate(polled) for name in names
    ]
    heapq.heapify(due)
    while time.monotonic() < ends:
        while back:
            heapq.heappush(due, back.pop())
        for number, visitor in enumerate(visitors):
            for name in set(visitor.polls) - polled[number]:  # a job's card that has come
                polled[number].add(name)
                heapq.heappush(due, (time.monotonic(), number, name))
        while due and due[0][0] <= time.monotonic():
            _, number, name = heapq.heappop(due)
            pool.submit(ask, number, name)
        time.sleep(0.01)


def report(site: Site, seen: Seen, while_open: tuple[float, float], load: float, shares: tuple[float, float]) -> None:
    alone, meanwhile = durations(site, *while_open)
    slower = statistics.median(meanwhile) / statistics.median(alone) - 1 if meanwhile else float("nan")
    locked = site.log.read_text().count("database is locked")
    print(f"{os.cpu_count()} cores; load of this machine before anybody came: {load:.1f}\n")
    print(f"{'':12}{'count':>7}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for kind, times in seen.times.items():
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        mark = "  !" if kind == "poll" and p95 > GOAL_POLL else ""
        print(f"{kind:12}{len(times):7}{p50 * 1000:9.1f}{p95 * 1000:9.1f}{max(times) * 1000:9.1f}{mark}")
    print(f"\n{'errors':40}{len(seen.errors):8}{'  !' if seen.errors else ''}")
    print(f"{'database is locked':40}{locked:8}{'  !' if locked else ''}")
    print(f"{f'a job alone, s (of {len(alone)})':40}{statistics.median(alone):8.2f}")
    print(f"{f'the same meanwhile, s (of {len(meanwhile)})':40}{statistics.median(meanwhile or [0]):8.2f}")
    print(f"{'slower by':40}{slower:8.1%}{'  !' if slower > GOAL_SLOWER else ''}")
    print(f"{'the web server took of one core':40}{shares[0]:8.1%}")
    print(f"{'whoever asked took of one core':40}{shares[1]:8.1%}")
    print(f"answers: {dict(sorted(seen.codes.items()))}")
    for error in seen.errors[:5]:
        print(error)


if __name__ == "__main__":
    main()
