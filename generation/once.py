"""What is sent twice under one key makes one job."""

from collections.abc import Callable

from django.db import transaction

from generation.models import IdempotencyKey, Job
from generation.waiting import take_turns


class Taken(Exception):
    """The key was sent with something else before."""


def once(sender: str, key: str, digest: str, submit: Callable[[], Job]) -> tuple[Job, bool]:
    """(the job, whether it is new). Of two that come at the same moment the second waits, and finds the first.

    Args:
        sender: `Asker.key`; the keys of others mean nothing.
        digest: of what is asked for.

    Raises:
        Taken: nothing was submitted.
    """
    with transaction.atomic():
        take_turns()
        if known := job_of(sender, key, digest):
            return known, False
        job = submit()
        IdempotencyKey.objects.create(visitor=sender, key=key, digest=digest, job=job)
    return job, True


def job_of(sender: str, key: str, digest: str) -> Job | None:
    """The job that the key has made already. Raises Taken."""
    known = IdempotencyKey.objects.of(sender, key)
    if known and known.digest != digest:
        raise Taken
    return known.job if known else None
