"""What the API tells of jobs and images. No key of the database, no visitor's mark."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from ninja import Schema

from generation import queue
from generation.known_models import Told
from generation.models import Job
from generation.veil import veiled
from library.askers import Asker, maker
from library.models import Batch, Image


class ImageOut(Schema):
    uuid: UUID
    batch: UUID  # that of its job
    position: int
    prompt: str
    by: str  # a name, or "a visitor"
    seed: int | None
    width: int
    height: int
    favourite: bool
    withheld: bool  # a placeholder: the safety catch flagged the picture
    created: datetime
    pixels: str  # SHA-256 of the decoded RGB
    origin: str  # what made it, if not this site: a tool's name, or "elsewhere"
    recipe: dict[str, Any]
    page: str
    file: str
    thumbnail: str


class JobOut(Schema):
    uuid: UUID
    state: str
    prompt: str
    recipe: dict[str, Any]
    by: str  # a name, or "a visitor"
    mine: bool
    hidden: bool  # somebody else's, without its words, settings, pictures and error
    position: int | None  # in the queue: 0 runs, 1 is the next
    seconds: float | None  # until it is done, as far as known
    fraction: float  # how much of it is done, 0 to 1
    promised: float | None
    took: float | None
    error: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    page: str
    images: list[ImageOut]


class Jobs(Schema):
    jobs: list[JobOut]
    next: UUID | None  # to be sent as `after`


class Queue(Schema):
    jobs: list[JobOut]


class Images(Schema):
    images: list[ImageOut]
    next: UUID | None  # to be sent as `after`
    problems: list[str]  # what of the search was not understood


class Model(Schema):
    name: str  # what a job names it by
    is_demo: bool
    is_default: bool
    in_use: bool  # whether it is loaded
    family: str
    words: str  # what it is good at
    size: int  # bytes
    hash: str  # the first 10 digits of its SHA-256, as other tools show it; empty until it is known
    sha256: str
    prediction_type: str  # of a Stable Diffusion 2
    defaults: dict[str, Any]
    seconds_per_image: float | None  # with its default settings, as far as known
    seconds_to_load: float | None
    problem: str  # why it cannot be used; empty where it can


class Models(Schema):
    models: list[Model]


class Samplers(Schema):
    samplers: list[str]


class Loras(Schema):
    loras: list[str]


class StatusOut(Schema):
    state: str
    words: str
    notice: str
    model: str
    is_demo: bool
    lanes: int  # workers that can make pictures
    seconds_per_image: float  # of a picture with the default settings; 0 while nobody knows
    defaults: dict[str, Any]
    max_pixels: int  # of a picture that comes out, in all
    jobs: int  # running and waiting


class Refused(Schema):
    error: str


def model_out(told: Told) -> dict[str, Any]:
    names = ("name", "is_demo", "family", "words", "size", "hash", "sha256", "prediction_type", "problem")
    return {
        **{name: getattr(told.known, name) for name in names},
        **{name: getattr(told, name) for name in ("is_default", "defaults", "seconds_per_image", "seconds_to_load")},
        "in_use": told.is_loaded,
    }


def image_out(image: Image) -> dict[str, Any]:
    batch = image.batch
    return {
        **{name: getattr(image, name) for name in ("uuid", "position", "seed", "width", "height", "favourite")},
        **{name: getattr(image, name) for name in ("created", "pixels", "withheld")},
        "batch": batch.uuid,
        "origin": batch.origin,
        "prompt": batch.words,
        "by": maker(batch),
        "recipe": {**batch.recipe, "seed": image.seed},
        "page": image.page_url,
        "file": image.url,
        "thumbnail": image.thumbnail_url,
    }


def jobs_out(jobs: list[Job], *, asker: Asker, places: Iterable[queue.Place] = ()) -> list[dict[str, Any]]:
    """The jobs with their images: two queries, and those for the queue where one is in it and it is not given.

    Of others' jobs, where their words are hidden, what remains.
    """
    if not places and any(job.is_active for job in jobs):
        places = queue.places()
    place_of = {place.job.pk: place for place in places}
    batches = Batch.objects.with_images().in_bulk([job.uuid for job in jobs], field_name="uuid")
    return [_job_out(veiled(job, asker), batches.get(job.uuid), place_of.get(job.pk), asker) for job in jobs]


def sent_out(job: Job, *, asker: Asker) -> dict[str, Any]:
    """The job to whoever has just sent it, be it without a name."""
    place = next((place for place in queue.places() if place.job.pk == job.pk), None)
    batch = Batch.objects.with_images().filter(uuid=job.uuid).first()
    return _job_out(job, batch, place, asker)


def _job_out(job: Job, batch: Batch | None, place: queue.Place | None, asker: Asker) -> dict[str, Any]:
    batch = None if job.is_veiled else batch
    told = ("uuid", "state", "promised", "took", "error", "created", "started", "finished")
    return {
        **{name: getattr(job, name) for name in told},
        "prompt": job.recipe.prompt,
        "recipe": {} if job.is_veiled else batch.recipe if batch else job.recipe_data,
        "hidden": job.is_veiled,
        "by": maker(job),
        "mine": asker.made(job),
        "fraction": 1.0 if job.state == Job.State.DONE else job.fraction,
        "position": place.position if place else None,
        "seconds": place.seconds if place else None,
        "page": reverse("generation:job", args=(job.uuid,)),
        "images": [image_out(image) for image in batch.kept_images] if batch else [],
    }
