"""The pictures that a form names: one or several, by their uuids."""

import re
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest

from library.archive import MOST
from library.models import Image


class Refused(BadRequest):
    """A request that makes no sense; the message is a sentence for people."""


def chosen(request: HttpRequest) -> list[Image]:
    """Those that `images` names, in the library's order, whether they lie in the trash or not. One query.

    They come in one field, because the number of fields is bounded.
    """
    keys = _keys(request)
    found = Image.objects.filter(uuid__in=keys).select_related("batch")
    images = list(found.order_by("-batch__created", "-batch", "position"))
    if not images:
        raise Http404
    return images


def kept(images: list[Image]) -> list[Image]:
    """Those of them that may be given out; at least one."""
    found = [image for image in images if image.is_kept]
    if not found:
        raise Http404
    return found


def _keys(request: HttpRequest) -> set[UUID]:
    words = re.findall(r"[^\s,]+", " ".join(request.POST.getlist("images")))
    if not words:
        raise Refused("No pictures were chosen.")
    if len(words) > MOST:
        raise Refused(f"That is too many at once: {MOST} pictures are the most.")
    try:
        return {UUID(word) for word in words}
    except ValueError as error:
        raise Refused("That names no pictures.") from error
