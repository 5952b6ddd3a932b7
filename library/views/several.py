"""What can be done with several pictures at once, apart from deleting them."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from library.archive import download
from library.models import Image
from library.views.chosen import chosen, kept
from library.views.deleting import demand
from library.views.ways import back


@require_POST
def favourites(request: HttpRequest) -> HttpResponse:
    """Give pictures their stars or take them away, as the field says."""
    images = kept(chosen(request))
    demand(request, images)
    favourite = request.POST.get("favourite") == "yes"
    Image.objects.filter(pk__in=[image.pk for image in images]).star(favourite)
    if not request.headers.get("HX-Request"):
        return redirect(back(request) or "library:library")
    for image in images:
        image.favourite = favourite
    return render(request, "library/_stars.html", {"images": images})


@require_POST
def archive(request: HttpRequest) -> StreamingHttpResponse:
    """The files of the pictures as one zip, sent while it is made."""
    return download(kept(chosen(request)))
