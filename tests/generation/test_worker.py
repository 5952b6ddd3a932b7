"""How a process becomes the worker, pauses, and leaves."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from generation import queue, status, tasks
from generation.engine.recipe import Recipe
from generation.models import Job, KnownModel, Pace, Pause, Worker
from generation.slots import SlotTaken
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.generation.models_folder import put_folder, settle
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
    assert row.max_pixels >= 64 * 64


@pytest.mark.parametrize(("size", "learns"), [(1, True), (3, True), (4, False)])
def test_groups_larger_than_those_of_most_jobs_tell_nothing_of_their_speed(
    process: WorkerProcess, size: int, learns: bool
) -> None:
    before = process.row.speed
    process.learn(9.0, submit().recipe.with_model(process.row.model), size)
    assert (process.row.speed != before) == learns
    assert Pace.objects.filter(kind__startswith=f"{size} x 64 x 64 px").exists()


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


def test_a_model_that_loads_but_makes_no_pictures_is_named_and_the_next_one_taken(
    settings: Settings, open_worker: OpenWorker, tiny_model: Path
) -> None:
    other_kind = settings.PLAYGROUND_MODELS / "other kind"
    shutil.copytree(tiny_model, other_kind)
    scheduler = other_kind / "scheduler" / "scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"v_prediction"', '"flow_prediction"'))
    (other_kind / "playground.json").unlink()
    for path in (other_kind, *other_kind.rglob("*")):
        os.utime(path, (0, 0))
    row = open_worker().row
    assert (row.state, row.model) == ("ready", "tiny random model")
    assert row.notice.startswith("other kind was loaded but makes no pictures: ")


def test_a_slip_beside_the_work_does_not_end_the_heartbeat(settings: Settings, process: WorkerProcess) -> None:
    settings.PLAYGROUND_MODELS = None  # the next look at the models raises
    beats = process.row.beats
    until(lambda: Worker.objects.get(pk=process.row.pk).beats >= beats + 4, seconds=30, what="beats after the look")


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
    job, first = submit(), open_worker()
    first.close()
    predecessor = Worker.objects.create(host=first.row.host, slot="cpu", pid=1)  # its process was killed
    Job.objects.update(state="running", worker=predecessor, attempts=1)
    open_worker()
    assert state_of(job) == "waiting"
    assert not Worker.objects.filter(pk=predecessor.pk).exists()


def test_a_worker_that_goes_leaves_nothing_behind(open_worker: OpenWorker) -> None:
    open_worker().close()
    assert not Worker.objects.exists()
    assert open_worker().row.state == "ready"  # the device was free


def test_a_start_is_foretold_by_those_before_it(open_worker: OpenWorker) -> None:
    first = open_worker()
    assert first.row.ready_by is None
    first.close()
    learned = Pace.objects.get(kind__startswith="start with tiny").seconds
    second = open_worker().row
    assert second.ready_by
    assert (second.ready_by - second.started).total_seconds() == pytest.approx(learned, abs=0.5)


def test_a_paused_worker_makes_nothing_until_it_goes_on(process: WorkerProcess) -> None:
    job = submit()
    Pause.objects.begin()
    tasks.generate_next()
    assert (state_of(job), Batch.objects.count()) == ("waiting", 0)
    Pause.objects.end()
    tasks.generate_next()
    assert state_of(job) == "done"


def test_a_worker_that_is_paused_at_work_finishes_its_group(process: WorkerProcess) -> None:
    job = submit(num_images=30)

    def pause_at_work() -> None:
        until(Job.objects.filter(step__gt=0).exists)
        Pause.objects.begin()
        connection.close()

    somebody = threading.Thread(target=pause_at_work)
    somebody.start()
    tasks.generate_next()
    somebody.join()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)
    assert Image.objects.count() in range(3, 30, 3)


# A model that kills


def test_a_model_that_killed_three_workers_is_left_alone_until_whoever_stops_the_site_forgives_it(
    open_worker: OpenWorker, tiny_model: Path
) -> None:
    put_folder(tiny_model, "killer")
    seen = []
    for deaths in (0, 2, 3, 0):
        KnownModel.objects.filter(name="killer").update(deaths=deaths)
        process = open_worker()
        seen.append((process.row.model, process.row.notice[:36]))
        process.close()
    told = "killer killed the worker 3 times whi"
    assert seen == [("killer", ""), ("killer", ""), ("tiny random model", told), ("killer", "")]
    assert not KnownModel.objects.exclude(deaths=0).exists()


def test_where_there_is_no_other_the_site_says_why_it_makes_nothing(
    settings: Settings, open_worker: OpenWorker, tiny_model: Path
) -> None:
    settings.PLAYGROUND_MODEL = str(put_folder(tiny_model, "killer"))
    open_worker().close()
    KnownModel.objects.update(deaths=3)
    open_worker()
    now = status.current()
    assert (now.state, now.words[:32]) == ("failed", "killer killed the worker 3 times")
    assert "stopped and started again" in now.words


def test_a_changed_file_is_tried_again(open_worker: OpenWorker, tiny_model: Path) -> None:
    folder = put_folder(tiny_model, "killer")
    open_worker().close()
    KnownModel.objects.filter(name="killer").update(deaths=3)
    settle(folder, moment=1000)
    assert open_worker().row.model == "killer"
