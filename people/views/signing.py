"""In and out."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from people.forms import SignInForm


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, SignInForm(request))
    form = SignInForm(request, request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    login(request, form.get_user())
    return redirect(onward(request))


def locked_out(request: HttpRequest, answer: HttpResponse | None, credentials: dict[str, Any]) -> HttpResponse:
    """What django-axes answers with when there were too many wrong passwords for a name from one address."""
    wait: timedelta = settings.AXES_COOLOFF_TIME
    minutes = round(wait.total_seconds() / 60)
    form = SignInForm(request, initial={"username": request.POST.get("username", "")[:150]})
    response = _page(request, form, 429, f"Too many wrong passwords. Try again in {minutes} minutes.")
    response["Retry-After"] = str(round(wait.total_seconds()))
    return response


def _page(request: HttpRequest, form: SignInForm, code: int = 200, refused: str = "") -> HttpResponse:
    nobody = not get_user_model().objects.exists()
    context = {"form": form, "next": onward(request), "refused": refused, "nobody": nobody}
    return render(request, "people/sign-in.html", context, status=code)


def onward(request: HttpRequest) -> str:
    """The page that somebody wanted to see before they were asked who they are; of this site only."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    if page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        return page
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGIN_REDIRECT_URL)
