"""One batch, one picture, its star."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from library.askers import Asker, asker_of
from library.facts import settings
from library.lineage import descendants, remade
from library.models import Batch, Image
from library.search import Search
from library.views.deleting import demand
from library.views.files import in_the_library
from library.views.listing import address, asked_anew, search_of
from library.views.ways import back


@require_safe
@asked_anew
def batch(request: HttpRequest, batch: UUID) -> HttpResponse:
    parents = ("source__batch", "remake_of__batch")
    shown = get_object_or_404(Batch.objects.worth_showing().select_related(*parents).with_images(), uuid=batch)
    context = _lineage(shown, shown.kept_images)
    return render(request, "library/batch.html", {"batch": shown, "settings": settings(shown.recipe), **context})


@require_safe
@asked_anew
def image(request: HttpRequest, batch: UUID, position: int) -> HttpResponse:
    shown = _image(request, batch, position)
    search = search_of(request)
    before, after = _neighbours(shown, search, asker_of(request))
    beside = after or before
    context = {
        "image": shown,
        "batch": shown.batch,
        "settings": settings({**shown.batch.recipe, "seed": shown.seed}),
        "previous": before,
        "following": after,
        "q": str(search),
        "once_deleted": address(search, beside.page_url if beside else ""),
        **_lineage(shown.batch, [shown]),
    }
    return render(request, "library/image.html", context)


def _image(request: HttpRequest, batch: UUID, position: int) -> Image:
    images = Image.objects.kept().select_related("batch__person", "batch__source__batch", "batch__remake_of__batch")
    return in_the_library(request, get_object_or_404(images, batch__uuid=batch, position=position))


def _lineage(batch: Batch, images: list[Image]) -> dict[str, Any]:
    return {"remade": remade(batch, images), "descendants": descendants(images)}


def _neighbours(image: Image, search: Search, asker: Asker) -> tuple[Image | None, Image | None]:
    """The pictures before and after it as the library shows them, in its batch or the next one. Five queries."""
    beside = list(Image.objects.shown_by(search).filter(batch=image.batch).select_related("batch"))
    before = [other for other in beside if other.position < image.position]
    after = [other for other in beside if other.position > image.position]
    others = Batch.objects.matching(search, asker=asker).with_pictures().with_images(search)
    if not before:
        before = [found for batch in others.newer(image.batch)[:1] for found in batch.kept_images]
    if not after:
        after = [found for batch in others.older(image.batch)[:1] for found in batch.kept_images]
    return (before[-1] if before else None), (after[0] if after else None)


@require_POST
def favourite(request: HttpRequest, batch: UUID, position: int) -> HttpResponse:
    """Give the picture its star or take it away, as the field says: sent twice it is the same."""
    shown = _image(request, batch, position)
    demand(request, [shown])
    shown.favourite = request.POST.get("favourite") == "yes"
    shown.set_favourite(shown.favourite)
    if not request.headers.get("HX-Request"):
        return redirect(back(request) or shown.page_url)
    return render(request, "library/_star.html", {"image": shown})
