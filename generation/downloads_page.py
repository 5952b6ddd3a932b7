"""Downloads of models, for staff: a form, and how far each is."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from generation.engine import repository
from generation.fingerprint import UNCHANGED, fingerprint
from generation.models import Download
from generation.visitors import VisitorRequest


class DownloadForm(forms.Form):
    name = forms.CharField(
        max_length=400, error_messages={"required": "Write which one, as the hub has it: owner/repository."}
    )

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).removeprefix("https://huggingface.co/").rstrip("/")
        if not repository.is_name(name):
            raise forms.ValidationError(
                "Models of the hub are named like owner/repository, or owner/repository@revision."
            )
        return name.removesuffix(f"@{repository.MAIN}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def downloads(request: VisitorRequest) -> HttpResponse:
    """The page; to htmx the form when it was sent, else the list when it has changed."""
    _refuse_all_but_staff(request)
    form, code = DownloadForm(), 200
    if request.method == "POST":
        form = DownloadForm(request.POST)
        if form.is_valid():
            Download.objects.start(form.cleaned_data["name"])
            if not request.htmx:
                return redirect("generation:downloads")
            form = DownloadForm()
        else:
            code = 422
    context = {"download_form": form, **shown()}
    if not request.htmx:
        return render(request, "generation/downloads.html", context, status=code)
    if request.method == "POST":
        return render(request, "generation/_download.html", context, status=code)
    if request.GET.get("v") == context["downloads_version"]:
        return HttpResponse(status=UNCHANGED)
    return render(request, "generation/_downloads.html", context)


@require_POST
def cancel_download(request: VisitorRequest, uuid: UUID) -> HttpResponse:
    _refuse_all_but_staff(request)
    get_object_or_404(Download, uuid=uuid).cancel()
    if not request.htmx:
        return redirect("generation:downloads")
    return reswap(retarget(render(request, "generation/_downloads.html", shown()), "#downloads"), "outerHTML")


def shown() -> dict[str, Any]:
    """What `_download.html` needs beside `download_form`: one query."""
    rows = list(Download.objects.shown())
    version = fingerprint(*((row.pk, row.state, row.came, row.note) for row in rows))
    return {
        "downloads": rows,
        "downloads_version": version,
        "is_downloading": any(row.is_active for row in rows),
    }


def _refuse_all_but_staff(request: VisitorRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only staff can download models. Sign in at /admin/ first, and come back.")
