"""One's own account."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from people.forms import PasswordForm
from people.gates import SignedIn


@require_safe
@never_cache
@login_required
def account(request: SignedIn) -> HttpResponse:
    return render(request, "people/account.html")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def password(request: SignedIn) -> HttpResponse:
    """Change it. Whoever is signed in elsewhere with the old one is signed out."""
    form = PasswordForm(request.user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "people/password.html", {"form": form}, status=422 if form.is_bound else 200)
    update_session_auth_hash(request, form.save())
    messages.info(request, "Your password is changed.", extra_tags="told")
    return redirect("people:account")
