"""A disk that fills up and one that can only be read: real ones, which this site alone sees."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from library.models.shelf import LEAST_FREE
from tests.mounts import as_seen_by, needs_mounts, remount, with_a_small_disk
from tests.site import Site, until

pytestmark = needs_mounts

SIZE = 3 * LEAST_FREE // 2


@pytest.fixture
def site(new_site: Callable[..., Site], tmp_path: Path) -> Iterator[Site]:
    """The library lies on a disk of its own."""
    library = tmp_path / "disk"
    site = new_site(PLAYGROUND_LIBRARY=str(library), PLAYGROUND_STEPS="60")
    site.before = with_a_small_disk(library, f"size={SIZE}")
    site.start().wait_ready()
    yield site
    site.stop()


def library_of(site: Site) -> Path:
    return as_seen_by(site.process.pid, Path(site.environment["PLAYGROUND_LIBRARY"]))


def fill(folder: Path, leave: int) -> Path:
    """A file that takes what the disk has, but for `leave` bytes."""
    ballast, state = folder / ".ballast", os.statvfs(folder)
    with ballast.open("wb", buffering=0) as file, suppress(OSError):  # others take some, too
        while leave == 0 or file.tell() < state.f_bavail * state.f_frsize - leave:
            file.write(bytes(64 * 1024))
    return ballast


def files_of(site: Site, uuid: str) -> list[str]:
    return sorted(path.name for path in (library_of(site) / uuid).glob("*"))


def wait_until_it_waits_again(site: Site, uuid: str) -> None:
    until(lambda: site.job(uuid)["state"] == "waiting", what="put back", log=site.log)


@pytest.mark.parametrize("leave", [LEAST_FREE // 2, 0], ids=["nearly full", "full to the last byte"])
def test_a_disk_that_fills_up_makes_the_job_wait_with_what_is_finished_until_there_is_room(
    site: Site, leave: int
) -> None:
    uuid, after = site.submit("a fox", num_images=30), site.submit("a ship", num_images=3)
    until(lambda: len(files_of(site, uuid)) >= 3)
    ballast = fill(library_of(site), leave)
    wait_until_it_waits_again(site, uuid)
    finished = files_of(site, uuid)
    said = f"The disk of {site.environment['PLAYGROUND_LIBRARY']} is full. Jobs wait until there is room"
    for path in ("/", f"/jobs/{uuid}/", "/library/"):
        assert said in site.get(path)[1].decode()
    assert said in site.health()["reason"]
    assert site.job(after)["state"] == "waiting"
    ballast.unlink()
    for job in (uuid, after):
        assert site.wait_for(job)["attempts"] == 1
    assert set(finished) - {name for name in finished if name.endswith(".part")} <= set(files_of(site, uuid))
    assert len(site.pixels(uuid)) == 30


def test_a_library_that_can_only_be_read_is_shown_and_jobs_wait(site: Site) -> None:
    uuid = site.submit("a fox", num_images=30)
    until(lambda: len(files_of(site, uuid)) >= 3)
    library = Path(site.environment["PLAYGROUND_LIBRARY"])
    remount(site.process.pid, library, "ro")
    wait_until_it_waits_again(site, uuid)
    said = f"The library folder {library} cannot be written to. Jobs wait until it can"
    assert said in site.get(f"/jobs/{uuid}/")[1].decode()
    finished = len(site.pixels(uuid))
    assert finished >= 3
    assert site.get(f"/library/{uuid}/01.png")[0] == 200
    remount(site.process.pid, library, "rw")
    site.wait_for(uuid)
    assert len(site.pixels(uuid)) == 30


def test_a_full_disk_below_the_database_is_said_and_loses_nothing(new_site: Callable[..., Site]) -> None:
    limits = [f"PLAYGROUND_MAX_WAITING{whose}" for whose in ("", "_PER_ADDRESS", "_IN_ALL")]
    site = new_site(PLAYGROUND_STEPS="60", **dict.fromkeys(limits, "0"))
    site.before = with_a_small_disk(site.data, f"size={SIZE}")
    site.start().wait_ready()
    try:
        data = as_seen_by(site.process.pid, site.data)
        done = site.submit("a fox", num_images=3)
        until(lambda: b"job job-done" in site.get(f"/jobs/{done}/")[1])
        running = site.submit("a ship", num_images=30)
        until(lambda: (data / "library" / running / "03.png").exists())
        ballast = fill(data, 0)
        status, page, _ = until_it_is_refused(site)
        assert status == 503
        assert b"The disk that the database lies on is full" in page
        assert b"Nothing that was sent before is lost" in page
        ballast.unlink()
        until(lambda: b"job job-done" in site.get(f"/jobs/{running}/")[1], seconds=90, log=site.log)
        assert len(list((data / "library" / running).glob("[0-9]*.png"))) == 30
    finally:
        site.stop(signal.SIGTERM)


def until_it_is_refused(site: Site) -> tuple[int, bytes, object]:
    """The write-ahead log has room of its own for a while."""
    for _ in range(2000):
        answer = site.post("/jobs/", prompt="x" * 900, num_images=3)
        if answer[0] >= 500:
            return answer
    raise AssertionError("the disk was never full")
