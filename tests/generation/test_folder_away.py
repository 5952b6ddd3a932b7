"""The library's folder goes away while jobs are made, as a disk does that somebody unplugs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, tasks
from generation.worker import WorkerProcess
from tests.generation.test_tasks import images_of, meanwhile, state_of, submit
from tests.site import Site, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_wait_until_the_folder_is_back(process: WorkerProcess, settings: Settings, tmp_path: Path) -> None:
    first, second = submit(), submit(seed=8)
    tasks.generate_next()
    assert state_of(first) == "done"
    library = Path(settings.PLAYGROUND_LIBRARY).rename(tmp_path / "unplugged")
    for there in (False, True):
        if there:
            Path(settings.PLAYGROUND_LIBRARY).mkdir()  # what a disk leaves behind
        tasks.generate_next()
        assert state_of(second) == "waiting"
        assert [place.seconds for place in queue.places()] == [None]
    assert not list(Path(settings.PLAYGROUND_LIBRARY).iterdir())
    Path(settings.PLAYGROUND_LIBRARY).rmdir()
    library.rename(settings.PLAYGROUND_LIBRARY)
    tasks.generate_next()
    assert state_of(second) == "done"
    assert len(images_of(first)) == len(images_of(second)) == 3


def test_a_folder_that_goes_in_the_middle_of_a_job_costs_nothing(
    process: WorkerProcess, settings: Settings, tmp_path: Path
) -> None:
    whole = submit(num_images=6)
    tasks.generate_next()
    job = submit(num_images=6)
    library, away = Path(settings.PLAYGROUND_LIBRARY), tmp_path / "unplugged"
    with meanwhile(lambda: library.rename(away), once=lambda: len(images_of(job)) == 3):
        tasks.generate_next()
    assert (state_of(job), len(images_of(job))) == ("waiting", 3)
    assert not library.exists()
    away.rename(library)
    tasks.generate_next()
    assert state_of(job) == "done"
    assert [image.pixels for image in images_of(job)] == [image.pixels for image in images_of(whole)]


def test_a_running_site_finds_what_is_put_into_its_folder(new_site: Callable[..., Site], tmp_path: Path) -> None:
    site = new_site().start().wait_ready()
    Pillow.new("RGB", (24, 16), "red").save(tmp_path / "a holiday.jpg")
    shutil.copy(tmp_path / "a holiday.jpg", site.data / "library")
    until(lambda: b"a holiday" in site.get("/library/")[1], seconds=60, what="found", log=site.log)
    (site.data / "library" / "a holiday.jpg").unlink()
    until(lambda: b"a holiday" not in site.get("/library/")[1], seconds=60, what="gone", log=site.log)
    (site.data / "library").rename(tmp_path / "unplugged")
    until(lambda: site.health()["status"] == "failing", what="told", log=site.log)
    assert b"cannot be reached" in site.get("/")[1]
    assert "Nothing is made or hidden until it is back" in site.command("doctor", "worker").stdout
    uuid = site.submit("a fox")
    assert site.job(uuid)["state"] == "waiting"
    (tmp_path / "unplugged").rename(site.data / "library")
    site.wait_for(uuid)
