"""Prompts and jobs: the states of a job and every move between them."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from generation.engine.recipe import Recipe
from generation.models.workers import Worker
from library.askers import Asker

DEATHS = 3
"""Workers that may die at one image of a job before the job is set aside."""

LATELY = timedelta(minutes=10)

_MARKS = """
    SELECT count(*), max(id), CAST(sum(CASE WHEN state = 'running' THEN id END) AS bigint), sum(attempts), sum(version)
    FROM generation_job WHERE state IN ('waiting', 'running')"""

SET_ASIDE = (
    f"The worker died {DEATHS} times at the same picture, so this job was set aside to let the others go on. "
    "Mostly that is memory running out, and the worker's log may say more. A smaller picture or another model may help."
)


class PromptQuerySet(models.QuerySet["Prompt"]):
    def remember(self, words: str) -> "Prompt":
        return self.get_or_create(digest=Prompt.digest_of(words), defaults={"words": words})[0]


class Prompt(models.Model):
    """Words that somebody asked pictures for."""

    words = models.TextField()
    digest = models.CharField(max_length=64, unique=True, editable=False)  # PostgreSQL cannot index long texts
    created = models.DateTimeField(default=timezone.now)

    objects = PromptQuerySet.as_manager()

    def __str__(self) -> str:
        return self.words[:80]

    @staticmethod
    def digest_of(words: str) -> str:
        return hashlib.sha256(words.encode()).hexdigest()


class JobQuerySet(models.QuerySet["Job"]):
    def waiting(self) -> "JobQuerySet":
        return self.filter(state=Job.State.WAITING).order_by("pk")

    def active(self) -> "JobQuerySet":
        """Running and waiting, in the order in which they are made."""
        return self.filter(state__in=Job.ACTIVE).order_by("pk").select_related("worker", "person")

    def marks(self) -> tuple[int | None, ...]:
        """(active jobs, the newest's key, sums of the running ones' keys, of attempts, of versions): keys and versions
        only ever grow, so whatever comes, goes or moves changes them.

        In SQL, for every poll of every page asks: to write this statement takes Django 40 times as long as SQLite needs
        to answer it.
        """
        with connection.cursor() as cursor:
            cursor.execute(_MARKS)
            return tuple(cursor.fetchone())

    def failed_lately(self) -> "JobQuerySet":
        """The last few that failed within minutes, newest first: whoever looks at the queue learns of them."""
        failed = self.filter(state=Job.State.FAILED, finished__gte=timezone.now() - LATELY)
        return failed.order_by("-pk").select_related("person")[:3]

    def of(self, asker: Asker) -> "JobQuerySet":
        return self.filter(asker.works)

    def claim_next(self, worker: Worker) -> "Job | None":
        """Take the oldest waiting job for `worker`.

        The UPDATE matches only while the row still waits, so two workers can never hold the same job, and a
        wake-up that comes twice does no harm; on PostgreSQL two workers look past each other's choice. The attempt
        is counted here, before anything can go wrong: a model that kills its worker while it is loaded, too.
        """
        with transaction.atomic():
            job = self.waiting().select_for_update(skip_locked=True).first()
            if job is None or not Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(
                state=Job.State.RUNNING,
                worker=worker,
                attempts=F("attempts") + 1,
                started=timezone.now(),
                version=F("version") + 1,
            ):
                return None
        job.refresh_from_db()
        return job

    def orphans(self) -> "JobQuerySet":
        """Running jobs whose worker is gone: its row is, and the database cleared `Job.worker` with it."""
        return self.filter(state=Job.State.RUNNING, worker=None)


class Job(models.Model):
    """One attempt at a recipe. Its key is its place in the queue; the world sees its uuid only."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (State.WAITING, State.RUNNING)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="jobs")
    recipe_data = models.JSONField("recipe", db_column="recipe")
    visitor = models.CharField(max_length=64, blank=True, db_index=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs",
        help_text="Whose account sent it.",
    )  # fmt: skip
    address = models.CharField(max_length=64, blank=True, help_text="Where it came from, salted and hashed.")
    remake_of = models.UUIDField(null=True, blank=True, help_text="The image that is made again.")
    line = models.CharField(max_length=64, blank=True, help_text="Of `manage.py generate`: SHA-256 of what it says.")
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began at the image it is at.")
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    note = models.TextField(blank=True, help_text="What whoever sent it should know, in words for people.")

    # Progress. The group's size is fixed once the job's model is first loaded: the pixels depend on it.
    group_size = models.PositiveSmallIntegerField(default=0)
    first = models.PositiveSmallIntegerField(default=0, help_text="Position of the group's first image.")
    step = models.PositiveSmallIntegerField(default=0)
    steps = models.PositiveSmallIntegerField(default=0, help_text="Steps of the group, as the sampler counts.")
    version = models.PositiveIntegerField(default=1, help_text="Raised whenever what people see changes.")

    promised = models.FloatField(null=True, blank=True, help_text="Seconds from created to finished, as foretold.")
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    is_veiled = False
    """Whether words and previews were taken out of it, because whoever looks may not see them."""

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("state", "id"), name="job_queue"),)

    def __str__(self) -> str:
        return f"{self.recipe_data.get('prompt', '')[:60]} ({self.state})"

    @property
    def recipe(self) -> Recipe:
        return Recipe.from_dict(self.recipe_data)

    @staticmethod
    def order_of(jobs: "list[Job]") -> tuple[int | None, ...]:
        """What `marks` says where these are the active ones, but for their versions."""
        running = [job.pk for job in jobs if job.state == Job.State.RUNNING]
        return len(jobs), max(job.pk for job in jobs), sum(running) or None, sum(job.attempts for job in jobs)

    @property
    def origin(self) -> dict[str, Any]:
        """What its batch tells of where it comes from."""
        return {"visitor": self.visitor, "person_id": self.person_id, "remake_of": self.remake_of}

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def last(self) -> int:
        """Position of the last image of the group being made."""
        return min(self.first + self.group_size - 1, self.recipe.num_images)

    @property
    def fraction(self) -> float:
        """How much of the job is done, 0.0 to 1.0. Decoding and storing a group counts as one step more."""
        if not self.steps:
            return 0.0
        done = self.first - 1 + (self.last - self.first + 1) * self.step / (self.steps + 1)
        return done / self.recipe.num_images

    @property
    def took(self) -> float | None:
        """Seconds from created to finished, to be held against `promised`; None: the clock was set back meanwhile."""
        took = (self.finished - self.created).total_seconds() if self.finished else -1
        return took if took >= 0 else None

    @property
    def loading(self) -> str:
        """The model that a running job waits for just now."""
        return self.worker.loading if self.worker else ""

    @property
    def preview(self) -> dict[int, str]:
        """By position, how the pictures of the group being made look now: WebP in base64.

        None with the safety catch on, which cannot judge them: a worker from before it was on may have left some.
        """
        if settings.PLAYGROUND_SAFETY_CHECKER:
            return {}
        shown = self.worker.preview if self.worker else {}
        if shown.get("job") != str(self.uuid) or shown.get("first") != self.first:
            return {}
        return dict(enumerate(shown["pictures"], self.first))

    def cancel(self) -> bool:
        """Stop a waiting job now and ask a running one to stop. False: it had ended already."""
        marked = Job.objects.filter(pk=self.pk, state__in=self.ACTIVE).update(
            state=Case(When(state=self.State.WAITING, then=Value(self.State.CANCELLED)), default=F("state")),
            finished=Case(When(state=self.State.WAITING, then=timezone.now()), default=F("finished")),
            cancel_requested=True,
            version=F("version") + 1,
        )
        return bool(marked)

    def retry(self) -> bool:
        """Back to its place in the queue with the pictures it has. False: it neither failed nor was cancelled."""
        ended = Job.objects.filter(pk=self.pk, state__in=(self.State.FAILED, self.State.CANCELLED))
        anew = {"state": self.State.WAITING, "worker": None, "attempts": 0, "cancel_requested": False, "error": ""}
        nothing_yet = {"step": 0, "promised": None, "finished": None}
        return bool(ended.update(**anew, **nothing_yet, version=F("version") + 1))

    def tick(self, **progress: int) -> bool:
        """Write how far the job is. False: somebody cancelled it, or it went to another worker."""
        return self._move(progress, cancel_requested=False)

    def fix_group_size(self, size: int) -> bool:
        """As its model makes them, once that is loaded; a size that was fixed before stays."""
        if self.group_size:
            return True
        self.group_size = size
        return self._move({"group_size": size})

    def make_do(self, note: str, **fields: int) -> bool:
        """Go on in another way (`group_size`), and tell whoever sent it why."""
        for name, value in fields.items():
            setattr(self, name, value)
        if note not in self.note:
            self.note = f"{self.note} {note}".strip()
        return self._move({"note": self.note, **fields})

    def image_stored(self) -> bool:
        """Forget the deaths before this image; the job's row is locked until the transaction ends."""
        return self._move({"attempts": 1})

    def finish(self, state: str, error: str = "") -> bool:
        return self._move({"state": state, "error": error, "finished": timezone.now()})

    def requeue(self) -> bool:
        """Back to its place in the queue: the worker stops in good order, so this attempt does not count.

        One that was to be cancelled ends here instead.
        """
        waiting = {"state": self.State.WAITING, "worker": None, "attempts": F("attempts") - 1, "step": 0}
        return self._move(waiting, cancel_requested=False) or self.finish(self.State.CANCELLED)

    def recover(self) -> str:
        """Put an orphan back at its place in the queue, or set it aside when it keeps killing its workers.

        Returns what it became; "" when another worker was faster.
        """
        state, error = self.State.WAITING, ""
        if self.cancel_requested:
            state = self.State.CANCELLED
        elif self.attempts >= DEATHS:
            state, error = self.State.FAILED, SET_ASIDE
        finished = None if state == self.State.WAITING else timezone.now()
        moved = Job.objects.orphans().filter(pk=self.pk, cancel_requested=self.cancel_requested)
        fields = {"state": state, "error": error, "finished": finished, "step": 0}
        return str(state) if moved.update(**fields, version=F("version") + 1) else ""

    def _move(self, fields: dict[str, Any], **condition: bool) -> bool:
        """Write `fields` while this worker still holds the job. False: somebody cancelled, or it went to another."""
        if self.worker_id is None:
            return False
        held = Job.objects.filter(pk=self.pk, state=self.State.RUNNING, worker=self.worker_id, **condition)
        return bool(held.update(**fields, version=F("version") + 1))
