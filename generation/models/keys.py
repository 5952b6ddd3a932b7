"""Requests that may come twice, because whoever sent them does not know whether they arrived."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from generation.models.jobs import Job

REMEMBERED = timedelta(hours=24)


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def of(self, visitor: str, key: str) -> "IdempotencyKey | None":
        """What was sent with the key, by the same visitor or by nobody in particular; what is old is forgotten."""
        self.filter(created__lt=timezone.now() - REMEMBERED).delete()
        return self.filter(visitor=visitor, key=key).first()


class IdempotencyKey(models.Model):
    """A name that a request was given by its sender, and the job that came of it."""

    visitor = models.CharField(max_length=64, blank=True, help_text="Or the account: `Asker.key`.")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was asked for.")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="keys")
    created = models.DateTimeField(default=timezone.now, db_index=True)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("visitor", "key"), name="one_job_per_key"),)

    def __str__(self) -> str:
        return self.key
