"""The moves of a job, each a single UPDATE that two processes may try at once."""

from collections.abc import Callable
from typing import Any

import pytest

from generation.engine.recipe import Recipe
from generation.models import Job, Prompt, Worker
from library.askers import NOBODY, Asker

pytestmark = pytest.mark.django_db

ENDED = ["done", "failed", "cancelled"]
MOVES: dict[str, Callable[[Job], bool]] = {
    "tick": lambda job: job.tick(first=1, step=2, steps=4),
    "image_stored": lambda job: job.image_stored(),
    "finish": lambda job: job.finish("done"),
    "requeue": lambda job: job.requeue(),
}


def a_worker(**fields: Any) -> Worker:
    return Worker.objects.create(host="here", pid=1, **{"group_size": 3, **fields})


def a_job(*, num_images: int = 9, **fields: Any) -> Job:
    recipe = Recipe(prompt="a fox", seed=7, num_images=num_images)
    return Job.objects.create(prompt=Prompt.objects.remember(recipe.prompt), recipe_data=recipe.to_dict(), **fields)


def claim(worker: Worker | None = None) -> Job:
    job = Job.objects.claim_next(worker or a_worker())
    assert job
    return job


def row(job: Job) -> dict[str, Any]:
    return dict(Job.objects.filter(pk=job.pk).values().get())


# Claiming


def test_jobs_are_claimed_in_the_order_in_which_they_came() -> None:
    jobs = [a_job() for _ in range(3)]
    worker = a_worker()
    assert [Job.objects.claim_next(worker) for _ in range(4)] == [*jobs, None]


def test_a_claimed_job_runs_in_the_name_of_its_worker() -> None:
    a_job()
    worker = a_worker(group_size=5)
    job = claim(worker)
    assert (job.state, job.worker, job.attempts, job.group_size) == ("running", worker, 1, 0)
    assert job.started
    assert row(job)["version"] > 1


@pytest.mark.parametrize(("max_pixels", "size"), [(0, 3), (3, 3), (2.9, 2), (1, 1), (0.5, 1), (99, 3)])
def test_a_group_is_as_large_as_pays_and_as_fits_and_one_at_least(max_pixels: float, size: int) -> None:
    """In pictures; 0 is not known."""
    job = a_job()
    assert a_worker(group_size=3, max_pixels=int(max_pixels * job.recipe.pixels)).group_for(job.recipe) == size


@pytest.mark.parametrize("state", ["running", *ENDED])
def test_only_waiting_jobs_are_claimed(state: str) -> None:
    a_job(state=state)
    assert Job.objects.claim_next(a_worker()) is None


# Cancelling


def test_a_waiting_job_is_cancelled_at_once() -> None:
    job = a_job()
    assert job.cancel()
    job.refresh_from_db()
    assert (job.state, job.is_active) == ("cancelled", False)
    assert job.finished


def test_a_running_job_is_asked_to_stop_and_its_next_tick_says_so() -> None:
    a_job()
    job = claim()
    assert job.tick(first=1, step=1, steps=4)
    assert job.cancel()
    assert not job.tick(first=1, step=2, steps=4)
    assert (row(job)["state"], row(job)["step"], row(job)["finished"]) == ("running", 1, None)


def test_images_that_are_finished_when_a_job_is_cancelled_are_kept() -> None:
    a_job()
    job = claim()
    job.cancel()
    assert job.image_stored()
    assert job.finish("cancelled")
    assert row(job)["state"] == "cancelled"


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_cannot_be_cancelled(state: str) -> None:
    job = a_job(state=state)
    before = row(job)
    assert not job.cancel()
    assert row(job) == before


def test_cancelling_twice_is_cancelling_once() -> None:
    job = a_job()
    job.cancel()
    before = row(job)
    assert not job.cancel()
    assert row(job) == before


def test_cancelling_one_job_leaves_the_others_alone() -> None:
    a_job()
    other, job = claim(), a_job()
    job.cancel()
    assert other.tick(first=1, step=1, steps=4)


def test_a_cancelled_job_does_not_wait_again_when_its_worker_stops() -> None:
    a_job()
    job = claim()
    job.cancel()
    job.requeue()
    assert row(job)["state"] == "cancelled"
    assert row(job)["finished"]


# Fencing


@pytest.mark.parametrize("move", MOVES)
def test_a_worker_that_holds_a_job_may_change_it(move: str) -> None:
    a_job()
    job = claim()
    version = row(job)["version"]
    assert MOVES[move](job)
    assert row(job)["version"] > version


@pytest.mark.parametrize("taken_over", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_a_worker_that_was_given_up_changes_nothing(move: str, taken_over: bool) -> None:
    a_job()
    job = claim()
    Worker.objects.all().delete()
    if taken_over:
        Job.objects.get().recover()
        claim()
    before = row(job)
    assert not MOVES[move](job)
    assert row(job) == before


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_does_not_move_again(move: str, state: str) -> None:
    a_job()
    job = claim()
    job.finish(state, "words")
    before = row(job)
    assert not MOVES[move](job)
    assert row(job) == before


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", ["waiting", "running"])
def test_nobody_moves_a_job_that_nobody_holds(move: str, state: str) -> None:
    job = a_job(state=state)
    before = row(job)
    assert not MOVES[move](job)
    assert row(job) == before


# Back into the queue


def test_a_requeued_job_keeps_its_place_its_group_and_loses_no_attempt() -> None:
    first, second = a_job(), a_job()
    before = claim()
    before.fix_group_size(3)
    before.requeue()
    again = claim()
    again.fix_group_size(1)
    assert (again, again.attempts, row(again)["group_size"]) == (first, 1, 3)
    assert claim() == second


def test_an_orphan_waits_again_at_its_place_under_its_name() -> None:
    job = a_job()
    claim()
    a_job()
    Worker.objects.all().delete()
    assert Job.objects.get(pk=job.pk).recover() == "waiting"
    again = claim()
    assert (again.pk, again.uuid, again.attempts) == (job.pk, job.uuid, 2)


def test_an_orphan_that_was_to_be_cancelled_is_cancelled() -> None:
    a_job()
    claim().cancel()
    Worker.objects.all().delete()
    orphan = Job.objects.get()
    assert orphan.recover() == "cancelled"
    assert row(orphan)["state"] == "cancelled"
    assert row(orphan)["finished"]


def test_an_orphan_that_is_cancelled_meanwhile_does_not_wait_again() -> None:
    orphan = a_job(state="running")
    Job.objects.get().cancel()
    assert orphan.recover() == ""
    assert Job.objects.get().recover() == "cancelled"


def test_a_job_whose_worker_lives_is_no_orphan() -> None:
    a_job()
    job = claim()
    assert not Job.objects.orphans().exists()
    assert job.recover() == ""
    assert row(job)["state"] == "running"


def test_only_one_of_two_recovers_an_orphan() -> None:
    a_job()
    claim()
    Worker.objects.all().delete()
    one, other = Job.objects.get(), Job.objects.get()
    assert (one.recover(), other.recover()) == ("waiting", "")


def die() -> str:
    """A worker begins the next job and dies at it; what becomes of the job."""
    claim()
    Worker.objects.all().delete()
    return Job.objects.get().recover()


def test_a_job_that_kills_its_worker_three_times_is_set_aside_with_a_sentence() -> None:
    job = a_job()
    assert [die() for _ in range(3)] == ["waiting", "waiting", "failed"]
    job.refresh_from_db()
    assert job.error.startswith("The worker died 3 times at the same picture")
    assert job.finished
    assert Job.objects.claim_next(a_worker()) is None


def test_every_finished_image_makes_the_deaths_before_it_forgotten() -> None:
    a_job()
    assert [die(), die()] == ["waiting", "waiting"]
    assert claim().image_stored()
    Worker.objects.all().delete()
    assert Job.objects.get().recover() == "waiting"
    assert [die(), die()] == ["waiting", "failed"]


# What people see


@pytest.mark.parametrize(
    ("progress", "last", "fraction"),
    [
        ({}, 0, 0.0),
        ({"group_size": 3, "first": 1, "step": 0, "steps": 10}, 3, 0.0),
        ({"group_size": 3, "first": 4, "step": 5, "steps": 9}, 6, 4.5 / 9),
        ({"group_size": 1, "first": 9, "step": 9, "steps": 9}, 9, 8.9 / 9),
        ({"group_size": 6, "first": 7, "step": 5, "steps": 9}, 9, 7.5 / 9),
    ],
)
def test_progress_counts_the_images_before_and_the_steps_of_the_group(
    progress: dict[str, int], last: int, fraction: float
) -> None:
    job = a_job(**progress)
    assert job.fraction == pytest.approx(fraction)
    assert not progress or job.last == last


def test_a_visitors_jobs_are_those_with_the_visitors_mark() -> None:
    mine = a_job(visitor="me")
    a_job(visitor="you")
    a_job()
    assert list(Job.objects.of(Asker("me"))) == [mine]
    assert list(Job.objects.of(NOBODY)) == []


def test_the_same_words_are_one_prompt() -> None:
    words = "a fox " * 10_000
    assert Prompt.objects.remember(words) == Prompt.objects.remember(words)
    assert Prompt.objects.remember(words.upper()) != Prompt.objects.remember(words)
    assert Prompt.objects.count() == 2
