"""The page of what was deleted, and the only place that still shows it."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from library.keeping import KEPT_FOR
from library.models import ImageQuerySet
from library.views.deleting import deletable
from library.views.files import PICTURE_HEADERS, thumbnail_of

PORTION = 48  # pictures
NOT_KEPT = {**PICTURE_HEADERS, "Cache-Control": "no-store"}


@require_safe
@never_cache
def trash(request: HttpRequest) -> HttpResponse:
    """The last deleted first, a portion at a time; to htmx the next portion alone. Two queries."""
    portion = _portion(deletable(request).trashed(), request.GET.get("before", ""))
    if request.headers.get("HX-Request") and "before" in request.GET:
        return render(request, "library/_trash_portion.html", portion)
    return render(request, "library/trash.html", {**portion, "days": KEPT_FOR.days})


def _portion(trash: ImageQuerySet, before: str) -> dict[str, Any]:
    """
    Args:
        trash: what of it whoever asks may see.
        before: the last picture of the portion before; nonsense means the beginning.
    """
    last = trash.called(before)
    images = trash.trashed_before(last) if last else trash
    images = images.filter(missing=None)
    found = list(images.select_related("batch")[: PORTION + 1])
    is_more = len(found) > PORTION
    following = found[PORTION - 1].uuid if is_more else ""
    return {"images": found[:PORTION], "following": following, "is_first": not last, "now": timezone.now()}


@require_safe
def trash_thumbnail(request: HttpRequest, image: UUID) -> FileResponse:
    """No browser keeps it: once it is gone for good it is gone there, too."""
    trash = deletable(request).trashed().select_related("batch")
    return thumbnail_of(get_object_or_404(trash, uuid=image), NOT_KEPT)
