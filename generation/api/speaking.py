"""What all dialects have in common: whose word counts, what may be sent, and JSON whatever happens."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from ninja.utils import check_csrf

from generation.dialects import refusal

JSON, MULTIPART = "application/json", "multipart/form-data"
SAFE = ("GET", "HEAD", "OPTIONS")

View = Callable[..., HttpResponseBase]


class Refusal(Exception):
    """Nothing was done, and this sentence says why."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers, self.more = status, sentence, headers or {}, more

    @property
    def response(self) -> HttpResponse:
        response = refusal(self.status, self.sentence, **self.more)
        for name, value in self.headers.items():
            response[name] = value
        return response


def demand(request: HttpRequest, scope: str) -> None:
    """Raises Refusal where the token that came along is not good for it. Whether there has to be one, the door says."""
    token = getattr(request, "token", None)
    if token and not token.allows(scope):
        raise Refusal(403, f"This token may not do that: it needs the scope “{scope}”.", scope=scope)


def in_json(*methods: str, scope: str = "") -> Callable[[View], View]:
    """Makes a view one for programs: no form's token is asked of them, so who is signed in counts for nothing either.

    Args:
        methods: those it takes; none where it says so itself.
        scope: what a token has to be good for; empty where the view says so itself.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = _answer(view, methods, scope, request, *args, **kwargs)
            if not response.has_header("Cache-Control"):
                add_never_cache_headers(response)
            return response

        return answer

    return decorate


def _answer(
    view: View, methods: tuple[str, ...], scope: str, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    if request.method == "HEAD":  # whoever sends the answer leaves its body out
        request.method = "GET"
    if methods and request.method not in methods:
        return _not_allowed(request, ", ".join(methods))
    try:
        if scope:
            demand(request, scope)
        check_kind(request)
        response = view(request, *args, **kwargs)
    except Refusal as refused:
        return refused.response
    return _not_allowed(request, response["Allow"]) if response.status_code == 405 else response


def _not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    allowed = ", ".join(sorted(allowed.split(", ")))
    response = refusal(405, f"This address does not take {request.method}; it takes {allowed}.")
    response["Allow"] = allowed
    return response


def check_kind(request: HttpRequest) -> None:
    """Other sites' pages can send forms and plain text unasked, but neither JSON nor what only our own pages know.

    Raises:
        Refusal: it is to change something and is neither.
    """
    is_empty = (request.META.get("CONTENT_LENGTH") or "0") == "0"
    if request.method in SAFE or request.content_type == JSON or (is_empty and not request.content_type):
        return
    if request.content_type != MULTIPART:
        raise Refusal(415, f"Send it as JSON, with the header “Content-Type: {JSON}”.")
    if not getattr(request, "token", None) and check_csrf(request):
        raise Refusal(403, "A form needs its token: the cookie “csrftoken” and the same in the header “X-CSRFToken”.")
