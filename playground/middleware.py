"""Who may speak to this site at all: known host names only, no other site's page, and nobody without end."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.request import split_domain_port
from django.shortcuts import render

from generation.dialects import refusal, speaks_json

LONGEST_BODY = 32 * 1024 * 1024  # bytes

NEVER_ASKED_FOR = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)

GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    if speaks_json(request.path_info):
        return refusal(status, sentence)
    return render(request, "refused.html", {"sentence": sentence}, status=status)


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class Permissions:
    """Says to browsers what no page of this site will ever ask for, whatever gets into one."""

    POLICY = ", ".join(f"{name}=()" for name in NEVER_ASKED_FOR)

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = self.POLICY
        return response


class KnownHost:
    """Refuses names that are not this machine's: DNS rebinding needs a name, so any literal address may come."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            name, _ = split_domain_port(request.get_host())
        except DisallowedHost:
            name = ""
        if name in settings.PLAYGROUND_HOSTS or _is_ip_address(name):
            return self.get_response(request)
        sentence = (
            "This site does not go by that name. Open it by its IP address, or have its owner set "
            "PLAYGROUND_PUBLIC_URL to the address you used."
        )
        if speaks_json(request.path_info):
            return refusal(400, sentence)
        return HttpResponse(sentence, status=400, content_type="text/plain; charset=utf-8")


class SameSite:
    """Refuses every change that another site's page asks for.

    Browsers tell in `Origin` and `Sec-Fetch-Site` whose page it is; a script without a browser sends neither.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS") or self._comes_from_here(request):
            return self.get_response(request)
        return refuse(request, 403, "Another site's page asked for this change, so nothing was done.")

    @staticmethod
    def _comes_from_here(request: HttpRequest) -> bool:
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            return False
        origin = request.headers.get("Origin")
        here = {f"{request.scheme}://{request.get_host()}", settings.PLAYGROUND_PUBLIC_URL or None}
        return origin is None or origin in here


class BoundedBody:
    """Refuses bodies that are too long, or do not say how long they are, before a byte of them is read."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if "Transfer-Encoding" in request.headers:  # WSGI would give out nothing of it
            return refuse(request, 411, "That did not say how long it is, so it was not read.")
        if not length.isdecimal() or int(length[:20]) > LONGEST_BODY:
            return refuse(request, 413, f"That is too large: {LONGEST_BODY // 1024**2} MiB are the most that is read.")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, UnreadablePostError):
            return refuse(request, 408, "The rest of that did not come, so nothing was done. Send it again.")
        return None
