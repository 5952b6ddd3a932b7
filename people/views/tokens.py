"""Tokens for programs that speak for somebody."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from people.forms import TokenForm
from people.gates import SignedIn
from people.models import Token

MOST = 50
"""That one person may have at a time."""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def tokens(request: SignedIn) -> HttpResponse:
    """All of one's own, and a form for another, which is told once."""
    own = Token.objects.filter(person=request.user, revoked=None)
    form = TokenForm(request.POST if request.method == "POST" else None)
    told = ""
    if form.is_bound and own.count() >= MOST:
        form.add_error(None, f"You have {MOST} tokens, and more are not possible. Revoke one that is not used.")
    if form.is_valid():
        _, told = Token.objects.make(request.user, **form.cleaned_data)
        form = TokenForm()
    context = {"form": form, "tokens": own.all(), "told": told}
    return render(request, "people/tokens.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def revoke_token(request: SignedIn, token: UUID) -> HttpResponse:
    get_object_or_404(Token, uuid=token, person=request.user).revoke()
    messages.info(request, "That token is good for nothing any more.", extra_tags="told")
    return redirect("people:tokens")
