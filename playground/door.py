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

from generation.api.speaking import Refusal, demand
from generation.dialects import refusal, speaks_json
from generation.visitors import VisitorRequest
from library.views.ways import back
from people import tokens
from playground.checks import open_to_strangers

OPEN = {"people:sign-in", "people:invitation", "theme", "livez", "healthz"}
"""By their names in urls.py. Static files are given out before anybody comes to this door."""

FILES = {"library:picture", "library:download", "library:thumbnail"}
"""Where programs find the files that their answers name: a token is as good there as being signed in."""

TO_PROGRAMS = "This site needs an account. Send a token of yours in the header “Authorization: Bearer …”."
UNKNOWN = "This token is not known here; it may have been revoked."


class Door:
    """On programs' addresses a token says who asks, and nothing else does.

    Who is signed in counts for nothing there: other sites' pages could make a browser send its cookie.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: VisitorRequest) -> HttpResponse:
        try:
            _identify(request)
        except tokens.Unknown:
            return _to_programs(UNKNOWN)
        except Refusal as refused:
            return refused.response
        if not settings.PLAYGROUND_LOGIN_REQUIRED or _is_one_of(OPEN, request.path_info) or is_inside(request):
            return self.get_response(request)
        response = _ask(request)
        add_never_cache_headers(response)
        return response


def _identify(request: VisitorRequest) -> None:
    """Raises tokens.Unknown, or Refusal where a token does not reach far enough."""
    if speaks_json(request.path_info):
        request.token = tokens.token_of(request)
        request.user = request.token.person if request.token else AnonymousUser()
    elif "Authorization" in request.headers and _is_one_of(FILES, request.path_info):
        request.token = tokens.token_of(request)
        demand(request, "read")
        request.user = request.token.person if request.token else request.user


def is_inside(request: HttpRequest) -> bool:
    """Whether whoever asks may see what is behind the door."""
    return not settings.PLAYGROUND_LOGIN_REQUIRED or (hasattr(request, "user") and request.user.is_authenticated)


def _is_one_of(names: set[str], path: str) -> bool:
    try:
        return resolve(path).view_name in names
    except Resolver404:
        return False


def _ask(request: VisitorRequest) -> HttpResponse:
    """Ask who it is: a program for its token, htmx and others on the page where people sign in."""
    if speaks_json(request.path_info):
        return _to_programs(TO_PROGRAMS)
    if request.htmx:
        return HttpResponseClientRedirect(redirect_to_login(request.htmx.current_url_abs_path or "/").url)
    looks = request.method in ("GET", "HEAD")
    return redirect_to_login(request.get_full_path() if looks else back(request) or "/")


def _to_programs(sentence: str) -> HttpResponse:
    response = refusal(401, sentence)
    response["WWW-Authenticate"] = "Bearer"
    return response


def context(request: HttpRequest) -> dict[str, Any]:
    """For every page; the sentence about strangers is for the administration's."""
    return {"is_inside": is_inside(request), "open_to_strangers": open_to_strangers()}
