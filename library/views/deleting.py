"""Into the trash, and out of it again. A deleted picture is given out by nothing but the trash's own page."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from library.askers import asker_of
from library.models import Batch, Image, ImageQuerySet, Unreachable
from library.pruning import delete_for_good
from library.views.chosen import chosen
from library.views.files import in_the_library
from library.views.ways import onward

NOT_YOURS = "Only whoever asked for a picture may do that, or those who look after this site."


def may_delete(request: HttpRequest, image: Image) -> bool:
    """Also whether somebody may restore it, delete it for good, and give or take its star."""
    if settings.PLAYGROUND_DELETE == "everyone" or _is_staff(request):
        return True
    return asker_of(request).made(image.batch)


def deletable(request: HttpRequest) -> ImageQuerySet:
    """All images of which the same is true."""
    if settings.PLAYGROUND_DELETE == "everyone" or _is_staff(request):
        return Image.objects.all()
    return Image.objects.filter(batch__in=Batch.objects.filter(asker_of(request).works))


def _is_staff(request: HttpRequest) -> bool:
    return bool(getattr(request, "user", None) and request.user.is_staff)


def demand(request: HttpRequest, images: Iterable[Image]) -> None:
    if not all(may_delete(request, image) for image in images):
        raise PermissionDenied(NOT_YOURS)


@require_safe
@never_cache
def ask_to_delete(request: HttpRequest, batch: UUID, position: int) -> HttpResponse:
    """The question, for browsers without JavaScript."""
    kept = Image.objects.kept().select_related("batch")
    image = in_the_library(request, get_object_or_404(kept, batch__uuid=batch, position=position))
    demand(request, [image])
    return render(request, "library/delete.html", {"image": image, "next": onward(request)})


@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Move pictures to the trash; those that are there already stay: sent twice it is the same."""
    images = chosen(request)
    demand(request, images)
    Image.objects.filter(pk__in=[image.pk for image in images]).move_to_trash()
    keys = " ".join(str(image.uuid) for image in images)
    if request.headers.get("HX-Request"):
        return render(request, "library/_trashed.html", {"keys": keys, "count": len(images), "in_place": True})
    messages.info(request, keys, extra_tags="trashed")
    return redirect(onward(request) or "library:library")


@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    images = chosen(request)
    demand(request, images)
    Image.objects.filter(pk__in=[image.pk for image in images]).restore()
    if request.headers.get("HX-Request"):
        return render(request, "library/_restored.html", {"count": len(images)})
    if len(images) > 1 or onward(request):
        messages.info(request, "Back in the library.", extra_tags="told")
    return redirect(onward(request) or (images[0].page_url if len(images) == 1 else "library:library"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def purge(request: HttpRequest, image: UUID) -> HttpResponse:
    """Delete a picture of the trash for good: asked with GET, done with POST."""
    trashed = get_object_or_404(Image.objects.trashed().select_related("batch"), uuid=image)
    demand(request, [trashed])
    if request.method != "POST":
        return render(request, "library/purge.html", {"image": trashed})
    try:
        delete_for_good(trashed)
        messages.info(request, "Deleted for good.", extra_tags="told")
    except Unreachable as fault:
        messages.info(request, str(fault), extra_tags="told")
    return redirect("library:trash")
