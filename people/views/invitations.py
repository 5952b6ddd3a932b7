"""Letting others in: staff make links, each of which makes one account."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from people.forms import InviteForm, JoinForm
from people.gates import SignedIn, staff_only
from people.joining import Gone, join
from people.models import Invitation

SHOWN = 100
GONE = "This invitation has been used, or its time is over. Ask whoever sent it for another."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_only
def invitations(request: SignedIn) -> HttpResponse:
    """All of them, and a form for another, whose link is told once."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    link = ""
    if form.is_valid():
        _, told = Invitation.objects.make(request.user, **form.cleaned_data)
        link = _address(request, reverse("people:invitation", args=(told,)))
        form = InviteForm()
    found = Invitation.objects.select_related("made_by", "person")[:SHOWN]
    context = {"form": form, "invitations": found, "link": link}
    return render(request, "people/invitations.html", context, status=422 if form.is_bound else 200)


def _address(request: HttpRequest, path: str) -> str:
    """Where others open the page: at the public address where there is one."""
    return settings.PLAYGROUND_PUBLIC_URL + path if settings.PLAYGROUND_PUBLIC_URL else request.build_absolute_uri(path)


@require_POST
@staff_only
def revoke_invitation(request: SignedIn, invitation: UUID) -> HttpResponse:
    get_object_or_404(Invitation, uuid=invitation).revoke()
    messages.info(request, "Nobody can come in by that link any more.", extra_tags="told")
    return redirect("people:invitations")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest, told: str) -> HttpResponse:
    """Whoever has the link chooses a name and a password, and is in."""
    found = Invitation.objects.called(told)
    if found is None:
        return _gone(request)
    form = JoinForm(request.POST if request.method == "POST" else None)
    try:
        person = join(found, form)
    except Gone:
        return _gone(request)
    if person is None:
        return render(request, "people/invitation.html", {"form": form}, status=422 if form.is_bound else 200)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "refused.html", {"sentence": GONE}, status=404)
