"""Where somebody goes next: addresses of this site, and of no other."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest) -> str:
    """The page of this site that the button was on; empty where nobody says."""
    return _path(request, request.headers.get("Referer", ""))


def onward(request: HttpRequest) -> str:
    """The page that the form wants to lead to (`next`); empty where it says none, or one elsewhere."""
    return _path(request, request.POST.get("next") or request.GET.get("next") or "")


def _path(request: HttpRequest, page: str) -> str:
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return ""
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")
