"""The queue: submitting, waking the worker, putting back what a dead worker held, and when it will be one's turn."""

import heapq
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, NamedTuple

import PIL.Image
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django_q.brokers import get_broker
from django_q.tasks import async_task

from generation import paces, status, waiting
from generation.engine.kept import MOST
from generation.engine.recipe import IN_TILES, Recipe
from generation.fingerprint import fingerprint
from generation.models import Job, KnownModel, Prompt
from generation.senders import Sender
from generation.shared import Shared
from generation.templatetags.times import about, is_long
from generation.waiting import Full
from library import png
from library.models import Batch, Image

logger = logging.getLogger(__name__)

LATER = 60  # s until somebody should try again while nobody knows how fast the worker is


def submit(
    recipe: Recipe, *, sender: Sender | None = None, source: PIL.Image.Image | None = None, **fields: Any
) -> Job:
    """Put a job for `recipe` at the end of the queue and wake the worker: both or neither.

    Args:
        sender: who has to keep the limits; without one, whoever runs the site.
        source: the picture to paint over; it is kept as the first of the batch, which therefore exists from now on.
        fields: more of the Job, such as `promised`: the seconds that whoever sends it was told.

    Raises:
        Full: as many jobs wait as may.
    """
    with transaction.atomic():
        if sender:
            waiting.take_turns()
            demand_room(sender)
            fields |= sender.fields
        prompt = Prompt.objects.remember(recipe.prompt)
        job = Job.objects.create(prompt=prompt, recipe_data=recipe.to_dict(), **fields)
        if source:
            _keep_source(source, job)
        if _shares_our_database():
            ring()
    if not _shares_our_database():
        transaction.on_commit(ring)
    return job


def demand_room(sender: Sender) -> None:
    """Raises Full where one more job of the sender would be too many."""
    if (limit := waiting.reached(sender)) is None:
        return
    seconds = next((place.begins for place in places() if place.job.pk == limit.leaves), None)
    if seconds is None:
        raise Full(f"{limit.sentence} Send it again later.", LATER)
    when = about(seconds) if is_long(seconds) else f"in {about(seconds)}"
    raise Full(f"{limit.sentence} Send it again {when}.", max(1, ceil(seconds)))


def _keep_source(source: PIL.Image.Image, job: Job) -> None:
    batch = Batch.objects.start(job.uuid, recipe=job.recipe_data, **job.origin)
    Image.objects.store(png.encode_original(source, batch=str(batch.uuid)), batch=batch, position=0)


def source_of(batch: Batch) -> PIL.Image.Image:
    """The picture that a batch is painted over. Raises OSError: it is gone."""
    with PIL.Image.open(batch.folder / Image.ORIGINAL, formats=["PNG"]) as picture:
        return picture.convert("RGB")


def submit_again(image: Image, *, sender: Sender) -> Job:
    """Submit the group that `image` was made in once more, whole: its pixels depend on its neighbours."""
    first, size = image.group_first or image.position, image.group_size or 1
    recipe = Recipe.from_dict(image.batch.recipe)
    model, note = _model_again(recipe.model)
    decoding = IN_TILES if image.tiled else ""
    recipe = replace(recipe, seed=recipe.seed_of(first), num_images=size, model=model, decoding=decoding)
    source = None if recipe.strength is None else source_of(image.batch)
    fields = {"promised": places(recipe)[-1].seconds, "group_size": size, "remake_of": image.uuid, "note": note}
    return submit(recipe, sender=sender, source=source, **fields)


def retry(job: Job) -> bool:
    """Make what is missing of a job that failed or was cancelled. False: it is not one of those."""
    with transaction.atomic():
        if not job.retry():
            return False
        Batch.objects.filter(uuid=job.uuid).update(error="", changed=Now())
    ring()
    return True


def _model_again(name: str) -> tuple[str, str]:
    """The model to make a picture again with, and a sentence where it cannot be the same."""
    if not name or name == status.current().model or KnownModel.objects.called(name):
        return name, ""
    return "", f"The model {name[:100]} is not here any more: another one makes this, so it will differ."


def ring() -> bool:
    """Wake a worker, unless a wake-up that nobody has fetched yet will do so. False: that could not be done.

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
        return False
    return True


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
    begins: float | None
    """s until its turn comes, as far as known."""


shared_places: Shared[list[Place]] = Shared()
"""By the queue's order (`queue_versions`): for cards that only wait."""


def share(foreseen: list[Place], job: Job) -> None:
    """What was worked out to promise `job` its time is true of the queue with it, unless others came or went meanwhile.

    Then the queue's order is another than the one it is shared under, and nobody finds it. Only once the job is
    committed: the next would get the key of one that is taken back.
    """
    foreseen = [*foreseen[:-1], replace(foreseen[-1], job=job)]
    shared_places.get(fingerprint(*Job.order_of([place.job for place in foreseen])), lambda: foreseen)


def places(*upcoming: Recipe, now: status.Status | None = None) -> list[Place]:
    """Everybody's active jobs in the order in which they are made, with a time for each: three queries.

    Args:
        upcoming: recipes that nobody has sent yet; they come last, as jobs without a key.
        now: how the workers are, where the caller knows already: a query less.
    """
    jobs = sorted(Job.objects.active(), key=lambda job: (job.state != Job.State.RUNNING, job.pk))
    jobs += [Job(recipe_data=recipe.to_dict()) for recipe in upcoming]
    return list(_with_times(jobs, now or status.current()))


def _with_times(jobs: list[Job], now: status.Status) -> Iterable[Place]:
    """Each job goes to the worker that is free first, and waits there for its model where that is not loaded."""
    needed = paces.needs([(job.recipe, job.group_size) for job in jobs], now.worker)
    lanes = [_Lane(0.0, number, now.loaded) for number in range(max(1, now.lanes))]
    position = 0
    is_known = now.speed and now.state != status.PAUSED and not now.library_fault
    for job, need in zip(jobs, needed, strict=True):
        if job.state == Job.State.WAITING:
            position += 1
        lane = heapq.heappop(lanes)
        to_load = 0.0 if need.model in lane.loaded else need.to_load
        if need.model == now.loading and now.seconds_to_ready is not None:
            to_load = now.seconds_to_ready
        done = lane.free + to_load + need.seconds * (1 - job.fraction)
        heapq.heappush(lanes, lane.after(need.model, done))
        yield Place(job, position, done if is_known else None, lane.free if is_known else None)


class _Lane(NamedTuple):
    """A worker as it will be."""

    free: float
    """s from now."""
    number: int
    loaded: tuple[str, ...]
    """Models, the last used first."""

    def after(self, model: str, free: float) -> "_Lane":
        others = [name for name in self.loaded if name != model]
        return self._replace(free=free, loaded=(model, *others)[:MOST])
