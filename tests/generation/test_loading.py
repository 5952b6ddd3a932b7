"""Jobs that name a model: the worker switches to it, and says so when it cannot."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from generation import queue, tasks
from generation.engine.recipe import Recipe
from generation.models import Job, KnownModel, Pace, Worker
from generation.worker import WorkerProcess
from library.models import Batch, Image
from tests.generation.models_folder import put_folder, put_torn, settle

OpenWorker = Callable[..., WorkerProcess]
pytestmark = pytest.mark.django_db(transaction=True)


def submit(model: str = "", **fields: Any) -> Job:
    usual = {"prompt": "a fox", "seed": 7, "num_images": 3, "width": 64, "height": 64, "steps": 3, "sampler": "DDIM"}
    return queue.submit(Recipe(**{**usual, "model": model, **fields}))


def work(*jobs: Job) -> None:
    """One after the other, as the queue has them."""
    for job in jobs:
        tasks.generate_next()
        job.refresh_from_db()


def pixels_of(job: Job) -> list[str]:
    return [image.pixels for image in Image.objects.filter(batch__uuid=job.uuid).order_by("position")]


@pytest.fixture
def process(open_worker: OpenWorker, tiny_model: Path) -> WorkerProcess:
    """With the default `a` and, behind it, the others."""
    put_folder(tiny_model, "a")
    put_folder(tiny_model, "b", louder=1.5)
    put_folder(tiny_model, "c", louder=2.0)
    return open_worker()


def loaded() -> list[str]:
    return list(Worker.objects.get().loaded)


def test_jobs_that_name_different_models_take_turns_and_each_gets_its_own(process: WorkerProcess) -> None:
    jobs = [submit(model) for model in ("a", "b", "a", "b", "")]
    work(*jobs)
    assert [job.state for job in jobs] == ["done"] * 5
    by_a, by_b, again_a, again_b, by_default = map(pixels_of, jobs)
    assert by_a == again_a == by_default
    assert by_b == again_b != by_a
    assert [Batch.objects.get(uuid=job.uuid).model for job in jobs] == ["a", "b", "a", "b", "a"]


def test_what_a_job_with_another_model_makes_does_not_depend_on_what_was_loaded_before(
    process: WorkerProcess, open_worker: OpenWorker
) -> None:
    first, then = submit("b", num_images=2), submit("c", num_images=2)
    work(first, then)
    process.close()
    open_worker()
    alone = submit("c", num_images=2)
    Job.objects.filter(pk=alone.pk).update(group_size=then.group_size)
    work(alone)
    assert pixels_of(alone) == pixels_of(then)


def test_the_last_two_models_stay_loaded(process: WorkerProcess) -> None:
    seen = []
    for model in ("b", "a", "c", "a", "b"):
        work(submit(model))
        seen.append(loaded())
    assert seen == [["b", "a"], ["a", "b"], ["c", "a"], ["a", "c"], ["b", "a"]]
    process.row.refresh_from_db()
    assert (process.row.model, process.row.loading, process.row.ready_by) == ("a", "", None)


def test_the_default_stays_what_whoever_names_none_gets(process: WorkerProcess) -> None:
    work(submit("b"))
    process.row.refresh_from_db()
    assert (process.row.state, process.row.model) == ("ready", "a")


def test_while_a_model_is_loaded_the_row_says_which(process: WorkerProcess) -> None:
    seen: set[tuple[str, str]] = set()
    jobs, done = [submit("b"), submit("a")], threading.Event()

    def look_on() -> None:
        while not done.wait(0.002):
            seen.update(Worker.objects.values_list("state", "loading"))
        connection.close()

    somebody = threading.Thread(target=look_on)
    somebody.start()
    work(*jobs)
    done.set()
    somebody.join()
    assert ("generating", "b") in seen
    assert ("generating", "a") not in seen, "it was kept"


def test_loading_is_learned_from_and_switching_between_kept_models_is_not_loading(process: WorkerProcess) -> None:
    work(submit("b"), submit("a"), submit("b"))
    [pace] = Pace.objects.filter(kind__startswith="loading on cpu: ")
    assert (pace.kind, pace.count) == ("loading on cpu: b", 1)
    assert 0 < pace.seconds < 60


def test_a_model_is_measured_once_and_its_groups_are_of_that_size(process: WorkerProcess, settings: Settings) -> None:
    job = submit("b")
    work(job)
    known = KnownModel.objects.get(name="b")
    assert known.speed > 0
    assert job.group_size == min(known.group_size, settings.PLAYGROUND_MOST_TOGETHER)
    KnownModel.objects.filter(name="c").update(group_size=2, speed=9.0)
    other = submit("c")
    work(other)
    assert other.group_size == 2
    assert KnownModel.objects.get(name="c").speed != 9.0, "what was made corrects it"


def test_the_speed_of_the_default_learns_nothing_from_other_models(process: WorkerProcess) -> None:
    before = process.row.speed
    work(submit("b"))
    assert process.row.speed == before
    work(submit("a"))
    assert process.row.speed != before


# What goes wrong


def test_a_job_whose_model_vanished_fails_with_its_name_and_what_to_do_and_the_next_one_runs(
    process: WorkerProcess,
) -> None:
    job, next_one = submit("b"), submit("a")
    shutil.rmtree(folder_of("b"))
    work(job, next_one)
    assert (job.state, next_one.state) == ("failed", "done")
    assert job.error.startswith("The model b is not there any more. Choose another one, or have its file put back")
    assert Batch.objects.get(uuid=job.uuid).error == job.error
    assert Worker.objects.get().state == "ready"


def test_a_model_that_vanished_is_not_made_with_although_it_is_still_loaded(process: WorkerProcess) -> None:
    work(submit("b"))
    shutil.rmtree(folder_of("b"))
    job = submit("b")
    work(job)
    assert job.state == "failed"


def test_a_model_that_cannot_be_loaded_fails_its_job_and_is_marked_and_the_others_go_on(process: WorkerProcess) -> None:
    shutil.rmtree(folder_of("b"))
    put_torn("b")
    job, next_one = submit("b"), submit("c")
    work(job, next_one)
    assert (job.state, next_one.state) == ("failed", "done")
    assert job.error.startswith("b cannot be loaded: ")
    assert job.error.endswith("Choose another one; the owner of this site may look at its file.")
    assert KnownModel.objects.called("b") is None
    assert KnownModel.objects.get(name="b").problem.startswith("b cannot be ")


def test_a_model_that_loads_but_makes_no_pictures_fails_its_job(process: WorkerProcess, tiny_model: Path) -> None:
    shutil.rmtree(folder_of("b"))
    put_folder(tiny_model, "b", sampler="DDIM")
    KnownModel.objects.filter(name="b").update(defaults={"sampler": "DDIM"})
    scheduler = folder_of("b") / "scheduler" / "scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"v_prediction"', '"flow_prediction"'))
    settle(folder_of("b"), moment=1000)
    KnownModel.objects.filter(name="b").update(group_size=0)
    job = submit("b")
    work(job)
    assert job.state == "failed"
    assert job.error.startswith("b was loaded but makes no pictures: ")


def test_a_better_copy_of_a_loaded_model_is_taken(process: WorkerProcess, tiny_model: Path) -> None:
    before, after = submit("b"), submit("b")
    work(before)
    shutil.rmtree(folder_of("b"))
    settle(put_folder(tiny_model, "b", louder=3.0), moment=1000)
    work(after)
    assert after.state == "done"
    assert pixels_of(after) != pixels_of(before)


def test_a_default_that_went_fails_its_jobs_until_the_worker_has_another(process: WorkerProcess) -> None:
    with process.working:  # the heartbeat would begin anew with another default
        shutil.rmtree(folder_of("a"))
        job = submit()
        claimed = Job.objects.claim_next(process.row)
        assert claimed
        tasks.generate(claimed, process)
        job.refresh_from_db()
        assert (job.state, job.error[:12]) == ("failed", "The model a ")
        assert process.models.has_other_default()
        put_folder(Path(process.models.choice.checkpoints[1].source), "a")


def folder_of(name: str) -> Path:
    from django.conf import settings

    return Path(settings.PLAYGROUND_MODELS) / name
