"""Into the trash, and out of it again. A deleted picture is given out by nothing but the trash's own page."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from library.models import Image, Unreachable
from library.pruning import delete_for_good
from library.views.chosen import chosen
from library.views.ways import onward


def may_delete(request: HttpRequest, image: Image) -> bool:
    """Whoever can open the site may, until there are accounts."""
    return True


def _demand(request: HttpRequest, images: list[Image]) -> None:
    if not all(may_delete(request, image) for image in images):
        raise PermissionDenied("That picture is not yours to delete.")


@require_safe
@never_cache
def ask_to_delete(request: HttpRequest, batch: UUID, position: int) -> HttpResponse:
    """The question, for browsers without JavaScript."""
    kept = Image.objects.kept().select_related("batch")
    image = get_object_or_404(kept, batch__uuid=batch, position=position)
    return render(request, "library/delete.html", {"image": image, "next": onward(request)})


@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Move pictures to the trash; those that are there already stay: sent twice it is the same."""
    images = chosen(request)
    _demand(request, images)
    Image.objects.filter(pk__in=[image.pk for image in images]).move_to_trash()
    keys = " ".join(str(image.uuid) for image in images)
    if request.headers.get("HX-Request"):
        return render(request, "library/_trashed.html", {"keys": keys, "count": len(images), "in_place": True})
    messages.info(request, keys, extra_tags="trashed")
    return redirect(onward(request) or "library:library")


@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    images = chosen(request)
    _demand(request, images)
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
    if request.method != "POST":
        return render(request, "library/purge.html", {"image": trashed})
    _demand(request, [trashed])
    try:
        delete_for_good(trashed)
        messages.info(request, "Deleted for good.", extra_tags="told")
    except Unreachable as fault:
        messages.info(request, str(fault), extra_tags="told")
    return redirect("library:trash")
