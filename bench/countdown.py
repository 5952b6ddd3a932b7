"""How well the site keeps its promises: a real site, 40 mixed jobs sent over HTTP, the promise against what it took.

    python -m bench.countdown [--jobs 40]

The error of a job is |took - promised| / took, from its sending to its last picture, whatever waited before it.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.site import Site

KINDS = (
    {"num_images": 3},
    {"num_images": 6, "steps": 30},
    {"num_images": 3, "steps": 50, "sampler": "DDIM"},
    {"num_images": 9, "sampler": "Euler a"},
    {"num_images": 3, "width": 192, "height": 192},
)
TOGETHER = 3  # jobs that may wait and run at once
KNOWN_FROM = 3  # the how-manieth job of a kind should be foretold well


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40)
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder) / "data").start().wait_ready()
        try:
            kinds = send(site, jobs)
            report(site, kinds)
        finally:
            site.stop()


def send(site: Site, count: int) -> dict[str, int]:
    """Send `count` jobs, some of them while others wait; each job's kind by its uuid."""
    chance = random.Random(0)
    sent: dict[str, int] = {}
    for number in range(count):
        kind = chance.randrange(len(KINDS))
        while active(site) >= chance.randint(1, TOGETHER):
            time.sleep(0.1)
        sent[site.submit(f"a red apple {number}", **KINDS[kind])] = kind
    for uuid in sent:
        site.wait_for(uuid)
    return sent


def active(site: Site) -> int:
    query = "SELECT count(*) AS n FROM generation_job WHERE state IN ('waiting', 'running')"
    return int(site.rows(query)[0]["n"])


def error_of(row: sqlite3.Row) -> float:
    return float(abs(row["took"] - row["promised"]) / row["took"])


def report(site: Site, kinds: dict[str, int]) -> None:
    seen: Counter[int] = Counter()
    errors: dict[str, list[float]] = {"all": [], f"from the {KNOWN_FROM}rd of a kind on": []}
    query = """SELECT uuid, promised, (julianday(finished) - julianday(created)) * 86400 AS took
               FROM generation_job ORDER BY id"""
    for row in site.rows(query):
        kind = kinds[next(uuid for uuid in kinds if uuid.replace("-", "") == row["uuid"])]
        seen[kind] += 1
        print(f"kind {kind}, job {seen[kind]:2}: promised {row['promised']:6.2f} s, took {row['took']:6.2f} s")
        errors["all"].append(error_of(row))
        if seen[kind] >= KNOWN_FROM:
            errors[f"from the {KNOWN_FROM}rd of a kind on"].append(error_of(row))
    print(f"\n{'jobs':30} {'count':>5} {'median':>7} {'p90':>7}")
    for name, values in errors.items():
        p90 = statistics.quantiles(values, n=10)[-1]
        print(f"{name:30} {len(values):5} {statistics.median(values):7.1%} {p90:7.1%}")


if __name__ == "__main__":
    main()
