"""The queue: submitting, waking the worker, putting back what a dead worker held, and when it will be one's turn."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from generation import status
from generation.engine.recipe import Recipe
from generation.models import Job, Prompt
from library.models import Batch

logger = logging.getLogger(__name__)


def submit(recipe: Recipe, *, visitor: str = "") -> Job:
    """Put a job for `recipe` at the end of the queue and wake the worker: both or neither."""
    with transaction.atomic():
        prompt = Prompt.objects.remember(recipe.prompt)
        job = Job.objects.create(prompt=prompt, recipe_data=recipe.to_dict(), visitor=visitor)
        if _shares_our_database():
            ring()
    if not _shares_our_database():
        ring()
    return job


def ring() -> None:
    """Wake a worker, unless a wake-up that nobody has fetched yet will do so.

    A wake-up says only that there may be work. If it cannot be sent, the worker finds the job by itself within
    seconds, so the job is kept and only the log hears of it.
    """
    try:
        if not get_broker().queue_size():
            async_task("generation.tasks.generate_next", timeout=-1)
    except DatabaseError:
        raise
    except Exception:  # whatever a broker's client raises when its server is away
        logger.exception("The worker could not be woken; it will look by itself.")


def _shares_our_database() -> bool:
    return "orm" in settings.Q_CLUSTER


def recover() -> None:
    """Put every job whose worker is gone back at its place, with the images it has."""
    for job in Job.objects.orphans():
        with transaction.atomic():
            state = job.recover()
            if state == Job.State.FAILED:
                job.refresh_from_db(fields=["error"])
                Batch.objects.filter(uuid=job.uuid).update(error=job.error)
        if state:
            logger.warning("Job %s lost its worker and is %s now.", job.uuid, state)


@dataclass(frozen=True)
class Place:
    """A job with its place in the queue."""

    job: Job
    position: int
    """0 runs, 1 is the next."""
    seconds: float | None
    """Until it is done; None while nobody knows how fast the worker is."""


def places() -> list[Place]:
    """Everybody's active jobs in the order in which they are made, with a time for each."""
    jobs = sorted(Job.objects.active(), key=lambda job: (job.state != Job.State.RUNNING, job.pk))
    return list(_with_times(jobs))


def _with_times(jobs: Iterable[Job]) -> Iterable[Place]:
    worker = status.current()
    ahead, position = 0.0, 0
    for job in jobs:
        if job.state == Job.State.WAITING:
            position += 1
        ahead += seconds_for(job.recipe, worker.speed) * (1 - job.fraction)
        yield Place(job, position, ahead if worker.speed else None)


def seconds_for(recipe: Recipe, speed: float) -> float:
    """Seconds to make all pictures of `recipe` at `speed` s per picture, step and megapixel."""
    return recipe.num_images * recipe.work * speed
