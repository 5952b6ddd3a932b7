"""One job as people watch it, and a picture that is made again."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from generation import queue
from generation.fingerprint import UNCHANGED
from generation.models import Job
from generation.senders import sender_of
from generation.sending import come_back
from generation.views import card_version, cards_of
from generation.visitors import VisitorRequest
from generation.waiting import Full
from library.askers import asker_of
from library.models import Image


@require_safe
@never_cache
def job(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    [card] = cards_of(request, [_job(uuid)])
    return render(request, "generation/job.html", {"card": card})


@require_safe
@never_cache
def job_card(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    shown = _job(uuid)
    if request.GET.get("v") == card_version(request, shown):
        return HttpResponse(status=UNCHANGED)
    return _render_card(request, shown)


def _render_card(request: VisitorRequest, shown: Job) -> HttpResponse:
    """The card; one that has ended says so to screen readers and has the queue asked for at once."""
    [card] = cards_of(request, [shown])
    if shown.is_active:
        return render(request, "generation/_job_card.html", {"card": card})
    response = render(request, "generation/_job_ended.html", {"card": card})
    return trigger_client_event(response, "queue-changed")


@require_POST
def cancel(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    shown = get_object_or_404(Job, uuid=uuid)
    if not (asker_of(request).made(shown) or request.user.is_staff):
        raise PermissionDenied("Only whoever sent a job can cancel it.")
    shown.cancel()
    if not request.htmx:
        return redirect("generation:job", uuid)
    return _render_card(request, _job(uuid))


def _job(uuid: UUID) -> Job:
    return get_object_or_404(Job.objects.select_related("worker", "person"), uuid=uuid)


@require_POST
def again(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    """Make a picture of the library again, to be held against the first."""
    made_here = Image.objects.kept().filter(position__gt=0, batch__origin="")
    image = get_object_or_404(made_here.select_related("batch"), uuid=uuid)
    try:
        return redirect("generation:job", queue.submit_again(image, sender=sender_of(request)).uuid)
    except Full as full:
        return come_back(request, str(full), full.retry_after)
