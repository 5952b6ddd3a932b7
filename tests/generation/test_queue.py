"""Submitting and waking, the two in one transaction, and when it will be one's turn."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from pytest_django import Settings

from generation import queue, status
from generation.engine.recipe import Recipe
from generation.models import Job, Pace, Pause, Prompt, Worker
from library.models import Batch, Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker() -> None:
    status.current()  # forgets the workers of other tests


def a_recipe(**fields: Any) -> Recipe:
    return Recipe(**{"prompt": "a fox", "seed": 7, "width": 1000, "height": 1000, "steps": 10, **fields})


def a_worker(**fields: Any) -> Worker:
    return Worker.objects.create(host="here", pid=1, state="ready", **fields)


def test_a_submitted_job_waits_with_its_recipe_and_its_sender() -> None:
    job = queue.submit(a_recipe(), visitor="me")
    job.refresh_from_db()
    assert (job.state, job.recipe, job.visitor, job.prompt.words) == ("waiting", a_recipe(), "me", "a fox")


def test_a_submit_rings_for_the_worker_without_arguments() -> None:
    queue.submit(a_recipe())
    wake_up = OrmQ.objects.get()
    assert (wake_up.func(), wake_up.args(), wake_up.kwargs()) == ("generation.tasks.generate_next", (), {})


def test_nobody_rings_again_while_a_wake_up_waits() -> None:
    for _ in range(3):
        queue.submit(a_recipe())
    assert OrmQ.objects.count() == 1
    assert get_broker().dequeue()
    queue.submit(a_recipe())
    assert OrmQ.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_leaves_neither_job_nor_wake_up() -> None:
    with transaction.atomic():
        queue.submit(a_recipe())
        assert (Job.objects.count(), OrmQ.objects.count()) == (1, 1)
        transaction.set_rollback(True)
    assert (Job.objects.count(), Prompt.objects.count(), OrmQ.objects.count()) == (0, 0, 0)


def test_a_job_whose_wake_up_cannot_be_written_is_not_written_either() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO somewhere_else")
    with pytest.raises(DatabaseError):
        queue.submit(a_recipe())
    assert (Job.objects.count(), Prompt.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_does_not_answer_loses_no_job(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.Q_CLUSTER = {"redis": "redis://127.0.0.1:9"}
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "BROKER_CLASS", None)
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:9")
    queue.submit(a_recipe())
    assert Job.objects.waiting().count() == 1
    assert "The worker could not be woken; it will look by itself." in caplog.messages


def lose_worker_of(job: Job, **fields: Any) -> None:
    Job.objects.filter(pk=job.pk).update(state="running", worker=None, **fields)


def test_recovering_puts_back_every_orphan_and_nothing_else() -> None:
    orphan, other = queue.submit(a_recipe()), queue.submit(a_recipe())
    lose_worker_of(orphan, attempts=1)
    Job.objects.filter(pk=other.pk).update(state="running", worker=a_worker())
    queue.recover()
    assert list(Job.objects.order_by("pk").values_list("state", flat=True)) == ["waiting", "running"]


def test_a_job_that_is_set_aside_says_so_in_the_library_too() -> None:
    job = queue.submit(a_recipe())
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, visitor="")
    lose_worker_of(job, attempts=3)
    queue.recover()
    job.refresh_from_db()
    batch.refresh_from_db()
    assert job.state == "failed"
    assert batch.error == job.error != ""


def test_the_running_job_is_at_place_0_and_the_next_at_1() -> None:
    a_worker()
    jobs = [queue.submit(a_recipe()) for _ in range(4)]
    Job.objects.filter(pk=jobs[2].pk).update(state="running")
    Job.objects.filter(pk=jobs[1].pk).update(state="done")
    assert [(place.position, place.job) for place in queue.places()] == [(0, jobs[2]), (1, jobs[0]), (2, jobs[3])]


@pytest.mark.parametrize("running", [0, 2])
def test_what_the_database_says_of_the_order_is_what_the_jobs_say(running: int) -> None:
    jobs = [queue.submit(a_recipe()) for _ in range(4)]
    Job.objects.filter(pk=jobs[0].pk).update(state="done")
    Job.objects.filter(pk__in=[job.pk for job in jobs[1 : 1 + running]]).update(state="running", attempts=3, version=7)
    *order, _ = Job.objects.marks()
    assert repr(tuple(order)) == repr(Job.order_of(list(Job.objects.active())))


def test_times_add_up_from_the_measured_speed() -> None:
    a_worker(speed=0.5)
    running, *_ = (queue.submit(a_recipe(num_images=count)) for count in (3, 3, 6))
    progress = {"group_size": 3, "first": 1, "step": 5, "steps": 10}
    Job.objects.filter(pk=running.pk).update(state="running", **progress)
    left = 15 * (1 - 5 / 11)  # decoding and storing counts as a step
    assert [place.seconds for place in queue.places()] == pytest.approx([left, left + 15, left + 45])


def test_what_nobody_has_sent_yet_has_its_time_at_the_end_of_the_queue() -> None:
    a_worker(speed=0.5)
    queue.submit(a_recipe())
    [waiting, upcoming] = queue.places(a_recipe(num_images=6))
    assert (waiting.seconds, upcoming.seconds, upcoming.position) == (15, 45, 2)
    assert Job.objects.count() == 1


def test_two_workers_share_what_waits() -> None:
    a_worker(speed=0.5)
    a_worker(speed=0.5)
    for count in (3, 6, 3):
        queue.submit(a_recipe(num_images=count))
    assert [place.seconds for place in queue.places()] == [15, 30, 30]


def test_while_the_queue_is_paused_nobody_is_promised_a_time() -> None:
    a_worker(speed=0.5)
    queue.submit(a_recipe())
    Pause.objects.begin()
    assert [place.seconds for place in queue.places()] == [None]


def test_however_many_jobs_wait_their_times_take_three_queries(django_assert_num_queries: Any) -> None:
    a_worker(speed=0.5)
    for seed in range(10):
        queue.submit(a_recipe(seed=seed, steps=10 + seed))
    Shelf.objects.demand()
    with django_assert_num_queries(3):
        queue.places(a_recipe())


@pytest.mark.parametrize("with_worker", [False, True])
def test_while_nobody_knows_the_speed_there_are_places_without_times(with_worker: bool) -> None:
    if with_worker:
        a_worker(speed=0.0)
    queue.submit(a_recipe())
    assert [(place.position, place.seconds) for place in queue.places()] == [(1, None)]


# Many at once


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run `works` at the same moment, each in a thread with a database connection of its own; what they returned."""
    start, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        start.wait()
        try:
            answers[place] = works[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_claim_every_job_once_and_in_order() -> None:
    expected = [queue.submit(a_recipe()).pk for _ in range(40)]
    workers = [a_worker() for _ in range(8)]

    def claim_all(worker: Worker) -> list[int]:
        return [job.pk for job in iter(lambda: Job.objects.claim_next(worker), None)]

    claimed = together(*(lambda worker=worker: claim_all(worker) for worker in workers))
    assert sorted(pk for pks in claimed for pk in pks) == expected
    assert all(pks == sorted(pks) for pks in claimed)
    assert set(Job.objects.values_list("attempts", "state")) == {(1, "running")}


@pytest.mark.django_db(transaction=True)
def test_a_job_cancelled_while_it_is_claimed_is_one_or_the_other() -> None:
    worker = a_worker()
    for _ in range(15):
        job = queue.submit(a_recipe())
        claimed, cancelled = together(lambda: Job.objects.claim_next(worker), job.cancel)
        job.refresh_from_db()
        assert cancelled
        assert job.cancel_requested
        assert job.state == ("running" if claimed else "cancelled")
        assert bool(job.worker) == bool(claimed)
        Job.objects.filter(state="running").update(state="cancelled")


@pytest.mark.django_db(transaction=True)
def test_many_people_who_submit_at_once_all_get_their_place() -> None:
    jobs = together(*(lambda number=number: queue.submit(a_recipe(seed=number)) for number in range(12)))
    assert {job.recipe.seed for job in jobs} == set(range(12))
    assert [place.position for place in queue.places()] == list(range(1, 13))
    assert Prompt.objects.count() == OrmQ.objects.count() == 1


# Switching between models


def seconds() -> list[float | None]:
    return [place.seconds for place in queue.places()]


def a_slow_switch(*, model: str = "a", loaded: tuple[str, ...] = ("a",), **fields: Any) -> Worker:
    """Every picture takes 5 s, and loading a model 100 s."""
    for name in ("a", "b", "c"):
        Pace.objects.learn(f"loading on cpu: {name}", 100.0)
    return a_worker(slot="cpu", speed=0.5, group_size=1, model=model, loaded=list(loaded), **fields)


def test_a_model_that_is_not_loaded_takes_its_time_before_the_pictures() -> None:
    a_slow_switch()
    for model in ("a", "b", "b", "a"):
        queue.submit(a_recipe(num_images=1, model=model))
    assert seconds() == [5, 110, 115, 120]


def test_the_third_model_pushes_out_the_one_that_was_not_used_for_longest() -> None:
    a_slow_switch(loaded=("a", "b"))
    for model in ("b", "c", "a"):
        queue.submit(a_recipe(num_images=1, model=model))
    assert seconds() == [5, 110, 215], "a waited longest when c came"


def test_whoever_names_none_gets_the_default_model_and_its_loading() -> None:
    a_slow_switch(model="a", loaded=("b", "c"))
    queue.submit(a_recipe(num_images=1))
    assert seconds() == [105]


def test_of_a_model_that_is_being_loaded_only_the_rest_is_to_come() -> None:
    a_slow_switch(loading="b", ready_by=timezone.now() + timedelta(seconds=30))
    job = queue.submit(a_recipe(num_images=1, model="b"))
    Job.objects.filter(pk=job.pk).update(state="running", started=timezone.now())
    assert seconds() == [pytest.approx(35, abs=2)]


def test_where_nobody_knows_how_long_loading_takes_nothing_is_added() -> None:
    a_worker(slot="cpu", speed=0.5, group_size=1, model="a", loaded=["a"])
    queue.submit(a_recipe(num_images=1, model="b"))
    assert seconds() == [5]
