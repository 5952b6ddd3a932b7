"""Where accounts are asked for, nobody comes in without one: every address is shut but those named here."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from generation.dialects import refusal, speaks_json
from generation.visitors import VisitorRequest
from library.views.ways import back

OPEN = {"people:sign-in", "people:invitation", "theme", "livez", "healthz"}
"""By their names in urls.py. Static files are given out before anybody comes to this door."""

TO_PROGRAMS = "This site needs an account. Send a token of yours in the header “Authorization: Bearer …”."


class Door:
    """Programs' addresses never ask who is signed in: other sites' pages could make a browser send its cookie there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: VisitorRequest) -> HttpResponse:
        if speaks_json(request.path_info):
            request.user = AnonymousUser()
        if not settings.PLAYGROUND_LOGIN_REQUIRED or _is_open(request.path_info) or is_inside(request):
            return self.get_response(request)
        response = _ask(request)
        add_never_cache_headers(response)
        return response


def is_inside(request: HttpRequest) -> bool:
    """Whether whoever asks may see what is behind the door."""
    return not settings.PLAYGROUND_LOGIN_REQUIRED or (hasattr(request, "user") and request.user.is_authenticated)


def _is_open(path: str) -> bool:
    try:
        return resolve(path).view_name in OPEN
    except Resolver404:
        return False


def _ask(request: VisitorRequest) -> HttpResponse:
    """Ask who it is: a program for its token, htmx and others on the page where people sign in."""
    if speaks_json(request.path_info):
        response: HttpResponse = refusal(401, TO_PROGRAMS)
        response["WWW-Authenticate"] = "Bearer"
        return response
    if request.htmx:
        return HttpResponseClientRedirect(redirect_to_login(request.htmx.current_url_abs_path or "/").url)
    looks = request.method in ("GET", "HEAD")
    return redirect_to_login(request.get_full_path() if looks else back(request) or "/")


def context(request: HttpRequest) -> dict[str, Any]:
    """For every page."""
    return {"is_inside": is_inside(request)}
