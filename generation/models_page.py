"""The page that shows which models are there."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from generation import downloads_page, known_models
from generation.engine.checkpoints import PREDICTIONS
from generation.fingerprint import UNCHANGED, fingerprint
from generation.models import KnownModel
from generation.visitors import VisitorRequest


@require_safe
@never_cache
def models(request: VisitorRequest) -> HttpResponse:
    version = fingerprint(*KnownModel.objects.as_shown())
    if request.GET.get("v") == version:
        return HttpResponse(status=UNCHANGED)
    return _render(request, version)


@require_POST
def say_prediction(request: VisitorRequest) -> HttpResponse:
    """What a Stable Diffusion 2 predicts; the worker reads it within seconds."""
    if not request.user.is_staff:
        raise PermissionDenied("Only staff can say what a model predicts.")
    said = request.POST.get("prediction_type", "")
    if said not in ("", *PREDICTIONS) or not KnownModel.objects.choose_prediction(request.POST.get("model", ""), said):
        raise Http404
    return redirect("generation:models")


def _render(request: VisitorRequest, version: str) -> HttpResponse:
    everything = known_models.told()
    usable = [one for one in everything if not one.known.problem]
    context = {
        "usable": usable,
        "problems": [one.known for one in everything if one.known.problem],
        "is_settled": all(one.is_settled for one in usable),
        "predictions": PREDICTIONS,
        "version": version,
    }
    if request.user.is_staff and not request.htmx:
        context |= {"download_form": downloads_page.DownloadForm(), **downloads_page.shown()}
    template = "generation/_models.html" if request.htmx else "generation/models.html"
    return render(request, template, context)
