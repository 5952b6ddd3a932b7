"""The library page: a search, its portions, and what is new since."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from library import choices
from library.askers import asker_of
from library.controls import merge, shown
from library.models import Batch
from library.search import Search, clean

PORTION = 12  # batches
MOST_NEWS = 24  # batches that one poll brings; after more of them the page is asked for anew
OVERLAP = timedelta(seconds=3)
"""What was changed within this time before a poll is sent again with the next: it may not have been to be seen yet."""
EXAMPLES = ("a penguin on a pink background", "a sunflower on grass", "a rocket in the night sky")
UNCHANGED = 204

asked_anew = cache_control(private=True, no_cache=True)
"""Not no-store, as never_cache would say: with that, a browser's way back loses how far one had scrolled."""


def search_of(request: HttpRequest) -> Search:
    return Search.parse(request.GET.get("q", ""))


@require_safe
@asked_anew
def library(request: HttpRequest) -> HttpResponse:
    """Batches newest first, a portion at a time; to htmx the next portion alone."""
    search = search_of(request)
    if "controls" in request.GET:
        return redirect(address(merge(search, request.GET)))
    if "since" in request.GET:
        return _news(request, search)
    now = timezone.now()
    portion = _portion(request, search)
    if request.headers.get("HX-Request") and "before" in request.GET:
        return render(request, "library/_portion.html", portion)
    is_first = "before" not in request.GET
    newest = portion["batches"][0].uuid if portion["batches"] else ""
    return render(
        request,
        "library/library.html",
        {
            **portion,
            "search": search,
            "written": clean(request.GET.get("q", "")),
            "parts": [(part, address(rest)) for part, rest in search.parts],
            "controls": shown(search),
            "models": choices.models(),
            "sizes": choices.sizes(),
            "examples": EXAMPLES,
            "poll": _poll(search, now, newest) if is_first else "",
        },
    )


def address(search: Search | str, page: str = "") -> str:
    """Of the library, or another page, with this search."""
    query = str(search)
    return (page or reverse("library:library")) + (f"?{urlencode({'q': query})}" if query else "")


def _portion(request: HttpRequest, search: Search) -> dict[str, Any]:
    after = _batch(request.GET.get("before", ""))
    batches = Batch.objects.portion(PORTION + 1, after=after, search=search, asker=asker_of(request))
    more = len(batches) > PORTION
    batches = batches[:PORTION]
    return {"batches": batches, "next": batches[-1].uuid if more else "", "q": str(search)}


def _news(request: HttpRequest, search: Search) -> HttpResponse:
    """The batches that came or changed `since`; while there are none an empty answer, found with one query."""
    now = timezone.now()
    changed = dict(
        Batch.objects.changed_since(_moment(request.GET["since"])).values_list("pk", "uuid")[: MOST_NEWS + 1]
    )
    if not changed:
        return HttpResponse(status=UNCHANGED)
    if len(changed) > MOST_NEWS:
        return render(request, "library/_many_news.html", {"q": str(search)})
    newest = _batch(request.GET.get("newest", ""))
    found = Batch.objects.filter(pk__in=changed).matching(search, asker=asker_of(request)).worth_showing()
    batches = list(found.order_by("-created", "-pk").with_images(search))
    new = [batch for batch in batches if not newest or (batch.created, batch.pk) > (newest.created, newest.pk)]
    context = {
        "q": str(search),
        "new": new,
        "renewed": [batch for batch in batches if batch not in new],
        "gone": set(changed.values()) - {batch.uuid for batch in batches},
        "poll": _poll(search, now, new[0].uuid if new else newest.uuid if newest else ""),
    }
    return render(request, "library/_news.html", context)


def _poll(search: Search, now: datetime, newest: UUID | str) -> str:
    """The address that tells what is new after `now`."""
    since = int((now - OVERLAP).timestamp() * 1000)
    return f"{reverse('library:library')}?{urlencode({'since': since, 'newest': newest, 'q': str(search)})}"


def _moment(text: str) -> datetime:
    """Of so many milliseconds; nonsense means now."""
    if not (text.isascii() and text.isdigit() and len(text) < 15):
        return timezone.now()
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _batch(text: str) -> Batch | None:
    """The batch that the portion before ended with; nonsense means the beginning."""
    try:
        return Batch.objects.filter(uuid=UUID(text)).first()
    except ValueError:
        return None
