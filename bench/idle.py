"""What the site costs when nothing is going on, how soon it is there, and whether many jobs make it grow.

    python -m bench.idle [--seconds 30] [--jobs 1000]

A real site on this machine: with the demo model for its start and its rest, with the tiny one for the jobs. Statements
are those of all processes on SQLite, with one page open that polls as it is told to.
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from bench.visitor import POLLING
from tests.site import NO_LIMITS, Site, build_tiny_model, until

GOALS = {"start": 10.0, "core": 0.02, "statements": 8.0, "web": 150.0}  # s, share, a second, MiB
AHEAD = 10  # jobs that wait at most: the queue's length is not what is measured
STARTS = 3
MIB = 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        rest(Path(folder), asked.seconds)
        grow(Path(folder), asked.jobs)


def rest(folder: Path, seconds: float) -> None:
    notes = folder / "statements"
    counting = {"DJANGO_SETTINGS_MODULE": "bench.counted", "BENCH_STATEMENTS": str(notes)}
    site = Site(folder / "data", PYTHONDONTWRITEBYTECODE="", **counting)  # compiled files are kept, as they usually are
    _started(site)  # the database and the static files are made
    starts = []
    for _ in range(STARTS):
        site.stop()
        starts.append(_started(site))
    line(f"start, installed, to ready (of {STARTS})", statistics.median(starts), "s", GOALS["start"])
    try:
        page = site.get("/")[1].decode()
        polls = [(address.replace("&amp;", "&"), float(every)) for _, address, every in POLLING.findall(page)]
        for address, _ in polls:
            site.get(address)
        time.sleep(5)
        notes.write_text("")
        used = {process: _used(process) for process in _processes(site)}
        ends, due = time.monotonic() + seconds, {address: time.monotonic() + every for address, every in polls}
        while time.monotonic() < ends:
            for address, every in polls:
                if time.monotonic() >= due[address]:
                    site.get(address)
                    due[address] += every
            time.sleep(0.05)
        shares = {process: (_used(process) - before) / seconds for process, before in used.items()}
        line("all processes at rest, of a core", sum(shares.values()), "", GOALS["core"])
        told = Counter(notes.read_text().splitlines())
        line("statements", told.total() / seconds, "/s", GOALS["statements"])
        for process in _web(site):
            line(f"web process {process.pid}", process.memory_info().rss / MIB, "MiB", GOALS["web"])
    finally:
        site.stop()


def _started(site: Site) -> float:
    began = time.monotonic()
    site.start().wait_ready(120)
    return time.monotonic() - began


def grow(folder: Path, jobs: int) -> None:
    """Memory of the worker and of the web server, ten times over so many jobs of one picture each."""
    model = build_tiny_model(folder / "tiny")
    site = Site(folder / "many", PLAYGROUND_MODEL=str(model), **NO_LIMITS).start().wait_ready()
    try:
        print(f"\n{'jobs':>8}{'worker MiB':>12}{'web MiB':>10}")
        for number in range(1, jobs + 1):
            site.send(f"job {number}", num_images=1)
            until(lambda: _active(site) < AHEAD, seconds=60, log=site.log)
            if number % max(1, jobs // 10) == 0:
                until(lambda: not _active(site), seconds=60, log=site.log)
                worker = psutil.Process(site.worker_pid()).memory_info().rss / MIB
                web = max(process.memory_info().rss for process in _web(site)) / MIB
                print(f"{number:8}{worker:12.1f}{web:10.1f}", flush=True)
    finally:
        site.stop()


def _active(site: Site) -> int:
    query = "SELECT count(*) AS n FROM generation_job WHERE state IN ('waiting', 'running')"
    return int(site.rows(query)[0]["n"])


def _processes(site: Site) -> list[psutil.Process]:
    own = psutil.Process(site.process.pid)
    return [own, *own.children(recursive=True)]


def _web(site: Site) -> list[psutil.Process]:
    """Those that answer: the children of gunicorn's first."""
    first = [process for process in _processes(site) if any("gunicorn" in part for part in process.cmdline())]
    return [process for process in first if process.ppid() in {other.pid for other in first}]


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def line(name: str, value: float, unit: str, goal: float) -> None:
    shown = f"{value:8.1%}" if not unit else f"{value:8.1f} {unit}"
    most = f"{goal:.0%}" if not unit else f"{goal:g} {unit}"
    print(f"{name:36}{shown:14} at most {most}{'' if value <= goal else '  !'}", flush=True)


if __name__ == "__main__":
    main()
