"""What belongs to the site as a whole: health, theme, refusals."""

import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from generation import database, status
from generation.dialects import refusal, speaks_json
from library.models import Shelf
from library.views.chosen import Refused
from playground.door import is_inside
from playground.middleware import refuse

YEAR = 365 * 24 * 3600  # s


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database and disk are well and a worker lives with its model loaded, else 503 with the reason."""
    silence = database.silence()
    disk = _disk_fault() if not silence else ""
    worker = status.current() if not silence else status.Status(status.NONE)
    reason = silence or disk or ("" if worker.is_up else worker.words)
    body = {
        "status": "failing" if reason else "ok",
        "database": silence or "ok",
        "disk": disk or "ok",
        "worker": worker.state,
        "reason": reason,
        "seconds_per_image": worker.seconds_per_image,
    }
    is_told = not settings.PLAYGROUND_LOGIN_REQUIRED or (not silence and is_inside(request))
    return JsonResponse(body if is_told else _outside(body), status=503 if reason else 200)


def _outside(body: dict[str, Any]) -> dict[str, Any]:
    """What strangers hear where accounts are asked for: that something fails, not why."""
    told = {name: "ok" if body[name] == "ok" else "failing" for name in ("status", "database", "disk")}
    return {**told, "worker": body["worker"]}


def _disk_fault() -> str:
    folder = settings.PLAYGROUND_LIBRARY
    return Shelf.objects.hindrance() or ("" if folder.is_dir() else f"The library folder {folder} is not there.")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back to the page the button was on."""
    back = request.POST.get("next", "/")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme")
    if chosen in ("light", "dark"):
        secure = request.is_secure() or settings.SESSION_COOKIE_SECURE
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", httponly=True, secure=secure)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def theme_context(request: HttpRequest) -> dict[str, str]:
    """`theme`: light or dark as chosen, empty to follow the system."""
    chosen = request.COOKIES.get("theme", "")
    return {"theme": chosen if chosen in ("light", "dark") else ""}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = str(exception) if isinstance(exception, Refused) else "That request could not be understood."
    return refuse(request, 400, sentence)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 403, str(exception) or "That is not yours to do.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(request, 403, "The page was open for too long or cookies are off. Reload it and try again.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404, "There is nothing here. It may have been deleted.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke may be in what the page needs from it."""
    sentence, status = database.in_words(sys.exception()), 503
    if not sentence:
        sentence, status = "Something broke here; the owner of this site finds it in the log.", 500
    if speaks_json(request.path_info):
        return refusal(status, sentence)
    return HttpResponse(render_to_string("500.html", {"sentence": sentence, "status": status}), status=status)
