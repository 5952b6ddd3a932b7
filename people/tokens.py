"""Who a program speaks for: the header `Authorization: Bearer ...`."""

from django.http import HttpRequest

from people.models import Token


class Unknown(Exception):
    """There is no such token, or not any more."""


def token_of(request: HttpRequest) -> Token | None:
    """The token that came with the request. None: there is none; what is no bearer's is somebody else's business.

    Raises:
        Unknown
    """
    kind, _, told = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    token = Token.objects.called(told.strip())
    if token is None:
        raise Unknown
    token.use()
    return token
