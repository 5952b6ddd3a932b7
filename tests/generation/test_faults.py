"""Real processes, really killed: whatever dies, the job goes on by itself and the pictures are the same."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import Site, descendants, is_alive, until

LONG = {"PLAYGROUND_STEPS": "60"}  # enough to be hit in the middle of a group


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("faults") / "data", PLAYGROUND_MODEL=str(tiny_model), **LONG)
    site.start().wait_ready()
    yield site
    site.stop()


def submit_in_threes(site: Site, **fields: object) -> str:
    """A job whose groups are of three: their size is measured anew whenever the model is loaded."""
    uuid = site.submit("a fox", **fields)
    with site.database() as connection:
        connection.execute("UPDATE generation_job SET group_size = 3 WHERE group_size = 0")
        connection.commit()
    return uuid


def png_files(site: Site, uuid: str) -> dict[str, int]:
    folder = site.data / "library" / uuid
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("[0-9]*.png")}


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def undisturbed(site: Site) -> list[str]:
    """The pixels that nine pictures of a fox have when nothing happens."""
    uuid = submit_in_threes(site, num_images=9, seed=7)
    site.wait_for(uuid)
    return site.pixels(uuid)


@pytest.mark.parametrize(("moment", "first", "step"), [("early", 1, 1), ("middle", 4, 20), ("end", 7, 50)])
def test_a_killed_worker_s_job_goes_on_at_its_first_missing_image(
    site: Site, undisturbed: list[str], moment: str, first: int, step: int
) -> None:
    uuid = submit_in_threes(site, num_images=9, seed=7)
    until(lambda: site.job(uuid)["first"] == first and site.job(uuid)["step"] >= step, what=moment)
    kill(site.worker_pid())
    finished = png_files(site, uuid)
    site.wait_for(uuid)

    assert site.job(uuid)["group_size"] == 3
    assert site.pixels(uuid) == undisturbed
    assert png_files(site, uuid).items() >= finished.items(), "a finished picture was written again"


def test_an_idle_worker_killed_is_replaced_by_itself(site: Site) -> None:
    site.wait_ready()
    killed = site.worker_pid()
    kill(killed)
    until(lambda: site.health()["worker"] in ("none", "starting"), seconds=2, what="pages know at once")
    site.wait_for(submit_in_threes(site, num_images=3))
    assert site.worker_pid() != killed


def test_first_in_first_out_survives_a_crash(site: Site) -> None:
    uuids = [submit_in_threes(site, num_images=3) for _ in range(4)]
    until(lambda: site.job(uuids[0])["step"] > 5)
    kill(site.worker_pid())
    finished = [site.wait_for(uuid)["finished"] for uuid in uuids]
    assert finished == sorted(finished)


@pytest.mark.parametrize("which", [0, 2, 3], ids=["main", "monitor", "pusher"])
def test_any_process_of_the_cluster_may_die_while_it_works(site: Site, which: int) -> None:
    """The cluster is its main process and three children: worker, monitor and pusher, in the order of their birth."""
    site.wait_ready()
    uuid = submit_in_threes(site, num_images=6)
    until(lambda: site.job(uuid)["step"] > 5)
    main = parent_of(site.worker_pid())
    kill([main, *sorted(descendants(main))][which])
    site.wait_for(uuid)
    assert len(site.pixels(uuid)) == 6


def parent_of(pid: int) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, check=True).stdout)


def test_a_running_job_that_is_cancelled_stops_and_keeps_what_is_finished(site: Site) -> None:
    uuid = submit_in_threes(site, num_images=30)
    until(lambda: site.job(uuid)["first"] == 4)
    site.post(f"/jobs/{uuid}/cancel/")
    row = site.wait_for(uuid, "cancelled", seconds=5)
    assert row["step"] < 60
    assert len(site.pixels(uuid)) >= 3


def test_the_web_server_killed_comes_back(site: Site) -> None:
    site.wait_ready()
    worker = site.worker_pid()
    [web] = [pid for pid in children_of(site.process.pid) if pid != parent_of(worker)]
    old = [web, *descendants(web)]
    kill(web)
    until(lambda: not any(map(is_alive, old)), seconds=5, what="gunicorn's workers follow their master")
    site.wait_ready()
    assert site.worker_pid() == worker, "the worker and its model were left alone"


def children_of(pid: int) -> list[int]:
    return [child for child in descendants(pid) if parent_of(child) == pid]


def test_a_job_that_keeps_killing_its_worker_is_set_aside_and_the_next_one_runs(site: Site) -> None:
    site.wait_ready()
    poison = submit_in_threes(site, num_images=30)
    after = submit_in_threes(site, num_images=3)
    for life in range(1, 4):
        until(lambda life=life: (row := site.job(poison))["attempts"] == life and row["step"] > 0)  # type: ignore[misc]
        kill(site.worker_pid())
    row = site.wait_for(poison, "failed")
    assert "died 3 times at the same picture" in row["error"]
    assert row["note"].startswith("The worker died while it made this (SIGKILL:")
    page = site.get(f"/jobs/{poison}/")[1].decode()
    assert row["error"].replace("'", "&#x27;") in page
    assert row["note"] in page
    site.wait_for(after)
    assert "died 3 times" in site.get("/library/")[1].decode()


def test_a_worker_that_was_frozen_changes_nothing_of_a_job_that_went_on_elsewhere(site: Site) -> None:
    site.wait_ready()
    uuid = submit_in_threes(site, num_images=6)
    until(lambda: site.job(uuid)["step"] > 5)
    frozen = site.worker_pid()
    os.kill(frozen, signal.SIGSTOP)
    with site.database() as connection:  # as a worker on another host would do after ten silent seconds
        connection.execute("UPDATE generation_job SET worker_id = NULL WHERE state = 'running'")
        connection.execute("DELETE FROM generation_worker")
        connection.commit()
    os.kill(frozen, signal.SIGCONT)
    site.wait_for(uuid)
    assert site.worker_pid() != frozen
    assert len(site.pixels(uuid)) == 6


def test_a_second_cluster_on_the_same_device_waits_and_says_so(site: Site) -> None:
    site.wait_ready()
    second = Site(site.data, PLAYGROUND_MODEL=site.environment["PLAYGROUND_MODEL"])
    second.start("worker", "--unwatched")
    try:
        notice = "SELECT notice FROM generation_worker WHERE slot = '' AND notice != ''"
        [row] = until(lambda: site.rows(notice))
        assert "already uses cpu" in row["notice"]
        for path in ("/", "/library/"):
            assert row["notice"] in site.get(path)[1].decode()
        assert site.health()["status"] == "ok"
        site.wait_for(submit_in_threes(site, num_images=3))
    finally:
        second.stop()
    assert second.process.returncode == 0


def test_sigterm_puts_the_running_job_back_with_its_images_and_leaves_no_process(site: Site) -> None:
    site.wait_ready()
    uuid = submit_in_threes(site, num_images=9)
    until(lambda: site.job(uuid)["first"] == 4)
    processes = [site.process.pid, *descendants(site.process.pid)]
    began = time.monotonic()
    site.stop()
    assert time.monotonic() - began < 5
    assert not any(map(is_alive, processes))
    row = site.job(uuid)
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    finished = png_files(site, uuid)
    assert len(finished) >= 3

    site.start().wait_ready()
    site.wait_for(uuid)
    assert png_files(site, uuid).items() >= finished.items()


def test_when_the_runner_is_killed_nobody_lives_on(site: Site) -> None:
    site.wait_ready()
    children = descendants(site.process.pid)
    assert len(children) >= 6, "web server with two workers, cluster with three children"
    kill(site.process.pid)
    site.process.wait()
    until(lambda: not any(map(is_alive, children)), seconds=3, what="children ended")
    site.start().wait_ready()
