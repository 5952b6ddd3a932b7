"""Cancelled at any moment of its life a job ends in one state, and no other job is touched."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import Site, until


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("cancelling") / "data"
    site = Site(data, PLAYGROUND_MODEL=str(tiny_model), PLAYGROUND_STEPS="40").start().wait_ready()
    yield site
    site.stop()


def is_consistent(site: Site, uuid: str) -> str:
    """The state that the job came to, after rows and files were held against it."""
    row = site.wait_for(uuid, "cancelled", "done", seconds=30)
    pictures = site.pixels(uuid)
    assert row["finished"]
    assert not row["error"]
    files = sorted(path.name for path in (site.data / "library" / uuid).glob("*"))
    assert files == [f"{number:02d}.png" for number in range(1, len(pictures) + 1)]
    if row["state"] == "done":
        assert len(pictures) == 6
    time.sleep(0.3)
    assert site.job(uuid)["state"] == row["state"], "it has really ended"
    return str(row["state"])


def cancel(site: Site, uuid: str) -> None:
    assert site.post(f"/jobs/{uuid}/cancel/")[0] == 302


def test_waiting(site: Site) -> None:
    ahead, waiting, behind = (site.submit(f"a fox {number}", num_images=6) for number in range(3))
    cancel(site, waiting)
    row = site.job(waiting)
    assert (row["state"], row["attempts"]) == ("cancelled", 0)
    assert is_consistent(site, waiting) == "cancelled"
    assert [site.wait_for(uuid)["cancel_requested"] for uuid in (ahead, behind)] == [0, 0]
    assert not site.pixels(waiting)


def test_starting(site: Site) -> None:
    uuid = site.submit("a fox", num_images=6)
    until(lambda: site.job(uuid)["state"] == "running")
    cancel(site, uuid)
    is_consistent(site, uuid)


def test_between_steps(site: Site) -> None:
    uuid, behind = site.submit("a fox", num_images=6), site.submit("a ship", num_images=6)
    until(lambda: site.job(uuid)["step"] > 2)
    cancel(site, uuid)
    assert is_consistent(site, uuid) == "cancelled"
    site.wait_for(behind)


def test_saving(site: Site) -> None:
    """After the last step of a group, while its pictures are written one by one."""
    uuid, behind = site.submit("a fox", num_images=6), site.submit("a ship", num_images=6)
    until(lambda: (row := site.job(uuid))["step"] and row["step"] == row["steps"])
    cancel(site, uuid)
    is_consistent(site, uuid)
    site.wait_for(behind)


def test_done(site: Site) -> None:
    uuid = site.submit("a fox", num_images=6)
    site.wait_for(uuid)
    cancel(site, uuid)
    row = site.job(uuid)
    assert (row["state"], row["cancel_requested"]) == ("done", 0)


def test_at_any_moment_and_twice(site: Site) -> None:
    seed = random.randrange(10**6)
    moments, ended = random.Random(seed), set()
    for round_ in range(12):
        uuid, behind = site.submit("a fox", num_images=6), site.submit("a ship", num_images=3)
        time.sleep(moments.uniform(0, 1.5))
        for _ in range(2):
            cancel(site, uuid)
        ended.add(is_consistent(site, uuid))
        assert site.wait_for(behind)["cancel_requested"] == 0, (seed, round_)
        assert len(site.pixels(behind)) == 3
    assert "cancelled" in ended, seed
