"""From the click to the first step: jobs of one picture sent over HTTP to a real site that has nothing to do.

    python -m bench.latency [--jobs 40]

SQLite, the demo model. The clock starts before the request is sent. What the worker writes down is that the first step
has ended; it began as long before as one of the job's steps takes.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.site import Site

GOAL_MEDIAN, GOAL_WORST = 0.15, 0.3  # s
PAUSES = (0.4, 0.7, 1.1)  # s between two jobs: in step with no poll


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=40)
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        site = Site(Path(folder) / "data").start().wait_ready()
        try:
            measure(site)  # warms up
            waits = []
            for number in range(jobs):
                time.sleep(PAUSES[number % len(PAUSES)])
                waits.append(measure(site))
        finally:
            site.stop()
    for name, goal, wait in (
        ("median", GOAL_MEDIAN, statistics.median(waits)),
        ("at the worst", GOAL_WORST, max(waits)),
    ):
        print(f"click to the first step, {name:14}{wait * 1000:7.0f} ms{'' if wait <= goal else '  !'}")


def measure(site: Site) -> float:
    """s from the click until the first step began."""
    clicked = time.monotonic()
    uuid = site.send("a red apple", num_images=1)
    first, last = moment(site, uuid, "step > 0"), moment(site, uuid, "step = steps AND step > 0")
    [row] = site.rows("SELECT steps FROM generation_job WHERE uuid = ?", uuid.replace("-", ""))
    site.wait_for(uuid)
    return float(first - clicked - (last - first) / (row["steps"] - 1))


def moment(site: Site, uuid: str, condition: str) -> float:
    """When that came true of the job."""
    query, key = f"SELECT 1 FROM generation_job WHERE uuid = ? AND {condition}", uuid.replace("-", "")  # noqa: S608
    with site.database() as database:
        while not database.execute(query, [key]).fetchone():
            time.sleep(0.002)
    return time.monotonic()


if __name__ == "__main__":
    main()
