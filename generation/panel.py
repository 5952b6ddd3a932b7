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
from generation.shared import Shared
from generation.veil import is_veiling, veiled
from generation.visitors import VisitorRequest
from library import askers
from library.askers import NOBODY, Asker, asker_of


class Panel:
    """The queue's panel and the promise beside the button, as they are now, for whoever asks.

    A queue of a hundred jobs takes ten times as long as all else that a poll does. So the same panel serves all who ask
    within two seconds, and brings its version of the queue with it: the next poll fetches what has come since.
    """

    def __init__(self, request: VisitorRequest, settings: Mapping[str, Any]) -> None:
        """Settings are what the form holds now, for the promise; nonsense promises nothing."""
        version, _ = queue_versions(request)  # before the rows: a change between the two is shown twice, never missed
        self.shown = {**outlook(HomeForm, settings), "queue_version": version}
        self.failed = list(Job.objects.failed_lately())
        self._rows = {place.job.pk: _row(place, NOBODY) for place in self.shown["places"]}
        self._html = b""

    def for_asker(self, asker: Asker) -> dict[str, Any]:
        """What the template needs."""
        own = {place.job.pk: _row(place, asker) for place in self.shown["places"] if asker.made(place.job)}
        rows = format_html_join("", "{}", ((row,) for row in {**self._rows, **own}.values()))
        return {**self.shown, "rows": rows, "failed": [veiled(job, asker) for job in self.failed]}

    def html(self, request: VisitorRequest) -> bytes:
        """It is the same for all who have sent none of the jobs in it."""
        asker = asker_of(request)
        jobs = [*(place.job for place in self.shown["places"]), *self.failed]
        if any(map(asker.made, jobs)):
            return self._render(request, asker)
        self._html = self._html or self._render(request, NOBODY)
        return self._html

    def _render(self, request: VisitorRequest, asker: Asker) -> bytes:
        return render(request, "generation/_queue.html", {**self.for_asker(asker), "oob": True}).content


queue_panels: Shared[Panel] = Shared()


def panel_of(request: VisitorRequest, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a page needs that has the panel in it."""
    return Panel(request, settings).for_asker(asker_of(request))


def _row(place: queue.Place, asker: Asker) -> SafeString:
    shown = {"job": veiled(place.job, asker), "place": place, "maker": askers.maker(place.job)}
    return render_to_string("generation/_queue_row.html", {**shown, "is_mine": asker.made(place.job)})


@require_safe
@never_cache
def queue_panel(request: VisitorRequest) -> HttpResponse:
    version, order = queue_versions(request)
    if request.GET.get("v") == version:
        return HttpResponse(status=UNCHANGED)
    settings = {name: value for name, value in request.GET.items() if name != "v"}
    key = (order, tuple(sorted(settings.items())), is_veiling())
    return HttpResponse(queue_panels.get(key, lambda: Panel(request, settings)).html(request))


@require_safe
@never_cache
def promise(request: VisitorRequest) -> HttpResponse:
    """How long the settings in the form would take, if they were sent now; of all of them, also what would come out."""
    settings = request.GET.dict()
    if "all" in settings:
        return render(request, "generation/_outlook.html", outlook(OutlookForm, settings))
    return render(request, "generation/_promise.html", outlook(HomeForm, settings))


def outlook(kind: type[RecipeForm], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The queue as it is, and what would be promised to `settings`, or what is wrong with them."""
    form = kind({**settings, "prompt": "-"})
    upcoming = [form.recipe()] if form.is_valid() else []
    places = queue.places(*upcoming, now=form.now)
    promise = places.pop() if upcoming else None
    return {"places": places, "promise": promise, "ahead": len(places), "fault": " ".join(form.faults)}


def queue_versions(request: VisitorRequest) -> tuple[str, str]:
    """(changes whenever an active job comes, goes or moves, changes with their order alone), as the request first saw
    it."""
    if request.queue_versions is None:
        *order, versions = Job.objects.marks()
        request.queue_versions = fingerprint(*order, versions), fingerprint(*order)
    return request.queue_versions
