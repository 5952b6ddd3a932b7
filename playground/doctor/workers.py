"""The workers, and the port where people look for their pictures."""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from generation import preparing, status
from generation.models import Job, Worker
from playground.doctor.findings import Finding, ok, warn, wrong
from playground.doctor.servers import is_yet_to_be_made


def look_at_workers() -> Iterator[Finding]:
    if is_yet_to_be_made():
        yield ok("No worker has run here yet.")
        return
    try:
        now = status.current()
        yield _examine(now)
        if now.notice:
            yield warn(now.notice)
        if now.library_fault:
            yield wrong(now.library_fault)
    except DatabaseError:
        yield wrong("Nothing can be said of the worker while the database does not answer or is not prepared.")


def _examine(now: status.Status) -> Finding:
    if now.worker is None:
        last = Worker.objects.order_by("seen").last()
        heard = f" {last} was last heard of at {timezone.localtime(last.seen):%H:%M on %d %B}." if last else ""
        return wrong(f"{now.words}{heard} Jobs that wait now: {Job.objects.waiting().count()}.")
    who = f"{now.worker.host} on {now.worker.device or 'no device yet'}"
    if now.state == Worker.State.FAILED:
        return wrong(f"{who}: {now.words} Put a model that can be read into {settings.PLAYGROUND_MODELS}.")
    if now.state == status.PAUSED:
        return warn(f"{who}: {now.words} `manage.py resume` lets it go on.")
    return ok(f"{who}: {now.words}" + (f" Its model: {now.model}." if now.model else ""))


def look_at_port() -> Iterator[Finding]:
    if health := preparing.health():
        reason = f" It says: {health['reason']}" if health.get("reason") else ""
        yield (warn if reason else ok)(f"The site answers at {preparing.address()}.{reason}")
    elif fault := preparing.port_fault():
        yield wrong(fault)
    else:
        yield ok(f"Port {settings.PORT} of {settings.PLAYGROUND_LISTEN} is free; no site runs there now.")
