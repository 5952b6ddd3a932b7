"""The home page, jobs as people watch them, the queue and the worker's state."""

import secrets
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget, trigger_client_event

from generation import queue, status
from generation.engine.recipe import SEEDS
from generation.forms import HomeForm
from generation.models import Job
from generation.visitors import VisitorRequest
from library.models import Batch

ENDED_TO_SHOW = 3
"""Jobs that have ended and still stand on the home page of whoever sent them."""

UNCHANGED = 204


@require_safe
@never_cache
def home(request: VisitorRequest) -> HttpResponse:
    form = HomeForm(initial={"num_images": 3, **request.GET.dict()})
    return render(request, "generation/home.html", {"form": form, **_mine(request), **_queue(request)})


def _mine(request: VisitorRequest) -> dict[str, Any]:
    """The visitor's jobs, newest first: all active ones and the last that ended."""
    mine = Job.objects.of(request.visitor)
    active = list(mine.active())
    ended = list(mine.exclude(state__in=Job.ACTIVE).order_by("-pk")[:ENDED_TO_SHOW])
    jobs = sorted([*active, *ended], key=lambda job: -job.pk)
    return {"cards": _cards(request, jobs)}


def _cards(request: VisitorRequest, jobs: list[Job]) -> list[dict[str, Any]]:
    """What `_job_card.html` needs of each job: three queries in all."""
    batches = Batch.objects.with_images().in_bulk([job.uuid for job in jobs], field_name="uuid")
    places = {place.job.pk: place for place in queue.places()} if any(job.is_active for job in jobs) else {}
    return [
        {
            "job": job,
            "batch": batches.get(job.uuid),
            "tiles": _tiles(job, batches.get(job.uuid)),
            "place": places.get(job.pk),
            "is_mine": bool(request.visitor) and job.visitor == request.visitor,
        }
        for job in jobs
    ]


def _tiles(job: Job, batch: Batch | None) -> list[Any]:
    """For each position the image, or None where one is still to come."""
    images = {image.position: image for image in batch.kept_images} if batch else {}
    if not job.is_active:
        return list(images.values())
    return [images.get(position) for position in range(1, job.recipe.num_images + 1)]


@require_POST
def create(request: VisitorRequest) -> HttpResponse:
    if "roll" in request.POST:  # the die of somebody without JavaScript
        form = HomeForm(initial={**request.POST.dict(), "seed": secrets.randbelow(SEEDS)})
        return render(request, "generation/home.html", {"form": form, **_mine(request), **_queue(request)})
    form = HomeForm(request.POST)
    if not form.is_valid():
        return _invalid(request, form)
    job = queue.submit(form.recipe(), visitor=request.visitor)
    if not request.htmx:
        return redirect("generation:job", job.uuid)
    [card] = _cards(request, [job])
    response = render(request, "generation/_submitted.html", {"card": card, "form": form})
    return trigger_client_event(response, "queue-changed")


def _invalid(request: VisitorRequest, form: HomeForm) -> HttpResponse:
    if not request.htmx:
        context = {"form": form, **_mine(request), **_queue(request)}
        return render(request, "generation/home.html", context, status=422)
    response = render(request, "generation/_form.html", {"form": form}, status=422)
    return reswap(retarget(response, "#composer"), "outerHTML")


@require_safe
@never_cache
def job(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    [card] = _cards(request, [get_object_or_404(Job, uuid=uuid)])
    return render(request, "generation/job.html", {"card": card})


@require_safe
@never_cache
def job_card(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    shown = get_object_or_404(Job, uuid=uuid)
    if request.GET.get("v") == str(shown.version):
        return HttpResponse(status=UNCHANGED)
    [card] = _cards(request, [shown])
    return render(request, "generation/_job_card.html", {"card": card})


@require_POST
def cancel(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    shown = get_object_or_404(Job, uuid=uuid)
    if shown.visitor != request.visitor and not request.user.is_staff:
        raise PermissionDenied("Only whoever sent a job can cancel it.")
    shown.cancel()
    if not request.htmx:
        return redirect("generation:job", uuid)
    shown.refresh_from_db()
    [card] = _cards(request, [shown])
    return render(request, "generation/_job_card.html", {"card": card})


@require_safe
@never_cache
def queue_panel(request: VisitorRequest) -> HttpResponse:
    if request.GET.get("v") == _queue_version():
        return HttpResponse(status=UNCHANGED)
    return render(request, "generation/_queue.html", _queue(request))


def _queue(request: VisitorRequest) -> dict[str, Any]:
    version = _queue_version()  # before the rows: a change between the two is shown twice, never missed
    return {"places": queue.places(), "queue_version": version, "visitor": request.visitor}


def _queue_version() -> str:
    """Changes whenever an active job comes, goes or moves: keys and versions only ever grow. One query."""
    sums = Job.objects.active().order_by().aggregate(Count("pk"), Max("pk"), Sum("version"))
    return "-".join(str(value or 0) for value in sums.values())


@require_safe
@never_cache
def status_line(request: VisitorRequest) -> HttpResponse:
    now = status.current()
    if request.GET.get("v") == now.version:
        return HttpResponse(status=UNCHANGED)
    return render(request, "_status_and_banner.html", {"status": now})
