"""Who asks: a random mark in a signed cookie, set with a browser's first POST. No row in the database."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django_htmx.middleware import HtmxDetails

from generation.dialects import speaks_json
from people.models import Token

COOKIE = "visitor"
YEAR = 365 * 24 * 3600  # s


class VisitorRequest(HttpRequest):
    """A request after this project's middleware."""

    visitor: str
    """The mark; empty for somebody who has not sent anything yet."""
    htmx: HtmxDetails
    token: Token | None
    """Where programs ask, and only there."""
    queue_versions: tuple[str, str] | None
    """How the queue was when this request first looked (generation/panel.py)."""


class VisitorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: VisitorRequest) -> HttpResponse:
        known = request.get_signed_cookie(COOKIE, default="", max_age=YEAR)
        is_new = not known and request.method == "POST" and not speaks_json(request.path_info)
        request.queue_versions = None
        request.visitor = known or (_new_mark(request) if is_new else "")
        response = self.get_response(request)
        if is_new:
            response.set_signed_cookie(
                COOKIE,
                request.visitor,
                max_age=YEAR,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure() or settings.SESSION_COOKIE_SECURE,
            )
        return response


def _new_mark(request: HttpRequest) -> str:
    """Nobody can guess it. Of a double click both requests get the same, because both bring the form's secret."""
    secret = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    if not secret:
        return secrets.token_urlsafe(16)
    return salted_hmac(__name__, secret, algorithm="sha256").hexdigest()[:32]
