"""How a process becomes the worker, pauses, and leaves."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from generation import queue, tasks
from generation.engine.recipe import Recipe
from generation.models import Job, Worker
from generation.slots import SlotTaken
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

OpenWorker = Callable[..., WorkerProcess]


def submit(**fields: Any) -> Job:
    return queue.submit(Recipe(prompt="a fox", seed=7, width=64, height=64, steps=3, sampler="DDIM", **fields))


def state_of(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def test_the_worker_names_its_model_and_its_speed(process: WorkerProcess) -> None:
    process.row.refresh_from_db()
    row = process.row
    assert (row.state, row.slot, row.model, row.is_demo) == ("ready", "cpu", "tiny random model", True)
    assert row.model_defaults["width"] == 64
    assert row.speed > 0


def test_a_model_that_cannot_be_read_is_named_and_the_next_one_taken(
    settings: Settings, open_worker: OpenWorker
) -> None:
    torn = settings.PLAYGROUND_MODELS / "torn"
    torn.mkdir()
    (torn / "model_index.json").write_text("{}")
    for path in (torn, *torn.iterdir()):
        os.utime(path, (0, 0))  # it has long been complete
    row = open_worker().row
    assert (row.state, row.model) == ("ready", "tiny random model")
    assert row.notice.startswith("torn cannot be loaded: ")


def test_a_worker_without_any_model_says_so_and_leaves_the_jobs_alone(
    settings: Settings, open_worker: OpenWorker
) -> None:
    settings.PLAYGROUND_MODEL = "/nowhere"
    job = submit()
    row = open_worker().row
    tasks.generate_next()
    assert (row.state, state_of(job)) == ("failed", "waiting")
    assert "/nowhere" in row.notice


def test_a_second_worker_does_not_get_the_device(process: WorkerProcess) -> None:
    second = WorkerProcess()
    try:
        with pytest.raises(SlotTaken):
            second.open(wait=False)
    finally:
        second.close()


def test_a_new_worker_puts_back_what_its_predecessor_was_running(open_worker: OpenWorker) -> None:
    job = submit()
    predecessor = type(open_worker().row).objects.create(host=worker.current.row.host, slot="cpu", pid=1)  # type: ignore[union-attr]
    Job.objects.update(state="running", worker=predecessor, attempts=1)
    worker.current.close()  # type: ignore[union-attr]
    open_worker()
    assert state_of(job) == "waiting"


def test_a_paused_worker_makes_nothing_until_it_goes_on(process: WorkerProcess) -> None:
    job = submit()
    type(process.row).objects.update(paused=True)
    until(lambda: process.is_paused, seconds=5)
    tasks.generate_next()
    assert (state_of(job), Batch.objects.count()) == ("waiting", 0)
    type(process.row).objects.update(paused=False)
    until(lambda: not process.is_paused, seconds=5)
    tasks.generate_next()
    assert state_of(job) == "done"


def test_a_worker_that_is_paused_at_work_finishes_its_group(process: WorkerProcess) -> None:
    job = submit(num_images=30, steps=30)

    def pause() -> None:
        type(process.row).objects.update(paused=True)

    with meanwhile(pause, once=lambda: state_of(job) == "running"):
        tasks.generate_next()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    assert len(images_of(job)) in range(3, 30, 3)
