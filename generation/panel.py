"""The queue as everybody sees it beside the form, and what is promised to whoever would send now."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generation import queue
from generation.advanced_form import OutlookForm
from generation.fingerprint import UNCHANGED, fingerprint
from generation.forms import HomeForm, RecipeForm
from generation.models import Job
from generation.shared import outlooks, queue_panels, queue_rows
from generation.veil import is_veiling, veiled
from generation.visitors import VisitorRequest
from library import askers
from library.askers import NOBODY, Asker, asker_of


@require_safe
@never_cache
def queue_panel(request: VisitorRequest) -> HttpResponse:
    version, order = queue_versions(request)
    if request.GET.get("v") == version:
        return HttpResponse(status=UNCHANGED)
    settings, asker = {name: value for name, value in request.GET.items() if name != "v"}, asker_of(request)
    key = (order, tuple(sorted(settings.items())), is_veiling())
    html = queue_panels.get(key, asker)
    if html is None:
        shown = panel_of(request, settings, outlooks.get(key))
        outlooks.keep(key, shown["outlook"])
        html = render(request, "generation/_queue.html", {**shown, "oob": True}).content
        jobs = [*(place.job for place in shown["places"]), *shown["failed"]]
        queue_panels.keep(key, html, asker=asker, jobs=jobs)
    return HttpResponse(html)


@require_safe
@never_cache
def promise(request: VisitorRequest) -> HttpResponse:
    """How long the settings in the form would take, if they were sent now; of all of them, also what would come out."""
    settings = request.GET.dict()
    if "all" in settings:
        return render(request, "generation/_outlook.html", outlook(OutlookForm, settings))
    return render(request, "generation/_promise.html", outlook(HomeForm, settings))


def panel_of(
    request: VisitorRequest, settings: Mapping[str, Any], known: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the queue's panel and the promise beside the button need.

    Args:
        settings: what the form holds now, for the promise; nonsense promises nothing.
        known: the outlook for them, where somebody has just asked for it. It brings its version of the queue, so that
            the next poll fetches what has come since.
    """
    version, _ = queue_versions(request)  # before the rows: a change between the two is shown twice, never missed
    shown = known or {**outlook(HomeForm, settings), "queue_version": version}
    return {
        **shown,
        "outlook": shown,
        "rows": _rows(request, shown["places"]),
        "failed": [veiled(job, asker_of(request)) for job in Job.objects.failed_lately()],
    }


def _rows(request: VisitorRequest, places: list[queue.Place]) -> SafeString:
    """The line of each job. Of others' that wait they are written once for all who ask within two seconds."""
    asker, key = asker_of(request), (queue_versions(request)[1], is_veiling())
    known = queue_rows.get(key)
    if known is None:
        known = {place.job.pk: _row(place, NOBODY) for place in places if place.position}
        queue_rows.keep(key, known)
    rows = (None if asker.made(place.job) else known.get(place.job.pk) for place in places)
    return format_html_join("", "{}", ((row or _row(place, asker),) for row, place in zip(rows, places, strict=True)))


def _row(place: queue.Place, asker: Asker) -> SafeString:
    shown = {"job": veiled(place.job, asker), "place": place, "maker": askers.maker(place.job)}
    return render_to_string("generation/_queue_row.html", {**shown, "is_mine": asker.made(place.job)})


def outlook(kind: type[RecipeForm], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The queue as it is, and what would be promised to `settings`, or what is wrong with them."""
    form = kind({**settings, "prompt": "-"})
    upcoming = [form.recipe()] if form.is_valid() else []
    places = queue.places(*upcoming)
    promise = places.pop() if upcoming else None
    return {"places": places, "promise": promise, "ahead": len(places), "fault": " ".join(form.faults)}


def queue_versions(request: VisitorRequest) -> tuple[str, str]:
    """(changes whenever an active job comes, goes or moves, changes with their order alone), as the request first saw
    it."""
    if request.queue_versions is None:
        *order, versions = Job.objects.marks()
        request.queue_versions = fingerprint(*order, versions), fingerprint(*order)
    return request.queue_versions
