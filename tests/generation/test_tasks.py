"""The worker's work with a real worker process (this one), the tiny model and real files."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_q.models import OrmQ
from PIL import Image as Pillow
from pytest_django import Settings

from generation import queue, tasks
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.worker import WorkerProcess
from library import png
from library.models import Batch, Image
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

OpenWorker = Callable[..., WorkerProcess]


def submit(**fields: Any) -> Job:
    usual = {"prompt": "a fox", "seed": 7, "num_images": 3, "width": 64, "height": 64, "steps": 3, "sampler": "DDIM"}
    return queue.submit(Recipe(**{**usual, **fields}))


def state_of(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def images_of(job: Job) -> list[Image]:
    return list(Image.objects.filter(batch__uuid=job.uuid).select_related("batch").order_by("position"))


def pixels_of(job: Job) -> list[str]:
    return [image.pixels for image in images_of(job)]


def written(job: Job) -> dict[str, int]:
    """When each file of a job was written, in ns."""
    return {path.name: path.stat().st_mtime_ns for path in sorted(Batch.objects.get(uuid=job.uuid).folder.iterdir())}


@contextmanager
def meanwhile(do: Callable[[], Any], *, once: Callable[[], Any]) -> Iterator[None]:
    """Somebody else does something as soon as something is so."""

    def run() -> None:
        try:
            until(once)
            do()
        finally:
            connection.close()

    somebody = threading.Thread(target=run)
    somebody.start()
    yield
    somebody.join()


# Making pictures


def test_a_job_becomes_images_with_files_and_rows(process: WorkerProcess) -> None:
    job = submit(num_images=4)
    tasks.generate_next()
    assert state_of(job) == "done"
    assert [(image.position, image.seed, image.width, image.height) for image in images_of(job)] == [
        (position, 6 + position, 64, 64) for position in (1, 2, 3, 4)
    ]
    assert list(written(job)) == ["01.png", "02.png", "03.png", "04.png"]
    for image in images_of(job):
        with Pillow.open(image.path) as picture:
            assert png.pixels_of(picture) == image.pixels
    assert len(set(pixels_of(job))) == 4


def test_the_recipe_in_the_file_is_all_it_takes_to_make_the_picture_again(process: WorkerProcess) -> None:
    job = submit(num_images=4)
    tasks.generate_next()
    image = images_of(job)[1]
    own = png.read_recipe(image.path)
    assert own
    recipe = Recipe.from_dict(own["recipe"])
    assert recipe == job.recipe.with_model("tiny random model")
    assert process.engine
    group = process.engine.generate(recipe, **own["group"], on_step=lambda *_: None)
    assert png.pixels_of(group[own["position"] - own["group"]["first"]]) == image.pixels


def test_the_batch_says_what_was_asked_for_and_how_long_it_took(process: WorkerProcess) -> None:
    job = submit()
    tasks.generate_next()
    batch = Batch.objects.get(uuid=job.uuid)
    assert (batch.words, batch.recipe["model"], batch.error) == ("a fox", "tiny random model", "")
    assert batch.seconds > 0


def test_one_call_makes_one_job_the_oldest_and_rings_for_the_next(process: WorkerProcess) -> None:
    first, second = submit(), submit()
    OrmQ.objects.all().delete()
    tasks.generate_next()
    assert (state_of(first), state_of(second), OrmQ.objects.count()) == ("done", "waiting", 1)
    OrmQ.objects.all().delete()
    tasks.generate_next()
    assert (state_of(second), OrmQ.objects.count()) == ("done", 0)


def test_many_wake_ups_at_once_make_every_job_once(process: WorkerProcess) -> None:
    jobs = [submit(num_images=2, steps=10) for _ in range(3)]

    def wake() -> None:
        try:
            tasks.generate_next()
        finally:
            connection.close()

    threads = [threading.Thread(target=wake) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state_of(job) for job in jobs] == ["done"] * 3
    assert len({tuple(pixels_of(job)) for job in jobs}) == 1  # the model is not used by two at once
    assert Image.objects.count() == 6


def test_the_same_recipe_makes_the_same_pixels_twice(process: WorkerProcess) -> None:
    first, again = submit(num_images=4), submit(num_images=4)
    tasks.generate_next()
    tasks.generate_next()
    assert pixels_of(first) == pixels_of(again)


def test_without_a_worker_a_wake_up_does_nothing() -> None:
    job = submit()
    tasks.generate_next()
    assert (state_of(job), Batch.objects.count()) == ("waiting", 0)


# Errors


def test_a_job_that_fails_says_why_and_the_next_one_runs(process: WorkerProcess) -> None:
    failing, next_one = submit(width=68), submit()
    tasks.generate_next()
    tasks.generate_next()
    failing.refresh_from_db()
    assert (failing.state, state_of(next_one)) == ("failed", "done")
    assert "divisible by 8" in failing.error
    assert Batch.objects.get(uuid=failing.uuid).error == failing.error
    process.row.refresh_from_db()
    assert process.row.state == "ready"


def test_a_library_that_cannot_be_written_to_is_said_to_be_the_fault(
    process: WorkerProcess, settings: Settings
) -> None:
    folder, settings.PLAYGROUND_LIBRARY = settings.PLAYGROUND_LIBRARY, Path(os.devnull)
    failing, next_one = submit(), submit()
    tasks.generate_next()
    settings.PLAYGROUND_LIBRARY = folder
    tasks.generate_next()
    failing.refresh_from_db()
    assert (failing.state, state_of(next_one)) == ("failed", "done")
    assert "The model could not" not in failing.error
    assert os.devnull not in failing.error  # what people see does not tell this machine's paths


# Going on after an interruption


@pytest.fixture
def stopped(open_worker: OpenWorker) -> Job:
    """A job whose worker was asked to stop once its first group was finished."""
    job = submit(num_images=9)
    first = open_worker(stopping=lambda: Image.objects.count() >= 3)
    tasks.generate_next()
    first.close()
    return job


def test_a_worker_that_is_asked_to_stop_puts_its_job_back_with_its_images(stopped: Job) -> None:
    stopped.refresh_from_db()
    assert (stopped.state, stopped.attempts, stopped.worker) == ("waiting", 0, None)
    assert len(images_of(stopped)) == 3


def test_a_resumed_job_makes_only_what_is_missing(stopped: Job, open_worker: OpenWorker) -> None:
    before = written(stopped)
    undisturbed = submit(num_images=9)
    open_worker()
    tasks.generate_next()
    tasks.generate_next()
    assert (state_of(stopped), len(before), len(written(stopped))) == ("done", 3, 9)
    assert {name: time for name, time in written(stopped).items() if name in before} == before
    assert pixels_of(stopped) == pixels_of(undisturbed)


def again(job: Job) -> None:
    """Make `job` once more, as if its worker had died before it could say that it was done."""
    Job.objects.filter(pk=job.pk).update(state="waiting", worker=None)
    tasks.generate_next()
    assert state_of(job) == "done"


def test_a_file_without_a_row_is_adopted(process: WorkerProcess) -> None:
    job = submit(num_images=4)
    tasks.generate_next()
    before, pixels = written(job), pixels_of(job)
    Image.objects.filter(position__in=(2, 4)).delete()
    again(job)
    assert (written(job), pixels_of(job)) == (before, pixels)


def test_a_file_without_a_row_was_made_with_the_group_that_it_names(process: WorkerProcess) -> None:
    job = submit()
    tasks.generate_next()
    Image.objects.filter(position=2).delete()
    Job.objects.update(group_size=1)  # memory has run out since
    again(job)
    assert [(image.group_first, image.group_size) for image in images_of(job)] == [(1, 3)] * 3


def test_a_torn_file_without_a_row_is_made_again(process: WorkerProcess) -> None:
    job = submit()
    tasks.generate_next()
    pixels, torn = pixels_of(job), images_of(job)[1]
    torn.path.write_bytes(torn.path.read_bytes()[:200])
    torn.delete()
    again(job)
    assert pixels_of(job) == pixels
    assert png.read_recipe(torn.path)


def test_what_a_worker_seems_to_run_although_it_does_not_goes_on(process: WorkerProcess) -> None:
    job = submit()
    Job.objects.update(state="running", worker=process.row, attempts=1, group_size=3)  # the database was away
    tasks.generate_next()
    assert (state_of(job), len(images_of(job))) == ("done", 3)


# Memory


def test_a_queued_job_that_does_not_fit_any_more_is_made_all_the_same_one_picture_at_a_time(
    process: WorkerProcess,
) -> None:
    job = submit(width=128, height=128)
    process.set(max_pixels=64 * 64)
    tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, job.group_size, len(images_of(job))) == ("done", 1, 3)


# Cancelling


def test_a_cancelled_job_stops_with_its_finished_images_and_the_next_one_runs(process: WorkerProcess) -> None:
    job, next_one = submit(num_images=30, steps=10), submit()
    with meanwhile(job.cancel, once=Image.objects.exists):
        tasks.generate_next()
    assert (state_of(job), state_of(next_one)) == ("cancelled", "waiting")
    assert 3 <= len(images_of(job)) < 30
    tasks.generate_next()
    assert state_of(next_one) == "done"
    assert Batch.objects.get(uuid=job.uuid).error == ""


def test_a_job_that_went_to_another_worker_is_left_to_it(process: WorkerProcess) -> None:
    job = submit(num_images=30, steps=10)
    other = Worker.objects.create(host="elsewhere", pid=1)
    with meanwhile(lambda: Job.objects.update(worker=other), once=lambda: Image.objects.count() >= 3):
        tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, job.worker) == ("running", other)
    assert 3 <= len(images_of(job)) < 30
    assert Batch.objects.get(uuid=job.uuid).error == ""
