"""What a token has to be good for. Each call names its scope; on the open site whoever sends no token needs none."""

from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from generation.api.speaking import demand


class Scope(HttpAuthBase):
    openapi_scheme = "bearer"
    name: str

    def __call__(self, request: HttpRequest) -> bool:
        """Raises Refusal, which says what the token lacks."""
        demand(request, self.name)
        return True


class Read(Scope):
    """Looks, and changes nothing."""

    name = "read"


class Generate(Scope):
    """Asks for pictures, and for what else can be undone by asking again."""

    name = "generate"


class Delete(Scope):
    """Takes pictures away, or brings them back."""

    name = "delete"
