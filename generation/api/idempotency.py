"""`Idempotency-Key`: a request that is sent twice under one key makes one job."""

import re
from collections.abc import Callable

from django.db import transaction

from generation.api.speaking import Refusal
from generation.models import IdempotencyKey, Job
from generation.waiting import take_turns


def job_of(visitor: str, key: str, digest: str) -> Job | None:
    """The job that the key has made already.

    Raises:
        Refusal: the key is none, or another request was sent with it.
    """
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise Refusal(400, "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    known = IdempotencyKey.objects.of(visitor, key)
    if known and known.digest != digest:
        raise Refusal(409, "Another request was sent with this Idempotency-Key within the last 24 hours.")
    return known.job if known else None


def once(visitor: str, key: str, digest: str, submit: Callable[[], Job]) -> tuple[Job, bool]:
    """(the job, whether it is new). Of two that come at the same moment the second waits, and finds the first."""
    with transaction.atomic():
        take_turns()
        if known := job_of(visitor, key, digest):
            return known, False
        job = submit()
        IdempotencyKey.objects.create(visitor=visitor, key=key, digest=digest, job=job)
    return job, True
