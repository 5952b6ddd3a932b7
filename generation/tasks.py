"""Where job, engine and library meet: the only place that makes pictures."""

import base64
import logging
import time
from collections.abc import Callable
from dataclasses import replace

import PIL.Image
from django.db import DatabaseError, transaction

from generation import defaults, queue, worker
from generation.engine.base import Cancelled, OutOfMemory
from generation.engine.loras import NoLora, hashes
from generation.engine.recipe import Recipe
from generation.engine.safety import NoCatch
from generation.loading import NoModel
from generation.making_do import with_less
from generation.models import Job, Worker
from generation.worker import WorkerProcess
from library import placeholder, png
from library.models import Batch, Image, Shelf, Unreachable

logger = logging.getLogger(__name__)

TICK = 0.25  # s between two writes of a job's progress
PREVIEW = 1.0  # s between two previews

NO_MEMORY = "The device ran out of memory, even with one picture at a time and in tiles. Try a smaller picture."

NO_SOURCE = "The picture to paint over is gone from the library's folder."

NO_FILE = (
    "The pictures could not be saved ({}). The owner of this site has to see to the library's folder and disk; "
    "then send it again."
)


class Stopping(Exception):
    """The process was asked to stop: the job goes back to its place."""


class NoSource(Exception):
    """The source picture cannot be read."""


class Lost(Exception):
    """The job was cancelled or went to another worker: this one changes nothing more."""


def generate_next() -> None:
    """Make the oldest waiting job, if there is one. What django-q calls when somebody rang."""
    process = worker.current
    if process is None or process.engine is None or process.stopping() or process.is_paused:
        return
    if Shelf.objects.hindrance():  # jobs wait until pictures can be kept again; every page says why
        return
    with process.working:
        process.let_go()
        job = Job.objects.claim_next(process.row)
        if job is None:
            return
        if Job.objects.waiting().exists():
            queue.ring()  # before the work, so that scheduled tasks get their turn between two jobs
        generate(job, process)


def generate(job: Job, process: WorkerProcess) -> None:
    """Make the missing pictures of a claimed job and bring it to its end.

    Raises:
        DatabaseError: nothing can be written down now; the job is put back once the database answers again.
    """
    process.set(state=Worker.State.GENERATING)
    recipe = job.recipe
    try:
        model = process.models.use(recipe)
    except NoModel as none:
        _fail(job, _batch_of(job, recipe), str(none))
        process.set(state=Worker.State.READY)
        return
    job.fix_group_size(model.group_size)
    recipe = recipe.with_model(model.name)
    recipe = replace(recipe, lora_hashes=hashes(recipe.prompt, defaults.lora_folder()))
    batch = _batch_of(job, recipe)
    try:
        _make_groups(job, recipe, batch, process)
    except (Stopping, Unreachable):
        job.requeue()
    except Lost:
        job.finish(Job.State.CANCELLED)  # changes nothing when another worker has the job
    except DatabaseError:
        raise
    except OutOfMemory:
        _fail(job, batch, NO_MEMORY)
    except NoSource:
        logger.exception("Job %s has no source picture any more.", job.uuid)
        _fail(job, batch, NO_SOURCE)
    except (NoCatch, NoLora) as error:
        _fail(job, batch, str(error))
    except OSError as error:
        logger.exception("Job %s could not be written down.", job.uuid)
        if Shelf.objects.hindrance():
            job.requeue()
        else:
            _fail(job, batch, NO_FILE.format(error.strerror or type(error).__name__))
    except Exception as error:  # whatever a model raises: the next job must run
        logger.exception("Job %s failed.", job.uuid)
        _fail(job, batch, _in_words(error))
    else:
        job.finish(Job.State.DONE)
    process.set(state=Worker.State.READY)


def _batch_of(job: Job, recipe: Recipe) -> Batch:
    return Batch.objects.start(job.uuid, recipe=recipe.to_dict(), **job.origin)


def _fail(job: Job, batch: Batch, error: str) -> None:
    with transaction.atomic():
        if job.finish(Job.State.FAILED, error):
            batch.set_error(error)


def _in_words(error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [""])[0][:300]
    return f"The model could not make this picture ({type(error).__name__}: {reason}). Other settings may work."


def _make_groups(job: Job, recipe: Recipe, batch: Batch, process: WorkerProcess) -> None:
    """Make every group that has a missing image, whole: the pixels of one depend on its neighbours."""
    if process.catch:
        process.catch.load()
    source = _source(recipe, batch)
    while True:
        try:
            _make_missing(job, recipe, batch, process, source)
        except OutOfMemory as error:
            logger.warning("Job %s ran out of memory (%s).", job.uuid, error)
            recipe = with_less(job, recipe)
        else:
            return


def _make_missing(
    job: Job, recipe: Recipe, batch: Batch, process: WorkerProcess, source: PIL.Image.Image | None
) -> None:
    began = time.monotonic()
    stored = set(Image.objects.filter(batch=batch).values_list("position", flat=True))
    for first in range(1, recipe.num_images + 1, job.group_size):
        last = min(first + job.group_size - 1, recipe.num_images)
        missing = set(range(first, last + 1)) - stored
        if missing:
            _make_group(job, recipe, batch, process, first, last, missing, source)
            seconds = time.monotonic() - began
            batch.add_seconds(seconds)
            process.learn(seconds, recipe, last - first + 1)
            began += seconds


def _source(recipe: Recipe, batch: Batch) -> PIL.Image.Image | None:
    if recipe.strength is None:
        return None
    try:
        return queue.source_of(batch)
    except OSError as error:
        Shelf.objects.demand()
        raise NoSource from error


def _make_group(
    job: Job,
    recipe: Recipe,
    batch: Batch,
    process: WorkerProcess,
    first: int,
    last: int,
    missing: set[int],
    source: PIL.Image.Image | None,
) -> None:
    if process.is_paused:
        raise Stopping
    Shelf.objects.demand_room()
    size = last - first + 1
    try:
        pictures = process.engine.generate(  # type: ignore[union-attr]
            recipe, first=first, size=size, on_step=_Progress(job, process, first), source=source
        )
    except Cancelled as cancelled:
        raise Lost from cancelled
    for place, (picture, withheld) in enumerate(_looked_at(pictures, process)):
        position = first + place
        if position not in missing:
            continue
        encoded = png.encode(
            picture,
            recipe.to_dict(),
            seed=recipe.seed_of(position),
            batch=str(batch.uuid),
            position=position,
            group={"first": first, "size": size},
            withheld=withheld,
        )
        with transaction.atomic():
            if not job.image_stored():
                raise Lost
            Image.objects.store(encoded, batch=batch, position=position)


def _looked_at(pictures: list[PIL.Image.Image], process: WorkerProcess) -> list[tuple[PIL.Image.Image, bool]]:
    """What may be handed out: each picture, or the placeholder of one that the safety catch withholds."""
    if not process.catch:
        return [(picture, False) for picture in pictures]
    flags = process.catch.flags(pictures)
    return [
        (placeholder.withheld(picture.size) if flag else picture, flag)
        for picture, flag in zip(pictures, flags, strict=True)
    ]


class _Progress:
    """Called after every step: writes how far the job is, and learns from the same UPDATE whether to go on.

    Now and then it also shows how the pictures look, but never with the safety catch on: it was made for pictures,
    and what it finds in these small guesses would mean nothing.
    """

    def __init__(self, job: Job, process: WorkerProcess, first: int) -> None:
        self._job, self._process, self._first = job, process, first
        self._next = 0.0
        self._next_preview = time.monotonic() + TICK

    def __call__(self, step: int, steps: int, preview: Callable[[], list[PIL.Image.Image]]) -> None:
        if self._process.stopping():
            raise Stopping
        now = time.monotonic()
        if now < self._next and step < steps:
            return
        self._next = now + TICK
        if not self._job.tick(first=self._first, step=step, steps=steps):
            raise Cancelled
        if now >= self._next_preview and not self._process.catch:
            self._next_preview = now + PREVIEW
            self._show(preview())

    def _show(self, pictures: list[PIL.Image.Image]) -> None:
        """Into this worker's own row: whatever happens to it happens to them, and no job can be harmed by it."""
        small = [base64.b64encode(png.preview(picture)).decode() for picture in pictures]
        self._process.set(preview={"job": str(self._job.uuid), "first": self._first, "pictures": small})
