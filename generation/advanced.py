"""The page with all settings."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from generation.advanced_form import AdvancedForm
from generation.choosing import followed
from generation.panel import outlook
from generation.senders import sender_of
from generation.sending import refusal, send, too_much
from generation.usable import from_address
from generation.views import cards_of, in_its_place, jobs_of, shown_in
from generation.visitors import VisitorRequest


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def advanced(request: VisitorRequest) -> HttpResponse:
    if request.method != "POST":
        taken = from_address(request.GET.dict(), AdvancedForm)
        form = AdvancedForm(initial=taken.values)
        form.origin = taken.line
        return _page(request, form)
    if "reset" in request.POST:
        kept = {name: request.POST.get(name, "") for name in ("prompt", "negative_prompt")}
        return _anew(request, AdvancedForm(initial=kept))
    if "choose" in request.POST:  # another model: its defaults take the place of the other's
        return _shown(request, AdvancedForm(initial=followed(request.POST.dict())))
    form = AdvancedForm(followed(request.POST.dict()), request.FILES)
    job = send(form, sender_of(request))
    if job is None and form.retry_after and request.htmx:
        return too_much(request, form)
    if job is None:
        code, headers = refusal(form)
        response = _anew(request, form, code)
        for name, value in headers.items():
            response[name] = value
        return response
    if not request.htmx:
        return redirect("generation:job", job.uuid)
    [card] = cards_of(request, [job])
    response = render(request, "generation/_sent.html", {"card": card, "form": form})
    return trigger_client_event(response, "queue-changed")


def _page(request: VisitorRequest, form: AdvancedForm, code: int = 200) -> HttpResponse:
    context = {**_form(request, form), "cards": cards_of(request, jobs_of(request))}
    return render(request, "generation/advanced.html", context, status=code)


def _anew(request: VisitorRequest, form: AdvancedForm, code: int = 200) -> HttpResponse:
    """The form again; to others than htmx within its page."""
    response = _shown(request, form, code)
    return in_its_place(response) if request.htmx else response


def _shown(request: VisitorRequest, form: AdvancedForm, code: int = 200) -> HttpResponse:
    if not request.htmx:
        return _page(request, form, code)
    return render(request, "generation/_advanced_form.html", _form(request, form), status=code)


def _form(request: VisitorRequest, form: AdvancedForm) -> dict[str, Any]:
    return {"form": form, **outlook(AdvancedForm, shown_in(form))}
