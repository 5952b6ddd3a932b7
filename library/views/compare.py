"""Two pictures side by side, and what differs."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from library import difference as differences
from library.models import Image
from library.views.files import PICTURE_HEADERS


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    a, b = _pair(request)
    is_same = a.pixels == b.pixels and (a.width, a.height) == (b.width, b.height)
    try:
        measured = None if is_same else differences.measure(a.safe_path, b.safe_path)
    except OSError as error:
        raise Http404 from error
    context = {"pair": [("A", a), ("B", b)], "a": a, "b": b, "is_same": is_same, "difference": measured}
    return render(request, "library/compare.html", context)


@require_safe
def difference(request: HttpRequest) -> HttpResponse:
    """A picture of it; there is none of pictures that differ in size."""
    a, b = _pair(request)
    try:
        picture = differences.picture(a.safe_path, b.safe_path)
    except OSError as error:
        raise Http404 from error
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/webp", headers=PICTURE_HEADERS)


def _pair(request: HttpRequest) -> tuple[Image, Image]:
    kept = Image.objects.kept().select_related("batch")
    a, b = kept.called(request.GET.get("a")), kept.called(request.GET.get("b"))
    if not a or not b:
        raise Http404
    return a, b
