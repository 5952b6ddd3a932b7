"""Models that are downloaded from the hub because staff asked for them."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from generation.engine import hub
from generation.models.workers import Worker


class DownloadQuerySet(models.QuerySet["Download"]):
    def start(self, name: str) -> "Download":
        """Have the model downloaded by the next worker that looks; no second time while it is on its way."""
        on_its_way = self.active().filter(name=name).first()
        return on_its_way or self.create(name=name)

    def active(self) -> "DownloadQuerySet":
        return self.filter(state__in=Download.ACTIVE)

    def shown(self) -> "DownloadQuerySet":
        """The last few, newest first."""
        return self.order_by("-pk")[:5]

    def claim_next(self, worker: Worker) -> "Download | None":
        """Take the oldest for `worker`, which is at none now.

        What it seems to fetch all the same, or one that is gone, waits again.
        """
        if not self.active().exists():
            return None
        left = Q(worker=None) | Q(worker=worker)
        self.filter(left, state=Download.State.RUNNING).update(state=Download.State.WAITING, worker=None)
        for download in self.filter(state=Download.State.WAITING).order_by("pk"):
            taken = self.filter(pk=download.pk, state=Download.State.WAITING)
            if taken.update(state=Download.State.RUNNING, worker=worker, note=""):
                download.refresh_from_db()
                return download
        return None


class Download(models.Model):
    """One model on its way into the cache."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (State.WAITING, State.RUNNING)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=400, help_text="As the hub has it: owner/repository, or with @revision.")
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="downloads")
    size = models.BigIntegerField(default=0, help_text="Bytes in all; 0 while nobody knows.")
    came = models.BigIntegerField(default=0, help_text="Bytes that are here.")
    ready_by = models.DateTimeField(null=True, blank=True, help_text="When all will be here, as far as known.")
    note = models.TextField(blank=True, help_text="What is wrong, in words for people.")
    created = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)

    objects = DownloadQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def percent(self) -> int:
        return 100 * self.came // self.size if self.size else 0

    @property
    def amount(self) -> str:
        return hub.in_words(self.size)

    @property
    def seconds_left(self) -> float | None:
        return max(0.0, (self.ready_by - timezone.now()).total_seconds()) if self.ready_by else None

    def tick(self, **fields: Any) -> bool:
        """Write how far it is. False: somebody cancelled it, or it went to another worker."""
        if self.worker_id is None:
            return False
        held = Download.objects.filter(pk=self.pk, state=self.State.RUNNING, worker=self.worker_id)
        return bool(held.update(**fields))

    def finish(self, state: str, note: str = "") -> bool:
        return self.tick(state=state, note=note, ready_by=None, finished=timezone.now())

    def cancel(self) -> bool:
        """What has come is kept, and not fetched again when somebody asks for the same. False: it had ended."""
        fields = {"state": self.State.CANCELLED, "ready_by": None, "finished": timezone.now()}
        return bool(Download.objects.active().filter(pk=self.pk).update(**fields))
