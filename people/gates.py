"""Pages for those who are signed in, and for those of them who look after the site."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]

NOT_STAFF = "That is for those who look after this site."


class SignedIn(HttpRequest):
    """A request that has passed one of these."""

    user: User


def staff_only(view: View) -> View:
    @login_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise PermissionDenied(NOT_STAFF)
        return view(request, *args, **kwargs)

    return answer
